"""What a box wrote to its disk, write by write: the record that QEMU's `blklogwrites` makes.

The format is that of Linux's dm-log-writes: a super block of one sector, then per request a header
of one sector and its data. Rule: a cut of the power is a state of the medium at a flush; nothing
is assumed of what came after it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab.gpt import SECTOR

MAGIC = 0x6A736677736872
FLUSH, DISCARD = 1, 4
SUPER = struct.Struct("<QQQI")  # magic, version, requests, octets of a sector
HEADER = struct.Struct("<QQQQ")  # first sector, sectors, flags, octets of data


@dataclass(frozen=True)
class Request:
    """One request of the guest. `number`: how many were complete with this one."""

    number: int
    flags: int
    offset: int
    data: bytes

    @property
    def is_flush(self) -> bool:
        return bool(self.flags & FLUSH)


def complete(writes: Path) -> int:
    """How many requests were complete when the last flush was, while the box runs."""
    with writes.open("rb") as file:
        octets = file.read(SUPER.size)
    if not octets:
        return 0
    magic, _, requests, sector = SUPER.unpack(octets)
    if magic != MAGIC or sector != SECTOR:
        raise ToolError(
            f"{writes} is no record of writes", "another version of QEMU", "read the QEMU log"
        )
    return int(requests)


def requests(writes: Path) -> Iterator[Request]:
    """All requests up to the last flush, in the order in which they were completed."""
    count = complete(writes)
    with writes.open("rb") as file:
        file.seek(SECTOR)
        for number in range(1, count + 1):
            sector, sectors, flags, _ = HEADER.unpack(file.read(SECTOR)[: HEADER.size])
            octets = sectors * SECTOR
            data = bytes(octets) if flags & DISCARD else file.read(octets)
            yield Request(number, flags, sector * SECTOR, data)


def flushes(writes: Path) -> list[int]:
    """The numbers of the flushes."""
    return [request.number for request in requests(writes) if request.is_flush]
