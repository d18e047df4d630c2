"""The partitions of the two slots and of the boot record, for programs/slots.py.  I/O.

`partitions(name)` gives a blocks.Partition or None.  Files may stand for partitions: that is how
tests run it.
"""

import struct

import _sys

from restante.box import bootrecord
from restante.errors import RestanteError

RECORD = "record"
KERNELS = ("kernelA", "kernelB")
ROOTS = ("rootA", "rootB")

# linux/fs.h
_BLKFLSBUF = 0x1261
_KIND = 0o170000
_BLOCK = 0o060000


class Unable(RestanteError):
    """This box has no second slot to write to: why."""

    transient = False


def found(partitions, name):
    partition = partitions(name)
    if partition is None:
        raise Unable("no partition is called %s: the image is older than firmware updates" % name)
    return partition


class BootDisk:
    """Copies of the boot record and of the ledger.  `partition`: of `record`."""

    def __init__(self, partition):
        if partition.octets < bootrecord.END:
            raise Unable("the partition %s is too short" % RECORD)
        self._device = partition.device

    def records(self):
        return self._both(0, bootrecord.SECTOR_OCTETS)

    def ledgers(self):
        return self._both(bootrecord.LEDGER_AT, bootrecord.LEDGER_OCTETS)

    def put_record(self, copy, octets):
        self._put(bootrecord.PLACES[copy], octets)

    def put_ledger(self, copy, octets):
        self._put(bootrecord.PLACES[copy] + bootrecord.LEDGER_AT, octets)

    def _both(self, at, octets):
        out = []
        fd = _sys.open(self._device, _sys.O_RDONLY)
        try:
            for place in bootrecord.PLACES:
                buffer = bytearray(octets)
                try:
                    n = _sys.pread(fd, buffer, 0, octets, place + at)
                except OSError:
                    n = 0  # as good as damaged: the other copy is there for this
                out.append(bytes(memoryview(buffer)[:n]))
        finally:
            _sys.close(fd)
        return out

    def _put(self, at, octets):
        fd = _sys.open(self._device, _sys.O_WRONLY)
        try:
            _write(fd, octets, at)
            _sys.fsync(fd)
        finally:
            _sys.close(fd)


class Slot:
    """Kernel (part 0) and root file system (part 1) of one slot."""

    def __init__(self, kernel, root):
        self._devices = (kernel.device, root.device)
        self.room = (kernel.octets, root.octets)
        self._fds = []

    def open(self):
        """OSError(EBUSY) if either is mounted: the kernel's own guard of what runs."""
        for device in self._devices:
            self._fds.append(_sys.open(device, _sys.O_RDWR | _sys.O_EXCL))

    def close(self):
        for fd in self._fds:
            _sys.close(fd)
        self._fds = []

    def write(self, part, at, view):
        if len(view) > self.room[part] - at:
            raise OSError(28)  # ENOSPC: never beyond the partition that was asked for
        _write(self._fds[part], view, at)

    def settle(self):
        """What was written is on the medium, and will be read from there."""
        for part in (0, 1):
            fd = self._fds[part]
            _sys.fsync(fd)
            if _sys.stat(self._devices[part])[0] & _KIND == _BLOCK:  # a file has no such request
                _sys.ioctl(fd, _BLKFLSBUF, bytearray(struct.pack("<QQ", 0, 0)))

    def read(self, part, at, view):
        return _sys.pread(self._fds[part], view, 0, len(view), at)


def _write(fd, octets, at):
    done = 0
    while done < len(octets):
        n = _sys.pwrite(fd, octets, done, len(octets), at + done)
        if not n:
            raise OSError(5)
        done += n


class Source:
    """A bundle that somebody else may be writing to: opened once, and nothing but a file.

    `path` lies in a folder of the gate's; what stands there is read, never believed.
    """

    _NONBLOCK = 0o4000  # a pipe in its place must not hold us up

    def __init__(self, path):
        self._fd = _sys.open(path, _sys.O_RDONLY | _sys.O_NOFOLLOW | self._NONBLOCK)
        if _sys.stat("/proc/self/fd/%d" % self._fd)[0] & _KIND != 0o100000:
            self.close()
            raise OSError(22)
        self.octets = _sys.fsize(self._fd)

    def read(self, at, view):
        got = 0
        while got < len(view):
            n = _sys.pread(self._fd, view, got, len(view), at + got)
            if not n:
                break
            got += n
        return got

    def close(self):
        _sys.close(self._fd)
