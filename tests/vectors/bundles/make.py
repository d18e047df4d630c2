"""Makes the vectors of this folder: bundles, key sets, and cases.txt, which says what a box does.

The keys come from the words below: everybody can make them, so they are for tests only.  Same
program, same octets; tests/host/test_bundle_vectors.py compares.  Usage: python make.py [FOLDER]
"""

import hashlib
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[2] / room) for room in ("firmware", "host-tools")]

from restante.update import bundle, delta, keys, manifest  # noqa: E402
from restante_tools.bundles import making, publishing, secret  # noqa: E402

CREATED = 1795000000
MONTH = 30 * 86400
COMMENT = b"timestamp:1795000000\tfile:vector\thashed"


def key(name):
    """A key that everybody can make."""
    digest = hashlib.sha256(b"Restante test key, not secret: " + name.encode()).digest()
    return secret.from_seed(hashlib.sha256(digest).digest()[:8], digest)


ROOTS = [key("root %d" % n) for n in range(1, 6)]
FIRMWARE = key("firmware 1")
SIGNATURES = [key("signatures %d" % n) for n in range(1, 4)]
STRANGER = key("stranger")


def members(role, *those):
    return [keys.Key(role, each.id, each.public) for each in those]


def key_set(epoch, roots, signatures, revoked=(), root=2):
    every = members("root", *roots) + members("firmware", FIRMWARE)
    every += members("signatures", *signatures)
    least = {"root": root, "firmware": 1, "signatures": 1}
    return keys.KeySet(epoch, least, every, members(None, *revoked)).write()


# 1: as it leaves the factory.  2: one root key and one signatures key more.  3: root 1 and
# signatures 1 were stolen.
SETS = {
    "keys-1": key_set(1, ROOTS[:3], SIGNATURES[:1]),
    "keys-2": key_set(2, ROOTS[:4], SIGNATURES[:2]),
    "keys-3": key_set(3, ROOTS[1:5], SIGNATURES[1:2], [ROOTS[0], SIGNATURES[0]], 3),
    "keys-forgetful": key_set(4, ROOTS[1:5], SIGNATURES[1:2], [ROOTS[0]], 3),
}
BASE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(16))
RESULT = BASE[:96] + b"one more signature here" + BASE[96:400] + BASE[432:]
OTHER = bytes(64)


def texts(kind, serial=7, epoch=1, **changed):
    found = {
        "product": "restante",
        "hardware": "virt" if kind == "firmware" else "any",
        "kind": kind,
        "version": "0.2.0" if kind == "firmware" else "set-%d" % serial,
        "channel": "stable",
        "epoch": str(epoch),
        "serial": str(serial),
        "created": str(CREATED),
        "expires": str(CREATED + MONTH),
        "firmware": "0.1.0",
        "engine": "1",
    }
    return found | changed


def signed(data, *signers, comment=COMMENT):
    head = making.parse(data).front.head
    return making.with_signatures(data, [each.sign(head, comment) for each in signers])


def made(kind, *signers, content=BASE + b"!", base=None, **changed):
    return signed(making.build(texts(kind, **changed), content, base), *signers)


def of_keys(name, *signers):
    epoch = int(name[-1]) if name[-1].isdigit() else 4
    return made("keys", *signers, content=SETS[name], serial=1, epoch=epoch)


def by_hand(lines, payload, *signers):
    """A bundle whose manifest the writer would refuse."""
    header = struct.pack("<8sIIQ", bundle.MAGIC, bundle.FORMAT, len(lines), len(payload))
    head = header + lines
    return bundle.write_front(head, [each.sign(head, COMMENT) for each in signers]) + payload


def manifest_with(change, *signers):
    """`change` gets the good lines as a list."""
    payload = b"payload"
    good = manifest.write(texts("signatures") | {"payload": hashlib.sha256(payload).hexdigest()})
    lines = change(good.decode().splitlines())
    return by_hand("".join(line + "\n" for line in lines).encode(), payload, *signers)


def of_delta(records, result, base=BASE):
    """A delta of any records that says it makes `result`."""
    fields = texts("signatures-delta") | {
        "base": hashlib.sha256(base).hexdigest(),
        "result": hashlib.sha256(result).hexdigest(),
        "result-octets": str(len(result)),
        "payload": hashlib.sha256(records).hexdigest(),
    }
    head = bundle.write_head(manifest.write(fields), len(records))
    return signed(bundle.write_front(head, []) + records, SIGNATURES[0])


