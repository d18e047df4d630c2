"""The medium of a box as a power cut would have left it: its first state and what it wrote since.

Rule: the data partition is deciphered write by write, by another machine's AES; the box's own
kernel has no part in it.
"""

from __future__ import annotations

from pathlib import Path

from restante.box import places

from restante_tools.lab import image, sealed, writelog
from restante_tools.lab.gpt import partition


class Medium:
    """`disk` after so many requests, and `plain`, the file system of its data partition."""

    def __init__(self, before: Path, writes: Path, folder: Path) -> None:
        self.disk, self.plain = folder / "disk", folder / "plain"
        image.copy_disk(before, self.disk)
        sealed.open_to(self.disk, self.plain)
        self.number = 0
        self.key: bytes = sealed.record(self.disk).key
        self._aes = sealed.aes(self.key)
        self._start, self._size = partition(self.disk, places.DATA_PARTITION)
        self._requests = writelog.requests(writes)

    def forward(self, number: int) -> None:
        """To the state after this request; there is no way back."""
        with self.disk.open("r+b") as disk, self.plain.open("r+b") as plain:
            while self.number < number:
                request = next(self._requests)
                self.number = request.number
                if not request.data:
                    continue
                disk.seek(request.offset)
                disk.write(request.data)
                at = request.offset - self._start
                if 0 <= at < self._size:
                    plain.seek(at)
                    plain.write(sealed.opened(self._aes, at, request.data))

    def read_out(self, folder: Path) -> None:
        """The files that a start finds: the journal is replayed, all else is whole."""
        copy = folder.with_name(folder.name + ".ext4")
        image.copy_disk(self.plain, copy)
        image.repair(copy)
        image.read_out(copy, folder)
        copy.unlink()
