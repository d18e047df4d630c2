"""ServerEngine: the side that faces a client.  Command lines in, one event per command, in order.

    state          commands                                       after +OK
    -------------  ---------------------------------------------  -------------------------
    AUTHORIZATION  USER                                           PASSWORD
                   APOP AUTH                                      TRANSACTION
                   STLS                                           TUNNEL
                   CAPA UTF8 LANG                                 the same
    PASSWORD       PASS                                           TRANSACTION
                   USER APOP AUTH STLS                            as in AUTHORIZATION
                   CAPA UTF8 LANG                                 AUTHORIZATION
    SASL           a continuation line (after challenge())        TRANSACTION
    TRANSACTION    STAT LIST RETR DELE NOOP RSET TOP UIDL CAPA    the same
                   LANG
    any of these   QUIT                                           ENDED
    TUNNEL, ENDED  nothing is read any more

A refused command leaves the state as it is, except that PASSWORD and SASL fall back to
AUTHORIZATION.  The table itself is in commands.py.  After each COMMAND or CONTINUATION the owner
says how it was answered with `replied(ok)` or `challenge()`; until then there is no next event,
which keeps pipelined commands in their order (RULES R17).

Pure: no I/O, no time.  It does not know who answers.
"""

from restante.limits import COMMAND_OCTETS, CONTINUATION_OCTETS
from restante.pop3 import commands as c
from restante.pop3.events import COMMAND, CONTINUATION, NEED_DATA, REFUSED
from restante.pop3.lines import LineBuffer

_UNKNOWN = b"-ERR unknown command"
_WRONG_STATE = b"-ERR not valid in this state"
_TOO_LONG = b"-ERR line too long"
_BAD_CHARACTER = b"-ERR line with a character that has no place here"
_BAD_NUMBER = b"-ERR no such message"
_BAD_ARGUMENT = b"-ERR wrong argument"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_MECHANISM_OCTETS = 20  # RFC 4422 §3.1
_MECHANISM = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