def swapped():
    """The head of one bundle before the payload of another, of the same length."""
    one = made("signatures", SIGNATURES[0])
    return one[: -len(BASE) - 1] + b"?" * (len(BASE) + 1)


def second_of(data):
    """The same with the second signature, over the comment, of another comment."""
    head = making.parse(data).front.head
    one = SIGNATURES[0].sign(head, COMMENT)
    other = SIGNATURES[0].sign(head, COMMENT + b"x")
    one.second = other.second
    return making.with_signatures(data, [one])


def twice(data):
    front = making.parse(data).front
    one = bundle.write_front(front.head, front.signatures)[len(front.head) + 1 :]
    return front.head + b"\2" + one + one + data[front.payload_at :]


def legacy(data):
    """minisign's older kind of signature, over the file itself."""
    at = len(making.parse(data).front.head) + 1
    return data[:at] + b"Ed" + data[at + 2 :]


def cases():
    """(name, key set in use, what the box does, octets)"""
    sig = SIGNATURES[0]
    good = made("signatures", sig)
    most = 2**32 - 1
    yield "signatures", 1, "accepted", good
    yield "signatures-last-serial", 1, "accepted", made("signatures", sig, serial=most)
    yield "signatures-expired", 1, "accepted", made("signatures", sig, created="1", expires="2")
    yield "signatures-two-keys", 2, "accepted", made("signatures", *SIGNATURES[:2], epoch=2)
    yield "signatures-old-new", 2, "accepted", made("signatures", SIGNATURES[1], STRANGER, epoch=2)
    yield "delta", 1, "accepted", made("signatures-delta", sig, content=RESULT, base=BASE)
    yield "firmware", 1, "accepted", made("firmware", FIRMWARE)
    yield "keys-2", 1, "accepted", of_keys("keys-2", ROOTS[0], ROOTS[2])
    yield "keys-3", 2, "accepted", of_keys("keys-3", *ROOTS[1:4])

    yield "no-signature", 1, "unsigned", made("signatures")
    yield "stranger", 1, "unsigned", made("signatures", STRANGER)
    yield "bad-comment", 1, "signature", second_of(good)
    yield "twice", 1, "malformed", twice(of_keys("keys-2", ROOTS[0]))
    yield "legacy-kind", 1, "malformed", legacy(good)
    yield "role-firmware", 1, "role", made("firmware", sig)
    yield "role-signatures", 1, "role", made("signatures", FIRMWARE)
    yield "role-keys", 1, "role", of_keys("keys-2", FIRMWARE, sig)
    yield "role-root", 1, "role", made("signatures", *ROOTS[:3])

    yield "same-serial", 1, "serial", made("signatures", sig, serial=6)
    yield "older-serial", 1, "serial", made("signatures", sig, serial=5)
    yield "older-firmware", 1, "serial", made("firmware", FIRMWARE, serial=1)
    yield "older-epoch", 2, "epoch", made("signatures", sig, serial=9999)
    yield "newer-epoch", 1, "epoch", made("signatures", sig, epoch=2)
    yield "revoked", 3, "revoked", made("signatures", sig, epoch=3)
    yield "rolled-back", 1, "rolled-back", made("signatures", sig, content=b"rolled back")

    yield "keys-one-of-three", 1, "threshold", of_keys("keys-2", ROOTS[0])
    yield "keys-old-only", 2, "threshold", of_keys("keys-3", *ROOTS[:3])
    yield "keys-one-old", 2, "threshold", of_keys("keys-3", ROOTS[0], ROOTS[4])
    yield "keys-one-old-one-new", 1, "threshold", of_keys("keys-2", ROOTS[0], ROOTS[3])
    yield "keys-new-only", 1, "unsigned", of_keys("keys-3", *ROOTS[3:5])
    yield "keys-skipped", 1, "epoch", of_keys("keys-3", *ROOTS[1:4])
    yield "keys-again", 2, "epoch", of_keys("keys-2", *ROOTS[:3])
    yield "keys-forgetful", 3, "revoked", of_keys("keys-forgetful", *ROOTS[1:5])
    yield (
        "keys-other-epoch",
        1,
        "malformed",
        made("keys", *ROOTS[:3], content=SETS["keys-2"], serial=1, epoch=3),
    )
    yield "keys-no-set", 1, "malformed", made("keys", *ROOTS[:3], serial=1, epoch=2)

    yield "other-product", 1, "product", made("signatures", sig, product="poste")
    yield "other-hardware", 1, "hardware", made("firmware", FIRMWARE, hardware="board2")
    yield "other-channel", 1, "channel", made("signatures", sig, channel="test")
    yield "newer-firmware", 1, "firmware", made("signatures", sig, firmware="0.2.0")
    yield "newer-engine", 1, "engine", made("signatures", sig, engine="2")
    yield "firmware-expired", 1, "expired", made("firmware", FIRMWARE, created="1", expires="2")

    yield "other-payload", 1, "payload", swapped()
    yield "trailing", 1, "malformed", good + b"\0"
    yield "cut", 1, "malformed", good[:-1]
    yield "format-2", 1, "format", good[:8] + b"\2" + good[9:]
    yield "unknown-field", 1, "malformed", manifest_with(lambda x: [*x, "more=1"], sig)
    yield "unknown-between", 1, "malformed", manifest_with(lambda x: [*x[:3], "a=1", *x[3:]], sig)
    yield "field-twice", 1, "malformed", manifest_with(lambda x: [*x[:6], *x[5:]], sig)
    yield "field-missing", 1, "malformed", manifest_with(lambda x: x[:-2] + x[-1:], sig)
    yield "out-of-order", 1, "malformed", manifest_with(lambda x: [x[1], x[0], *x[2:]], sig)
    yield (
        "leading-zero",
        1,
        "malformed",
        manifest_with(lambda x: [line.replace("serial=7", "serial=07") for line in x], sig),
    )
    yield (
        "serial-too-large",
        1,
        "malformed",
        manifest_with(
            lambda x: [line.replace("serial=7", "serial=4294967296") for line in x], sig
        ),
    )
    yield (
        "serial-zero",
        1,
        "malformed",
        manifest_with(lambda x: [line.replace("serial=7", "serial=0") for line in x], sig),
    )
    yield (
        "unknown-kind",
        1,
        "malformed",
        manifest_with(lambda x: [line.replace("kind=signatures", "kind=mail") for line in x], sig),
    )
    yield "hostile-unsigned", 1, "unsigned", by_hand(b"\0" * 1024, b"x", STRANGER)

    yield (
        "delta-other-base",
        1,
        "base",
        made("signatures-delta", sig, content=RESULT, base=BASE + OTHER),
    )
    end, copy, insert = delta.end_record(), delta.copy_record, delta.insert_record
    yield "delta-too-long", 1, "malformed", of_delta(copy(0, 512) + copy(0, 1) + end, BASE)
    yield "delta-too-long-insert", 1, "malformed", of_delta(insert(b"x" * 9) + end, b"x" * 8)
    yield "delta-too-short", 1, "malformed", of_delta(copy(0, 511) + end, BASE)
    yield "delta-beyond-base", 1, "malformed", of_delta(copy(1, 512) + end, BASE)
    yield "delta-far-beyond", 1, "malformed", of_delta(copy(2**32 - 1, 2) + end, BASE)
    yield "delta-empty-record", 1, "malformed", of_delta(copy(0, 0) + copy(0, 512) + end, BASE)
    yield "delta-unknown-record", 1, "malformed", of_delta(b"\3" + end, BASE)
    yield "delta-no-end", 1, "malformed", of_delta(copy(0, 512), BASE)
    yield "delta-after-end", 1, "malformed", of_delta(copy(0, 512) + end + end, BASE)
    yield "delta-other-result", 1, "result", of_delta(copy(0, 256) * 2 + end, BASE)


def files():
    """{name: octets} of the whole folder."""
    found = dict(SETS)
    found["base"] = BASE
    found["result"] = RESULT
    lines = [
        "# bundle · key set in use · what the box does; tests/unit/test_bundles.py has the box"
    ]
    for name, keys_in_use, outcome, data in cases():
        found[name + ".rstb"] = data
        lines.append("%s keys-%d %s" % (name, keys_in_use, outcome))
    names = ("signatures", "delta", "keys-2")
    found["index"] = publishing.index_of({n + ".rstb": found[n + ".rstb"] for n in names})
    found["cases.txt"] = ("\n".join(lines) + "\n").encode()
    return found


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
