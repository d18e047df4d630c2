"""The messages of a maildrop as one served session sees them: numbers, marks, listings.  Pure.

Its rule: what was there at login keeps its number to the end (RFC 1939 §5), whatever other
sessions and the spider do meanwhile; marks are the session's own.  Octets are asked each time,
because a message that was not stored yet has its true size only afterwards.
"""

from restante.compat import const

# A listing is made in pieces of about so many octets.
PIECE_OCTETS = const(1024)


class Snapshot:
    """`slots`: array in listing order; `drop`: what they mean (uidl, octets, is_deleted)."""

    def __init__(self, drop):
        self._drop = drop
        self._slots = drop.slots()
        self._marks = None  # one octet a message, from the first DELE on

    @property
    def count(self):
        return len(self._slots)

    def slot(self, number):
        """The slot of a message, or -1: no such number, or marked."""
        if not 0 < number <= len(self._slots) or self._is_marked(number):
            return -1
        return self._slots[number - 1]

    def _is_marked(self, number):
        return self._marks is not None and self._marks[number - 1]

    def mark(self, number):
        if self._marks is None:
            self._marks = bytearray(len(self._slots))
        self._marks[number - 1] = 1

    def unmark(self):
        self._marks = None

    def marked(self):
        """Slots that are marked."""
        if self._marks is None:
            return []
        return [self._slots[i] for i in range(len(self._slots)) if self._marks[i]]

    def totals(self, first, count):
        """(messages, octets) of so many numbers from `first` on, without the marked ones."""
        messages = octets = 0
        for i in range(first - 1, min(first - 1 + count, len(self._slots))):
            if not self._is_marked(i + 1):
                messages += 1
                octets += self._drop.octets(self._slots[i])
        return messages, octets

    def line(self, number, with_uidl):
        """The line of a message in a listing, without CRLF."""
        slot = self._slots[number - 1]
        if with_uidl:
            return b"%d %s" % (number, self._drop.uidl(slot))
        return b"%d %d" % (number, self._drop.octets(slot))

    def pieces(self, with_uidl):
        """The lines of UIDL or LIST, in pieces."""
        piece = b""
        for number in range(1, len(self._slots) + 1):
            if self._is_marked(number):
                continue
            piece += self.line(number, with_uidl) + b"\r\n"
            if len(piece) >= PIECE_OCTETS:
                yield piece
                piece = b""
        if piece:
            yield piece
