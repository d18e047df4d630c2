"""A list of UIDLs, packed, that finds each by its octets.  Pure.

A UIDL (1-70 octets, RFC 1939 §7) stands once in pieces of memory; a hash table of small numbers
leads to it.  If one is added again, the later place is found.
"""

from restante.compat import const, crc32
from restante.store.columns import Numbers, zeros

UIDL_OCTETS = const(70)
_PIECE_SHIFT = const(12)
_PIECE_OCTETS = const(4096)
_FIRST_TABLE = const(64)
_NARROW = const(65536)  # places that a table of 16-bit numbers can name


class Uidls:
    """`count` of them; places count from 0."""

    def __init__(self):
        self.count = 0
        self._pieces = []
        self._free = _PIECE_OCTETS  # first free octet of the last piece
        self._starts = Numbers()  # piece and offset of each: its length, then its octets
        self._table = self._empty(_FIRST_TABLE)

    def _empty(self, size):
        return zeros("H" if size < _NARROW else "I", size)

    def add(self, uidl):
        """Its place."""
        if 4 * (self.count + 1) > 3 * len(self._table):
            self._widen()
        n = len(uidl)
        if self._free + 1 + n > _PIECE_OCTETS:
            self._pieces.append(bytearray(_PIECE_OCTETS))
            self._free = 0
        piece = self._pieces[-1]
        piece[self._free] = n
        piece[self._free + 1 : self._free + 1 + n] = uidl
        self._starts.reach(self.count)
        self._starts[self.count] = (len(self._pieces) - 1) << _PIECE_SHIFT | self._free
        self._free += 1 + n
        self.count += 1
        self._table[self._probe(uidl)] = self.count
        return self.count - 1

    def get(self, place):
        start = self._starts[place]
        piece = self._pieces[start >> _PIECE_SHIFT]
        at = start & (_PIECE_OCTETS - 1)
        return bytes(piece[at + 1 : at + 1 + piece[at]])

    def find(self, uidl):
        """The place of this UIDL (bytes), or -1."""
        return self._table[self._probe(uidl)] - 1

    def _probe(self, uidl):
        """Index in the table of this UIDL, or of the empty field where it belongs."""
        table = self._table
        mask = len(table) - 1
        i = crc32(uidl, 0, len(uidl), 0) & mask
        while table[i] and not self._is(table[i] - 1, uidl):
            i = (i + 1) & mask
        return i

    def _is(self, place, uidl):
        start = self._starts[place]
        piece = self._pieces[start >> _PIECE_SHIFT]
        at = start & (_PIECE_OCTETS - 1)
        n = len(uidl)
        return piece[at] == n and piece[at + 1 : at + 1 + n] == uidl

    def _widen(self):
        self._table = self._empty(2 * len(self._table))
        for place in range(self.count):
            self._table[self._probe(self.get(place))] = place + 1
