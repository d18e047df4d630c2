"""Partitions of a disk image by their names (UEFI specification §5.3)."""

from __future__ import annotations

import struct
from pathlib import Path

from restante_tools.errors import ToolError

SECTOR = 512
GPT_SIGNATURE = b"EFI PART"


def partition(disk: Path, name: str) -> tuple[int, int]:
    """Offset and size in octets of the partition of that name (UEFI specification §5.3)."""
    hint = ("it is not one of our images", "make image")
    with disk.open("rb") as file:
        file.seek(SECTOR)
        header = file.read(92)
        if header[:8] != GPT_SIGNATURE:
            raise ToolError(f"{disk} has no GPT", *hint)
        (table,) = struct.unpack_from("<Q", header, 72)
        count, size = struct.unpack_from("<II", header, 80)
        file.seek(table * SECTOR)
        for _ in range(count):
            entry = file.read(size)
            first, last = struct.unpack_from("<QQ", entry, 32)
            if entry[56:128].decode("utf-16-le").rstrip("\0") == name:
                return first * SECTOR, (last - first + 1) * SECTOR
    raise ToolError(f"{disk} has no partition {name!r}", *hint)
