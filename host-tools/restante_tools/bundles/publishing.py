"""The index of a folder of bundles, as boxes fetch it from any server of files.

The index is not signed, since each bundle is; what it says of them is taken from the bundles.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restante.update import bundle as bundles
from restante.update import index
from restante.update import manifest as manifests

from restante_tools.bundles import crypto
from restante_tools.bundles.making import told
from restante_tools.errors import VERIFICATION_FAILED, ToolError

SUFFIX = ".rstb"
MODE = 0o644
PIECE = 1 << 20


def entry_of(name: str, front: Any, octets: int, sha256: bytes) -> Any:
    """The entry of one bundle."""
    found = manifests.parse(front.manifest)
    return index.Entry(
        name,
        found.kind,
        found.hardware,
        found.channel,
        found.epoch,
        found.serial,
        found.base,
        found.whole,
        octets,
        sha256,
    )


def index_of(files: Mapping[str, bytes]) -> bytes:
    """The index of bundles in memory, by their names."""
    entries = []
    for name, data in files.items():
        front = bundles.read(data[: bundles.FRONT_OCTETS], len(data))
        entries.append(entry_of(name, front, len(data), hashlib.sha256(data).digest()))
    return bytes(index.write(entries))


def _entry(path: Path, keys: Any) -> Any:
    """The entry of a file; a bundle that no box would look at is an error."""
    with path.open("rb") as file, told(path):
        total = os.fstat(file.fileno()).st_size
        front = bundles.read(file.read(bundles.FRONT_OCTETS), total)
        if not front.signatures or (keys is not None and not keys.signers(front, crypto)):
            raise ToolError(
                f"{path} is not signed" + (" with a key of the key set" if keys else ""),
                "every box would refuse it",
                "sign it first: restante bundle sign",
                VERIFICATION_FAILED,
            )
        file.seek(0)
        digest = hashlib.sha256()
        while piece := file.read(PIECE):
            digest.update(piece)
        return entry_of(path.name, front, total, digest.digest())


def publish(folder: Path, keys: Any) -> list[Any]:
    """Write FOLDER/index, if it is another one than before. `keys`: a key set, or None."""
    entries = [_entry(path, keys) for path in sorted(folder.glob("*" + SUFFIX))]
    with told(folder / index.FILE):
        data = bytes(index.write(entries))
    replace(folder / index.FILE, data)
    return entries


def replace(path: Path, data: bytes) -> None:
    """The whole file or the old one. A server's ETag is mostly made of time and size: another
    index of the same size gets another second, else a box would take it for the one it knows."""
    before = path.stat().st_mtime if path.exists() else 0.0
    if before and path.read_bytes() == data:
        return
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), MODE)
    stamp = max(time.time(), int(before) + 1.0) if before else time.time()
    os.utime(part, (stamp, stamp))
    part.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
