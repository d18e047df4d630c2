"""What is written to: a block device, opened exclusively and past the cache, or a plain file.

Rule: what is read back comes from the medium, not from this machine's memory.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from restante_tools.errors import DEVICE_OR_TIMEOUT, USAGE, ToolError
from restante_tools.flash.table import SECTOR, Range

# linux/fs.h
BLKRRPART = 0x125F
BLKFLSBUF = 0x1261
BLKSSZGET = 0x1268
BLKDISCARD = 0x1277
BLKGETSIZE64 = 0x80081272
STEP = 1 << 20  # octets of a write: some erase blocks of a card, and a multiple of every sector


class Medium(Protocol):
    """What writing.py needs. Offsets and lengths are multiples of a sector; raises OSError."""

    octets: int

    def write(self, offset: int, data: bytes) -> None: ...
    def read(self, offset: int, octets: int) -> bytes: ...
    def sync(self) -> None: ...
    def forget(self) -> None: ...
    def discard(self, part: Range) -> None: ...
    def reread_table(self) -> None: ...


class BlockDevice:
    """An open block device. The buffer is a page's multiple and aligned, as O_DIRECT asks for."""

    def __init__(self, descriptor: int) -> None:
        self._fd = descriptor
        self._buffer = mmap.mmap(-1, STEP)
        self.octets: int = struct.unpack("=Q", self._ask(BLKGETSIZE64, 8))[0]
        self.sector: int = struct.unpack("=I", self._ask(BLKSSZGET, 4))[0]

    def _ask(self, request: int, octets: int) -> bytes:
        return fcntl.ioctl(self._fd, request, bytes(octets))

    def write(self, offset: int, data: bytes) -> None:
        with memoryview(self._buffer) as whole, whole[: len(data)] as piece:
            piece[:] = data
            done = os.pwrite(self._fd, piece, offset)
        if done != len(data):
            raise OSError(errno.EIO, f"{done} of {len(data)} octets were written")

    def read(self, offset: int, octets: int) -> bytes:
        with memoryview(self._buffer) as whole, whole[:octets] as piece:
            done = os.preadv(self._fd, [piece], offset)
            if done != octets:
                raise OSError(errno.EIO, f"{done} of {octets} octets were read")
            return bytes(piece)

    def sync(self) -> None:
        os.fsync(self._fd)

    def forget(self) -> None:
        """Nothing that was written is answered from this machine's memory."""
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
        if os.geteuid() == 0:  # others may not; for them O_DIRECT is what passes the cache
            fcntl.ioctl(self._fd, BLKFLSBUF)

    def discard(self, part: Range) -> None:
        """Asks the medium to forget: so that a flash chip does not keep an old key. It may not."""
        try:
            fcntl.ioctl(self._fd, BLKDISCARD, struct.pack("=QQ", part.offset, part.octets))
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY, errno.EPERM):
                raise

    def reread_table(self) -> None:
        """So that the kernel knows the new partitions. A device that cannot have any stays."""
        try:
            fcntl.ioctl(self._fd, BLKRRPART)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EACCES, errno.EPERM):
                raise


class PlainFile:
    """An open file that takes the place of a medium."""

    def __init__(self, descriptor: int, octets: int) -> None:
        self._fd = descriptor
        os.ftruncate(descriptor, max(octets, os.fstat(descriptor).st_size))
        self.octets = os.fstat(descriptor).st_size

    def write(self, offset: int, data: bytes) -> None:
        done = os.pwrite(self._fd, data, offset)
        if done != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def read(self, offset: int, octets: int) -> bytes:
        return os.pread(self._fd, octets, offset)

    def sync(self) -> None:
        os.fsync(self._fd)

    def forget(self) -> None:
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def discard(self, part: Range) -> None:
        """A file forgets what is written over."""

    def reread_table(self) -> None:
        """Nobody reads the table of a file."""


@contextmanager
def block_device(path: Path, octets: int) -> Iterator[BlockDevice]:
    """Open it for us alone; ToolError if it is not what was shown before (`octets`)."""
    flags = os.O_RDWR | os.O_EXCL | os.O_CLOEXEC
    try:
        try:
            descriptor = os.open(path, flags | os.O_DIRECT)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            descriptor = os.open(path, flags)  # a driver without it; `forget` must do
    except OSError as error:
        raise not_opened(path, error) from error
    try:
        device = _asked(path, descriptor)
        if device.octets != octets:
            raise ToolError(
                f"{path} has {device.octets:,} octets now, it had {octets:,}",
                "another card was put in",
                "look again: restante flash --list",
                DEVICE_OR_TIMEOUT,
            )
        if device.sector != SECTOR:
            raise ToolError(
                f"{path} has sectors of {device.sector} octets",
                f"the image's partition table counts sectors of {SECTOR}: no box would find it",
                "take another medium",
                USAGE,
            )
        yield device
    finally:
        os.close(descriptor)


def _asked(path: Path, descriptor: int) -> BlockDevice:
    try:
        return BlockDevice(descriptor)
    except OSError as error:
        raise not_opened(path, error) from error


@contextmanager
def plain_file(path: Path, octets: int) -> Iterator[PlainFile]:
    """A file, made if it is not there, at least `octets` long."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise not_opened(path, error) from error
    try:
        yield PlainFile(descriptor, octets)
    finally:
        os.close(descriptor)


def not_opened(path: Path, error: OSError) -> ToolError:
    """Why a medium cannot be opened."""
    cause, hint = {
        errno.EBUSY: (
            "it is mounted, perhaps by the desktop or in another namespace, or in use",
            f"lsblk {path}; umount what it shows",
        ),
        errno.EACCES: ("only root may write to it", "sudo restante flash ..."),
        errno.EPERM: ("only root may write to it", "sudo restante flash ..."),
        errno.EROFS: ("the switch at the card's side is at lock", "move it"),
        errno.ENOMEDIUM: ("no card is in the reader", "put one in"),
        errno.ENXIO: ("no card is in the reader, or it was pulled", "put it in again"),
    }.get(error.errno or 0, ("it has gone, or the reader does not answer", "plug it in again"))
    return ToolError(
        f"{path} cannot be opened: {error.strerror}; nothing was written",
        cause,
        hint,
        DEVICE_OR_TIMEOUT,
    )
