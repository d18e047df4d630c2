"""The record of the key partition, and what is derived from its key.  Pure: no I/O here.

Two copies of one record lie on the partition, one sector each, so that one of them is whole at any
moment.  The higher sequence number counts.  Layout of a copy, numbers little endian:

    0    8  magic
    8    2  version of the layout
    10   2  state: FRESH, FILLED or DESTROYED
    12   4  sequence number, one more at each change
    16   32 master key; zeros when destroyed
    48   432 zeros
    480  32 SHA-256 of all before
"""

import hashlib
import struct

from restante.compat import const
from restante.errors import RestanteError

COPY_OCTETS = const(512)
KEY_OCTETS = const(32)

# The key is new: the data partition has no file system of it yet, or only the beginning of one.
FRESH = const(1)
# The data partition holds a whole file system under this key.
FILLED = const(2)
# A factory reset: the key is gone, and what lies on the data partition is to be given up.
DESTROYED = const(3)

_MAGIC = b"RSTKEYS\n"
_VERSION = const(1)
_FIELDS = "<8sHHI32s"
_SUMMED = const(480)
_HASH_BLOCK = const(64)
_HASH_OCTETS = const(32)

# Purposes of subkeys.  A new purpose gets a new label; a label is never used for two things.
DATA_PARTITION = b"restante data partition aes-xts"
DEVICE = b"restante device"


class KeysError(RestanteError):
    """The record is of a newer firmware: nothing of it may be touched."""

    transient = False


class Record:
    def __init__(self, state, sequence, key):
        self.state = state
        self.sequence = sequence
        self.key = key

    def changed(self, state, key):
        """What comes after this record."""
        return Record(state, self.sequence + 1, key)


def pack(record):
    """One copy."""
    out = bytearray(COPY_OCTETS)
    struct.pack_into(_FIELDS, out, 0, _MAGIC, _VERSION, record.state, record.sequence, record.key)
    out[_SUMMED:] = hashlib.sha256(bytes(out[:_SUMMED])).digest()
    return bytes(out)


def unpack(copy):
    """Record, or None if the copy is blank or damaged; KeysError if it is whole but not ours."""
    if len(copy) != COPY_OCTETS or hashlib.sha256(copy[:_SUMMED]).digest() != copy[_SUMMED:]:
        return None
    magic, version, state, sequence, key = struct.unpack_from(_FIELDS, copy, 0)
    if magic != _MAGIC:
        return None
    if version != _VERSION or not FRESH <= state <= DESTROYED:
        raise KeysError("the key partition was written by a newer firmware (layout %d)" % version)
    return Record(state, sequence, key)


def newest(records):
    """The record that counts among those of the copies, or None."""
    best = None
    for record in records:
        if record is not None and (best is None or record.sequence > best.sequence):
            best = record
    return best


def hmac(key, data):
    """HMAC-SHA256 (RFC 2104) for keys of up to one block."""
    key = key + bytes(_HASH_BLOCK - len(key))
    inner = hashlib.sha256(bytes([octet ^ 0x36 for octet in key]) + data).digest()
    return hashlib.sha256(bytes([octet ^ 0x5C for octet in key]) + inner).digest()


def subkey(master, purpose, octets):
    """HKDF-SHA256 (RFC 5869) of the master key, without salt, `purpose` as its info."""
    extracted = hmac(bytes(_HASH_OCTETS), master)
    out = block = b""
    count = 0
    while len(out) < octets:
        count += 1
        block = hmac(extracted, block + purpose + bytes([count]))
        out += block
    return out[:octets]
