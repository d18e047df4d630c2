"""What an errno of the data partition means.  Pure.

One place turns OSError into the two errors that the relay knows.  It does not know which file was
meant: the caller says what it was doing.
"""

from restante.errors import StoreError, StoreFull

# Linux errno values; MicroPython's errno module lacks most of them.
EIO = 5
EEXIST = 17
ENOENT = 2
ENOTDIR = 20
EISDIR = 21
EINVAL = 22
ENFILE = 23
EMFILE = 24
EFBIG = 27
ENOSPC = 28
EROFS = 30
EDQUOT = 122

_CAUSES = {
    EIO: "input/output error; the medium may be failing",
    ENOENT: "no such file; it was removed from outside",
    ENFILE: "no file descriptors left; fewer sessions help",
    EMFILE: "no file descriptors left; fewer sessions help",
    EFBIG: "the file is too large for the file system",
    ENOSPC: "no room (octets or inodes) on the data partition; delete from the quarantine",
    EROFS: "the data partition is read-only; the medium may be failing",
    EDQUOT: "disk quota reached",
}
_FULL = (ENOSPC, EDQUOT)


def store_error(what, error):
    """StoreFull or StoreError for an OSError met while doing `what`."""
    number = error.args[0] if error.args else 0
    text = "%s: %s" % (what, _CAUSES.get(number, "error %s" % number))
    return StoreFull(text) if number in _FULL else StoreError(text)
