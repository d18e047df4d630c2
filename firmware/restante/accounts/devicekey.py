"""Reads the device key, from which the keys of what is at rest are derived.  Input only.

Its rule: a file that somebody else could have written or read is no key.  It is read while the
program is root, and it is never on the data partition.
"""

import _sys

from restante.accounts.sealed import KEY_OCTETS
from restante.box import places

_ROOT = 0
_KIND = 0o170000
_REGULAR = 0o100000
_OTHERS = 0o007
_NEXT = "; without it no password is learned; restart the box, then see: show alarms"


def read(run):
    """(32 octets, ""), or (None, why in words).  `run`: the run folder."""
    path = run + "/" + places.DEVICE_KEY
    try:
        wrong = _wrong(_sys.stat(path))
        key = b"" if wrong else _octets(path)
    except OSError as error:
        return None, "the device key %s cannot be read (errno %s)%s" % (path, error.args[0], _NEXT)
    if not wrong and len(key) != KEY_OCTETS:
        wrong = "it has not %d octets" % KEY_OCTETS
    if wrong:
        return None, "the device key %s is not used: %s%s" % (path, wrong, _NEXT)
    return key, ""


def _wrong(status):
    mode, owner = status[:2]
    if mode & _KIND != _REGULAR:
        return "it is no regular file"
    if owner not in (_ROOT, places.GATE_UID, _own()):
        return "it belongs to user %d" % owner
    if mode & _OTHERS:
        return "others may use it (mode %03o)" % (mode & 0o777)
    return ""


def _own():
    """Who we are: on a developer's machine neither root nor the box's gate."""
    return _sys.stat("/proc/self")[1]


def _octets(path):
    """One octet more than a key has is enough to see that it is too long."""
    buffer = bytearray(KEY_OCTETS + 1)
    fd = _sys.open(path, _sys.O_RDONLY | _sys.O_NOFOLLOW)
    try:
        n = _sys.read(fd, buffer, 0, len(buffer)) or 0
    finally:
        _sys.close(fd)
    return bytes(buffer[:n])
