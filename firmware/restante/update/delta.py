"""Makes a file from an older one and a delta: records that copy and records that insert.  Pure.

A record is a run of octets: `copy` takes one from the base, `insert` brings one.  The signature
file is a layout of tables in which one more signature moves all that follows, so records address
octets, not signatures.  Its rule: what is made never grows beyond the signed length, no record is
empty, and the whole must have the signed SHA-256.

Memory: one buffer of PIECE_OCTETS; records may be cut anywhere between two calls of `feed`.
"""

import hashlib
import struct

from restante.compat import const
from restante.update.fault import BundleError, malformed

PIECE_OCTETS = const(16384)
END = const(0)
COPY = const(1)
INSERT = const(2)
# octets after the kind: COPY place, length; INSERT length
_COPY = "<II"
_INSERT = "<I"
_NEEDS = {END: 0, COPY: 8, INSERT: 4}


class Applier:
    """`read(place, view)` fills a view from the base, `write(view)` takes the result."""

    def __init__(self, base_octets, result_octets, result_sha256, read, write):
        self._base_octets = base_octets
        self._left = result_octets
        self._expected = result_sha256
        self._read = read
        self._write = write
        self._hash = hashlib.sha256()
        self._piece = memoryview(bytearray(PIECE_OCTETS))
        self._record = bytearray()  # kind and numbers of a record, as far as they came
        self._insert = 0  # octets of an insert that are still to come
        self._place = 0  # in the base, of what is copied next
        self._copies = 0  # octets of a copy that are still to be made
        self._ended = False

    def feed(self, data):
        """The next octets of the delta."""
        for _ in self.steps(data):
            pass

    def steps(self, data):
        """As feed(), a generator: one step reads and writes PIECE_OCTETS at most."""
        view = memoryview(data)
        at = 0
        while at < len(view):
            if self._ended:
                raise malformed("octets after the delta's end")
            if self._insert:
                n = min(self._insert, len(view) - at, PIECE_OCTETS)
                self._put(view[at : at + n])
                self._insert -= n
                at += n
                yield
            else:
                self._record.append(view[at])
                at += 1
                self._begin()
                while self._copies:
                    self._copy()
                    yield

    def finish(self):
        """After the last octet: BundleError unless all of the result is there and right."""
        if not self._ended:
            raise malformed("the delta is cut off")
        if self._left:
            raise malformed("the delta makes %d octets too few" % self._left)
        if self._hash.digest() != self._expected:
            raise BundleError(
                "result",
                "the delta does not give what was signed (its SHA-256 differs)",
                "the base was damaged, or the delta was made wrongly",
                "get the bundle with the whole set",
            )

    def _begin(self):
        """Starts the record, if it is complete."""
        kind = self._record[0]
        if kind not in _NEEDS:
            raise malformed("a delta with a record of kind %d" % kind)
        if len(self._record) < 1 + _NEEDS[kind]:
            return
        numbers = bytes(self._record[1:])
        self._record = bytearray()
        if kind == COPY:
            self._begin_copy(*struct.unpack(_COPY, numbers))
        elif kind == INSERT:
            (self._insert,) = struct.unpack(_INSERT, numbers)
            self._check(self._insert)
        else:
            self._ended = True

    def _check(self, octets):
        if octets == 0:
            raise malformed("a delta with an empty record")
        if octets > self._left:
            raise malformed("the delta makes more octets than its signed length")

    def _begin_copy(self, place, octets):
        self._check(octets)
        if place > self._base_octets or octets > self._base_octets - place:
            raise malformed("a delta that copies from beyond its base")
        self._place = place
        self._copies = octets

    def _copy(self):
        n = min(self._copies, PIECE_OCTETS)
        self._read(self._place, self._piece[:n])
        self._put(self._piece[:n])
        self._place += n
        self._copies -= n

    def _put(self, view):
        self._left -= len(view)
        self._hash.update(view)
        self._write(view)


def copy_record(place, octets):
    return bytes((COPY,)) + struct.pack(_COPY, place, octets)


def insert_record(data):
    return bytes((INSERT,)) + struct.pack(_INSERT, len(data)) + data


def end_record():
    return bytes((END,))
