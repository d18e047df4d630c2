"""Office files made here: compound files (MS-CFB), VBA projects (MS-OVBA), objects of RTF, TNEF.

No program that writes these is part of the set-up; each maker follows the specification it names.
"""

import struct

FREE, END, FATSECT, DIFSECT, NONE = (
    0xFFFFFFFF,
    0xFFFFFFFE,
    0xFFFFFFFD,
    0xFFFFFFFC,
    0xFFFFFFFF,
)
MARK = bytes.fromhex("d0cf11e0a1b11ae1")
STORAGE, STREAM, ROOT = 1, 2, 5
CLASSES = {
    "doc": bytes.fromhex("0609020000000000c000000000000046"),
    "msi": bytes.fromhex("84100c0000000000c000000000000046"),
    "msg": bytes.fromhex("0b0d020000000000c000000000000046"),
}


class Entry:
    """A directory entry; `first` and `size` are filled in when sectors are given out."""

    def __init__(self, name, kind, data=b""):
        self.name, self.kind, self.data = name, kind, data
        self.left = self.right = self.child = NONE
        self.first, self.size, self.clsid = END, len(data), bytes(16)
        self.children = {}

    def packed(self):
        name = self.name.encode("utf-16-le")
        return struct.pack(
            "<64sHBBIII16sI8s8sIQ",
            name,
            len(name) + 2 if name else 0,
            self.kind,
            1,
            self.left,
            self.right,
            self.child,
            self.clsid,
            0,
            bytes(8),
            bytes(8),
            self.first,
            self.size,
        )


