"""An image with the partitions of ours and little in it, made without any tool of the project."""

import random
import struct
import uuid
import zlib

MIB = 1 << 20
SECTOR = 512
LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
LAYOUT = (("kernelA", 1), ("rootA", 1), ("kernelB", 1), ("rootB", 1), ("keys", 1), ("data", 8))
TABLE_SECTORS = 33  # 128 entries of 128 octets, and the second header


def places(layout=LAYOUT):
    """Name to offset and octets."""
    at, found = MIB, {}
    for name, mib in layout:
        found[name] = (at, mib * MIB)
        at += mib * MIB
    return found


def octets(layout=LAYOUT):
    return (1 + sum(mib for _, mib in layout)) * MIB + TABLE_SECTORS * SECTOR


def header(here, there, table, last, entries):
    def packed(crc):
        return struct.pack(
            "<8sIIIIQQQQ16sQIII",
            *(b"EFI PART", 0x10000, 92, crc, 0, here, there, 34, last - 33),
            *(bytes(range(16)), table, 128, 128, zlib.crc32(entries)),
        )

    return packed(zlib.crc32(packed(0))).ljust(SECTOR, b"\0")


def entries_of(layout):
    made = b""
    for number, (name, (offset, size)) in enumerate(places(layout).items()):
        last = (offset + size) // SECTOR - 1
        made += LINUX + bytes([number] * 16) + struct.pack("<QQQ", offset // SECTOR, last, 0)
        made += name.encode("utf-16-le").ljust(72, b"\0")
    return made.ljust(128 * 128, b"\0")


def make(path, seed=1, held=6000, layout=LAYOUT):
    """Write the image; both slots hold the same `held` octets for kernel and root each."""
    source = random.Random(seed)
    size = octets(layout)
    last = size // SECTOR - 1
    entries = entries_of(layout)
    parts = {name[:-1]: source.randbytes(held) for name, _ in layout if name[-1] in "AB"}
    with open(path, "wb") as file:
        file.truncate(size)
        for at, data in (
            (446, b"\0\0\2\0\xee\xff\xff\xff\1\0\0\0" + struct.pack("<I", last)),
            (510, b"\x55\xaa"),
            (SECTOR, header(1, last, 2, last, entries)),
            (2 * SECTOR, entries),
            (size - 33 * SECTOR, entries),
            (size - SECTOR, header(last, 1, last - 32, last, entries)),
            *((places(layout)[n][0], parts[n[:-1]]) for n, _ in layout if n[-1] in "AB"),
        ):
            file.seek(at)
            file.write(data)
    return path
