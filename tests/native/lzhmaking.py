"""What LZH, ARJ and old zips hold, by hand: coders for which there is no program, and headers."""

from __future__ import annotations

import struct
import zlib


def crc16(octets: bytes) -> int:
    crc = 0
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


class Bits:
    """Bits of a stream, the first one the highest of its octet, or the lowest."""

    def __init__(self, low_first: bool = False) -> None:
        self.text: list[str] = []
        self.low_first = low_first

    def put(self, value: int, width: int) -> None:
        """A number, in the stream's order."""
        text = f"{value:0{width}b}" if width else ""
        self.text.append(text[::-1] if self.low_first else text)

    def code(self, value: int, width: int, flip: bool = False) -> None:
        """A code, its highest bit first."""
        self.text.append(f"{value ^ ((1 << width) - 1 if flip else 0):0{width}b}")

    def octets(self) -> bytes:
        text = "".join(self.text)
        text += "0" * (-len(text) % 8)
        pieces = (text[i : i + 8] for i in range(0, len(text), 8))
        return bytes(int(piece[::-1] if self.low_first else piece, 2) for piece in pieces)


def canonical(lengths: list[int]) -> dict[int, tuple[int, int]]:
    """Symbol -> code and its length."""
    codes, code, last = {}, 0, 0
    for length, symbol in sorted((n, s) for s, n in enumerate(lengths) if n):
        code <<= length - last
        codes[symbol] = (code, length)
        code, last = code + 1, length
    return codes


def commands(octets: bytes, window: int, least: int = 3, most: int = 256):
    """Octets, and (length, distance) of copies."""
    at = 0
    while at < len(octets):
        best = 0
        start = max(0, at - window)
        for length in range(least, most + 1):
            place = octets.rfind(octets[at : at + length], start, at + length - 1)
            if place < 0 or at + length > len(octets):
                break
            best, back = length, at - place
        if best:
            yield best, back
            at += best
        else:
            yield octets[at]
            at += 1


def static_huffman(octets: bytes, count_bits: int = 4, window: int = 4000) -> bytes:
    """-lh5- (4), and -lh6- and ARJ's 1 to 3 (5): one block, its codes of nearly one length."""
    items = list(commands(octets, window))
    bits = Bits()
    bits.put(len(items), 16)
    bits.put(12, 5)
    for symbol in range(12):
        if symbol not in (3, 4, 5):
            bits.put(1 if symbol >= 10 else 0, 3)  # lengths of symbols 10 and 11
        if symbol == 2:
            bits.put(3, 2)
    lengths = [8] * 2 + [9] * 508
    bits.put(len(lengths), 9)
    for length in lengths:
        bits.put(length - 8, 1)
    places = [3] * 2 + [4] * 12 if count_bits == 4 else [4] * 16
    bits.put(len(places), count_bits)
    for length in places:
        bits.put(length, 3)
    codes, offsets = canonical(lengths), canonical(places)
    for item in items:
        if isinstance(item, int):
            bits.put(*codes[item])
            continue
        bits.put(*codes[256 + item[0] - 3])
        offset = item[1] - 1
        bits.put(*offsets[offset.bit_length()])
        if offset > 1:
            width = offset.bit_length() - 1
            bits.put(offset - (1 << width), width)
    return bits.octets()


def arj_fastest(octets: bytes) -> bytes:
    def number(value: int, least: int, most: int) -> None:
        width = least
        while width < most and value >= 1 << width:
            bits.put(1, 1)
            value -= 1 << width
            width += 1
        if width < most:
            bits.put(0, 1)
        bits.put(value, width)

    bits = Bits()
    for item in commands(octets, 15000):
        if isinstance(item, int):
            number(0, 0, 7)
            bits.put(item, 8)
        else:
            number(item[0] - 2, 0, 7)
            number(item[1] - 1, 9, 13)
    return bits.octets()


def larc5(octets: bytes) -> bytes:
    """-lz5-: octets only."""
    out = b""
    for at in range(0, len(octets), 8):
        out += b"\xff" + octets[at : at + 8]
    return out


