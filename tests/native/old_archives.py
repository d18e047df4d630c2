"""Archives by hand, for which no program can be had. Makers take (folder, payload)."""

import binascii
import struct
import zlib

from lzhmaking import crc16

GOOD = b"good " * 40


def ar_member(payload):
    head = b"a/".ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"644".ljust(8)
    return b"!<arch>\n" + head + str(len(payload)).encode().ljust(10) + b"`\n" + payload


def newc_member(payload):
    def entry(name, data):
        fields = [0] * 6 + [len(data)] + [0] * 4 + [len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)

    return entry(b"a", payload) + entry(b"TRAILER!!!", b"")


def rar4_block(kind, flags, body, data=b""):
    head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + data


def rar4_file(name, data, method=0x30, flags=0, size=None, crc=None):
    body = struct.pack("<IIBIIBBHI", len(data), len(data) if size is None else size, 2,
                       zlib.crc32(data) if crc is None else crc, 0, 29, method, len(name),
                       32) + name  # fmt: skip
    return rar4_block(0x74, 0x8000 | flags, body, data)


RAR4 = b"Rar!\x1a\x07\0" + rar4_block(0x73, 0, bytes(6))
RAR4_END = rar4_block(0x7B, 0x4000, b"")


def rar4(folder, payload):
    return RAR4 + rar4_file(b"readme.txt", GOOD) + rar4_file(b"d\\bad.zip", payload) + RAR4_END


def vint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def rar5_block(kind, flags, body, data=b"", extra=b""):
    flags |= (1 if extra else 0) | (2 if data else 0)
    head = vint(kind) + vint(flags)
    head += (vint(len(extra)) if extra else b"") + (vint(len(data)) if data else b"")
    head += body + extra
    head = vint(len(head)) + head
    return struct.pack("<I", zlib.crc32(head)) + head + data


def rar5_file(name, data, method=0, flags=0, extra=b"", crc=None):
    crc = zlib.crc32(data) if crc is None else crc
    body = vint(4) + vint(len(data)) + vint(32) + struct.pack("<I", crc)
    body += vint(method << 7) + vint(1) + vint(len(name)) + name
    return rar5_block(2, flags, body, data, extra)


RAR5 = b"Rar!\x1a\x07\1\0" + rar5_block(1, 0, vint(0))
RAR5_END = rar5_block(5, 0, vint(0))


def rar5(folder, payload):
    return RAR5 + rar5_file(b"readme.txt", GOOD) + rar5_file(b"d/bad.zip", payload) + RAR5_END


def lzh(level, method=b"-lh0-"):
    def entry(name, data):
        fixed = method + struct.pack("<III", len(data), len(data), 0) + b" " + bytes([level])
        check = struct.pack("<H", crc16(data))
        if level == 0:
            body = fixed + bytes([len(name)]) + name + check
            return bytes([len(body), sum(body) & 255]) + body + data
        name = b"\1" + name
        if level == 1:
            more = struct.pack("<H", len(name) + 2)
            packed = len(data) + len(name) + 2
            fixed = method + struct.pack("<III", packed, len(data), 0) + b" \1"
            body = fixed + b"\0" + check + b"U" + more
            return bytes([len(body), sum(body) & 255]) + body + name + b"\0\0" + data
        head = fixed + check + b"U" + struct.pack("<H", len(name) + 2) + name + b"\0\0"
        return struct.pack("<H", len(head) + 2) + head + data

    def make(folder, payload):
        return entry(b"readme.txt", GOOD) + entry(b"bad.zip", payload) + b"\0"

    return make


def szdd(folder, payload):
    """Literals, and a match for each octet run of 18 that the window holds."""
    out, at = b"", 0
    while at < len(payload):
        flags, items = 0, b""
        for bit in range(8):
            piece = payload[at : at + 18]
            back = payload.rfind(piece, max(0, at - 4000), at) if len(piece) == 18 else -1
            if back >= 0:
                place = (4096 - 16 + back) % 4096
                items += bytes([place & 255, place >> 4 & 0xF0 | 15])
                at += 18
            elif at < len(payload):
                flags |= 1 << bit
                items += payload[at : at + 1]
                at += 1
        out += bytes([flags]) + items
    return b"SZDD\x88\xf0\x27\x33A_" + struct.pack("<I", len(payload)) + out


ALPHABET = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"


def binhex(folder, payload, resources=b"rsrc"):
    def checked(octets):
        return octets + struct.pack(">H", binascii.crc_hqx(octets, 0))

    head = b"\7bad.zip\0" + b"BINAhexs\0\0" + struct.pack(">II", len(payload), len(resources))
    octets = checked(head) + checked(payload) + checked(resources)
    packed, at = b"", 0
    while at < len(octets):
        octet = octets[at : at + 1]
        length = 1
        while length < 255 and octets[at + length : at + length + 1] == octet:
            length += 1
        literal = b"\x90\0" if octet == b"\x90" else octet
        packed += literal + (b"\x90" + bytes([length]) if length > 3 else literal * (length - 1))
        at += length
    bits = "".join(f"{c:08b}" for c in packed)
    bits += "0" * (-len(bits) % 6)
    text = b":" + bytes(ALPHABET[int(bits[i : i + 6], 2)] for i in range(0, len(bits), 6)) + b":"
    lines = b"\r\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return b"(This file must be converted with BinHex 4.0)\r\n\r\n" + lines + b"\r\n"
