"""Fields given twice, and with octets that do not belong in or before names and colons."""

KIND = "29 fields"

ENCODINGS = [
    (b"base64", b"7bit"),
    (b"7bit", b"base64"),
    (b"quoted-printable", b"base64"),
    (b"base64", b"quoted-printable"),
    (b"x-unknown", b"base64"),
    (b"base64", b"x-uuencode"),
    (b"", b"base64"),
]
VALUES = [
    b"7bit base64",
    b"base64 7bit",
    b"7bit, base64",
    b"base64, 7bit",
    b"base64; 7bit",
    b'"base64"',
    b"(7bit) base64",
    b"base64 (7bit)",
    b"base64(7bit)",
    b"BaSe64",
    b"\tbase64\t",
    b"\r\n base64",
    b"\r\n\t(x)\r\n\tbase64",
    b"base64\0",
    b"\0base64",
    b"ba\0se64",
    b"base64\x0b",
    b"\x0bbase64",
    b"base64.",
    b"'base64'",
    b"<base64>",
    b"=?utf-8?q?base64?=",
    b"base\r\n 64",
    b"b a s e 6 4",
    b"8bit\r\n base64",
    b"(base64",
    b"\xa0base64",
    b"base-64",
    b"x-base64",
    b"base64 \\",
]
NAMES = [
    b"Content-Transfer-Encoding :",
    b"Content-Transfer-Encoding\t:",
    b"Content-Transfer-Encoding\0:",
    b"\0Content-Transfer-Encoding:",
    b"Content-\0Transfer-Encoding:",
    b"Content-Transfer-Encoding(x):",
    b"Content-Transfer-Encoding (x) :",
    b"Content-Transfer-Encoding\r\n :",
    b"Content-Transfer-\r\n Encoding:",
    b"Content-Transfer-Encoding\x0b:",
    b"Content-Transfer-Encoding\xa0:",
    b"\xef\xbb\xbfContent-Transfer-Encoding:",
    b"Content-Transfer-Encoding::",
    b"Content-Transfer-Encoding;:",
    b"Content-Transfer-Encoding",
    b"Content-Transfer-Encoding =",
    b"CONTENT-TRANSFER-ENCODING:",
    b"content-transfer-encoding:",
    b"Content-Transfer-Encoding.:",
    b'"Content-Transfer-Encoding":',
    b"Content Transfer Encoding:",
]
JUNK = [
    b"this is no field\r\n",
    b"\0\r\n",
    b" \r\n",
    b"\t\r\n",
    b":\r\n",
    b": empty name\r\n",
    b"X-Long: " + b"y" * 9000 + b"\r\n",
    b">From a@example.org\r\n",
    b"\xff\xfe\r\n",
]


def cases(w, dice):
    def plain(payload):
        return w.with_file(payload)

    def case(name, head):
        return name, lambda payload: w.with_file(payload, head=head), plain

    kind = b"Content-Type: application/octet-stream\r\n"
    for first, second in ENCODINGS:
        name = f"encodings {first.decode()} and {second.decode()}"
        yield case(name, kind + w.encoding(first) + w.encoding(second))
    for value in VALUES:
        yield case(f"encoding {value!r}", kind + w.encoding(value) + w.disposition())
    for name in NAMES:
        yield case(f"name {name!r}", kind + name + b" base64\r\n" + w.disposition())
    for junk in JUNK:
        label = repr(junk[:12])
        yield case(f"{label} before", junk + kind + w.encoding())
        yield case(f"{label} behind", kind + w.encoding() + junk)
    yield from headers(w, plain)
    types = [b"Content-Type: text/plain\r\n", kind, b"Content-Type: image/png\r\n"]
    for first in types:
        for second in types:
            if first != second:
                yield case(f"types {first[14:-2]} {second[14:-2]}", first + second + w.encoding())
    for other in (b"inline", b"attachment; filename=a.txt", b"x; filename=a.txt;filename=b"):
        more = b"Content-Disposition: " + other + b"\r\n"
        yield case(f"dispositions {other!r}", kind + w.encoding() + more + w.disposition())


def headers(w, plain):
    """Tricks in the header of the message itself."""

    def case(name, field):
        def tricky(payload):
            return w.mail(w.text_part(), w.file_part(payload), type=field)

        return name, tricky, plain

    text = b"Content-Type: text/plain\r\n"
    yield case("text, then multipart", text + w.type())
    yield case("multipart, then text", w.type() + text)
    yield case("two multiparts", w.type(b"other") + w.type())
    yield case("two multiparts, other order", w.type() + w.type(b"other"))
    for name in (b"Content-Type :", b"Content-Type\0:", b"Content-Type(x):", b"Content-Type"):
        yield case(f"message's {name!r}", w.type().replace(b"Content-Type:", name))
    yield case("blank line with a blank", w.type() + b" ")
    yield case("junk behind the type", w.type() + b"no field at all\r\n")
    mark = b"Content-Type: multipart/mixed\0; boundary=%s\r\n" % w.boundary
    yield case("NUL in the type", mark)
    yield case("NUL in multipart", mark.replace(b"mixed\0", b"mixed").replace(b"lti", b"l\0ti"))

    def leading(payload):
        return b"\r\n" + plain(payload)

    def encoded_at_once(payload):
        return w.header(w.encoding()) + w.file_part(payload, head=b"")[2:] + b"\r\n"

    yield "blank line in front", leading, plain
    yield "no blank line", encoded_at_once, w.single
