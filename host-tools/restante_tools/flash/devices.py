"""Disks of this machine, and why one may not be written to.  Pure, but for `of_machine`.

What `lsblk` says is read here; a mount that it cannot see (another namespace, a file system over
several disks) is found by the exclusive open in medium.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restante_tools.processes import output_of

COLUMNS = (  # without NAME there is no tree
    *("NAME", "KNAME", "PATH", "TYPE", "RM", "RO", "SIZE", "TRAN", "VENDOR", "MODEL", "SERIAL"),
    *("MOUNTPOINTS", "FSTYPE", "LABEL", "PARTLABEL"),
)
SYS = Path("/sys/class/block")
SWAP = "[SWAP]"
SYSTEM = ("/", "/boot", "/boot/efi", "/usr", "/var", "/home")  # a machine without is none
DISKS = ("disk", "loop", "nbd")


@dataclass(frozen=True)
class Part:
    """Something on a disk: a partition, or what lies above one."""

    kname: str
    kind: str
    octets: int
    labels: tuple[str, ...]
    mounts: tuple[str, ...]
    depth: int

    def __str__(self) -> str:
        words = [self.kname, size(self.octets), *self.labels]
        if self.kind != "part":
            words.append(f"({self.kind})")
        return "  ".join(words + [f"at {mount}" for mount in self.mounts])


@dataclass(frozen=True)
class Disk:
    """A whole disk."""

    kname: str
    path: str
    kind: str
    octets: int
    removable: bool
    read_only: bool
    transport: str
    name: str  # vendor and model, as its maker wrote them
    labels: tuple[str, ...]
    mounts: tuple[str, ...]
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        words = (self.path, size(self.octets), self.transport, self.name)
        return "  ".join(word for word in words if word)


def of_machine() -> list[Disk]:
    """All disks of this machine."""
    text = output_of(["lsblk", "--json", "--bytes", "--output", ",".join(COLUMNS)])
    cards = {path.parents[1].name for path in SYS.glob("mmcblk*/device/type") if _is_sd(path)}
    return read(text, cards)


def _is_sd(path: Path) -> bool:
    return path.read_text(encoding="ascii").strip() == "SD"


def read(text: str, cards: Collection[str] = ()) -> list[Disk]:
    """The disks in what lsblk printed. `cards`: names of SD cards, which lsblk calls fixed."""
    rows = json.loads(text)["blockdevices"]
    return [_disk(row, cards) for row in rows if row["type"] in DISKS]


def _disk(row: dict[str, Any], cards: Collection[str]) -> Disk:
    transport = row["tran"] or ("sd" if row["kname"] in cards else "")
    return Disk(
        kname=row["kname"],
        path=row["path"],
        kind=row["type"],
        octets=int(row["size"] or 0),
        removable=_true(row["rm"]) or transport in ("usb", "sd"),
        read_only=_true(row["ro"]),
        transport=transport,
        name=" ".join(str(row[key]).strip() for key in ("vendor", "model") if row[key]),
        labels=_labels(row),
        mounts=_mounts(row),
        parts=tuple(_below(row, 1)),
    )


def _below(row: dict[str, Any], depth: int) -> Iterator[Part]:
    for child in row.get("children") or ():
        yield Part(
            child["kname"],
            child["type"],
            int(child["size"] or 0),
            _labels(child),
            _mounts(child),
            depth,
        )
        yield from _below(child, depth + 1)


def _true(value: Any) -> bool:
    """lsblk before 2.33 writes "1" where newer ones write true."""
    return value is True or value == "1"


def _labels(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in ("partlabel", "fstype", "label") if row[key])


def _mounts(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(mount for mount in row.get("mountpoints") or () if mount)


def why_not(disk: Disk, needed: int, fixed_too: bool) -> list[str]:
    """Reasons against writing an image of `needed` octets to it; none is good."""
    reasons = []
    mounts = sorted({*disk.mounts, *(mount for part in disk.parts for mount in part.mounts)})
    if any(mount in SYSTEM for mount in mounts):
        reasons.append("this machine runs from it")
    elif SWAP in mounts:
        reasons.append("this machine swaps to it")
    elif mounts:
        reasons.append(f"it is mounted at {', '.join(mounts)}")
    above = sorted({part.kind for part in disk.parts if part.kind != "part"})
    if above:
        reasons.append(f"it is in use by {', '.join(above)}")
    if disk.octets == 0:
        reasons.append("no medium is in it")
    elif disk.octets < needed:
        reasons.append(f"it has {disk.octets:,} octets, the image {needed:,}")
    if disk.read_only:
        reasons.append("it is read-only")
    if not disk.removable and not fixed_too:
        reasons.append("it is not removable (--force-fixed if it is the right one)")
    return reasons


def owner(disks: list[Disk], kname: str) -> Disk | None:
    """The disk that the partition `kname` lies on."""
    return next((d for d in disks if any(part.kname == kname for part in d.parts)), None)


def lost(disk: Disk) -> list[str]:
    """What is on it, in lines."""
    lines = [f"  {'  ' * part.depth}{part}" for part in disk.parts]
    if disk.labels:
        lines.insert(0, f"  on the whole disk: {'  '.join(disk.labels)}")
    return lines or ["  no partition that this machine knows"]


def size(octets: int) -> str:
    """As printed on a medium: decimal."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if octets >= factor:
            return f"{octets / factor:.1f} {unit}"
    return f"{octets} octets"
