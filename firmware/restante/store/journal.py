"""The journal's lines: sequence, checksum, JSON.  Pure.

    12 0f3a99c1 {"op": "release", "id": "7", ...}\n

Its rule: what it accepts is exactly what was written.  Lines are numbered without gaps; the
checksum (32 bits of SHA-256, since our MicroPython has no CRC) covers the number and the JSON.  A
bad end without a line end is torn (a power cut in an append); anything else that is bad is
damage.  It does not know what the records mean, nor files.
"""

import binascii
import hashlib
import json

from restante.compat import const
from restante.store.reading import Reading

# The longest line we write: bounded fields of a record are far shorter.
LINE_OCTETS = const(16384)


def checksum(seq, text):
    """8 hexadecimal digits."""
    digest = hashlib.sha256(("%d %s" % (seq, text)).encode()).digest()
    return binascii.hexlify(digest[:4]).decode()


def encode(seq, record):
    """One line for a dict of JSON values."""
    text = json.dumps(record)
    return ("%d %s %s\n" % (seq, checksum(seq, text), text)).encode()


def decode(line):
    """(seq, dict) of a line without its LF, or None if it is not what encode() wrote."""
    try:
        number, found, text = str(bytes(line), "utf-8").split(" ", 2)
        seq = int(number)
        if number != str(seq) or seq < 0 or found != checksum(seq, text):
            return None
        record = json.loads(text)
    except (ValueError, UnicodeError):
        return None
    return (seq, record) if isinstance(record, dict) else None


class Reader(Reading):
    """See reading.py; a record is a dict."""

    def feed(self, data):
        """`data`: bytes."""
        data = self._rest + data
        start = 0
        while True:
            end = data.find(b"\n", start)
            if end < 0:
                break
            self._line(data[start:end])
            start = end + 1
        self._rest = data[start:]
        if len(self._rest) > LINE_OCTETS:
            # Not a line of ours.  Only its length is kept, until a line end comes.
            self._damaged("a line that does not end", self._offset)
            self._offset += len(self._rest)
            self._rest = b""

    def end(self):
        self.torn = len(self._rest)

    def _line(self, line):
        self._offset += len(line) + 1
        decoded = decode(line)
        if decoded is None:
            self._damaged("an unreadable line", self._offset)
            return
        seq, record = decoded
        if seq < self.next_seq:
            self._damaged("record %d again" % seq, self._offset)
            return
        if seq > self.next_seq:
            self._damaged("records %d to %d are missing" % (self.next_seq, seq - 1), self._offset)
        try:
            self._apply(record)
        except ValueError as error:
            self._damaged("record %d: %s" % (seq, error), self._offset)
        self.next_seq = seq + 1
        self.records += 1
        self.good = self._offset
