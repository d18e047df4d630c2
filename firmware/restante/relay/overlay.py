"""Released messages as more messages at the end of the origin's listing.  Pure.

Its rule: the origin's numbers stay as they are, and a released message keeps its number and its
UIDL for the whole session.  Marks are the session's own; what they become is decided at QUIT.  It
does not know how the messages are stored.
"""

from restante.pop3.commands import NUMBER_MAXIMUM


class Overlay:
    """`released`: objects with .uidl .octets; `count`: messages of the origin at login."""

    def __init__(self, released, count):
        self._released = released
        self._first = count + 1
        self._marked = set()

    def owns(self, number):
        return number >= self._first

    def find(self, number):
        """The released message, or None: no such number, or marked."""
        i = number - self._first
        if number in self._marked or not 0 <= i < len(self._released):
            return None
        return self._released[i]

    def mark(self, number):
        self._marked.add(number)

    def unmark(self):
        """RSET."""
        self._marked = set()

    def marked(self):
        """Released messages that the client deleted."""
        return [self._released[n - self._first] for n in sorted(self._marked)]

    def _there(self):
        for i, released in enumerate(self._released):
            if self._first + i not in self._marked:
                yield self._first + i, released

    def list_lines(self):
        return b"".join(b"%d %d\r\n" % (n, r.octets) for n, r in self._there())

    def uidl_lines(self):
        return b"".join(b"%d %s\r\n" % (n, r.uidl.encode()) for n, r in self._there())

    def stat(self, line):
        """The origin's "+OK messages octets" with ours added; as it is if it has no such form."""
        numbers = totals(line)
        there = list(self._there())
        if numbers is None or not there:
            return line
        octets = sum(r.octets for _, r in there)
        return b"+OK %d %d" % (numbers[0] + len(there), numbers[1] + octets)


def nothing():
    """For an account for which nothing was released: owns no number, changes no line."""
    return Overlay((), NUMBER_MAXIMUM)


def totals(line):
    """(messages, octets) of an answer to STAT, or None."""
    words = line.split()
    if len(words) < 3 or not words[1].isdigit() or not words[2].isdigit():
        return None
    return int(words[1]), int(words[2])
