"""Test mail made at run time: EICAR's test file in several wrappings, and clean twins.  Pure.

Its rule: the test string never stands whole in this file, so that no scanner finds the firmware.
"""

import binascii
import struct

# The EICAR test file, 68 octets, in two pieces.
_HEAD = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$"
_TAIL = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_HARMLESS = b"This is a harmless text of the gateway's own test, nothing else.\r\n"

_BOUNDARY = b"restante-self-test"


def all():
    """[(name, is bad, octets in wire form)]"""
    samples = []
    for bad in (True, False):
        content = _HEAD + _TAIL if bad else _HARMLESS
        word = "EICAR" if bad else "clean"
        for name, message in _wrapped(content):
            samples.append(("%s %s" % (word, name), bad, message))
    return samples


def _wrapped(content):
    yield "as attachment", _mail(_attachment(b"test.com", content))
    yield "in quoted-printable", _mail(_quoted_printable(content))
    yield "uuencoded in the text", _plain(_uuencoded(content))
    yield "in a stored zip", _mail(_attachment(b"test.zip", _zip(content, False)))
    yield "in a deflated zip", _mail(_attachment(b"test.zip", _zip(content, True)))
    yield "in a gzip", _mail(_attachment(b"test.com.gz", _gzip(content)))
    yield "in a zip in a zip", _mail(_attachment(b"a.zip", _zip(_zip(content, True), False)))
    inner = _mail(_attachment(b"test.zip", _zip(content, True)))
    yield "in a zip in a forwarded message", _mail(_forwarded(inner))


# -- MIME

_FIELDS = (
    b"From: self-test@restante.invalid\r\nTo: self-test@restante.invalid\r\n"
    b"Subject: self-test\r\nMIME-Version: 1.0\r\n"
)


def _plain(text):
    return _FIELDS + b"Content-Type: text/plain\r\n\r\n" + text


def _mail(part):
    line = b"--" + _BOUNDARY
    return (
        _FIELDS
        + b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n' % _BOUNDARY
        + line
        + b"\r\nContent-Type: text/plain\r\n\r\nA sample.\r\n"
        + line
        + b"\r\n"
        + part
        + b"\r\n"
        + line
        + b"--\r\n"
    )


def _entity(name, encoding, body):
    return (
        b"Content-Type: application/octet-stream\r\n"
        b'Content-Disposition: attachment; filename="%s"\r\n'
        b"Content-Transfer-Encoding: %s\r\n\r\n%s" % (name, encoding, body)
    )


def _attachment(name, content):
    lines = []
    for i in range(0, len(content), 57):  # 76 characters a line, RFC 2045 §6.8
        lines.append(binascii.b2a_base64(content[i : i + 57]).strip())
    return _entity(name, b"base64", b"\r\n".join(lines))


def _quoted_printable(content):
    out = b""
    for i in range(0, len(content), 20):
        out += b"".join(b"=%02X" % octet for octet in content[i : i + 20]) + b"=\r\n"
    return _entity(b"test.com", b"quoted-printable", out[:-3])


def _uuencoded(content):
    out = b"begin 644 test.com\r\n"
    for i in range(0, len(content), 45):
        piece = content[i : i + 45]
        line = bytearray([32 + len(piece)])
        piece += b"\0" * (-len(piece) % 3)
        for k in range(0, len(piece), 3):
            n = piece[k] << 16 | piece[k + 1] << 8 | piece[k + 2]
            for shift in (18, 12, 6, 0):
                line.append((n >> shift & 63) + 32 if n >> shift & 63 else 96)
        # A line may begin with a dot: wire form stuffs it (RFC 1939 §3).
        out += (b"." if line[0] == 46 else b"") + bytes(line) + b"\r\n"
    return out + b"`\r\nend\r\n"


def _forwarded(message):
    message = message.replace(_BOUNDARY, b"inner-" + _BOUNDARY)
    return b"Content-Type: message/rfc822\r\n\r\n" + message[:-2]


# -- containers


def _crc32(data):
    """RFC 1952 §8, bit by bit: the samples are short and our MicroPython has no CRC."""
    crc = 0xFFFFFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _deflated(data):
    """One block of literals with the fixed code, RFC 1951 §3.2.6."""
    bits = 0b011  # last block, fixed code
    n = 3
    for octet in data:
        code, length = (0x30 + octet, 8) if octet < 144 else (0x190 + octet - 144, 9)
        for i in range(length - 1, -1, -1):
            bits |= (code >> i & 1) << n
            n += 1
    n += 7  # end of block: seven zero bits
    return bits.to_bytes((n + 7) // 8, "little")


def _zip(content, deflate):
    data = _deflated(content) if deflate else content
    name = b"test.com"
    crc = _crc32(content)
    method = 8 if deflate else 0
    common = struct.pack(
        "<HHHHHIIIHH", 20, 0, method, 0, 33, crc, len(data), len(content), len(name), 0
    )
    local = b"PK\x03\x04" + common + name + data
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end


def _gzip(content):
    crc = _crc32(content)
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    return head + _deflated(content) + struct.pack("<II", crc, len(content))
