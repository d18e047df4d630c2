"""Bundles for a box: which one fits what it has, sent, installed.

Rule: what the box would refuse is said before minutes of sending, by the firmware's own rules
(restante.update.trust); the box decides all the same, and its words are shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from restante.update import manifest as manifests
from restante.update import trust as firmware_trust
from restante.update.fault import BundleError

from restante_tools.bundles import making
from restante_tools.errors import DEVICE_OR_TIMEOUT, USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.fieldline.configuration import must
from restante_tools.fieldline.session import Session
from restante_tools.fieldline.transfer import refused

trust: Any = firmware_trust  # the box's Python carries no types

# What installs a bundle that has arrived.
INSTALL = {manifests.FIRMWARE: "firmware install"}
INSTALL_ELSE = "signatures install"


@dataclass(frozen=True)
class Offered:
    """A bundle's file, whole and sound."""

    path: Path
    data: bytes
    manifest: Any


def read(path: Path, kinds: Sequence[str]) -> Offered:
    """Look into it; what is damaged or of another kind is refused here."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}", "", "check its name", USAGE) from error
    with making.told(path):
        found = making.parse(data)
        manifest = found.manifest
    if hashlib.sha256(found.payload).digest() != manifest.payload:
        raise ToolError(
            f"{path}: its content is not what its manifest says",
            "the file was damaged, or put together wrongly",
            "get it again",
            VERIFICATION_FAILED,
        )
    if not found.front.signatures:
        raise ToolError(
            f"{path}: nobody has signed it",
            "it is as `bundle build` made it",
            "restante bundle sign",
            VERIFICATION_FAILED,
        )
    if manifest.kind not in kinds:
        raise ToolError(
            f"{path}: a bundle of {manifest.kind}, not of {' or '.join(kinds)}",
            "another file was named",
            f"restante {VERB[manifest.kind]} push {path}",
            USAGE,
        )
    return Offered(path, data, manifest)


VERB = {
    manifests.SIGNATURES: "signatures",
    manifests.DELTA: "signatures",
    manifests.FIRMWARE: "firmware",
    manifests.KEYS: "keys",
}


class State:
    """What the box says of itself, in the few words of `update have`."""

    def __init__(self, have: str, keys: str, box: str) -> None:
        """Of set, keys, box."""
        self.epoch = int(keys)
        self.sha256, self.installed = b"", None
        if have != "none":
            digest, epoch, serial = have.split()
            self.sha256 = bytes.fromhex(digest)
            self.installed = int(epoch), int(serial)
        self.hardware, self.channel, firmware, level = box.split()
        self.firmware = tuple(int(number) for number in firmware.split("."))
        self.engine = int(level)

    def has(self, sha256: bytes | None) -> bool:
        """Whether this is the set's, as far as the box tells it."""
        return bool(self.sha256) and sha256 is not None and sha256.startswith(self.sha256)

    def check(self, manifest: Any, force: bool) -> None:
        """BundleError for what the box would refuse, as far as that is known here."""
        keys = SimpleNamespace(epoch=self.epoch)
        box = trust.Box(self.hardware, self.channel, self.firmware, self.engine, keys)
        if self.installed is not None:
            whole = manifest.base if self.has(manifest.base) else self.sha256
            box.installed[manifests.SIGNATURES] = trust.Installed(*self.installed, whole)
        try:
            trust.check_fits(manifest, box)
        except BundleError as error:
            if not (force and error.code == "serial"):
                raise


def state_of(session: Session) -> State:
    """Ask the box."""
    return State(*(must(session, f"update have {what}").text for what in ("set", "keys", "box")))


def chosen(offered: Sequence[Offered], state: State, force: bool) -> Offered | None:
    """The smallest that fits; None: the box has it already."""
    fitting, errors = [], []
    for each in offered:
        if each.manifest.kind != manifests.KEYS and state.has(each.manifest.whole):
            return None
        try:
            state.check(each.manifest, force)
        except BundleError as error:
            errors.append((each, error))
        else:
            fitting.append(each)
    if fitting:
        return min(fitting, key=lambda each: len(each.data))
    # Of several the whole set says more: that a delta has another base is no surprise.
    first, wrong = next((pair for pair in errors if pair[1].code != "base"), errors[0])
    raise ToolError(f"{first.path}: {wrong.what}", wrong.cause, wrong.step, VERIFICATION_FAILED)


def install(session: Session, bundle: Offered, force: bool) -> list[str]:
    """What the box says to it. The bundle is there."""
    try:
        command = INSTALL.get(bundle.manifest.kind, INSTALL_ELSE)
        answer = session.ask(command + (" force" if force else ""))
    except ToolError as error:
        if error.code != DEVICE_OR_TIMEOUT:
            raise
        session.rejoin()  # the console was restarted meanwhile: the box may have it or not
        if not state_of(session).has(bundle.manifest.whole):
            raise
        return ["it is in use"]
    if not answer.ok:
        raise refused(answer)
    return [answer.text, *answer.lines]
