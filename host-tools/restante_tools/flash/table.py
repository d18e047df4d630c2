"""The partition table of an image or a medium (GPT, UEFI specification §5.3), with its checksums.

Rule: what is given is untrusted: every number is checked before it is used as a length.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

SECTOR = 512
SIGNATURE = b"EFI PART"
HEADER_OCTETS = 92
LARGEST_ENTRY = 4096  # octets; ours has 128
MOST_ENTRIES = 1024  # ours has 128
MOST_SECTORS = 1 << 40  # 512 TiB: what is beyond is no number of a sector


class NoTableError(Exception):
    """There is none, or it is damaged: why."""


@dataclass(frozen=True)
class Range:
    """Octets `offset` up to, but not including, `end`."""

    offset: int
    end: int

    @property
    def octets(self) -> int:
        return self.end - self.offset


@dataclass(frozen=True)
class Partition:
    """A named range."""

    name: str
    range: Range


@dataclass(frozen=True)
class Table:
    """Partitions in the table's order, and how large the medium is that it was made for."""

    partitions: tuple[Partition, ...]
    octets: int

    def named(self, name: str) -> Range | None:
        return next((each.range for each in self.partitions if each.name == name), None)


def read(file: BinaryIO) -> Table:
    """The table at the beginning of `file`; NoTableError if it is not whole."""
    header = _at(file, SECTOR, SECTOR)
    if header[:8] != SIGNATURE:
        raise NoTableError("no GPT")
    (size, said) = struct.unpack_from("<II", header, 12)
    (alternate,) = struct.unpack_from("<Q", header, 32)
    (entries,) = struct.unpack_from("<Q", header, 72)
    count, step, entries_said = struct.unpack_from("<III", header, 80)
    if not HEADER_OCTETS <= size <= SECTOR:
        raise NoTableError("its header has no possible length")
    if zlib.crc32(header[:16] + bytes(4) + header[20:size]) != said:
        raise NoTableError("its header is damaged")
    if not (128 <= step <= LARGEST_ENTRY and count <= MOST_ENTRIES):
        raise NoTableError("its entries have no possible size")
    if not (entries < MOST_SECTORS and alternate < MOST_SECTORS):
        raise NoTableError("its parts lie nowhere")
    packed = _at(file, entries * SECTOR, count * step)
    if zlib.crc32(packed) != entries_said:
        raise NoTableError("its entries are damaged")
    found = [_entry(packed[at : at + step]) for at in range(0, count * step, step)]
    return Table(tuple(each for each in found if each is not None), (alternate + 1) * SECTOR)


def _at(file: BinaryIO, offset: int, octets: int) -> bytes:
    file.seek(offset)
    data = file.read(octets)
    if len(data) != octets:
        raise NoTableError("it ends within its partition table")
    return data


def _entry(entry: bytes) -> Partition | None:
    if not any(entry[:16]):  # no type: not in use
        return None
    first, last = struct.unpack_from("<QQ", entry, 32)
    if not first <= last < MOST_SECTORS:
        raise NoTableError("a partition lies nowhere")
    name = entry[56:128].decode("utf-16-le", "replace").partition("\0")[0]
    return Partition(name, Range(first * SECTOR, (last + 1) * SECTOR))
