"""Columns of numbers and digests, in pieces: a long one needs no long stretch of memory.  Pure.

On the box's heap a stretch of 40 KB may not be free although there is memory enough, and growing
an array copies it.
"""

from array import array

from restante.compat import const

_OCTETS = {"H": 2, "I": 4}
_SHIFT = const(8)
_MASK = const(255)  # 256 values a piece


def zeros(code, count):
    """An array of so many; `code`: H, of 16 bits, or I, of 32."""
    return array(code, bytes(_OCTETS[code] * count))


class Column:
    """Numbers that begin as 0; `code`: as of zeros()."""

    def __init__(self, code):
        self._code = code
        self._pieces = []

    def reach(self, i):
        """Makes place for index `i`, the next or an earlier one."""
        if i >> _SHIFT == len(self._pieces):
            self._pieces.append(zeros(self._code, _MASK + 1))

    def __getitem__(self, i):
        return self._pieces[i >> _SHIFT][i & _MASK]

    def __setitem__(self, i, value):
        self._pieces[i >> _SHIFT][i & _MASK] = value


class Digests:
    """Octet strings of one length."""

    def __init__(self, octets):
        self._octets = octets
        self._pieces = []

    def reach(self, i):
        if i >> _SHIFT == len(self._pieces):
            self._pieces.append(bytearray(self._octets * (_MASK + 1)))

    def get(self, i):
        at = (i & _MASK) * self._octets
        return bytes(self._pieces[i >> _SHIFT][at : at + self._octets])

    def set(self, i, value):
        at = (i & _MASK) * self._octets
        self._pieces[i >> _SHIFT][at : at + self._octets] = value