class Compound:
    """A compound file of {path: octets}. `scattered` puts the sectors of each chain backwards.

    Everything can be changed before `octets` is asked for: entries, fat, minifat, header fields.
    """

    def __init__(self, streams, version=3, kind=None, scattered=False, spare_fat=0):
        self.version, self.shift = version, 9 if version == 3 else 12
        self.size = 1 << self.shift
        self.scattered = scattered
        self.root = Entry("Root Entry", ROOT)
        self.root.clsid = CLASSES.get(kind, bytes(16))
        self.entries = [self.root]
        for path, data in streams.items():
            self._add(path.split("/"), data)
        for entry in self.entries:
            self._link(entry)
        self.sectors, self.fat, self.minifat, self.mini = [], [], [], b""
        self._place(spare_fat)

    def _add(self, names, data):
        at = self.root
        for name in names[:-1]:
            if name not in at.children:
                at.children[name] = Entry(name, STORAGE)
                self.entries.append(at.children[name])
            at = at.children[name]
        at.children[names[-1]] = Entry(names[-1], STREAM, data)
        self.entries.append(at.children[names[-1]])

    def _link(self, entry):
        """Siblings as a tree in the order of 2.6.4: shorter first, then by capitals."""
        order = sorted(entry.children.values(), key=lambda e: (len(e.name), e.name.upper()))

        def tree(low, high):
            if low >= high:
                return NONE
            middle = (low + high) // 2
            order[middle].left = tree(low, middle)
            order[middle].right = tree(middle + 1, high)
            return self.entries.index(order[middle])

        entry.child = tree(0, len(order))

    def _chain(self, data):
        """Gives sectors to octets; the number of the first."""
        pieces = [data[i : i + self.size] for i in range(0, len(data), self.size)]
        if not pieces:
            return END
        begin = len(self.sectors)
        numbers = list(range(begin, begin + len(pieces)))
        if self.scattered:
            numbers.reverse()
        self.sectors += [b""] * len(pieces)
        self.fat += [END] * len(pieces)
        for i, (number, piece) in enumerate(zip(numbers, pieces, strict=True)):
            self.sectors[number] = piece.ljust(self.size, b"\0")
            self.fat[number] = numbers[i + 1] if i + 1 < len(numbers) else END
        return numbers[0]

    def _place(self, spare_fat):
        for entry in self.entries[1:]:
            if entry.kind != STREAM or not entry.data:
                continue
            if len(entry.data) >= 4096:
                entry.first = self._chain(entry.data)
            else:
                entry.first = self._mini(entry.data)
        self.root.first, self.root.size = self._chain(self.mini), len(self.mini)
        table = struct.pack(f"<{len(self.minifat)}I", *self.minifat)
        self.minifat_first = self._chain(
            table.ljust(-(-len(table) // self.size) * self.size, b"\xff")
        )
        self.spare_fat = spare_fat

    def _mini(self, data):
        count = -(-len(data) // 64)
        begin = len(self.minifat)
        numbers = list(range(begin, begin + count))
        if self.scattered:
            numbers.reverse()
        self.minifat += [END] * count
        self.mini += bytes(64 * count)
        for i, number in enumerate(numbers):
            piece = data[64 * i : 64 * i + 64].ljust(64, b"\0")
            self.mini = self.mini[: 64 * number] + piece + self.mini[64 * number + 64 :]
            self.minifat[number] = numbers[i + 1] if i + 1 < count else END
        return numbers[0]

    def directory(self):
        octets = b"".join(entry.packed() for entry in self.entries)
        free = Entry("", 0).packed()
        while len(octets) % self.size:
            octets += free
        return octets

    def octets(self, **fields):
        """The file. `fields` overwrite those of the header, by name."""
        sectors, fat = list(self.sectors), list(self.fat)
        saved = self.sectors, self.fat
        self.sectors, self.fat = sectors, fat
        directory = self.directory()
        dir_first = self._chain(directory)
        self.sectors, self.fat = saved
        each = self.size // 4
        fats = difs = 0
        while True:
            need = -(-(len(fat) + fats + difs) // each) + self.spare_fat
            need_difs = max(0, -(-(need - 109) // (each - 1)))
            if (need, need_difs) == (fats, difs):
                break
            fats, difs = need, need_difs
        fat_at = len(sectors)
        numbers = list(range(fat_at, fat_at + fats))
        dif_at = fat_at + fats
        fat += [FATSECT] * fats + [DIFSECT] * difs
        fat += [FREE] * (fats * each - len(fat))
        table = struct.pack(f"<{len(fat)}I", *fat)
        sectors += [table[i : i + self.size] for i in range(0, len(table), self.size)]
        rest = numbers[109:]
        for i in range(difs):
            mine = rest[i * (each - 1) : (i + 1) * (each - 1)]
            mine += [FREE] * (each - 1 - len(mine))
            following = dif_at + i + 1 if i + 1 < difs else END
            sectors.append(struct.pack(f"<{each}I", *mine, following))
        head = {
            "minor": 0x3E,
            "version": self.version,
            "order": 0xFFFE,
            "shift": self.shift,
            "mini_shift": 6,
            "dirs": len(directory) // self.size if self.version == 4 else 0,
            "fats": fats,
            "dir_first": dir_first,
            "cutoff": 4096,
            "minifat_first": self.minifat_first,
            "minifats": 1 if self.minifat else 0,
            "dif_first": dif_at if difs else END,
            "difs": difs,
            "list": (numbers + [FREE] * 109)[:109],
        } | fields
        header = struct.pack(
            "<8s16sHHHHH6sIIIIIIIIII",
            MARK,
            bytes(16),
            head["minor"],
            head["version"],
            head["order"],
            head["shift"],
            head["mini_shift"],
            bytes(6),
            head["dirs"],
            head["fats"],
            head["dir_first"],
            0,
            head["cutoff"],
            head["minifat_first"],
            head["minifats"],
            head["dif_first"],
            head["difs"],
            head["list"][0],
        ) + struct.pack("<108I", *head["list"][1:])
        return header.ljust(self.size, b"\0") + b"".join(sectors)


def compound(streams, **options):
    return Compound(streams, **options).octets()


# VBA


def folded_chunk(data):
    """One chunk of at most 4096 octets (MS-OVBA 2.4.1.3.7), copies found by plain search."""
    out = b""
    at = 0
    while at < len(data):
        flags = 0
        tokens = b""
        for bit in range(8):
            if at >= len(data):
                break
            bits = 4
            while (1 << bits) < at:
                bits += 1
            best, back = 0, 0
            most = min((0xFFFF >> bits) + 3, len(data) - at)
            for n in range(most, 2, -1):
                found = data.rfind(data[at : at + n], 0, at + n - 1)
                if found >= 0:
                    best, back = n, at - found
                    break
            if best >= 3:
                flags |= 1 << bit
                tokens += struct.pack("<H", (back - 1) << (16 - bits) | (best - 3))
                at += best
            else:
                tokens += data[at : at + 1]
                at += 1
        out += bytes([flags]) + tokens
    return struct.pack("<H", 0xB000 | (len(out) + 2 - 3)) + out


def folded(data):
    """A compressed container (2.4.1)."""
    pieces = [data[i : i + 4096] for i in range(0, len(data), 4096)]
    return b"\1" + b"".join(folded_chunk(piece) for piece in pieces)


def record(number, data):
    return struct.pack("<HI", number, len(data)) + data


def vba_list(modules):
    """The stream "dir" (2.3.4.2) of (name, offset)."""
    out = record(0x01, struct.pack("<I", 1)) + record(0x02, struct.pack("<I", 0x409))
    out += record(0x14, struct.pack("<I", 0x409)) + record(0x03, struct.pack("<H", 1252))
    out += record(0x04, b"Project") + record(0x05, b"") + record(0x40, b"")
    out += record(0x06, b"") + record(0x3D, b"") + record(0x07, bytes(4)) + record(0x08, bytes(4))
    out += struct.pack("<HIIH", 0x09, 4, 1, 2)
    out += record(0x0F, struct.pack("<H", len(modules))) + record(0x13, b"\xff\xff")
    for name, offset in modules:
        wide = name.encode("utf-16-le")
        out += record(0x19, name.encode()) + record(0x47, wide)
        out += record(0x1A, name.encode()) + record(0x32, wide)
        out += record(0x1C, b"") + record(0x48, b"") + record(0x31, struct.pack("<I", offset))
        out += record(0x1E, bytes(4)) + record(0x2C, b"\xff\xff") + record(0x21, b"")
        out += record(0x2B, b"")
    return out + record(0x10, b"")


BEFORE = b"\x01\x16\x03\0compiled code"


def vba(modules, storage="Macros", before=BEFORE, told=True):
    """Streams of a project of {name: source}; `before` stands where compiled code does."""
    streams = {
        f"{storage}/PROJECT": b'ID="{0}"\r\n',
        f"{storage}/VBA/_VBA_PROJECT": b"\xcc\x61\xff\xff\0\0\0\0",
        f"{storage}/VBA/dir": folded(
            vba_list([(n, len(before)) for n in modules] if told else [])
        ),
    }
    for name, source in modules.items():
        streams[f"{storage}/VBA/{name}"] = before + folded(source)
    return streams


def source(name, text):
    return f'Attribute VB_Name = "{name}"\r\n'.encode() + text


# Embedded objects


def package(data, name="bad.exe", path="C:\\Temp\\bad.exe"):
    """Native data of a package."""
    where = path.encode("latin-1") + b"\0"
    return (
        b"\2\0"
        + name.encode("latin-1")
        + b"\0"
        + where
        + struct.pack("<HHI", 0, 3, len(where))
        + where
        + struct.pack("<I", len(data))
        + data
        + b"\0\0"
    )


def ole10native(data, **names):
    """The stream of that name."""
    native = package(data, **names)
    return struct.pack("<I", len(native)) + native


def ole1(native, kind=b"Package", version=0x501):
    """An embedded object (MS-OLEDS 2.2.5)."""
    name = kind + b"\0"
    out = struct.pack("<III", version, 2, len(name)) + name + bytes(8)
    return out + struct.pack("<I", len(native)) + native


def rtf(digits, begin=b"{\\rtf1\\ansi ", word=b"{\\object\\objemb{\\*\\objdata "):
    return begin + b"Hello. " + word + digits + b"}}\\par }"


# TNEF (MS-OXTNEF)


def attribute(level, number, data):
    return (
        struct.pack("<BII", level, number, len(data))
        + data
        + struct.pack("<H", sum(data) & 0xFFFF)
    )


def padded(data):
    return data + bytes(-len(data) % 4)


def prop(number, kind, data):
    """A property of variable size."""
    return struct.pack("<HHII", kind, number, 1, len(data)) + padded(data)


def props(*each):
    return struct.pack("<I", len(each)) + b"".join(each)


def tnef(*attributes):
    out = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x89006, struct.pack("<I", 0x10000))
    return out + b"".join(attributes)


def attached(data, title=b"BAD.EXE", more=b""):
    out = attribute(2, 0x69002, bytes(14)) + attribute(2, 0x18010, title + b"\0")
    return out + (attribute(2, 0x6800F, data) if data is not None else b"") + more


def lzfu_literal(data):
    """Compressed rich text without a copy but the one that ends it (MS-OXRTFCP)."""
    out = b""
    at = 207
    for i in range(0, len(data), 8):
        piece = data[i : i + 8]
        at = (at + len(piece)) % 4096
        if len(piece) == 8:
            out += b"\0" + piece
        else:
            out += bytes([1 << len(piece)]) + piece + struct.pack(">H", at << 4)
    if len(data) % 8 == 0:
        out += b"\1" + struct.pack(">H", at << 4)
    return struct.pack("<IIII", len(out) + 12, len(data), 0x75465A4C, 0) + out


# Excel


def biff(*records):
    return b"".join(struct.pack("<HH", number, len(data)) + data for number, data in records)


def sheet(kind, name=b"Sheet1"):
    return (0x85, struct.pack("<IBBBB", 0, 0, kind, len(name), 0) + name)