class ServerEngine:
    def __init__(self):
        self.state = c.AUTHORIZATION
        self.command = 0
        self.argument = b""  # USER: name; PASS: secret; AUTH: mechanism; CONTINUATION: line
        self.acceptable = True  # CONTINUATION: what the client said could be passed on
        self.initial = None  # AUTH: initial response as sent, or None
        self.number = 0  # message, 0 if the command has none
        self.count = 0  # TOP: lines of the body
        self.shape = c.SINGLE  # of the answer
        self.outgoing = b""  # the command as it is said to the origin, CRLF included
        self.reply = b""  # REFUSED: the line to send, without CRLF
        self._lines = LineBuffer(2 * COMMAND_OCTETS)
        self._after = 0
        self._busy = False

    def room(self):
        return self._lines.room()

    def filled(self, n):
        self._lines.filled(n)

    def receive(self, data):
        """Takes as much of `data` as there is room for; returns how much that was."""
        return self._lines.receive(data)

    def unread(self):
        """Octets that the client sent and no event has used yet."""
        return self._lines.end - self._lines.start

    def forget(self):
        """Drops what is unread: nothing said before a TLS handshake counts (RFC 2595 §4)."""
        self._lines.start = self._lines.end

    def next_event(self):
        if self._busy:
            raise RuntimeError("the last command is not answered yet")
        if self.state & (c.TUNNEL | c.ENDED):
            return NEED_DATA
        if self.state == c.SASL:
            return self._continuation()
        line = self._lines.line(COMMAND_OCTETS)
        if line is None:
            return NEED_DATA
        refusal = self._parse(line)
        if refusal is not None:
            self.reply = refusal
            self._fall_back()
            return REFUSED
        self._busy = True
        return COMMAND

    def challenge(self):
        """The origin asked for more: the next line is a continuation."""
        self._lines.grow(CONTINUATION_OCTETS + 2)
        self.state = c.SASL
        self._busy = False

    def replied(self, ok):
        """The last command or exchange was answered with +OK or -ERR."""
        self._busy = False
        if ok and self._after:
            self.state = self._after
        else:
            self._fall_back()

    def _fall_back(self):
        if self.state & (c.PASSWORD | c.SASL):
            self.state = c.AUTHORIZATION

    def _continuation(self):
        line = self._lines.line(CONTINUATION_OCTETS + 2)
        if line is None:
            return NEED_DATA
        self.acceptable = not self._lines.long and (line == b"*" or is_base64(line))
        self.argument = line if self.acceptable else b"*"
        self.outgoing = self.argument + b"\r\n"
        self._busy = True
        return CONTINUATION

    def _parse(self, line):
        """Fills the fields of a command; returns the refusal, or None if it is valid."""
        if self._lines.long:
            return _TOO_LONG
        if line.find(b"\0") >= 0 or line.find(b"\r") >= 0:
            return _BAD_CHARACTER
        space = line.find(b" ")
        keyword = (line if space < 0 else line[:space]).upper()
        entry = c.TABLE.get(keyword)
        if entry is None:
            return _UNKNOWN
        self.command, states, kind, self.shape, self._after = entry
        if not self.state & states:
            return _WRONG_STATE
        rest = b"" if space < 0 else line[space + 1 :]
        self.number = self.count = 0
        self.initial = None
        self.argument = rest
        refusal = self._arguments(kind, rest, space)
        if refusal is None:
            self.outgoing = keyword + (b" " + self.argument if self.argument else b"") + b"\r\n"
        return refusal

    def _arguments(self, kind, rest, space):
        if kind == c.SECRET:
            return _BAD_ARGUMENT if space < 0 else None
        words = rest.split()
        if kind == c.NAME:
            return None if words else _BAD_ARGUMENT
        if kind == c.NO_ARGUMENT:
            self.argument = b""
            return _BAD_ARGUMENT if words else None
        if kind == c.WORDS or kind == c.MAYBE_WORDS:
            self.argument = rest.strip()
            if self.command == c.AUTH:
                return self._mechanism(words)
            if self.command == c.LANG and words:
                self.shape = c.SINGLE
            return None if words or kind == c.MAYBE_WORDS else _BAD_ARGUMENT
        return self._numbers(kind, words)

    def _numbers(self, kind, words):
        if kind == c.MAYBE_NUMBER and not words:
            self.argument = b""
            return None
        if len(words) != (2 if kind == c.NUMBER_COUNT else 1):
            return _BAD_ARGUMENT
        self.number = c.number(words[0])
        if not self.number:
            return _BAD_NUMBER
        self.argument = b"%d" % self.number
        if kind == c.NUMBER_COUNT:
            self.count = c.count(words[1])
            if self.count < 0:
                return _BAD_ARGUMENT
            self.argument = b"%d %d" % (self.number, self.count)
        elif kind == c.MAYBE_NUMBER:
            self.shape = c.SINGLE
        return None

    def _mechanism(self, words):
        """AUTH mechanism [initial response]; without words: a list of mechanisms (RFC 5034 §4)."""
        if not words:
            self.shape = c.BODY
            self._after = 0
            return None
        name = words[0].upper()
        if len(words) > 2 or len(name) > _MECHANISM_OCTETS or name.strip(_MECHANISM):
            return _BAD_ARGUMENT
        if len(words) == 2:
            self.initial = words[1]
            if self.initial != b"=" and not is_base64(self.initial):
                return _BAD_ARGUMENT
        self.argument = b" ".join([name] + words[1:])
        return None


def is_base64(line):
    """True for base64 as RFC 5034 §4 wants it: padded, nothing else in it; empty is allowed."""
    if len(line) % 4:
        return False
    body = line[:-2] + line[-2:].replace(b"=", b"") if line.endswith(b"=") else line
    return len(line) - len(body) <= 2 and not body.strip(_BASE64)
