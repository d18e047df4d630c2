"""USB sticks as the kernel shows them, and whether USB devices are used at all.  I/O.

The kernel is built so that it uses no USB device by itself (USB_DEFAULT_AUTHORIZATION_MODE=0):
nothing on a stick, its partition table neither, is looked at before a program says so, which is
after the box's own partitions were found.
"""

import errno

import _sys

from restante.box.blocks import BLOCKS, SECTOR_OCTETS, STICKS

_USB = "/sys/bus/usb/devices"


class Medium:
    """An open stick.  `mark`: another one each time that a stick is put in."""

    def __init__(self, path, octets, mark):
        self.octets = octets
        self.mark = mark
        self._fd = _sys.open(path, _sys.O_RDONLY)

    def read(self, at, view):
        """Fills the view; OSError: the stick is gone, or cannot be read there."""
        done = 0
        while done < len(view):
            n = _sys.pread(self._fd, view, done, len(view), at + done)
            if not n:
                raise OSError(errno.EIO)
            done += n


class Sticks:
    def opened(self):
        """A Medium, or None.  OSError: there is one that cannot be opened."""
        for name in sorted(_sys.listdir(BLOCKS)):
            if name.startswith(STICKS) and not name[-1].isdigit():
                octets = int(_text("%s/%s/size" % (BLOCKS, name))) * SECTOR_OCTETS
                if octets:
                    mark = name + "." + _text("%s/%s/diskseq" % (BLOCKS, name))
                    return Medium("/dev/" + name, octets, mark)
        return None

    def allow(self, allowed):
        """Whether the kernel uses USB devices, those that are in and those that come."""
        word = "1" if allowed else "0"
        try:
            names = _sys.listdir(_USB)
        except OSError:
            return  # this board has no USB
        for name in names:
            if ":" in name:
                continue  # an interface of a device
            hub = name.startswith("usb")
            _put("%s/%s/authorized%s" % (_USB, name, "_default" if hub else ""), word)


class StandIns:
    """Files of a folder as sticks, for tests."""

    def __init__(self, folder):
        self._folder = folder

    def opened(self):
        for name in sorted(_sys.listdir(self._folder)):
            if name.startswith(STICKS):
                path = self._folder + "/" + name
                _, _, _, octets, when = _sys.stat(path)
                if octets:
                    return Medium(path, octets, "%s.%d" % (name, when))
        return None

    def allow(self, allowed):
        pass


def _text(path):
    with open(path) as file:
        return file.read().strip()


def _put(path, word):
    """Written if it is not so already: each writing makes the kernel look at the device anew."""
    if _text(path) != word:
        with open(path, "w") as file:
            file.write(word)
