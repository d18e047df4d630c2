"""ClientEngine: the side that faces an origin.  Answers in, events out.

    state      octets are                 events                        then
    ---------  -------------------------  ----------------------------  ------------------
    IDLE       not expected               ProtocolError                 (end)
    SINGLE     one line +OK or -ERR       REPLY                         IDLE
    EXCHANGE   "+ ..." lines, then one    CHALLENGE; REPLY              EXCHANGE; IDLE
    LISTING    a line, then lines to "."  REPLY if -ERR; LINE ... END   IDLE
    BODY       a line, then a message     REPLY if -ERR; CHUNK ... END  IDLE

It begins in SINGLE: the greeting.  `expect(shape)` is called with each command that is sent; with
commands that are sent together (RFC 2449 §6.6) it is given the shapes of all, and after IDLE the
next answer begins.  What an origin sends without being asked is a ProtocolError: after it nobody
could tell which answer belongs to which command (a reply injected in a message, or after STLS).

Pure: no I/O, no time.  It does not know the commands, only the shapes of their answers.
"""

from restante.errors import ProtocolError
from restante.limits import (
    BODY_CHUNK_OCTETS,
    CONTINUATION_OCTETS,
    LISTING_LINE_OCTETS,
    REPLY_OCTETS,
)
from restante.pop3.commands import BODY, EXCHANGE, LISTING, SINGLE
from restante.pop3.dots import Body
from restante.pop3.events import CHALLENGE, CHUNK, END, LINE, NEED_DATA, REPLY
from restante.pop3.lines import LineBuffer

_IDLE = -1
_FIRST_LINE = 0
_LINES = 1
_CHUNKS = 2


class ClientEngine:
    def __init__(self, size=BODY_CHUNK_OCTETS):
        self.ok = False
        self.line = b""
        self.body = Body()  # CHUNK: .chunk .chunk_start .chunk_end; after END: .octets .head
        self._lines = LineBuffer(size)
        self._shape = SINGLE
        self._next = []  # shapes of the answers that follow this one
        self._phase = _FIRST_LINE

    def room(self):
        return self._lines.room()

    def filled(self, n):
        self._lines.filled(n)

    def receive(self, data):
        """Takes as much of `data` as there is room for; returns how much that was."""
        return self._lines.receive(data)

    def unread(self):
        """Octets that the origin sent and no event has used yet."""
        return self._lines.end - self._lines.start

    def forget(self):
        """Drops what is unread: nothing said before a TLS handshake counts (RFC 2595 §4)."""
        self._lines.start = self._lines.end

    def expect(self, *shapes):
        """Commands go out together, mostly one, whose answers have these shapes."""
        if self._phase != _IDLE or self._next:
            raise RuntimeError("the last answer is not complete")
        self.check_silent()
        self._next = list(shapes)
        self._begin()

    def _begin(self):
        self._shape = self._next.pop(0)
        self._phase = _FIRST_LINE

    def check_silent(self):
        """ProtocolError if the origin said something that no command asked for."""
        if self._phase == _IDLE and not self._next and self.unread():
            raise ProtocolError("the origin sent more than was asked for")

    def next_event(self):
        if self._phase == _IDLE and self._next:
            self._begin()
        if self._phase == _FIRST_LINE:
            return self._first_line()
        if self._phase == _CHUNKS:
            return self._chunk()
        if self._phase == _LINES:
            return self._listing_line()
        return NEED_DATA

    def _first_line(self):
        limit = REPLY_OCTETS if self._shape != EXCHANGE else CONTINUATION_OCTETS
        line = self._lines.line(limit)
        if line is None:
            return NEED_DATA
        if self._shape == EXCHANGE and line.startswith(b"+") and not _is_ok(line):
            if self._lines.long:
                raise ProtocolError("the origin sent a SASL challenge over the limit")
            self.line = line
            return CHALLENGE
        self.ok = _is_ok(line)
        if not self.ok and line[:4].upper() != b"-ERR":
            raise ProtocolError("the origin's answer is neither +OK nor -ERR")
        self.line = printable(line[: REPLY_OCTETS - 2])
        self._phase = _IDLE
        if self.ok and self._shape == BODY:
            self._phase = _CHUNKS
            self.body.begin(not self._lines.crlf)
        elif self.ok and self._shape == LISTING:
            self._phase = _LINES
        return REPLY

    def _listing_line(self):
        line = self._lines.line(LISTING_LINE_OCTETS)
        if line is None:
            return NEED_DATA
        if self._lines.long:
            raise ProtocolError("the origin sent a listing line over the limit")
        if line == b".":
            self._phase = _IDLE
            return END
        self.line = line[1:] if line.startswith(b".") else line
        return LINE

    def _chunk(self):
        lines = self._lines
        used = self.body.take(lines.data, lines.start, lines.end)
        lines.start += used
        if self.body.ended:
            self._phase = _IDLE
            return END
        return CHUNK if used else NEED_DATA


def _is_ok(line):
    return line[:3].upper() == b"+OK"


def printable(line):
    """`line` with +OK or -ERR in upper case and control characters replaced by "?"."""
    n = 3 if line[:1] == b"+" else 4
    text = bytearray(line)
    text[:n] = line[:n].upper()
    for i in range(len(text)):
        if text[i] < 32 or text[i] == 127:
            text[i] = 63
    return bytes(text)
