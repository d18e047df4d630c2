"""Disc and disk images by hand, for tests and seeds.  Octets in, octets out."""

import struct

SECTOR = 2048


def descriptor(tag, body):
    """A descriptor with its tag's checksum."""
    head = struct.pack("<HHBBHHHI", tag, 2, 0, 0, 0, 0, 0, 0)
    return head[:4] + bytes([sum(head) % 256]) + head[5:] + body


def sealed(octets):
    head = bytearray(octets[:16])
    head[4] = 0
    head[4] = sum(head) % 256
    return bytes(head) + octets[16:]


class Udf:
    """A small UDF volume by hand, with blocks of 2048: descriptors from block 260, partition
    from 300. `extents` says how the file lies: embedded, short, long, split, continued."""

    def __init__(self, extents, payload, map_kind=1, block=SECTOR):
        self.block = block
        self.blocks = {}
        for number, mark in enumerate((b"\0BEA01\1", b"\0NSR02\1", b"\0TEA01\1")):
            self.put((16 + number) * SECTOR // block, mark)
        anchor = descriptor(2, struct.pack("<IIII", 16 * self.block, 260, 16 * self.block, 280))
        self.put(256, sealed(anchor[:12] + struct.pack("<I", 256) + anchor[16:]))
        for at in (260, 280):
            self.put(at, self.partition())
            self.put(at + 1, self.logical(map_kind))
            self.put(at + 2, descriptor(8, b""))
        self.put(300, descriptor(256, bytes(384) + self.long(self.block, 1)))
        ids = self.identifier(b"", 1, 0x0A) + self.identifier(b"\x08bad.exe", 2, 0)
        self.put(301, self.entry(4, 3, ids, len(ids)))
        ads, form = getattr(self, extents)(payload)
        self.put(302, self.entry(5, form, ads, len(payload)))

    def put(self, block, octets):
        self.blocks[block] = octets

    def octets(self):
        out = bytearray(self.block * (max(self.blocks) + 4))
        for block, octets in self.blocks.items():
            out[block * self.block : block * self.block + len(octets)] = octets
        return bytes(out)

    @staticmethod
    def long(length, block):
        return struct.pack("<IIH6x", length, block, 0)

    @staticmethod
    def partition():
        body = bytearray(490)
        struct.pack_into("<H", body, 6, 7)
        struct.pack_into("<II", body, 188 - 16, 300, 100)
        return descriptor(5, bytes(body))

    def logical(self, map_kind):
        body = bytearray(440 - 16)
        struct.pack_into("<I", body, 212 - 16, self.block)
        body[248 - 16 : 264 - 16] = self.long(self.block, 0)
        one = struct.pack("<BBHH", 1, 6, 1, 7)
        two = struct.pack("<BBHB23s", 2, 64, 0, 0, b"*UDF Virtual Partition") + bytes(36)
        maps = one if map_kind == 1 else two
        struct.pack_into("<II", body, 264 - 16, len(maps), 1)
        return descriptor(6, bytes(body) + maps)

    def identifier(self, name, block, flags):
        body = struct.pack("<HBB", 1, flags, len(name)) + self.long(self.block, block)
        octets = descriptor(257, body + struct.pack("<H", 0) + name)
        return octets + bytes(-len(octets) % 4)

    @staticmethod
    def entry(kind, form, ads, size):
        body = bytearray(160)
        struct.pack_into("<H", body, 4, 4)
        body[11] = kind
        struct.pack_into("<H", body, 18, form)
        struct.pack_into("<Q", body, 40, size)
        struct.pack_into("<II", body, 152, 0, len(ads))
        return descriptor(261, bytes(body) + ads)

    def embedded(self, payload):
        return payload, 3

    def short(self, payload):
        self.put(310, payload)
        return struct.pack("<II", len(payload), 10), 0

    def long_form(self, payload):
        self.put(310, payload)
        return self.long(len(payload), 10), 1

    def split(self, payload):
        payload = payload.ljust(self.block + 1)
        self.put(310, payload[: self.block])
        self.put(312, payload[self.block :])
        return struct.pack("<IIII", self.block, 10, len(payload) - self.block, 12), 0

    def continued(self, payload):
        self.put(310, payload)
        more = struct.pack("<II", len(payload), 10)
        self.put(320, descriptor(258, struct.pack("<II", 0, len(more)) + more))
        return struct.pack("<II", 3 << 30 | self.block, 20), 0

    def circle(self, payload):
        more = struct.pack("<II", 3 << 30 | self.block, 20)
        self.put(320, descriptor(258, struct.pack("<II", 0, len(more)) + more))
        return more, 0

    def beyond(self, payload):
        return struct.pack("<II", len(payload), 1 << 20), 0


def record(name, at, n, flags=0):
    size = 33 + len(name) + (len(name) + 1) % 2
    both = struct.pack("<I", at) + struct.pack(">I", at)
    length = struct.pack("<I", n) + struct.pack(">I", n)
    head = bytes([size, 0]) + both + length + bytes(7) + bytes([flags, 0, 0, 1, 0, 0, 1])
    return (head + bytes([len(name)]) + name).ljust(size, b"\0")


def small_iso(records, contents, root_n=SECTOR, sectors=40):
    """An ISO by hand: root at sector 20, contents by sector."""
    out = bytearray(sectors * SECTOR)
    out[16 * SECTOR : 16 * SECTOR + 8] = b"\1CD001\1\0"
    struct.pack_into("<H", out, 16 * SECTOR + 128, SECTOR)
    out[16 * SECTOR + 156 : 16 * SECTOR + 190] = record(b"\0", 20, root_n, 2)
    out[17 * SECTOR : 17 * SECTOR + 7] = b"\xffCD001\1"
    body = record(b"\0", 20, root_n, 2) + record(b"\1", 20, root_n, 2) + b"".join(records)
    out[20 * SECTOR : 20 * SECTOR + len(body)] = body
    for sector, octets in contents.items():
        out[sector * SECTOR : sector * SECTOR + len(octets)] = octets
    return bytes(out)


def small_fat(table, root, contents, sectors=80):
    """FAT12 by hand: one table of a sector, root at 2 of 16 entries, cluster 2 at sector 3."""
    out = bytearray(sectors * 512)
    out[:62] = (
        b"\xeb\x3c\x90MSDOS5.0"
        + struct.pack("<HBHBHHBHHHII", 512, 1, 1, 1, 16, sectors, 0xF8, 1, 1, 1, 0, 0)
        + bytes(26)
    )
    bits = 0
    for number, value in enumerate([0xFF8, 0xFFF, *table]):
        bits |= value << (12 * number)
    out[512:1024] = bits.to_bytes(512, "little")
    out[1024 : 1024 + len(root)] = root
    for cluster, octets in contents.items():
        at = (cluster + 1) * 512
        out[at : at + len(octets)] = octets
    return bytes(out)


def entry(name, cluster, size, attributes=0x20):
    return name + bytes([attributes]) + bytes(14) + struct.pack("<HI", cluster, size)


def mbr(partitions, octets, start=63):
    """A boot sector with these (type, start, sectors) and octets from `start` on."""
    table = b"".join(
        struct.pack("<B3xB3xII", 0, kind, first, count) for kind, first, count in partitions
    )
    head = (bytes(446) + table).ljust(510, b"\0") + b"\x55\xaa"
    return head + bytes(512 * (start - 1)) + octets


def gpt(octets, first=40):
    head = bytearray(mbr([(0xEE, 1, 0xFFFFFFFF)], b"", 1))
    table = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, 0, 0, 0,
                        b"", 2, 4, 128, 0)  # fmt: skip
    entries = (b"\1" * 32 + struct.pack("<QQ", first, first + len(octets) // 512 - 1)).ljust(512)
    return (
        bytes(head + table.ljust(512, b"\0") + entries.replace(b" ", b"\0")).ljust(
            first * 512, b"\0"
        )
        + octets
    )


def vhd_footer(kind, at=0xFFFFFFFFFFFFFFFF, size=0):
    return (
        struct.pack(">8sIIQI4sI4sQQII", b"conectix", 2, 0x10000, at, 0, b"tst ", 0x10000, b"Wi2k",
                    size, size, 0, kind)
    ).ljust(512, b"\0")  # fmt: skip


def dynamic(disk, block=4096):
    """A dynamic VHD, its blocks in reverse order and blocks of zeros left out."""
    disk += bytes(-len(disk) % block)
    blocks = [disk[at : at + block] for at in range(0, len(disk), block)]
    table_n = -(-4 * len(blocks) // 512) * 512
    at = 512 + 1024 + table_n
    table, body = [0xFFFFFFFF] * len(blocks), b""
    for number in reversed(range(len(blocks))):
        if any(blocks[number]):
            table[number] = (at + len(body)) // 512
            body += b"\xff" * 512 + blocks[number]
    header = struct.pack(">8sQQIII", b"cxsparse", 0xFFFFFFFFFFFFFFFF, 1536, 0x10000, len(blocks),
                         block).ljust(1024, b"\0")  # fmt: skip
    footer = vhd_footer(3, 512, len(disk))
    table = struct.pack(f">{len(table)}I", *table).ljust(table_n, b"\xff")
    return footer + header + table + body + footer
