"""The boot record and the slots of a disk from outside the box: read, changed, destroyed.

Rule: the layout of the record is the firmware's own code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from restante.box import bootrecord as firmware_bootrecord

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.lab.gpt import SECTOR, partition

bootrecord: Any = firmware_bootrecord  # the box's Python carries no types
PARTITION = "record"


def places(disk: Path) -> list[int]:
    """Where on the disk the two copies begin."""
    offset, _ = partition(disk, PARTITION)
    return [offset + place for place in bootrecord.PLACES]


def copies(disk: Path) -> list[bytes]:
    """The octets of both."""
    found = []
    with disk.open("rb") as file:
        for at in places(disk):
            file.seek(at)
            found.append(file.read(SECTOR))
    return found


def record(disk: Path) -> Any:
    """The record that counts; ToolError if no copy is whole."""
    newest, _ = bootrecord.newest(copies(disk))
    if newest is None:
        raise ToolError(
            f"{disk} holds no boot record",
            "both copies were damaged, or it is an image of an earlier layout",
            "make image",
            VERIFICATION_FAILED,
        )
    return newest


def put(disk: Path, copy: int, octets: bytes) -> None:
    """Overwrite the beginning of one copy."""
    overwrite(disk, places(disk)[copy], octets)


def put_record(disk: Path, new: Any) -> None:
    """Write a record as the box does: over the copy that does not count."""
    put(disk, bootrecord.next_copy(copies(disk)), bootrecord.pack(new))


def fill(disk: Path, name: str, content: bytes) -> None:
    """This at the beginning of a partition, zeros behind it."""
    offset, size = partition(disk, name)
    overwrite(disk, offset, content + bytes(size - len(content)))


def overwrite(disk: Path, at: int, octets: bytes) -> None:
    with disk.open("r+b") as file:
        file.seek(at)
        file.write(octets)
