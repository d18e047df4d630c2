"""The octets of what is served instead of a message, piece by piece, and their stuffing.  Pure.

Its rule: whatever the pieces are, the count of stuffing dots is that of the whole; so the true
octets (RFC 1939 §11) of a spliced message are known before it is served.
"""

from restante.compat import const

_LF = const(10)
_DOT = const(46)

# Octets of a file that are copied in one piece.
PIECE_OCTETS = const(16384)


def pieces(segments, read):
    """Yields the octets of `segments` (splice.py); `read(offset, count)`: of the file."""
    for segment in segments:
        if isinstance(segment, bytes):
            yield segment
            continue
        at, end = segment
        while at < end:
            piece = read(at, min(PIECE_OCTETS, end - at))
            if not piece:
                return
            yield piece
            at += len(piece)


class Stuffing:
    """Counts the dots that begin a line of wire form: each of them is stuffing."""

    def __init__(self):
        self.dots = 0
        self._line_start = True

    def take(self, piece):
        if not piece:
            return
        self.dots += piece.count(b"\n.")
        if self._line_start and piece[0] == _DOT:
            self.dots += 1
        self._line_start = piece[-1] == _LF
