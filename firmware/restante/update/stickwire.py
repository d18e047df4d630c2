"""What the gate and the stick's reader (programs/stick.py) say to each other.  Pure.

Packets over SOCK_SEQPACKET: one request, one reply.  The reader looks at a hostile medium, so the
gate believes nothing of a reply but the octets of a file, which are judged like any bundle's.

    request               reply
    who                   + the mark of this stick, new each time one is put in; + alone: none;
                          + off: sticks are off, and the kernel was told so
    index                 + octets of the index, which is open from now on
    open NAME             + octets of the file beside that index, which is open instead
    read OFFSET OCTETS    = as many octets of the open file
    leave                 none: the reader lets go of the stick and ends

    - what LF next step   instead: it cannot be done
"""

from restante.compat import const
from restante.update.fault import StickError

REQUEST_OCTETS = const(96)  # "open ", and a name of the index
PIECE_OCTETS = const(16384)
REPLY_OCTETS = PIECE_OCTETS + 1
TEXT_OCTETS = const(160)
DIGITS = const(10)
MARK_OCTETS = const(32)
OFF = "off"
OTHER = "take another stick"
_OCTETS = const(61)  # =
_TEXT = const(43)  # +
_ERROR = const(45)  # -


def said(text):
    return b"+" + text.encode()


def failed(error):
    return ("-%s\n%s" % (error.what, error.step)).encode()[: 2 * TEXT_OCTETS]


def text_of(reply):
    """The text of a reply; StickError."""
    if not reply:
        raise gone()
    if reply[0] == _TEXT and len(reply) <= TEXT_OCTETS:
        return _plain(reply[1:])
    raise _error_of(reply)


def number_of(reply):
    """StickError."""
    text = text_of(reply)
    if not text.isdigit() or len(text) > DIGITS:
        raise _wrong()
    return int(text)


def check_octets(reply, wanted):
    """StickError unless the reply has so many octets of the file, behind its first one."""
    if not reply:
        raise gone()
    if reply[0] != _OCTETS:
        raise _error_of(reply)
    if len(reply) != wanted + 1:
        raise _wrong()


def gone():
    return StickError(
        "the stick was pulled, or cannot be read any more",
        "put it in again: what was copied is still there",
    )


def late():
    return StickError("the stick does not answer in time", OTHER)


def _wrong():
    return StickError("the stick's reader says what it never should", OTHER)


def _error_of(reply):
    if reply[0] != _ERROR:
        return _wrong()
    what, _, step = bytes(reply[1 : 2 * TEXT_OCTETS]).partition(b"\n")
    return StickError(_plain(what) or "it cannot be read", _plain(step) or OTHER)


def _plain(octets):
    """At most TEXT_OCTETS of it, in printable ASCII."""
    text = [chr(octet) if 32 <= octet < 127 else "?" for octet in octets[:TEXT_OCTETS]]
    return "".join(text)
