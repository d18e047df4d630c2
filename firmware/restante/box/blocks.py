"""Partitions: found by name, looked at, discarded; the two copies of the key partition.  I/O."""

import struct

import _sys

from restante.box import keys

BLOCKS = "/sys/class/block"
# What the kernel calls USB sticks.  The box's own medium is never one: who names a partition of
# a stick `keys` or `rootB` must not have it taken for the box's.
STICKS = "sd"
SECTOR_OCTETS = 512  # of /sys, whatever the medium has

# linux/fs.h
_BLKDISCARD = 0x1277

# What is looked at to see whether a partition was ever used: every file system, and everything
# encrypted, has something in its first MiB.
LOOKED_AT_OCTETS = 1048576
_STEP = 65536
_ERASED = (0x00, 0xFF)


class Partition:
    def __init__(self, name, octets):
        self.device = "/dev/" + name
        self.octets = octets

    def is_blank(self):
        """Whether nothing was ever written to its beginning: all zeros, or erased flash's ones."""
        fd = _sys.open(self.device, _sys.O_RDONLY)
        try:
            step = bytearray(_STEP)
            _sys.pread(fd, step, 0, 1, 0)
            if step[0] not in _ERASED:
                return False
            blank = bytes([step[0]]) * _STEP
            for at in range(0, min(self.octets, LOOKED_AT_OCTETS), _STEP):
                n = _sys.pread(fd, step, 0, _STEP, at)
                if step[:n] != blank[:n]:
                    return False
            return True
        finally:
            _sys.close(fd)

    def discard(self, start=0, octets=None):
        """Tells the medium to forget.  One that cannot is no error: it was only asked to."""
        octets = self.octets - start if octets is None else octets
        fd = _sys.open(self.device, _sys.O_WRONLY)
        try:
            _sys.ioctl(fd, _BLKDISCARD, bytearray(struct.pack("<QQ", start, octets)))
        except OSError:
            return
        finally:
            _sys.close(fd)


def partition(name):
    """The GPT partition of that name, whatever order disks were found in; None: there is none."""
    for entry in _sys.listdir(BLOCKS):
        if entry.startswith(STICKS):
            continue
        with open("%s/%s/uevent" % (BLOCKS, entry)) as file:
            found = ("PARTNAME=%s\n" % name) in file.read()
        if found:
            with open("%s/%s/size" % (BLOCKS, entry)) as file:
                return Partition(entry, int(file.read()) * SECTOR_OCTETS)
    return None


class KeyDisk:
    """The medium of a Keyring: each copy at the beginning of a half of the partition."""

    def __init__(self, partition):
        self._partition = partition
        self._half = partition.octets // 2

    def read(self, copy):
        buffer = bytearray(keys.COPY_OCTETS)
        fd = _sys.open(self._partition.device, _sys.O_RDONLY)
        try:
            n = _sys.pread(fd, buffer, 0, keys.COPY_OCTETS, copy * self._half)
            return bytes(buffer[:n])
        finally:
            _sys.close(fd)

    def write(self, copy, octets):
        fd = _sys.open(self._partition.device, _sys.O_WRONLY)
        try:
            _sys.pwrite(fd, octets, 0, len(octets), copy * self._half)
            _sys.fsync(fd)
        finally:
            _sys.close(fd)

    def discard(self, copy):
        self._partition.discard(copy * self._half, self._half)
