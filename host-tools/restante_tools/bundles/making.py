"""Bundles and key sets as files: built, signed, taken apart, checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restante.update import bundle as bundles
from restante.update import keys as key_sets
from restante.update import manifest as manifests
from restante.update import trust
from restante.update.delta import Applier
from restante.update.fault import BundleError
from restante.update.signature import Signature, shown

from restante_tools.bundles import crypto
from restante_tools.bundles.difference import difference
from restante_tools.errors import VERIFICATION_FAILED, ToolError

PIECE = 1 << 16


@contextmanager
def told(path: Path | str) -> Iterator[None]:
    """What the format refuses, as the tools say it."""
    try:
        yield
    except BundleError as error:
        what = f"{path}: {error.what}"
        raise ToolError(what, error.cause, error.step, VERIFICATION_FAILED) from error


def key_set(path: Path) -> Any:
    """A key set file."""
    with told(path):
        return key_sets.parse(path.read_bytes())


@dataclass(frozen=True)
class Bundle:
    """A bundle's parts."""

    front: Any  # restante.update.bundle.Front
    payload: bytes

    @property
    def manifest(self) -> Any:
        """The typed manifest, unverified."""
        return manifests.parse(self.front.manifest)

    def octets(self, signatures: list[Signature]) -> bytes:
        """The whole file with these signatures."""
        return bytes(bundles.write_front(self.front.head, signatures)) + self.payload


def parse(data: bytes) -> Bundle:
    """Takes a file apart; checks no signature."""
    front = bundles.read(data[: bundles.FRONT_OCTETS], len(data))
    return Bundle(front, data[front.payload_at :])


def build(texts: dict[str, str], content: bytes, base: bytes | None) -> bytes:
    """An unsigned bundle. `base`: the older file, for a delta that makes `content` of it."""
    payload = content
    if texts["kind"] == manifests.DELTA:
        assert base is not None
        payload = difference(base, content)
        texts = texts | {
            "base": hashlib.sha256(base).hexdigest(),
            "result": hashlib.sha256(content).hexdigest(),
            "result-octets": str(len(content)),
        }
    limit = manifests.PAYLOAD_LIMITS[texts["kind"]]
    if len(payload) > limit:
        raise ToolError(
            f"a payload of {len(payload):,} octets; {limit:,} are allowed",
            f"too much for a bundle of {texts['kind']}",
            "make it smaller",
        )
    texts = texts | {"payload": hashlib.sha256(payload).hexdigest()}
    head = bundles.write_head(manifests.write(texts), len(payload))
    return bytes(bundles.write_front(head, [])) + payload


def with_signatures(data: bytes, added: list[Signature]) -> bytes:
    """The same bundle with more signatures; a key's older one is replaced."""
    found = parse(data)
    every = {each.key_id: each for each in [*found.front.signatures, *added]}
    return found.octets(list(every.values()))


def box_for(manifest: Any, keys: Any, now: int | None) -> trust.Box:
    """A box for which this bundle was made: verifying asks who signed what."""
    box = trust.Box(
        manifest.hardware, manifest.channel, manifest.firmware, manifest.engine, keys, now
    )
    if manifest.kind == manifests.DELTA:
        box.installed[manifests.SIGNATURES] = trust.Installed(0, 0, manifest.base)
    return box


def verify(data: bytes, keys: Any, now: int | None, base: bytes | None) -> trust.Decision:
    """All that a box checks, but for its own state: signatures, roles, content."""
    found = parse(data)
    # Who signed it, before the manifest is parsed, as on the box.
    if not keys.signers(found.front, crypto):
        blank = trust.Box("", "", (0, 0, 0), 0, keys, now)
        return trust.judge(found.front, blank, crypto)
    manifest = found.manifest
    box = box_for(manifest, keys, now)
    if manifest.kind == manifests.KEYS:
        return trust.judge_keys(found.front, found.payload, box, crypto)
    decision = trust.judge(found.front, box, crypto)
    if decision.accepted:
        check = decision.payload()
        check.update(found.payload)
        check.finish()
        if base is not None:
            applied(found.payload, manifest, base)
    return decision


def applied(delta: bytes, manifest: Any, base: bytes) -> bytes:
    """What a delta makes of its base."""
    if hashlib.sha256(base).digest() != manifest.base:
        raise BundleError(
            "base", "a delta for another base", "another file was given", "give the right one"
        )
    out = bytearray()

    def read(place: int, view: memoryview) -> None:
        view[:] = base[place : place + len(view)]

    applier = Applier(len(base), manifest.result_octets, manifest.result, read, out.extend)
    for at in range(0, len(delta), PIECE):
        applier.feed(delta[at : at + PIECE])
    applier.finish()
    return bytes(out)


def next_set(
    old: Any, added: list[Any], gone: list[bytes], revoked: list[bytes], thresholds: dict[str, int]
) -> Any:
    """The key set of the next epoch. `gone`, `revoked`: key ids."""
    for key_id in [*gone, *revoked]:
        if old.find(key_id) is None:
            raise ToolError(
                f"the key set has no key {shown(key_id)}",
                "another set, or a wrong id",
                "see: restante keys show SET",
            )
    lost = [key_sets.Key(None, key.id, key.public) for key in old.keys if key.id in revoked]
    stay = [key for key in old.keys if key.id not in gone and key.id not in revoked]
    new = key_sets.KeySet(
        old.epoch + 1, old.thresholds | thresholds, [*stay, *added], [*old.revoked, *lost]
    )
    return key_sets.parse(new.write())
