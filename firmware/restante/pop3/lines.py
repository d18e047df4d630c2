"""The bounded line buffer that both engines read from.

Its rule: what it holds is bounded by its size, whatever the peer sends, and the lines it gives do
not depend on how the octets were cut.  Pure: it is filled by its owner and knows no POP3.
"""

from restante.compat import const
from restante.errors import ProtocolError

_LF = const(10)
_CR = const(13)

# Octets of one line that are thrown away after its limit before we give up on the peer: a
# mistaken client is answered with an error, a flood is cut off.
SKIP_OCTETS = const(131072)


class LineBuffer:
    """Octets `data[start:end]` are unread."""

    def __init__(self, size):
        self.data = bytearray(size)
        self.start = 0
        self.end = 0
        self.long = False  # the line just given was cut at its limit
        self.crlf = True  # the line just given ended with CRLF, not with LF alone
        self._view = memoryview(self.data)
        self._head = None  # start of a line that is being thrown away
        self._skipped = 0

    def room(self):
        """A writable view of the free space; empty when the owner must take lines first."""
        if self.start == self.end:
            self.start = self.end = 0
        elif self.end == len(self.data) and self.start:
            n = self.end - self.start
            self._view[0:n] = self._view[self.start : self.end]
            self.start = 0
            self.end = n
        return self._view[self.end :]

    def filled(self, n):
        """The owner put `n` octets into what room() gave."""
        self.end += n

    def receive(self, data):
        """Copies as much of `data` as fits; returns how much that was."""
        room = self.room()
        n = min(len(room), len(data))
        room[:n] = data[:n]
        self.filled(n)
        return n

    def grow(self, size):
        """Makes room for longer lines (SASL); what is unread stays."""
        if size <= len(self.data):
            return
        n = self.end - self.start
        data = bytearray(size)
        view = memoryview(data)
        view[:n] = self._view[self.start : self.end]
        self.data = data
        self._view = view
        self.start = 0
        self.end = n

    def view(self, start, end):
        return self._view[start:end]

    def line(self, limit):
        """The next line without its end, or None if it is not complete.

        A line of more than `limit` octets, its end included, comes cut to `limit - 2` octets
        with `long` set.  ProtocolError when more than SKIP_OCTETS had to be thrown away.
        """
        at = self.data.find(b"\n", self.start, self.end)
        if self._head is not None:
            return self._rest_of_long(at)
        if at < 0:
            if self.end - self.start >= limit:
                self._begin_long(limit)
                self._skip(self.end - self.start - limit)
                self.start = self.end
            return None
        if at + 1 - self.start > limit:
            self._begin_long(limit)
            self._skip(at + 1 - self.start - limit)
            return self._end_long(at)
        stop = at
        self.crlf = at > self.start and self.data[at - 1] == _CR
        if self.crlf:
            stop -= 1
        line = bytes(self._view[self.start : stop])
        self.start = at + 1
        self.long = False
        return line

    def _begin_long(self, limit):
        self._head = bytes(self._view[self.start : self.start + limit - 2])
        self._skipped = 0

    def _rest_of_long(self, at):
        if at < 0:
            self._skip(self.end - self.start)
            self.start = self.end
            return None
        self._skip(at + 1 - self.start)
        return self._end_long(at)

    def _end_long(self, at):
        line = self._head
        self._head = None
        self.start = at + 1
        self.long = True
        return line

    def _skip(self, n):
        self._skipped += n
        if self._skipped > SKIP_OCTETS:
            raise ProtocolError("a line of more than %d octets" % SKIP_OCTETS)
