"""The form of machine mode: lines with a tag and a check in, answers of one JSON line out.  Pure.

A line is `command`, `#TAG command` or `#TAG:CRC command`; CRC is the CRC-32 of `TAG command` in
eight hexadecimal digits.  An answer is one line of printable ASCII:

    {"tag":"t1","ok":true,"edit":false,"text":"...","lines":["..."],"crc":"0123abcd"}

in this order; `crc` is the CRC-32 of all octets before `,"crc"`.  An answer whose tag is empty,
though the line had one, says that the line was not run.
"""

from restante.compat import const, crc32, plain_to
from restante.control.wire import plain
from restante.limits import CONTROL_LINE_OCTETS

# A program's random name and a number.
TAG_OCTETS = 24
# `#`, tag, `:`, CRC and a blank in front of the longest command.
LINE_OCTETS = CONTROL_LINE_OCTETS + TAG_OCTETS + 11
_TAG_CHARACTERS = b"abcdefghijklmnopqrstuvwxyz0123456789-"
_CRC_DIGITS = 8

LINE = const(0)  # (LINE, bytes)
REFUSED = const(1)  # (REFUSED, why)
LEAVE = const(2)  # (LEAVE, None): Ctrl-C or BREAK

BREAK = const(0)  # what one is read as
CTRL_C = const(3)
TAB = const(9)
LF = const(10)
CR = const(13)


class NotRun(Exception):
    """A line that must not be run; the text says why."""


class Collector:
    """Octets to whole lines: nothing is edited, nothing is shown."""

    def __init__(self):
        self._line = bytearray()
        self._wrong = None  # why the line will be refused
        self._after_cr = False

    def feed(self, octet):
        """An event, or None if the line goes on."""
        after_cr = self._after_cr
        self._after_cr = octet == CR
        if octet == LF and after_cr:
            return None  # the second half of CRLF
        if octet in (CR, LF):
            return self._end()
        if octet in (BREAK, CTRL_C):
            self._end()
            return LEAVE, None
        if 32 <= octet < 127 or octet == TAB:
            self._add(bytes((octet,)))
        else:
            self._wrong = self._wrong or "octet 0x%02x in the line" % octet
        return None

    def take(self, data, at):
        """Reads data[at:] up to the next event: (event or None, where to go on)."""
        end = len(data)
        while at < end:
            stop = plain_to(data, at, end)
            if stop > at:
                self._after_cr = False
                self._add(data[at:stop])
            if stop < end:
                stop += 1
                event = self.feed(data[stop - 1])
                if event:
                    return event, stop
            at = stop
        return None, end

    def _add(self, run):
        """Octets that may be in a line."""
        if len(self._line) + len(run) > LINE_OCTETS:
            self._wrong = self._wrong or "the line is over %d octets" % LINE_OCTETS
        else:
            self._line += run

    def _end(self):
        line = bytes(self._line)
        wrong = self._wrong
        self._line = bytearray()
        self._wrong = None
        return (REFUSED, wrong) if wrong else (LINE, line)


def leaves(data):
    """Where the last Ctrl-C or BREAK is, or -1."""
    return max(data.rfind(b"\x03"), data.rfind(b"\x00"))


def request(line, checked):
    """(tag, command) of a line; NotRun.  `checked`: without a tag and a CRC it is not run."""
    if not line.startswith(b"#"):
        if checked:
            raise NotRun("it has no tag")
        return b"", line
    head, blank, command = line[1:].partition(b" ")
    tag, colon, digits = head.partition(b":")
    if not 0 < len(tag) <= TAG_OCTETS or any(octet not in _TAG_CHARACTERS for octet in tag):
        raise NotRun("its tag is wrong: a-z, 0-9 and -, %d at most" % TAG_OCTETS)
    if (colon or checked) and digits != b"%08x" % crc(tag + b" " + command, 0):
        raise NotRun("it is damaged")
    return tag, command


def crc(data, seed):
    return crc32(data, 0, len(data), seed) & 0xFFFFFFFF


def answer(tag, ok, edit, text, lines):
    """Gives the octets of an answer, piece by piece: a whole one may be large."""
    truth = (b"false", b"true")
    seed = 0
    head = b'{"tag":"%s","ok":%s,"edit":%s,"text":%s,"lines":['
    piece = head % (tag, truth[bool(ok)], truth[bool(edit)], _string(text))
    for n in range(len(lines)):
        seed = crc(piece, seed)
        yield piece
        piece = (b"," if n else b"") + _string(lines[n])
    seed = crc(piece + b"]", seed)
    yield piece
    yield b'],"crc":"%08x"}\n' % seed


def _string(text):
    """plain() leaves two characters that JSON escapes (RFC 8259 section 7)."""
    return ('"' + plain(text).replace("\\", "\\\\").replace('"', '\\"') + '"').encode()
