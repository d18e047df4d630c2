"""Bundles for a box: which one fits what it has, sent, installed.

Rule: what the box would refuse is said before minutes of sending, by the firmware's own rules
(restante.update.trust); the box decides all the same, and its words are shown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from restante.update import manifest as manifests
from restante.update import trust
from restante.update.fault import BundleError

from restante_tools.bundles import making
from restante_tools.errors import DEVICE_OR_TIMEOUT, USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.fieldline.configuration import must
from restante_tools.fieldline.session import Session
from restante_tools.fieldline.transfer import refused

SHOW = "show signatures"
INSTALL = "signatures install"  # of all kinds
ROW = re.compile(
    r"hardware (\S+), channel (\S+), firmware (\d+)\.(\d+)\.(\d+), engine level (\d+)$"
)


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
    """What the box says of itself; of an older firmware not all is known."""

    def __init__(self, rows: Sequence[str]) -> None:
        self.rows = {row[:10].strip(): row[11:] for row in rows}
        self.sha256 = bytes.fromhex(self.rows.get("SHA-256", ""))
        self.epoch = self._number("keys", r"epoch (\d+)")
        have = re.search(r"epoch (\d+) serial (\d+)$", self.rows.get("bundle", ""))
        self.installed = (int(have[1]), int(have[2])) if have else None
        self.place = ROW.match(self.rows.get("box", ""))

    def _number(self, name: str, pattern: str) -> int:
        found = re.search(pattern, self.rows.get(name, ""))
        return int(found[1]) if found else 0

    def check(self, manifest: Any, force: bool) -> None:
        """BundleError for what the box would refuse, as far as that is known here."""
        if self.place is None:
            return
        hardware, channel, *numbers, level = self.place.groups()
        keys = SimpleNamespace(epoch=self.epoch)
        firmware = tuple(int(each) for each in numbers)
        box = trust.Box(hardware, channel, firmware, int(level), keys)
        if self.installed is not None:
            box.installed[manifests.SIGNATURES] = trust.Installed(*self.installed, self.sha256)
        try:
            trust.check_fits(manifest, box)
        except BundleError as error:
            if not (force and error.code == "serial"):
                raise


def state_of(session: Session) -> State:
    """Ask the box."""
    return State(must(session, SHOW).lines)


def chosen(offered: Sequence[Offered], state: State, force: bool) -> Offered | None:
    """The smallest that fits; None: the box has it already."""
    fitting, errors = [], []
    for each in offered:
        if each.manifest.kind != manifests.KEYS and each.manifest.whole == state.sha256:
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
        answer = session.ask(INSTALL + (" force" if force else ""))
    except ToolError as error:
        if error.code != DEVICE_OR_TIMEOUT:
            raise
        session.rejoin()  # the console was restarted meanwhile: the box may have it or not
        if state_of(session).sha256 != bundle.manifest.whole:
            raise
        return ["it is in use"]
    if not answer.ok:
        raise refused(answer)
    return [answer.text, *answer.lines]
