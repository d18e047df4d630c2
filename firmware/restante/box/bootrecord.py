"""The boot record: which slot U-Boot starts, and how often it may try.  Pure: no I/O here.

Two copies of one sector lie on the partition `record`, each at the beginning of a half.  U-Boot's
script (board/common/boot) reads and writes them too, so all fields are words of 32 bits, little
endian:

    0  magic                         5  proven: it was healthy for a while, nothing is counted
    1  format: 1                     6  other proven: the other slot may be gone back to
    2  sequence: the higher counts   7  fallbacks: how often U-Boot went back; never less
    3  slot: 0 = A, 1 = B            8-14  0
    4  tries that are left           15  CRC-32 of the words before

Its rule: who writes, writes the copy that does not count, with the next sequence: one of the two
is whole at any cut of the power, and a change is one write.
"""

import struct

from restante.compat import const, crc32

SECTOR_OCTETS = const(512)
COPIES = (0, 1)
# Where the copies begin: a flash chip is erased in blocks of up to 512 KiB, each has its own.
PLACES = (0, 524288)
# Behind each copy, in its half: the ledger (update/ledger.py).
LEDGER_AT = const(65536)
LEDGER_OCTETS = const(16384)
END = PLACES[1] + LEDGER_AT + LEDGER_OCTETS
MAGIC = const(0x42545352)
FORMAT = const(1)
SLOTS = ("A", "B")
# Starts of a new firmware until U-Boot goes back: one may fail by a cut of the power.
TRIES = const(3)
# fallbacks and sequence end there; a box that is changed each second gets there in 136 years.
_LAST = const(0xFFFFFFFF)
_FIELDS = "<8I"
_SUMMED = const(60)


class Record:
    """What U-Boot is told.  `slot`: 0 or 1; `proven`, `other_proven`: True or False."""

    def __init__(self, sequence, slot, tries, proven, other_proven, fallbacks=0):
        self.sequence = sequence
        self.slot = slot
        self.tries = tries
        self.proven = proven
        self.other_proven = other_proven
        self.fallbacks = fallbacks

    def says(self):
        """All but its number: two records that say the same are one to U-Boot."""
        return self.slot, self.tries, self.proven, self.other_proven, self.fallbacks

    def __repr__(self):
        return "<Record %d %s>" % (self.sequence, self.says())

    def is_proven(self, slot):
        return self.proven if slot == self.slot else self.other_proven

    def next(self, slot, tries, proven, other_proven):
        """The record that follows this one."""
        return Record(self.sequence + 1, slot, tries, proven, other_proven, self.fallbacks)


def made():
    """Of an image as built: both slots hold the same, A is started."""
    return Record(1, 0, 0, True, True)


def found_none(running):
    """No copy was whole: what is known is that this slot was started and is healthy."""
    return Record(1, running, 0, True, False)


def again(record):
    """The same once more: then both copies say it."""
    return record.next(record.slot, record.tries, record.proven, record.other_proven)


def emptied(record, running):
    """Before the slot that does not run is written: it must not be started any more."""
    return record.next(running, 0, True, False)


def installed(record, running):
    """The slot that does not run holds what is to be tried; the one that runs is proven."""
    return record.next(1 - running, TRIES, False, True)


def proved(record):
    """The slot to start was healthy for a while."""
    return record.next(record.slot, 0, True, record.other_proven)


def back(record, running):
    """Of what runs to the other slot, which must be proven."""
    return record.next(1 - running, 0, True, record.is_proven(running))


def pack(record):
    """One copy."""
    out = bytearray(SECTOR_OCTETS)
    struct.pack_into(
        _FIELDS,
        out,
        0,
        MAGIC,
        FORMAT,
        record.sequence & _LAST,
        record.slot,
        record.tries,
        int(record.proven),
        int(record.other_proven),
        record.fallbacks,
    )
    struct.pack_into("<I", out, _SUMMED, crc32(out, 0, _SUMMED, 0) & _LAST)
    return bytes(out)


def unpack(copy):
    """Record, or None: blank, damaged, or of another format."""
    if len(copy) != SECTOR_OCTETS:
        return None
    if struct.unpack_from("<I", copy, _SUMMED)[0] != crc32(copy, 0, _SUMMED, 0) & _LAST:
        return None
    magic, form, sequence, slot, tries, proven, other, fallbacks = struct.unpack_from(
        _FIELDS, copy, 0
    )
    if magic != MAGIC or form != FORMAT or slot >= len(SLOTS):
        return None
    return Record(sequence, slot, tries, proven == 1, other == 1, fallbacks)


def newest(copies):
    """(Record that counts, number of its copy), (None, 1) where none is whole.

    `copies`: octets of the two.  Of two with one sequence the first counts.
    """
    best, at = None, 1
    for copy in COPIES:
        record = unpack(copies[copy])
        if record is not None and (best is None or record.sequence > best.sequence):
            best, at = record, copy
    return best, at


def next_copy(copies):
    """Which copy is written next."""
    return 1 - newest(copies)[1]
