"""The line editor: octets of a terminal in, echo and whole lines out.  Pure: no I/O here.

Its rule: a line is run only if every octet of it was seen and shown.  A line that was too long, or
held an octet that cannot be shown, comes out as refused; nothing is cut and run.
"""

from restante.compat import const
from restante.limits import CONTROL_LINE_OCTETS

NUL = const(0)  # what a BREAK looks like
CTRL_C = const(3)
BACKSPACE = const(8)
TAB = const(9)
LF = const(10)
CR = const(13)
CTRL_U = const(21)
ESCAPE = const(27)
SPACE = const(32)
QUESTION = const(63)
DELETE = const(127)

BELL = b"\x07"
RUB_OUT = b"\x08 \x08"

# What is expected next: a key, or the rest of a sequence that a function key sends.
_KEY = const(0)
_AFTER_ESCAPE = const(1)  # ESC seen
_SEQUENCE = const(2)  # ESC [ seen: ends with an octet from @ to ~
_ONE_MORE = const(3)  # ESC O seen: one octet follows

LINE = const(0)  # (LINE, bytes)
REFUSED = const(1)  # (REFUSED, why)
CANCEL = const(2)  # (CANCEL, None)
HELP = const(3)  # (HELP, bytes so far): ? where a word may begin
COMPLETE = const(4)  # (COMPLETE, bytes so far): Tab


class Editor:
    def __init__(self):
        self._line = bytearray()
        self._wrong = None  # why the line will be refused
        self._state = _KEY
        self._after_cr = False
        self.hidden = False  # nothing is shown but the line's end: it is a password

    @property
    def line(self):
        """What was typed so far."""
        return bytes(self._line)

    def insert(self, octets):
        """Puts them at the end, as if they had been typed; gives what to show."""
        return b"".join([self._edit(octet) for octet in octets])

    def feed(self, octet, alone=False):
        """Takes one octet; gives (bytes to show, event or None).

        `alone`: nothing came right behind it, so a hand typed it.  Only then ? and Tab ask for
        help: in what is pasted they are what they are.
        """
        shown, event = self._feed(octet, alone and not self.hidden)
        return (b"" if self.hidden and not event else shown), event

    def forget(self):
        """Whatever was typed of a line is dropped."""
        self._reset()

    def _feed(self, octet, alone):
        if self._state != _KEY:
            self._sequence(octet)
            return b"", None
        after_cr = self._after_cr
        self._after_cr = octet == CR
        if octet == LF and after_cr:
            return b"", None  # the second half of CRLF
        if octet in (CR, LF):
            return b"\n", self._end()
        if octet == CTRL_C:
            self._reset()
            return b"^C\n", (CANCEL, None)
        if alone and not self._wrong:
            if octet == TAB:
                return b"", (COMPLETE, self.line)
            if octet == QUESTION and self._line[-1:] in (b"", b" "):
                return b"", (HELP, self.line)
        return self._edit(octet), None

    def _edit(self, octet):
        """Changes the line; gives what to show."""
        if octet in (BACKSPACE, DELETE):
            if not self._line:
                return BELL
            self._line = self._line[:-1]
            return RUB_OUT
        if octet == CTRL_U:
            shown = RUB_OUT * len(self._line)
            self._reset()
            return shown
        if octet == ESCAPE:
            self._state = _AFTER_ESCAPE
            return b""
        if octet == NUL:
            return b""
        if octet == TAB:
            octet = SPACE
        if not SPACE <= octet < DELETE:
            self._wrong = self._wrong or "octet 0x%02x in the line" % octet
            return BELL
        if len(self._line) == CONTROL_LINE_OCTETS:
            self._wrong = self._wrong or "the line is over %d octets" % CONTROL_LINE_OCTETS
            return BELL
        self._line.append(octet)
        return bytes((octet,))

    def _end(self):
        line = bytes(self._line)
        wrong = self._wrong
        self._reset()
        return (REFUSED, wrong) if wrong else (LINE, line)

    def _reset(self):
        self._line = bytearray()
        self._wrong = None

    def _sequence(self, octet):
        """Function keys are not used: their sequences are taken whole and mean nothing."""
        if self._state == _AFTER_ESCAPE and octet == 0x5B:
            self._state = _SEQUENCE
        elif self._state == _AFTER_ESCAPE and octet == 0x4F:
            self._state = _ONE_MORE
        elif self._state != _SEQUENCE or not SPACE <= octet < 0x40:
            self._state = _KEY
