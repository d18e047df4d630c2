"""The binary journal of a maildrop: checksum, sequence, length, kind, body.  Pure.

    CRC-32 (4 octets) | sequence (4) | length of the body (2) | kind (1) | body, little-endian

Its rule: what it accepts is exactly what was written.  Records are numbered without gaps; the
checksum covers all that follows it.  Behind a bad place the reading goes on at the next octet
where a record with a right checksum and a later number stands.  It does not know what the bodies
mean, nor files.
"""

import struct

from restante.compat import const, crc32
from restante.store.reading import Reading

_HEADER = "<IIHB"
HEADER_OCTETS = const(11)
_CRC_OCTETS = const(4)
_LENGTH = const(8)
_KIND = const(10)
# The longest record we write, a new entry with a UIDL of 70 octets, has 143.
RECORD_OCTETS = const(160)
# A number further ahead than this is chance, not a record: no journal grows so long.
SEQUENCE_AHEAD = const(1 << 24)


def encode(seq, record):
    """The octets of a record: (kind, body)."""
    kind, body = record
    data = bytearray(HEADER_OCTETS + len(body))
    struct.pack_into(_HEADER, data, 0, 0, seq, len(body), kind)
    data[HEADER_OCTETS:] = body
    struct.pack_into("<I", data, 0, crc32(data, _CRC_OCTETS, len(data), 0))
    return data


class Reader(Reading):
    """See reading.py; a record is (kind, body)."""

    def __init__(self, apply):
        super().__init__(apply)
        self._lost = False  # octets that were no record lie behind the last good one
        self._blank = True  # all of them are zero

    def feed(self, data):
        """`data`: bytes."""
        data = self._rest + data
        at = 0
        while len(data) - at >= RECORD_OCTETS:
            at += self._step(data, at)
        self._rest = data[at:]
        self._offset += at

    def end(self):
        data = self._rest
        at = 0
        while at < len(data):
            at += self._step(data, at)
        left = self._offset + len(data) - self.good
        if left and self._is_whole(data, self.good - self._offset):
            self._damaged("unreadable to the end", self.good)
        elif left:
            self.torn = left
        self._rest = b""

    def _is_whole(self, data, at):
        # A power cut leaves a part of a record, or zeros; a whole one that is wrong is damage.
        if self._blank or 0 <= at and len(data) - at < HEADER_OCTETS:
            return False
        return at < 0 or len(data) - at >= _octets(data, at)

    def _step(self, data, at):
        """Octets to go on by: a record's, or 1 where none begins."""
        size = self._size(data, at)
        if not size:
            self._lost = True
            self._blank = self._blank and not data[at]
            return 1
        start = self._offset + at
        if self._lost:
            self._damaged("%d unreadable octets" % (start - self.good), self.good)
        seq = struct.unpack_from("<I", data, at + _CRC_OCTETS)[0]
        if seq != self.next_seq:
            self._damaged("records %d to %d are missing" % (self.next_seq, seq - 1), start)
        try:
            body = memoryview(data)[at + HEADER_OCTETS : at + size]
            self._apply((data[at + _KIND], body))
        except ValueError as error:
            self._damaged("record %d: %s" % (seq, error), start)
        self._lost = False
        self._blank = True
        self.next_seq = seq + 1
        self.records += 1
        self.good = start + size
        return size

    def _size(self, data, at):
        """Octets of the good record at `at`, or 0."""
        if len(data) - at < HEADER_OCTETS:
            return 0
        size = _octets(data, at)
        if size > RECORD_OCTETS or len(data) - at < size:
            return 0
        seq = struct.unpack_from("<I", data, at + _CRC_OCTETS)[0]
        if not 0 <= seq - self.next_seq <= SEQUENCE_AHEAD:
            return 0
        crc = struct.unpack_from("<I", data, at)[0]
        return size if crc == crc32(data, at + _CRC_OCTETS, at + size, 0) else 0


def _octets(data, at):
    """Of the record at `at`, as its header has it."""
    return HEADER_OCTETS + (data[at + _LENGTH] | data[at + _LENGTH + 1] << 8)
