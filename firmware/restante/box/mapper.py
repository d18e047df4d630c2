"""Requests to Linux's device mapper as octets (linux/dm-ioctl.h).  Pure: no I/O here.

One mapped device is made by three of them: create, load its table, resume.  Each is a header of
312 octets; the table's has one target behind it.  The kernel answers in the same buffer.
"""

import struct

from restante.compat import const

HEADER_OCTETS = const(312)
TARGET_OCTETS = const(40)
SECTOR_OCTETS = const(512)  # of the device mapper's counting, whatever the medium has
KEY_OCTETS = const(64)  # AES-256 in XTS takes two keys

# What is encrypted at once: an ext4 block is one call of the cipher.  XTS ties nothing across 16
# octets, so a block that the medium tore is old here and new there, as without encryption.  The
# number that makes the IV still counts 512 octets.
CRYPT_OCTETS = const(4096)

_IOC_READ_WRITE = const(3)
_DM_IOCTL = const(0xFD)
_VERSION = (4, 0, 0)  # the interface of 2003 and since
_SECURE_DATA = const(1 << 15)  # the kernel wipes its copy of the request: a key is in it
_TARGET = "<QQiI16s"


def _number(command):
    """_IOWR(0xfd, command, struct dm_ioctl)."""
    return _IOC_READ_WRITE << 30 | HEADER_OCTETS << 16 | _DM_IOCTL << 8 | command


CREATE = _number(3)  # DM_DEV_CREATE
REMOVE = _number(4)  # DM_DEV_REMOVE
RESUME = _number(6)  # DM_DEV_SUSPEND without its flag
LOAD = _number(9)  # DM_TABLE_LOAD


def request(name, targets=b"", count=0):
    """A request about the device `name`; CREATE, REMOVE and RESUME need no more."""
    out = bytearray(HEADER_OCTETS + len(targets))
    major, minor, patch = _VERSION
    struct.pack_into("<3I", out, 0, major, minor, patch)
    struct.pack_into("<III", out, 12, len(out), HEADER_OCTETS, count)
    struct.pack_into("<I", out, 28, _SECURE_DATA)
    struct.pack_into("<128s", out, 48, name.encode())
    out[HEADER_OCTETS:] = targets
    return out


def crypt_table(name, device, octets, key):
    """LOAD for the whole of `device`, of so many octets, as AES-256-XTS with plain 64 bit IVs."""
    sectors = octets // CRYPT_OCTETS * (CRYPT_OCTETS // SECTOR_OCTETS)
    words = (
        b"aes-xts-plain64",
        _hexadecimal(key),
        b"0",  # added to the IV
        device.encode(),
        b"0",  # where on the device it begins
        b"1",  # one option follows
        b"sector_size:%d" % CRYPT_OCTETS,
    )
    parameters = b" ".join(words) + b"\0"
    room = (len(parameters) + 7) // 8 * 8
    target = bytearray(TARGET_OCTETS + room)
    struct.pack_into(_TARGET, target, 0, 0, sectors, 0, len(target), b"crypt")
    target[TARGET_OCTETS : TARGET_OCTETS + len(parameters)] = parameters
    return request(name, target, 1)


def _hexadecimal(key):
    return "".join(["%02x" % octet for octet in key]).encode()
