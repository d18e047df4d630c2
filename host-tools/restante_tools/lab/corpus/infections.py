"""Infected messages: how it is encoded × how deep it is nested × where it lies.

Rule: each has exactly one bad part, and its octets say where a replacement may differ.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import quopri
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from restante_tools.lab.corpus.sample import ascii_text, generator_for
from restante_tools.lab.maildrop import eicar

# A test signature of the factory set that matches anywhere in an object, from two halves.
ANYWHERE = b"RESTANTE-TEST-" + b"PLAIN-4f1c"
# Sizes of buffers on a message's way: a page, the relay's, the spool's, a socket's.
BUFFERS = (4096, 16384, 32768, 65536)
BEFORE, AFTER = 3000, 2000  # octets of harmless content on both sides of a signature
DATE = (2025, 2, 3, 8, 0, 0)


@dataclass(frozen=True)
class Infected:
    """One infected message with CRLF lines; a replacement may differ from it in `bad` only."""

    number: int
    kind: str
    octets: bytes
    bad: tuple[int, int]
    signature: str

    @property
    def name(self) -> str:
        return f"{self.number:02d} {self.kind}, {len(self.octets)} octets"

    @property
    def stored(self) -> bytes:
        """As a Maildir holds it: LF lines."""
        return self.octets.replace(b"\r\n", b"\n")


@dataclass(frozen=True)
class Part:
    """One MIME entity: its header lines and its body, both with CRLF."""

    header: bytes
    body: bytes

    @property
    def octets(self) -> bytes:
        return self.header + b"\r\n" + self.body


def with_encoding(name: str, body: bytes) -> Part:
    return Part(
        b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment;"
        b' filename="bad.dat"\r\nContent-Transfer-Encoding: ' + name.encode() + b"\r\n",
        body,
    )


def in_base64(content: bytes) -> Part:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return with_encoding("base64", encoded)


def in_odd_base64(content: bytes) -> Part:
    """Lines of one to seven characters, blanks at some ends."""
    encoded, rows = base64.b64encode(content), []
    position = 0
    while position < len(encoded):
        step = 1 + position % 7
        rows.append(encoded[position : position + step] + (b" " if position % 3 else b""))
        position += step
    return with_encoding("BASE64", b"\r\n".join(rows) + b"\r\n")


def in_quoted_printable(content: bytes) -> Part:
    encoded = quopri.encodestring(content).replace(b"\n", b"\r\n")
    return with_encoding("quoted-printable", encoded + b"\r\n")


def in_escapes(content: bytes) -> Part:
    """Quoted-printable with every octet escaped, in short lines."""
    cells = [b"=%02X" % octet for octet in content]
    rows = [b"".join(cells[i : i + 5]) + b"=" for i in range(0, len(cells), 5)]
    return with_encoding("Quoted-Printable", b"\r\n".join(rows) + b"\r\n\r\n")


def in_clear(content: bytes) -> Part:
    return with_encoding("7bit", content + b"\r\n")


def in_binary(content: bytes) -> Part:
    return with_encoding("binary", content + b"\r\n")


def in_uuencode(content: bytes) -> Part:
    rows = [binascii.b2a_uu(content[i : i + 45])[:-1] for i in range(0, len(content), 45)]
    body = b"begin 644 bad.dat\r\n" + b"\r\n".join(rows) + b"\r\n`\r\nend\r\n"
    return with_encoding("x-uuencode", body)


def in_zip(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("readme.txt", DATE), b"harmless\r\n", method)
        archive.writestr(zipfile.ZipInfo("bad.dat", DATE), content, method)
    return buffer.getvalue()


def same(content: bytes) -> bytes:
    return content


def stored_zip(content: bytes) -> bytes:
    return in_zip(content, zipfile.ZIP_STORED)


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def zip_in_zip(content: bytes) -> bytes:
    return in_zip(in_zip(content))


def zip_in_gzip(content: bytes) -> bytes:
    return gzipped(in_zip(content, zipfile.ZIP_STORED))


ENCODINGS: tuple[Callable[[bytes], Part], ...] = (
    in_base64,
    in_odd_base64,
    in_quoted_printable,
    in_escapes,
    in_uuencode,
    in_clear,
    in_binary,
)
CONTAINERS = (same, in_zip, stored_zip, gzipped, zip_in_zip, zip_in_gzip)
PACKED = (in_base64, in_odd_base64, in_uuencode)  # encodings that carry any octets through mail
NESTINGS = ("first of three", "last of three", "nested multipart", "forwarded", "forwarded twice")
VARIANTS = [
    (encode, pack) for pack in CONTAINERS for encode in (ENCODINGS if pack is same else PACKED)
]  # 22 of them, each met at least once before the boundaries begin
PLAIN_VARIANTS = 40  # the rest of the messages puts a signature across each buffer's end


def make(number: int, seed: int) -> Infected:
    """One infected message."""
    generator = generator_for(seed, number, "infected")
    if number >= PLAIN_VARIANTS:
        return at_buffer_end(number, number - PLAIN_VARIANTS, generator)
    encode, pack = VARIANTS[number % len(VARIANTS)]
    nesting = NESTINGS[number % len(NESTINGS)]
    content, signature = bad_content(number, generator)
    part = encode(pack(content))
    octets, start = nested(number, nesting, part, generator)
    kind = f"{encode.__name__} {pack.__name__} {nesting}"
    # The blank line that an encoder leaves at the end belongs to the part as well.
    return Infected(number, kind, octets, (start, start + len(part.octets)), signature)


def bad_content(number: int, generator: random.Random) -> tuple[bytes, str]:
    """EICAR, which must stand at the start, or a signature in the middle of a text."""
    if number % 2 == 0:
        return eicar(), "Eicar"
    before = ascii_text(generator, generator.randint(1, BEFORE)).encode()
    after = ascii_text(generator, AFTER).encode()
    return wrap(before) + ANYWHERE + b"\r\n" + wrap(after), "Plain"


def wrap(content: bytes) -> bytes:
    """Lines of 60 octets, which no encoding needs to break; none of them begins with a dot."""
    content = content.replace(b"\n", b" ")
    rows = [b"|" + content[i : i + 60] for i in range(0, len(content), 60)]
    return b"\r\n".join(rows) + b"\r\n"


def nested(number: int, nesting: str, part: Part, generator: random.Random) -> tuple[bytes, int]:
    """The whole message around the bad part, and where that part begins."""
    text = Part(b"Content-Type: text/plain\r\n", wrap(ascii_text(generator, 400).encode()))
    parts = {
        "first of three": [part, text, text],
        "last of three": [text, text, part],
    }.get(nesting, [text, part])
    inner, start = multipart(parts, part, "inner")
    for level in range({"forwarded": 1, "forwarded twice": 2}.get(nesting, 0)):
        mail = header(number) + inner.octets
        start += len(header(number))
        forwarded = Part(b"Content-Type: message/rfc822\r\n", mail)
        start += len(forwarded.header) + 2
        inner, offset = multipart([text, forwarded], forwarded, f"level{level}")
        start += offset
    if nesting == "nested multipart":
        outer, offset = multipart([text, inner, text], inner, "outer")
        inner, start = outer, start + offset
    return header(number) + inner.octets, len(header(number)) + start


def header(number: int) -> bytes:
    return (
        b"From: bad@example.org\r\nTo: branch@example.net\r\nSubject: Variant %d\r\n"
        b"Date: Mon, 03 Feb 2025 08:00:00 +0000\r\nMessage-ID: <variant-%d@example.org>\r\n"
        b"MIME-Version: 1.0\r\n" % (number, number)
    )


def multipart(parts: list[Part], wanted: Part, boundary: str) -> tuple[Part, int]:
    """The parts as one entity, and where `wanted` begins in it."""
    mark = b"--" + boundary.encode()
    head = b"Content-Type: multipart/mixed; boundary=" + boundary.encode() + b"\r\n"
    body, start = b"", 0
    for part in parts:
        body += mark + b"\r\n"
        if part is wanted:
            start = len(head) + 2 + len(body)
        body += part.octets + b"\r\n"
    return Part(head, body + mark + b"--\r\n"), start


def at_buffer_end(number: int, index: int, generator: random.Random) -> Infected:
    """The signature lies across the end of a buffer: cut before, inside, and behind it."""
    size = BUFFERS[index % len(BUFFERS)]
    cut = (-1, 0, 1, len(ANYWHERE) // 2, len(ANYWHERE))[index // len(BUFFERS) % 5]
    part, start = in_clear(b""), 0
    filler = b""
    for _ in range(2):  # the second time, the length of what lies before is known
        content = wrap(b"x" * 61) + filler + ANYWHERE + b"\r\n" + wrap(b"y" * AFTER)
        part = in_clear(content)
        octets, start = nested(number, "last of three", part, generator_for(0, number, "buffer"))
        missing = size - cut - octets.index(ANYWHERE)
        filler = filler or filled(missing)
    assert octets.index(ANYWHERE) == size - cut
    kind = f"signature at {size} - {cut}"
    return Infected(number, kind, octets, (start, start + len(part.octets)), "Plain")


def filled(octets: int) -> bytes:
    """Lines of harmless text, exactly that many octets."""
    rows = (b"|" + b"z" * 61 + b"\r\n") * (octets // 64)
    rest = octets - len(rows)
    return rows + (b"z" * (rest - 2) + b"\r\n" if rest >= 2 else b"z" * rest)
