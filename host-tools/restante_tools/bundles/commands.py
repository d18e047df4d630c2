"""The verbs `restante keys` and `restante bundle`. Only printing, asking and files live here."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Any

import click
from restante.update import keys as key_sets
from restante.update import manifest as manifests
from restante.update import slotimage
from restante.update.signature import parse_minisig, parse_public, shown
from restante.version import ENGINE_LEVEL, VERSION

from restante_tools.bundles import crypto, making, publisher, secret
from restante_tools.bundles.making import key_set, told
from restante_tools.errors import USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.signatures.commands import write_whole

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TARGET = click.Path(path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
DAY = 86400
KEYS_DAYS = 3650  # a key set does not expire; a date is asked for
NO_PASSWORD = click.option("--no-password", is_flag=True, help="Do not encrypt: for tests only.")


# ---- keys ----


@click.group()
def keys() -> None:
    """Make the keys that sign bundles, and the key sets that say which key may sign what."""


def new_password(path: Path, none: bool) -> str | None:
    """Asked twice."""
    if none:
        return None
    return str(
        click.prompt(f"Password for {path.name}", hide_input=True, confirmation_prompt=True)
    )


def secret_key(path: Path) -> secret.SecretKey:
    """Read, with its password if it has one."""
    data = path.read_bytes()
    password = None
    if secret.is_covered(data):
        password = click.prompt(f"Password for {path.name}", hide_input=True)
    return secret.read(data, password)


@keys.command("pair")
@click.argument("path", type=TARGET)
@NO_PASSWORD
def pair_verb(path: Path, no_password: bool) -> None:
    """Make one key pair: PATH, and PATH with the suffix .pub. `minisign -G` does too."""
    key = secret.create()
    secret.write(key, path, new_password(path, no_password))
    click.echo(f"{key.name}  {path}")


@keys.command("create")
@click.argument("folder", type=FOLDER)
@click.option("--root", default=publisher.ROOT_KEYS, show_default=True, type=click.IntRange(2, 4))
@click.option(
    "--root-threshold",
    default=publisher.ROOT_THRESHOLD,
    show_default=True,
    type=click.IntRange(2, 4),
)
@click.option("--firmware", default=1, show_default=True, type=click.IntRange(1, 4))
@click.option("--signatures", default=1, show_default=True, type=click.IntRange(1, 4))
@NO_PASSWORD
def create_verb(
    folder: Path, root: int, root_threshold: int, firmware: int, signatures: int, no_password: bool
) -> None:
    """Make all keys of a publisher in FOLDER, and FOLDER/keys, the first key set.

    The root keys are for three people and three places without a network: take each away from
    here before the set is used. The set goes into the image.
    """
    if root_threshold > root:
        raise ToolError(
            f"{root_threshold} of {root} root keys cannot sign",
            "the threshold is above the number of keys",
            "give fewer, or more keys",
            USAGE,
        )
    counts = {key_sets.ROOT: root, key_sets.FIRMWARE: firmware, key_sets.SIGNATURES: signatures}
    made = publisher.create(
        folder, counts, root_threshold, lambda path: new_password(path, no_password)
    )
    for name, path in made:
        click.echo(f"{name}  {path}")
    click.echo(f"key set  {folder / publisher.SET}")


def key_id(text: str) -> bytes:
    """16 hex digits, as minisign prints them."""
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b""
    if len(octets) != 8:
        raise ToolError(f"{text} is no key id", "it has 16 hex digits", "see: keys show", USAGE)
    return octets[::-1]


def added_key(text: str) -> Any:
    """`ROLE=FILE.pub`"""
    role, _, name = text.partition("=")
    if role not in key_sets.ROLES or not name:
        raise ToolError(
            f"--add {text}", "it is ROLE=FILE.pub", "root, firmware, signatures", USAGE
        )
    try:
        lines = Path(name).read_bytes().split(b"\n")
    except OSError as error:
        raise ToolError(f"{name}: {error.strerror}", "a wrong name", "check it") from error
    with told(name):
        return key_sets.Key(role, *parse_public(lines[1] if len(lines) > 1 else lines[0]))


def threshold(text: str) -> tuple[str, int]:
    """`ROLE=NUMBER`"""
    role, _, number = text.partition("=")
    if role not in key_sets.ROLES or not number.isdigit():
        raise ToolError(f"--threshold {text}", "it is ROLE=NUMBER", "for instance root=2", USAGE)
    return role, int(number)


def write_next(
    old: Path, out: Path, add: tuple[str, ...], gone: list[bytes], lost: list[bytes], least: Any
) -> None:
    """The next key set, and the bundle that brings it, still unsigned."""
    if out.suffix == ".keys":
        raise ToolError(
            f"{out} would be the bundle and the key set at once",
            "the set is written beside the bundle, with the suffix .keys",
            "give the bundle another suffix, such as .rstb",
            USAGE,
        )
    with told("the new key set"):
        thresholds = dict(threshold(text) for text in least)
        new = making.next_set(key_set(old), [added_key(x) for x in add], gone, lost, thresholds)
        text = new.write()
        now = int(time.time())
        texts = texts_of(manifests.KEYS, f"keys-{new.epoch}", new.epoch, 1, now)
        texts |= {"expires": str(now + KEYS_DAYS * DAY)}
        data = making.build(texts, text, None)
    write_whole(out.with_suffix(".keys"), text)
    write_whole(out, data)
    need = f"{key_set(old).thresholds['root']} root keys of the old set"
    need += f" and {new.thresholds['root']} of the new one"
    click.echo(f"{out}: epoch {new.epoch}, to be signed with {need}")
    click.echo(f"{out.with_suffix('.keys')}: the new set, for images and for `bundle verify`")


ADD = click.option("--add", multiple=True, metavar="ROLE=FILE.pub", help="A new key.")
LEAST = click.option(
    "--threshold", "least", multiple=True, metavar="ROLE=N", help="How many sign."
)
OUT = click.option("-o", "--output", required=True, type=TARGET)


@keys.command("rotate")
@click.argument("old", metavar="SET", type=FILE)
@OUT
@ADD
@click.option("--drop", multiple=True, metavar="ID", help="A key that is not used any more.")
@LEAST
def rotate_verb(
    old: Path, output: Path, add: tuple[str, ...], drop: tuple[str, ...], least: tuple[str, ...]
) -> None:
    """Make the key set that follows SET, and the bundle that takes it to the boxes."""
    write_next(old, output, add, [key_id(text) for text in drop], [], least)


@keys.command("revoke")
@click.argument("old", metavar="SET", type=FILE)
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@OUT
@ADD
@LEAST
def revoke_verb(
    old: Path, ids: tuple[str, ...], output: Path, add: tuple[str, ...], least: tuple[str, ...]
) -> None:
    """Like rotate, for keys that were lost or stolen: what they signed is not trusted any more."""
    write_next(old, output, add, [], [key_id(text) for text in ids], least)


@keys.command("show")
@click.argument("path", metavar="SET", type=FILE)
def show_verb(path: Path) -> None:
    """Say which keys a key set holds."""
    found = key_set(path)
    click.echo(f"epoch       {found.epoch}")
    for role in key_sets.ROLES:
        click.echo(f"{role:<11} {found.thresholds[role]} of {len(found.of(role))}")
        for key in found.of(role):
            click.echo(f"  {key.name}  {key.line}")
    if found.revoked:
        click.echo("revoked")
    for key in found.revoked:
        click.echo(f"  {key.name}  {key.line}")


# ---- bundles ----


@click.group()
def bundle() -> None:
    """Build, sign, look into and verify what is sent to boxes."""


def texts_of(kind: str, version: str, epoch: int, serial: int, created: int) -> dict[str, str]:
    """A manifest with what is the same for most."""
    return {
        "product": manifests.PRODUCT,
        "hardware": manifests.ANY,
        "kind": kind,
        "version": version,
        "channel": "stable",
        "epoch": str(epoch),
        "serial": str(serial),
        "created": str(created),
        "firmware": "0.0.0",
        "engine": "0",
    }


@bundle.command("build")
@click.argument("content", type=FILE)
@OUT
@click.option("--kind", required=True, type=click.Choice(list(manifests.KINDS)))
@click.option("--version", required=True, help="Firmware: 1.2.3; else any word.")
@click.option("--epoch", required=True, type=int, help="Of the key set that the boxes have.")
@click.option("--serial", required=True, type=int, help="Higher than any before in this epoch.")
@click.option("--base", type=FILE, help="Delta: the older whole file; CONTENT is the newer one.")
@click.option("--root", type=FILE, help="Firmware: the root file system; CONTENT is the kernel.")
@click.option("--hardware", default=manifests.ANY, show_default=True)
@click.option("--channel", default="stable", show_default=True)
@click.option("--created", type=int, help="Seconds since 1970; now, if not given.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(min=1))
@click.option("--firmware", default=VERSION, show_default=True, help="At least this one.")
@click.option("--engine", default=ENGINE_LEVEL, show_default=True, help="At least this level.")
def build_verb(
    content: Path,
    output: Path,
    kind: str,
    version: str,
    epoch: int,
    serial: int,
    base: Path | None,
    root: Path | None,
    hardware: str,
    channel: str,
    created: int | None,
    days: int,
    firmware: str,
    engine: int,
) -> None:
    """Put CONTENT into a bundle, which is then to be signed.

    Firmware: restante bundle build build/virt/zImage --root build/virt/rootfs.sqfs --kind firmware
    --hardware virt ...
    """
    if (kind == manifests.DELTA) != (base is not None):
        raise ToolError("--base is for deltas", "and they need it", "give both or none", USAGE)
    if (kind == manifests.FIRMWARE) != (root is not None):
        raise ToolError("--root is for firmware", "and it needs it", "give both or none", USAGE)
    made = int(time.time()) if created is None else created
    texts = texts_of(kind, version, epoch, serial, made)
    texts |= {"hardware": hardware, "channel": channel, "expires": str(made + days * DAY)}
    texts |= {"firmware": firmware, "engine": str(engine)}
    with told(output):
        octets = content.read_bytes()
        if root is not None:
            octets = slotimage.write(octets, root.read_bytes())
        data = making.build(texts, octets, base.read_bytes() if base else None)
    write_whole(output, data)
    click.echo(f"{output}: {len(data):,} octets, unsigned")


@bundle.command("sign")
@click.argument("path", metavar="BUNDLE", type=FILE)
@click.option("--key", "key_files", multiple=True, type=FILE, help="A secret key file.")
@click.option("--signature", "minisigs", multiple=True, type=FILE, help="Made by `minisign -S`.")
@click.option("--keys", "set_file", type=FILE, help="The key set: needed with --signature.")
@click.option("--comment", help="Trusted comment; if not given: time and file, as minisign does.")
def sign_verb(
    path: Path,
    key_files: tuple[Path, ...],
    minisigs: tuple[Path, ...],
    set_file: Path | None,
    comment: str | None,
) -> None:
    """Add signatures to BUNDLE, in place.

    Where the keys are kept elsewhere: `bundle inspect --extract` gives the file to be signed
    there with `minisign -S`, and --signature takes the .minisig back.
    """
    if not key_files and not minisigs:
        raise ToolError("nothing to sign with", "no key was named", "give --key FILE", USAGE)
    if minisigs and set_file is None:
        raise ToolError(
            "--signature needs --keys", "it is checked first", "give --keys SET", USAGE
        )
    with told(path):
        data = path.read_bytes()
        head = making.parse(data).front.head
        line = comment or f"timestamp:{int(time.time())}\tfile:{path.name}.head\thashed"
        added = [secret_key(file).sign(head, line.encode()) for file in key_files]
        taken = [parse_minisig(file.read_bytes()) for file in minisigs]
        data = making.with_signatures(data, added + taken)
        if set_file is not None:
            front = making.parse(data).front
            known = [key.id for key in key_set(set_file).signers(front, crypto)]
            strangers = [shown(each.key_id) for each in taken if each.key_id not in known]
            if strangers:
                raise ToolError(
                    f"a signature of key {strangers[0]}, which is not in {set_file}",
                    "another set, or another key",
                    "see: restante keys show",
                    VERIFICATION_FAILED,
                )
    write_whole(path, data)
    for each in making.parse(data).front.signatures:
        click.echo(f"signed by   {shown(each.key_id)}")


def as_text(found: making.Bundle) -> str:
    """What a bundle says of itself."""
    manifest = found.manifest
    lines = [line.replace("=", " ", 1) for line in found.front.manifest.decode().splitlines()]
    lines = ["%-13s %s" % tuple(line.split(" ", 1)) for line in lines]
    for name, seconds in (("created", manifest.created), ("expires", manifest.expires)):
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        lines = [
            f"{line} ({moment:%Y-%m-%d %H:%M:%S} UTC)" if line.startswith(name) else line
            for line in lines
        ]
    lines.append(f"{'octets':<13} {len(found.payload):,}")
    for each in found.front.signatures:
        comment = each.comment.decode(errors="backslashreplace")
        lines.append(f"{'signature':<13} {shown(each.key_id)}  {comment!r}")
    return "\n".join([*lines, "Nothing of this was verified: see restante bundle verify."])


@bundle.command("inspect")
@click.argument("path", metavar="BUNDLE", type=FILE)
@click.option("--extract", type=FOLDER, help="Where to put head, signatures and payload.")
def inspect_verb(path: Path, extract: Path | None) -> None:
    """Say what BUNDLE says of itself; verifies nothing.

    --extract writes NAME.head, which is what is signed, NAME.head.KEYID.minisig for each signature
    (`minisign -Vm NAME.head -x NAME.head.KEYID.minisig -p FILE.pub`), and NAME.payload.
    """
    with told(path):
        found = making.parse(path.read_bytes())
        click.echo(as_text(found))
    if extract is None:
        return
    write_whole(extract / f"{path.name}.head", found.front.head)
    write_whole(extract / f"{path.name}.payload", found.payload)
    for each in found.front.signatures:
        file = extract / f"{path.name}.head.{shown(each.key_id)}.minisig"
        write_whole(file, each.minisig())


@bundle.command("verify")
@click.argument("path", metavar="BUNDLE", type=FILE)
@click.option("--keys", "set_file", required=True, type=FILE, help="The key set to verify with.")
@click.option("--base", type=FILE, help="Delta: the file it is for; the result is checked too.")
@click.option("--now", type=int, help="Seconds since 1970; now, if not given.")
def verify_verb(path: Path, set_file: Path, base: Path | None, now: int | None) -> None:
    """Check who signed BUNDLE, for what, and its content, as a box does."""
    with told(path):
        moment = int(time.time()) if now is None else now
        old = key_set(set_file)
        decision = making.verify(
            path.read_bytes(), old, moment, base.read_bytes() if base else None
        )
    for line in decision.warnings:
        click.echo(f"warning: {line}", err=True)
    if not decision.accepted:
        what = f"{path}: {decision.what}"
        raise ToolError(what, decision.cause, decision.step, VERIFICATION_FAILED)
    manifest = decision.manifest
    if manifest.kind == manifests.FIRMWARE:
        with told(path):
            octets, total = path.read_bytes(), decision.octets
            kernel, filesystem = slotimage.read(octets[-total:], total).octets
        click.echo(f"kernel {kernel:,} octets, root file system {filesystem:,}")
    names = ", ".join(key.name for key in decision.signers)
    click.echo(f"{manifest.kind} {manifest.version}, epoch {manifest.epoch}, ", nl=False)
    click.echo(f"serial {manifest.serial}: good, signed by {names}")


VERBS = [bundle, keys]