def implode(octets: bytes, flags: int) -> bytes:
    low = 7 if flags & 2 else 6
    coded = bool(flags & 4)
    least = 3 if coded else 2
    bits = Bits(low_first=True)
    # Runs of 16 codes: 256 of 8 bits, 64 of 6 bits, twice.
    for table in ([b"\x0f" + b"\xf7" * 16] if coded else []) + [b"\x03" + b"\xf5" * 4] * 2:
        for octet in table:
            bits.put(octet, 8)
    for item in commands(octets, 64 << low, least, 63 + 255 + least):
        if isinstance(item, int):
            bits.put(1, 1)
            if coded:
                bits.code(item, 8, flip=True)
            else:
                bits.put(item, 8)
            continue
        length, offset = item[0] - least, item[1] - 1
        bits.put(0, 1)
        bits.put(offset & (1 << low) - 1, low)
        bits.code(offset >> low, 6, flip=True)
        bits.code(min(length, 63), 6, flip=True)
        if length >= 63:
            bits.put(length - 63, 8)
    return bits.octets()


class Deflate64:
    """Blocks with the fixed codes."""

    def __init__(self) -> None:
        self.bits = Bits(low_first=True)
        self.bits.put(1, 1)
        self.bits.put(1, 2)

    def symbol(self, symbol: int) -> None:
        if symbol < 144:
            self.bits.code(48 + symbol, 8)
        elif symbol < 256:
            self.bits.code(400 + symbol - 144, 9)
        elif symbol < 280:
            self.bits.code(symbol - 256, 7)
        else:
            self.bits.code(192 + symbol - 280, 8)

    def text(self, octets: bytes) -> Deflate64:
        for octet in octets:
            self.symbol(octet)
        return self

    def copy(self, length: int, place: int, extra: int, extra_bits: int) -> Deflate64:
        """By length code 285, and a distance code with its extra bits."""
        self.symbol(285)
        self.bits.put(length - 3, 16)
        self.bits.code(place, 5)
        self.bits.put(extra, extra_bits)
        return self

    def end(self) -> bytes:
        self.symbol(256)
        return self.bits.octets()


def old_zip(method: int, packed: bytes, octets: bytes, flags: int = 0, name: bytes = b"bad.zip"):
    """A zip of one entry."""
    fixed = struct.pack("<HHHHHIIIHH", 20, flags, method, 0, 33, zlib.crc32(octets), len(packed),
                        len(octets), len(name), 0)  # fmt: skip
    local = b"PK\3\4" + fixed + name + packed
    central = b"PK\1\2" + struct.pack("<H", 20) + fixed + bytes(14) + name
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + b"PK\5\6" + end


def lzh_entry(method: bytes, packed: bytes, octets: bytes, name: bytes = b"bad.zip", crc=None):
    """Of level 0."""
    crc = crc16(octets) if crc is None else crc
    fixed = method + struct.pack("<III", len(packed), len(octets), 0) + b" \0"
    body = fixed + bytes([len(name)]) + name + struct.pack("<H", crc)
    return bytes([len(body), sum(body) & 255]) + body + packed


def arj_header(body: bytes, name: bytes) -> bytes:
    body = bytes([len(body) + 1]) + body + name + b"\0\0"
    return (
        b"\x60\xea" + struct.pack("<H", len(body)) + body + struct.pack("<IH", zlib.crc32(body), 0)
    )


def arj(method: int, packed: bytes, octets: bytes, crc=None) -> bytes:
    """An archive of one entry."""
    crc = zlib.crc32(octets) if crc is None else crc
    main = arj_header(bytes([11, 1, 2, 0, 0, 2, 0]) + bytes(22), b"a.arj")
    body = bytes([11, 1, 2, 0, method, 0, 0]) + bytes(4)
    body += struct.pack("<III", len(packed), len(octets), crc) + bytes(6)
    return main + arj_header(body, b"bad.zip") + packed + b"\x60\xea\0\0"
