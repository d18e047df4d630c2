"""Clean messages put together octet by octet: legal MIME that no library would write.

Rule: every construct is allowed by RFC 5322, 2045, 2046 or 2231; what only a lenient reader would
take is no business of this file.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

from restante_tools.lab.corpus.sample import Sample, ascii_text, binary, generator_for, text

Maker = Callable[[random.Random, int, int], bytes]

LINE_LIMIT = 998  # RFC 5322 §2.1.1


def head(number: int, *more: str) -> bytes:
    fields = (
        "From: Poste <poste@example.org>",
        "To: branch@example.net",
        f"Subject: By hand {number}",
        "Date: Mon, 3 Feb 2025 08:00:00 +0000",
        f"Message-ID: <hand-{number}@example.org>",
        *more,
    )
    return "".join(field + "\r\n" for field in fields).encode() + b"\r\n"


def lines(generator: random.Random, size: int) -> bytes:
    return ascii_text(generator, size, "\r\n").encode()


def bare(generator: random.Random, number: int, size: int) -> bytes:
    """No header field at all: an empty line and a body; at one octet there is not even that."""
    if size == 1:
        return b"\n"
    return b"\r\n" + lines(generator, size) + b"\r\n"


def header_only(generator: random.Random, number: int, size: int) -> bytes:
    fields = [
        f"X-Field-{i}: {ascii_text(generator, 60).splitlines()[0]}"
        for i in range(min(size // 80, 500))
    ]
    return head(number, *fields)


def folded(generator: random.Random, number: int, size: int) -> bytes:
    """Every field folded where it may be, comments in it, odd case, blanks at the ends."""
    fields = (
        "MIME-Version: 1.0 (made\r\n by hand)",
        "content-TYPE:\r\n\ttext/plain\r\n ; charset\r\n =utf-8",
        "Content-Transfer-Encoding: 8BIT",
    )
    body = text(generator, size, "\r\n").encode()
    return head(number, *fields) + body + b"\r\n"


def no_version(generator: random.Random, number: int, size: int) -> bytes:
    """Text without MIME-Version, as before 1992."""
    return head(number) + lines(generator, size) + b"\r\n"


def long_lines(generator: random.Random, number: int, size: int) -> bytes:
    """Lines of exactly the longest allowed length."""
    fields = ("MIME-Version: 1.0", "Content-Type: text/plain", "Content-Transfer-Encoding: 7bit")
    line = (ascii_text(generator, 2000).replace("\n", " ") * 3)[:LINE_LIMIT].encode() + b"\r\n"
    return head(number, *fields) + line * max(1, size // len(line))


def odd_boundary(generator: random.Random, number: int, size: int) -> bytes:
    """Every character that a boundary may have, a preamble, an epilogue, blanks behind it."""
    mark = b"'()+_,-./:=? a" + str(number).encode()
    fields = (
        "MIME-Version: 1.0",
        f'Content-Type: MULTIPART/mixed;\r\n boundary="{mark.decode()}"; x-own=1',
    )
    return (
        head(number, *fields)
        + b"This is the preamble.\r\n--not the boundary\r\n"
        + b"--" + mark + b"  \t\r\n\r\n" + lines(generator, size // 2) + b"\r\n"
        + b"--" + mark + b"\r\nContent-Type: text/plain\r\n\r\n" + lines(generator, size // 2)
        + b"\r\n--" + mark + b"--  \r\nThis is the epilogue.\r\n"
    )  # fmt: skip


def empty_parts(generator: random.Random, number: int, size: int) -> bytes:
    """Parts without header, without body, without both."""
    fields = ("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b")
    return (
        head(number, *fields)
        + b"--b\r\n\r\n\r\n--b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        + b"--b\r\n\r\n" + lines(generator, size) + b"\r\n--b--\r\n"
    )  # fmt: skip


def deep(generator: random.Random, number: int, size: int) -> bytes:
    """Eight multiparts in one another; each boundary begins with the one outside."""
    fields = ("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="n0"')
    out = [head(number, *fields)]
    for level in range(8):
        out.append(
            f"--n{'x' * level}0\r\nContent-Type: multipart/mixed;"
            f' boundary="n{"x" * (level + 1)}0"\r\n\r\n'.encode()
        )
    out.append(f"--n{'x' * 8}0\r\n\r\n".encode() + lines(generator, size))
    out += [f"\r\n--n{'x' * level}0--".encode() for level in range(8, -1, -1)]
    return b"".join(out) + b"\r\n"


def pieces(generator: random.Random, number: int, size: int) -> bytes:
    """A file name in RFC 2231 pieces, base64 in lines of odd lengths (RFC 2045 §6.8)."""
    fields = (
        "MIME-Version: 1.0",
        "Content-Type: application/x-data",
        "Content-Transfer-Encoding: base64 (not (really) needed)",
        "Content-Disposition: attachment;\r\n filename*0*=utf-8''%C3%9Cber;\r\n"
        ' filename*1="sicht ";\r\n filename*2*=f%C3%BCr.dat',
    )
    encoded = base64.b64encode(binary(generator, size))
    out, position = [head(number, *fields)], 0
    while position < len(encoded):
        step = generator.randint(1, 76)
        out.append(encoded[position : position + step] + b"\r\n")
        position += step
    return b"".join(out)


def quoted(generator: random.Random, number: int, size: int) -> bytes:
    """Quoted-printable with everything quoted, and soft breaks at the earliest place."""
    fields = (
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=iso-8859-1",
        "Content-Transfer-Encoding: Quoted-Printable",
    )
    content = lines(generator, max(1, size // 3)).replace(b"\r\n", b" ")
    step = 24
    rows = [
        b"".join(b"=%02X" % octet for octet in content[i : i + step]) + b"=\r\n"
        for i in range(0, len(content), step)
    ]
    return head(number, *fields) + b"".join(rows) + b"\r\n"


def wrapped(generator: random.Random, number: int, size: int) -> bytes:
    """message/rfc822 without a blank line behind its header: a header-only message inside."""
    fields = ("MIME-Version: 1.0", "Content-Type: multipart/digest; boundary=d")
    inner = head(1000 + number) + lines(generator, size) + b"\r\n"
    return (
        head(number, *fields)
        + b"--d\r\n\r\n" + inner
        + b"--d\r\nContent-Type: message/rfc822\r\n\r\n" + head(2000 + number)
        + b"--d--\r\n"
    )  # fmt: skip


KINDS: tuple[Maker, ...] = (
    bare,
    header_only,
    folded,
    no_version,
    long_lines,
    odd_boundary,
    empty_parts,
    deep,
    pieces,
    quoted,
    wrapped,
)


def make(number: int, size: int, seed: int) -> Sample:
    """One message with about `size` octets of content."""
    generator = generator_for(seed, number, "hand")
    kind = bare if size == 1 else KINDS[number // 3 % len(KINDS)]
    return Sample(number, f"hand {kind.__name__}", kind(generator, number, size))
