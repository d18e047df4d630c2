"""Files in plain text: uuencode, its base64 sister, yEnc, BinHex, PGP armour."""

import base64
import binascii
import zlib

KIND = "37 codings in text"


def uuencoded(payload, name=b"a.com", end=b"\r\n", begin=b"begin 644 "):
    lines = [binascii.b2a_uu(payload[i : i + 45])[:-1] for i in range(0, len(payload), 45)]
    return end.join([begin + name, *lines, b"`", b"end", b""])


def yencoded(payload, name=b"a.com", width=128, part=None):
    out, column = b"", 0
    for octet in payload:
        code = (octet + 42) & 255
        piece = b"=" + bytes([(code + 64) & 255]) if code in b"\0\r\n=." else bytes([code])
        out += piece
        column += len(piece)
        if column >= width:
            out += b"\r\n"
            column = 0
    size = len(payload)
    multi = b" part=1 total=1" if part else b""
    head = b"=ybegin%s line=%d size=%d name=%s\r\n" % (multi, width, size, name)
    head += b"=ypart begin=1 end=%d\r\n" % size if part else b""
    return head + out + b"\r\n=yend size=%d crc32=%08x\r\n" % (size, zlib.crc32(payload))


BINHEX = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"


def crc_of(octets):
    return binascii.crc_hqx(octets + b"\0\0", 0).to_bytes(2, "big")


def binhexed(payload, name=b"a.com"):
    head = bytes([len(name)]) + name + b"\0BINAdBASE\0\0"
    head += len(payload).to_bytes(4, "big") + bytes(4)
    octets = head + binascii.crc_hqx(head, 0).to_bytes(2, "big")
    octets += payload + binascii.crc_hqx(payload, 0).to_bytes(2, "big") + bytes(2)
    octets = octets.replace(b"\x90", b"\x90\0")
    bits = int.from_bytes(octets + bytes(-len(octets) % 3), "big")
    count = (len(octets) * 8 + 5) // 6
    total = (len(octets) + 2) // 3 * 4
    text = bytes(BINHEX[bits >> 6 * (total - 1 - i) & 63] for i in range(count))
    text = b":" + text + b":"
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return b"(This file must be converted with BinHex 4.0)\r\n\r\n" + b"\r\n".join(lines) + b"\r\n"


def base64_coded(payload):
    return (
        b"begin-base64 644 a.com\r\n"
        + base64.encodebytes(payload).replace(b"\n", b"\r\n")
        + (b"====\r\n")
    )


def cases(w, dice):
    def case(name, make, twin=None):
        make_twin = twin or uuencoded
        return (
            name,
            lambda payload: w.plain_text(make(payload)),
            lambda payload: w.plain_text(make_twin(payload)),
        )

    def changed(old, new):
        return lambda payload: uuencoded(payload).replace(old, new)

    yield case("uuencode", uuencoded)
    yield case("blanks for grave accents", changed(b"`", b" "))
    yield case(
        "blanks cut off", lambda p: uuencoded(p).replace(b"`", b" ").replace(b" \r\n", b"\r\n")
    )
    yield case("no end", changed(b"end\r\n", b""))
    yield case("two blanks", changed(b"begin 644 ", b"begin  644 "))
    yield case("mode of five digits", changed(b"begin 644", b"begin 00644"))
    yield case("mode 7777", changed(b"begin 644", b"begin 7777"))
    yield case("no mode", changed(b"begin 644 ", b"begin "))
    yield case("tab", changed(b"begin 644 ", b"begin\t644\t"))
    yield case("no name", changed(b"a.com", b""))
    yield case("a long name", lambda p: uuencoded(p, b"a" * 3000 + b".com"))
    yield case("upper case", changed(b"begin", b"BEGIN"))
    yield case("blank lines between", lambda p: uuencoded(p).replace(b"\r\n", b"\r\n\r\n"))
    yield case(
        "checksums at line ends",
        lambda p: uuencoded(p).replace(b"\r\n", b"x\r\n", 3).replace(b"a.comx", b"a.com"),
    )
    for end in (b"\n", b"\r", b"\r\r\n"):
        yield case(f"line ends {end!r}", lambda p, e=end: uuencoded(p, end=e))
    yield case("behind a begin", lambda p: b"begin 644 x\r\n" + uuencoded(p))
    yield case("base64 sister", base64_coded, base64_coded)
    yield case("yEnc", yencoded, yencoded)
    yield case("yEnc, narrow", lambda p: yencoded(p, width=1), yencoded)
    yield case("yEnc, one part", lambda p: yencoded(p, part=1), yencoded)
    yield case("yEnc without an end", lambda p: yencoded(p).partition(b"\r\n=yend")[0], yencoded)
    yield case("yEnc, everything escaped", escaped_yenc, yencoded)
    yield case("BinHex", binhexed)
    yield case("BinHex, other words", lambda p: b"(This file" + binhexed(p)[10:])
    yield from other_places(w)


def escaped_yenc(payload):
    body = b"".join(b"=" + bytes([(octet + 42 + 64) & 255]) for octet in payload)
    body = body.replace(b"\r", b"").replace(b"\n", b"")
    return b"=ybegin line=200 size=68 name=a.com\r\n" + body + b"\r\n=yend size=68\r\n"


def other_places(w):
    """Not in a text of one's own."""
    plain = w.with_file
    yield "in a part", lambda p: w.mail(w.text_part() + uuencoded(p)), plain
    yield "in HTML", lambda p: w.mail(b"Content-Type: text/html\r\n\r\n" + uuencoded(p)), plain
    quoted = b"Content-Type: text/plain\r\n" + w.encoding(b"quoted-printable") + b"\r\n"
    yield "quoted", lambda p: w.mail(quoted + uuencoded(p).replace(b"=", b"=3D")), plain
    coded = b"Content-Type: text/plain\r\n" + w.encoding() + b"\r\n"
    for make in (uuencoded, yencoded, binhexed, base64_coded):
        name = make.__name__
        yield f"{name} in base64", _in_base64(w, coded, make), plain
    for value in (
        b"x-uuencode",
        b"uuencode",
        b"x-uue",
        b"X-UUE",
        b"x-yenc",
        b"x-binhex40",
        b"uue",
    ):
        head = b"Content-Type: application/octet-stream\r\n" + w.encoding(value)
        yield f"encoding {value.decode()}", _encoded(w, head), plain


def _in_base64(w, coded, make):
    return lambda payload: w.mail(
        coded + base64.encodebytes(make(payload)).replace(b"\n", b"\r\n")
    )


def _encoded(w, head):
    return lambda payload: w.with_file(payload, head=head, body=uuencoded(payload))
