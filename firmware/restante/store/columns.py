"""Tables of numbers and rows, in pieces: a long one needs no long stretch of memory.  Pure.

On the box's heap a stretch of 40 KB may not be free although there is memory enough, and growing
an array copies it.
"""

import struct
from array import array

from restante.compat import const

_SHIFT = const(6)
_MASK = const(63)  # 64 rows or numbers a piece
_WIDTHS = {"H": 2, "I": 4}


def zeros(code, count):
    """An array of so many; `code`: H, of 16 bits, or I, of 32."""
    return array(code, bytes(_WIDTHS[code] * count))


class Numbers:
    """Numbers of 32 bits that begin as 0."""

    def __init__(self):
        self.pieces = []

    def reach(self, i):
        """Makes place for index `i`, the next or an earlier one."""
        if i >> _SHIFT == len(self.pieces):
            self.pieces.append(zeros("I", _MASK + 1))

    def clear(self):
        for i in range(len(self.pieces)):
            self.pieces[i] = zeros("I", _MASK + 1)

    def __getitem__(self, i):
        return self.pieces[i >> _SHIFT][i & _MASK]

    def __setitem__(self, i, value):
        self.pieces[i >> _SHIFT][i & _MASK] = value


class Rows:
    """Rows of so many octets; `at`: an offset in a row."""

    def __init__(self, octets):
        self._octets = octets
        self.pieces = []

    def reach(self, i):
        """Makes place for row `i`, the next or an earlier one."""
        if i >> _SHIFT == len(self.pieces):
            self.pieces.append(bytearray(self._octets * (_MASK + 1)))

    def number(self, i, at):
        at += (i & _MASK) * self._octets
        return struct.unpack_from("<I", self.pieces[i >> _SHIFT], at)[0]

    def octet(self, i, at):
        return self.pieces[i >> _SHIFT][(i & _MASK) * self._octets + at]

    def put_octet(self, i, at, value):
        self.pieces[i >> _SHIFT][(i & _MASK) * self._octets + at] = value

    def octets(self, i, at, count):
        at += (i & _MASK) * self._octets
        return bytes(self.pieces[i >> _SHIFT][at : at + count])

    def put(self, i, data):
        """The first octets of `data` become the row."""
        at = (i & _MASK) * self._octets
        self.pieces[i >> _SHIFT][at : at + self._octets] = data[: self._octets]
