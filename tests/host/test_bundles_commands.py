"""`restante keys` and `restante bundle` as a publisher runs them, and the stock minisign.

minisign is Debian's: an implementation that knows nothing of ours.
"""

import random
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from restante.update import bundle as bundles
from restante.update import keys as key_sets
from restante.update.signature import parse_public, shown
from restante_tools.bundles import making, secret
from restante_tools.bundles.commands import VERBS
from restante_tools.errors import USAGE, VERIFICATION_FAILED, ToolError

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "bundles"
SECONDS = 60  # a key with a password takes minisign three


@pytest.fixture
def restante(tmp_path, monkeypatch):
    """Run `restante keys|bundle ...` in an empty folder; what went wrong is raised."""
    monkeypatch.chdir(tmp_path)
    group = click.Group(commands={verb.name: verb for verb in VERBS})

    def run(line, typed=None):
        result = CliRunner().invoke(group, line.split(), input=typed)
        if isinstance(result.exception, ToolError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def publisher(restante):
    """A publisher with keys in p/ and a signed bundle a.rstb."""
    restante("keys create p --no-password")
    Path("set").write_bytes(random.Random(1).randbytes(5000))
    restante("bundle build set -o a.rstb --kind signatures --version s1 --epoch 1 --serial 1")
    restante("bundle sign a.rstb --key p/signatures-1.key")
    return restante


def minisign(line, typed="", good=True):
    done = subprocess.run(
        ["minisign", *line.split()],
        input=typed,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode == 0) == good, done.stdout + done.stderr
    return done.stdout


def fails(run, line, code=VERIFICATION_FAILED):
    with pytest.raises(ToolError) as caught:
        run(line)
    assert caught.value.code == code and caught.value.cause and caught.value.hint
    return caught.value.what


def name_of(path):
    return secret.read(Path(path).read_bytes(), None).name


# ---- the stock minisign accepts ours ----


def test_minisign_accepts_our_signature(publisher):
    publisher("bundle inspect a.rstb --extract x")
    name = name_of("p/signatures-1.key")
    line = f"-Vm x/a.rstb.head -x x/a.rstb.head.{name}.minisig -p "
    assert "Signature and comment signature verified" in minisign(line + "p/signatures-1.pub")
    minisign(line + "p/firmware-1.pub", good=False)
    head = Path("x/a.rstb.head")
    for at in (0, 30, len(head.read_bytes()) - 1):
        whole = bytearray(head.read_bytes())
        whole[at] ^= 1
        head.write_bytes(whole)
        minisign(line + "p/signatures-1.pub", good=False)
        whole[at] ^= 1
        head.write_bytes(whole)
    minisign(line + "p/signatures-1.pub")


@pytest.mark.parametrize("name", ["signatures", "delta", "firmware", "keys-2", "keys-3"])
def test_minisign_accepts_the_vectors(restante, name):
    restante(f"bundle inspect {VECTORS / name}.rstb --extract x")
    found = making.parse((VECTORS / f"{name}.rstb").read_bytes())
    sets = [key_sets.parse((VECTORS / f"keys-{n}").read_bytes()) for n in (1, 2, 3)]
    known = {key.id: key.line for keys in sets for key in keys.keys}
    assert found.front.signatures
    for each in found.front.signatures:
        file = f"x/{name}.rstb.head.{shown(each.key_id)}.minisig"
        minisign(f"-Vm x/{name}.rstb.head -x {file} -P {known[each.key_id]}")


def test_minisign_refuses_what_the_box_refuses(restante):
    restante(f"bundle inspect {VECTORS / 'bad-comment'}.rstb --extract x")
    key = key_sets.parse((VECTORS / "keys-1").read_bytes()).of("signatures")[0]
    file = f"x/bad-comment.rstb.head.{key.name}.minisig"
    minisign(f"-Vm x/bad-comment.rstb.head -x {file} -P {key.line}", good=False)


def test_minisign_signs_with_our_keys(publisher):
    publisher("bundle inspect a.rstb --extract x")
    minisign("-Sm x/a.rstb.head -s p/signatures-1.key -t by-hand")
    Path("a.rstb").write_bytes(unsigned_of(Path("a.rstb").read_bytes()))
    publisher("bundle sign a.rstb --signature x/a.rstb.head.minisig --keys p/keys")
    assert "by-hand" in publisher("bundle inspect a.rstb")
    assert "good, signed by" in publisher("bundle verify a.rstb --keys p/keys")


def test_minisign_signs_with_our_key_with_a_password(restante):
    restante("keys pair k.key", typed="secret\nsecret\n")
    Path("file").write_bytes(b"something")
    minisign("-Sm file -s k.key", typed="secret\n")
    minisign("-Vm file -p k.pub")
    minisign("-Sm file -s k.key -x other", typed="wrong\n", good=False)


# ---- ours accepts the stock minisign's ----


def test_we_accept_the_keys_and_signatures_of_minisign(publisher):
    minisign("-G -W -p new.pub -s new.key")
    publisher("keys rotate p/keys -o k2.rstb --add signatures=new.pub")
    publisher("bundle sign k2.rstb --key p/root-1.key --key p/root-3.key")
    publisher("bundle verify k2.rstb --keys p/keys")
    publisher("bundle build set -o b.rstb --kind signatures --version s2 --epoch 2 --serial 1")
    publisher("bundle inspect b.rstb --extract x")
    minisign("-Sm x/b.rstb.head -s new.key")
    publisher("bundle sign b.rstb --signature x/b.rstb.head.minisig --keys k2.keys")
    assert "s2" in publisher("bundle verify b.rstb --keys k2.keys")
    assert "no signature of a key" in fails(publisher, "bundle verify b.rstb --keys p/keys")


# Made with `minisign -G` 0.11, password "secret": its scrypt takes 1 GiB, and each use seconds.
BY_MINISIGN = """untrusted comment: minisign encrypted secret key
RWRTY0IybmWTedQ2pjp4+cXo4AV7/M7awscJhjw7WkeyVcsri3MAAAACAAAAAAAAAEAAAAAAeUqzzinRJrpa2luRaA+a4RS/KkJDqcWDDQmI6Ek3Z4sJSZBt6Db+OEPB4KI00us4c+MQj/ohyuj3bAWRjQiJaqfxjXrbM6q4DTOVN5G4LYFMYkMX+s+I9pAbTQqHxZwfAe+98Bx5BQQ=
"""
ITS_PUBLIC = "RWQi3GK0CvSiGDtMkoVnisa7JUFSf0BTQxXa8vhwxi2J27PtrDoBe95+"


def test_we_sign_with_a_key_of_minisign(publisher):
    minisign("-G -W -p new.pub -s new.key")
    Path("secret.key").write_text(BY_MINISIGN)
    publisher("bundle sign a.rstb --key new.key")
    publisher("bundle sign a.rstb --key secret.key", typed="secret\n")
    publisher("bundle inspect a.rstb --extract x")
    for line in (Path("new.pub").read_text().splitlines()[1], ITS_PUBLIC):
        name = shown(parse_public(line.encode())[0])
        minisign(f"-Vm x/a.rstb.head -x x/a.rstb.head.{name}.minisig -P {line}")


def test_we_refuse_the_older_kind_of_signature(publisher):
    publisher("bundle inspect a.rstb --extract x")
    minisign("-S -l -m x/a.rstb.head -s p/signatures-1.key")
    line = "bundle sign a.rstb --signature x/a.rstb.head.minisig --keys p/keys"
    assert "another kind than ED" in fails(publisher, line)


def test_we_refuse_a_signature_of_another_file(publisher):
    Path("other").write_bytes(b"other")
    minisign("-Sm other -s p/signatures-1.key")
    line = "bundle sign a.rstb --signature other.minisig --keys p/keys"
    assert "does not hold" in fails(publisher, line)
    restored = making.parse(Path("a.rstb").read_bytes()).front.signatures
    assert len(restored) == 1 and "good" in publisher("bundle verify a.rstb --keys p/keys")


def test_we_refuse_a_signature_of_a_stranger(publisher):
    publisher("bundle inspect a.rstb --extract x")
    minisign("-G -W -p new.pub -s new.key")
    minisign("-Sm x/a.rstb.head -s new.key")
    line = "bundle sign a.rstb --signature x/a.rstb.head.minisig --keys p/keys"
    assert "not in p/keys" in fails(publisher, line)


# ---- secret keys ----


def test_secret_keys_are_the_owners_and_are_not_overwritten(restante):
    restante("keys pair k.key --no-password")
    assert Path("k.key").stat().st_mode & 0o777 == 0o600
    before = Path("k.key").read_bytes()
    assert "is there already" in fails(restante, "keys pair k.key --no-password", 1)
    assert Path("k.key").read_bytes() == before


def test_a_wrong_password_or_a_damaged_key_is_said(restante):
    restante("keys pair k.key", typed="secret\nsecret\n")
    data = Path("k.key").read_bytes()
    assert secret.read(data, "secret").name in Path("k.pub").read_text()
    for password in ("wrong", None):
        with pytest.raises(ToolError):
            secret.read(data, password)
    for wrong in (b"", data[:-9], data.replace(b"untrusted", b"trusted"), b"x" * 5000):
        with pytest.raises(ToolError):
            secret.read(wrong, "secret")


def test_scrypt_parameters_are_those_of_libsodium():
    # crypto_pwhash_scryptsalsa208sha256: interactive and sensitive (libsodium's documentation)
    assert secret.scrypt_parameters(524288, 16777216) == (1 << 14, 1)
    assert secret.scrypt_parameters(33554432, 1073741824) == (1 << 20, 1)
    assert secret.scrypt_parameters(secret.OPERATIONS, secret.MEMORY) == (1 << 17, 1)


# ---- bundles ----


def test_verify_says_what_is_wrong(publisher):
    data = Path("a.rstb").read_bytes()
    assert "s1, epoch 1, serial 1: good" in publisher("bundle verify a.rstb --keys p/keys")
    Path("a.rstb").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert "not what was signed" in fails(publisher, "bundle verify a.rstb --keys p/keys")
    Path("a.rstb").write_bytes(data + b"\n")
    assert "octets instead of" in fails(publisher, "bundle verify a.rstb --keys p/keys")
    Path("a.rstb").write_bytes(unsigned_of(data))
    assert "no signature" in fails(publisher, "bundle verify a.rstb --keys p/keys")
    publisher("bundle sign a.rstb --key p/firmware-1.key")
    what = fails(publisher, "bundle verify a.rstb --keys p/keys")
    assert "signed by a key for firmware; a key for signatures is needed" in what


def unsigned_of(data):
    return making.parse(data).octets([])


def test_expired_signatures_verify_with_a_warning(publisher):
    out = publisher("bundle verify a.rstb --keys p/keys --now 4000000000")
    assert "warning: the bundle has expired" in out and "good" in out


def test_firmware_by_its_own_key_and_for_one_hardware(publisher):
    line = "bundle build set -o f.rstb --kind firmware --version 0.2.0 --epoch 1 --serial 1"
    assert "--root" in fails(publisher, line, USAGE)
    Path("root").write_bytes(b"root file system")
    line += " --root root"
    assert "never for any" in fails(publisher, line)
    publisher(line + " --hardware virt")
    publisher("bundle sign f.rstb --key p/firmware-1.key")
    out = publisher("bundle verify f.rstb --keys p/keys")
    assert "firmware 0.2.0" in out and "kernel 5,000 octets, root file system 16" in out
    payload = making.parse(Path("f.rstb").read_bytes()).payload
    assert payload[128:] == Path("set").read_bytes() + b"root file system"
    assert "expired" in fails(publisher, "bundle verify f.rstb --keys p/keys --now 4000000000")


def test_what_the_box_would_refuse_is_not_built(publisher):
    line = "bundle build set -o f.rstb --kind signatures --version s --epoch 1 --serial "
    for bad in ("0", "4294967296", "-1"):
        assert fails(publisher, line + bad)
    assert not Path("f.rstb").exists()


def test_delta_end_to_end(publisher):
    old = Path("set").read_bytes()
    Path("newer").write_bytes(old[:2000] + b"one more" + old[2000:])
    build = (
        "bundle build newer -o d.rstb --kind signatures-delta --version s2 --epoch 1 --serial 2"
    )
    fails(publisher, build, USAGE)
    publisher(build + " --base set")
    publisher("bundle sign d.rstb --key p/signatures-1.key")
    publisher("bundle verify d.rstb --keys p/keys --base set")
    assert "another base" in fails(publisher, "bundle verify d.rstb --keys p/keys --base newer")
    found = making.parse(Path("d.rstb").read_bytes())
    assert making.applied(found.payload, found.manifest, old) == Path("newer").read_bytes()
    assert len(found.payload) < 50


def test_signing_twice_with_a_key_replaces(publisher):
    publisher("bundle sign a.rstb --key p/signatures-1.key --comment another")
    found = making.parse(Path("a.rstb").read_bytes())
    assert [each.comment for each in found.front.signatures] == [b"another"]
    what = fails(publisher, "bundle sign a.rstb", USAGE)
    assert "nothing to sign with" in what


# ---- keys from one epoch to the next ----


def test_rotation_needs_the_old_and_the_new(publisher):
    for n in (4, 5):
        publisher(f"keys pair p/root-{n}.key --no-password")
    gone = name_of("p/root-1.key")
    publisher(
        f"keys rotate p/keys -o k2.rstb --drop {gone} "
        "--add root=p/root-4.pub --add root=p/root-5.pub --threshold root=3"
    )
    start = Path("k2.rstb").read_bytes()

    def signed_by(*numbers):
        Path("k2.rstb").write_bytes(start)
        publisher("bundle sign k2.rstb" + "".join(f" --key p/root-{n}.key" for n in numbers))
        return "bundle verify k2.rstb --keys p/keys"

    assert "1 of 2 signatures for root" in fails(publisher, signed_by(1))
    assert "1 of 2 signatures for root" in fails(publisher, signed_by(2, 4, 5))
    assert "2 of 3 signatures for root" in fails(publisher, signed_by(1, 2, 3))
    assert "no signature" in fails(publisher, signed_by(4, 5))
    assert "epoch 2" in publisher(signed_by(2, 3, 4))
    assert "epoch 2" in publisher(signed_by(1, 2, 3, 5))
    assert "epoch       2" in publisher("keys show k2.keys")
    assert gone not in publisher("keys show k2.keys")


def test_a_revoked_key_stays_named_and_signs_nothing(publisher):
    publisher("keys pair p/signatures-2.key --no-password")
    lost = name_of("p/signatures-1.key")
    publisher(f"keys revoke p/keys {lost} -o k2.rstb --add signatures=p/signatures-2.pub")
    publisher("bundle sign k2.rstb --key p/root-1.key --key p/root-2.key")
    publisher("bundle verify k2.rstb --keys p/keys")
    publisher("bundle build set -o b.rstb --kind signatures --version s2 --epoch 2 --serial 1")
    publisher("bundle sign b.rstb --key p/signatures-1.key")
    assert "revoked key" in fails(publisher, "bundle verify b.rstb --keys k2.keys")
    publisher("bundle sign b.rstb --key p/signatures-2.key")
    publisher("bundle verify b.rstb --keys k2.keys")
    publisher("keys pair p/firmware-2.key --no-password")
    publisher("keys rotate k2.keys -o k3.rstb --add firmware=p/firmware-2.pub")
    assert lost in publisher("keys show k3.keys").split("revoked")[1]
    again = "keys rotate k2.keys -o k4.rstb --add signatures=p/signatures-1.pub"
    assert "twice" in fails(publisher, again)


def test_the_last_key_of_a_role_is_not_given_up(publisher):
    lost = name_of("p/signatures-1.key")
    assert "threshold" in fails(publisher, f"keys revoke p/keys {lost} -o k2.rstb")
    assert "no key" in fails(publisher, "keys rotate p/keys -o k2.rstb --drop " + "0" * 16, 1)
    assert "key id" in fails(publisher, "keys rotate p/keys -o k2.rstb --drop xyz", USAGE)
    assert "at once" in fails(publisher, "keys rotate p/keys -o k2.keys", USAGE)
    assert "cannot sign" in fails(publisher, "keys create q --root 2 --root-threshold 3", USAGE)
    assert not Path("k2.rstb").exists() and not Path("k2.keys").exists() and not Path("q").exists()


def test_the_vectors_verify_with_the_tool(restante):
    for name, keys, good in (
        ("signatures", 1, True),
        ("keys-2", 1, True),
        ("keys-3", 2, True),
        ("keys-one-of-three", 1, False),
        ("role-keys", 1, False),
        ("revoked", 3, False),
    ):
        line = f"bundle verify {VECTORS / name}.rstb --keys {VECTORS}/keys-{keys} --now 1796000000"
        if good:
            assert "good, signed by" in restante(line)
        else:
            fails(restante, line)


def test_front_limit_holds_every_front():
    most = [(n.to_bytes(8, "little"), b"x" * 512) for n in range(1, bundles.SIGNATURES + 1)]
    head = bundles.write_head(b"m" * 1024, 1)
    each = [bundles.Signature(i, bytes(64), bytes(64), comment) for i, comment in most]
    assert len(bundles.write_front(head, each)) == bundles.FRONT_OCTETS
