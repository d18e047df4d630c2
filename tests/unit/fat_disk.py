"""A medium with FAT16 or FAT32 of which a test sets every octet it likes.  Also on MicroPython.

Sectors that nobody wrote are zeros.  It is no maker of proper file systems: mkfs.vfat and mtools
make those (tests/session).
"""

SECTOR = 512


def low(n, octets):
    return n.to_bytes(octets, "little")


class FatDisk:
    """`base`: sector of the boot sector; not 0: sector 0 has a partition table."""

    def __init__(self, wide=True, cluster_sectors=1, clusters=5000, base=0, kind=0x0C):
        self.wide = wide
        self.sectors = {}
        self.cluster_sectors = cluster_sectors
        self.width = 4 if wide else 2
        self.reserved = 32 if wide else 1
        self.table = ((clusters + 2) * self.width + SECTOR - 1) // SECTOR
        self.slots = 0 if wide else 512
        self.base = base
        root = self.reserved + 2 * self.table
        self.data = root + self.slots * 32 // SECTOR
        self.whole = self.data + clusters * cluster_sectors
        self.root_at = (base + root) * SECTOR
        self.octets = (base + self.whole) * SECTOR
        self.boot()
        if base:
            self.put(446, bytes([0, 0, 0, 0, kind, 0, 0, 0]) + low(base, 4) + low(self.whole, 4))
            self.put(510, b"\x55\xaa")
        self.free = 2
        self.reads = 0
        if wide:
            self.chain([2], 3)
            self.root_at = self.place(2)

    def boot(self):
        head = bytearray(SECTOR)
        head[0:3] = b"\xeb\x58\x90"
        head[3:11] = b"MSDOS5.0"
        head[11:13] = low(SECTOR, 2)
        head[13] = self.cluster_sectors
        head[14:16] = low(self.reserved, 2)
        head[16] = 2
        head[17:19] = low(self.slots, 2)
        head[21] = 0xF8
        head[32:36] = low(self.whole, 4)
        if self.wide:
            head[36:40] = low(self.table, 4)
            head[44:48] = low(2, 4)
        else:
            head[22:24] = low(self.table, 2)
        head[510:512] = b"\x55\xaa"
        self.put(self.base * SECTOR, head)

    # -- octets

    def put(self, at, octets):
        for n, octet in enumerate(octets):
            number, inside = divmod(at + n, SECTOR)
            if number not in self.sectors:
                self.sectors[number] = bytearray(SECTOR)
            self.sectors[number][inside] = octet

    def read(self, at, view):
        if at + len(view) > self.octets:
            raise OSError(5)
        self.reads += 1
        done = 0
        while done < len(view):
            number, inside = divmod(at + done, SECTOR)
            n = min(SECTOR - inside, len(view) - done)
            sector = self.sectors.get(number)
            view[done : done + n] = sector[inside : inside + n] if sector else bytes(n)
            done += n

    def place(self, cluster):
        sector = self.base + self.data + (cluster - 2) * self.cluster_sectors
        return sector * SECTOR

    def link(self, cluster, following):
        at = (self.base + self.reserved) * SECTOR + cluster * self.width
        self.put(at, low(following, self.width))

    def chain(self, clusters, free=None):
        for n, cluster in enumerate(clusters):
            end = 0x0FFFFFFF if self.wide else 0xFFFF
            self.link(cluster, clusters[n + 1] if n + 1 < len(clusters) else end)
        self.free = free or max(clusters) + 1

    # -- files

    def file(self, at, name, content, clusters=None, octets=None, kind=0x20):
        """Its slots from `at` on; where they end.  `clusters`: where it lies, else the next."""
        step = self.cluster_sectors * SECTOR
        if clusters is None:
            count = (len(content) + step - 1) // step
            clusters = list(range(self.free, self.free + count))
        if clusters:
            self.chain(clusters)
        for n, cluster in enumerate(clusters):
            self.put(self.place(cluster), content[n * step : (n + 1) * step])
        first = clusters[0] if clusters else 0
        return self.slot(at, name, first, len(content) if octets is None else octets, kind)

    def slot(self, at, name, first, octets, kind=0x20):
        short = short_of(name)
        for piece in long_slots(name, short):
            self.put(at, piece)
            at += 32
        self.put(at, short_slot(short, first, octets, kind))
        return at + 32


def short_slot(short, first, octets, kind=0x20):
    slot = bytearray(32)
    slot[:11] = short
    slot[11] = kind
    slot[20:22] = low(first >> 16, 2)
    slot[26:28] = low(first & 0xFFFF, 2)
    slot[28:32] = low(octets, 4)
    return bytes(slot)


def short_of(name):
    stem, _, ending = name.upper().partition(".")
    if len(stem) > 8:
        stem = stem[:6] + "~1"
    return (stem + " " * 8)[:8].encode() + (ending + "   ")[:3].encode()


def sum_of(short):
    sum = 0
    for octet in short:
        sum = ((sum & 1) << 7) + (sum >> 1) + octet & 0xFF
    return sum


def long_slots(name, short):
    """As Windows writes them: none for a name that is short and upper case."""
    if name.upper() == name and len(name) <= 12:
        return []
    codes = [ord(c) for c in name]
    if len(codes) % 13:
        codes.append(0)
    while len(codes) % 13:
        codes.append(0xFFFF)
    pieces = []
    for n in range(len(codes) // 13):
        part = b"".join([low(code, 2) for code in codes[n * 13 : n * 13 + 13]])
        number = n + 1 | (0x40 if n == len(codes) // 13 - 1 else 0)
        head = bytes([number]) + part[:10] + bytes([0x0F, 0, sum_of(short)])
        pieces.append(head + part[10:22] + b"\0\0" + part[22:])
    return pieces[::-1]
