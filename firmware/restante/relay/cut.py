"""TOP: the header, the blank line and so many lines of the body (RFC 1939 §7).  Pure.

Works on wire form in pieces; a piece may end anywhere.  Its rule: whole lines go through find()
and count(); it does not know where the octets come from.
"""

from restante.compat import const

_CR = const(13)

# Octets that are looked at in one piece when a stored message is cut.
PIECE_OCTETS = const(16384)


class Cut:
    """`lines` of the body belong to the answer; `done` once the rest does not."""

    def __init__(self, lines):
        self.done = False
        self._header = True
        self._left = lines
        self._begun = 0  # octets of the current line before this piece
        self._blank = True  # ... which was nothing but perhaps a CR

    def take(self, data, start, end):
        """Where the octets of data[start:end] end that belong to the answer."""
        at = start
        while at < end and not self.done:
            if not self._header:
                at = self._body(data, at, end)
                continue
            feed = data.find(b"\n", at, end)
            stop = end if feed < 0 else feed
            length = stop - at
            if length > 1 or (length == 1 and (self._begun or data[at] != _CR)):
                self._blank = False
            self._begun += length
            at = stop
            if feed >= 0:
                at += 1
                self._header = not self._blank
                self._begun = 0
                self._blank = True
                self.done = not self._header and not self._left
        return at

    def _body(self, data, at, end):
        n = data.count(b"\n", at, end)
        if n < self._left:
            self._left -= n
            return end
        while self._left:
            at = data.find(b"\n", at, end) + 1
            self._left -= 1
        self.done = True
        return at


def top(segments, lines, peek):
    """The segments (splice.py) of a message's first part; `peek(offset, count)` reads the file."""
    cut = Cut(lines)
    out = []
    for segment in segments:
        own = isinstance(segment, bytes)
        out.append(
            _in_octets(cut, segment) if own else _in_file(cut, segment[0], segment[1], peek)
        )
        if cut.done:
            break
    return out


def _in_octets(cut, octets):
    return octets[: cut.take(octets, 0, len(octets))]


def _in_file(cut, start, end, peek):
    at = start
    while at < end and not cut.done:
        piece = peek(at, min(PIECE_OCTETS, end - at))
        if not piece:
            break
        at += cut.take(piece, 0, len(piece))
    return start, at
