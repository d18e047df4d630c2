"""Transfer encodings as mail programs write and read them."""

import base64
import binascii

import pytest
from mailmaking import (
    BAD,
    EICAR,
    LINES,
    PART,
    TEXT,
    multipart,
    names,
    only,
    replaced,
    verdict,
    wire,
)


def base64_forms():
    text = base64.b64encode(BAD)
    yield "one long line", text
    yield "one character a line", b"\r\n".join(bytes([c]) for c in text)
    yield "junk between", b"!-".join(text[i : i + 5] for i in range(0, len(text), 5))
    yield "no padding", text.rstrip(b"=")
    yield "too much padding", text + b"===="
    yield "blanks", b" " + text.replace(b"A", b" A\t")


@pytest.mark.parametrize("body", [form for _, form in base64_forms()], ids=dict(base64_forms()))
def test_base64(screen_one, body):
    head = b"Content-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n"
    assert names(screen_one(multipart(TEXT, head + body + b"\r\n"))) == ["infected"]


@pytest.mark.parametrize("end", [b"", b"\r\n"])
@pytest.mark.parametrize("first", [1, 2, 100])
def test_what_follows_padding_is_decoded_and_in_doubt(screen_one, first, end):
    assert first % 3 != 0
    body = base64.b64encode(BAD[:first]) + end + base64.b64encode(BAD[first:])
    head = b"Content-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n"
    found = names(screen_one(multipart(TEXT, head + body + b"\r\n")))
    assert found == ["ambiguous", "infected"]


def test_a_footer_behind_a_text_in_base64_is_clean(screen_one):
    head = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = base64.b64encode(b"Hello, all!") + b"\r\n\r\n-- \r\nThe list's footer\r\n"
    assert verdict(screen_one(multipart(head + body))) == "clean"


def quoted_forms():
    mark = BAD.index(b"RESTANTE")
    yield "every octet", b"".join(b"=%02X" % c for c in BAD)
    yield "lower case", b"".join(b"=%02x" % c for c in BAD)
    yield "soft breaks", b"=\r\n".join(BAD[i : i + 7] for i in range(0, len(BAD), 7))
    yield "blanks after them", b"= \t\r\n".join(BAD[i : i + 9] for i in range(0, len(BAD), 9))
    yield "LF after them", b"=\n".join(BAD[i : i + 9] for i in range(0, len(BAD), 9))
    yield "broken escapes around", b"=zz = =4" + BAD[:mark] + b"=\r\n" + BAD[mark:] + b"=4"


@pytest.mark.parametrize("body", [form for _, form in quoted_forms()], ids=dict(quoted_forms()))
def test_quoted_printable(screen_one, body):
    head = b"Content-Transfer-Encoding: Quoted-Printable\r\n\r\n"
    assert names(screen_one(multipart(TEXT, head + body + b"\r\n"))) == ["infected"]


def uuencoded(content, name=b"bad.com"):
    lines = [binascii.b2a_uu(content[i : i + 45]) for i in range(0, len(content), 45)]
    return (
        b"begin 644 " + name + b"\r\n" + b"".join(lines).replace(b"\n", b"\r\n") + b"`\r\nend\r\n"
    )


def test_uuencode_after_text_and_several_in_one_body(screen_one):
    good, bad = uuencoded(b"harmless" * 9, b"good.txt"), uuencoded(EICAR)
    message = wire(b"Subject: x\r\n\r\nHello\r\n" + good + b"between\r\n" + bad + b"after\r\n")
    finding = only(screen_one(message))
    assert (finding["edit"], finding["part"]) == (LINES, "body/bad.com")
    assert message[finding["start"] : finding["end"]] == wire(bad)


def test_uuencode_in_a_text_part(screen_one):
    message = wire(multipart(b"\r\nHello\r\n" + uuencoded(BAD)[:-2], TEXT))
    finding = only(screen_one(message))
    assert finding["edit"] == LINES
    assert replaced(message, finding) == multipart(b"\r\nHello\r\n(gone)", TEXT)


@pytest.mark.parametrize(
    "change",
    [
        lambda octets: octets.replace(b"`", b" "),
        lambda octets: octets.replace(b" \r\n", b"\r\n"),
        lambda octets: octets.replace(b"end\r\n", b""),
        lambda octets: octets.replace(b"\r\n", b"\r\n\r\n"),
        lambda octets: octets.replace(b"begin 644", b"begin 0644"),
        lambda octets: octets.replace(b"\r\nend", b"\r\nend  "),
        lambda octets: b"begin 644 nothing\r\nat all\r\n" + octets,
    ],
)
def test_forms_of_uuencode(screen_one, change):
    message = wire(b"Subject: x\r\n\r\n" + change(uuencoded(BAD)))
    assert names(screen_one(message)) == ["infected"]


@pytest.mark.parametrize("name", ["x-uuencode", "uuencode", "x-uue"])
def test_uuencode_as_transfer_encoding(screen_one, name):
    head = f"Content-Type: image/png\r\nContent-Transfer-Encoding: {name}\r\n\r\n".encode()
    message = wire(multipart(TEXT, head + uuencoded(EICAR)))
    finding = only(screen_one(message))
    assert finding["edit"] == PART


@pytest.mark.parametrize("encoding", ["x-foo", "base65", "gzip64", "yenc"])
def test_unknown_encodings_are_said_and_still_scanned_raw(screen_one, encoding):
    head = f"Content-Type: image/png\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    assert names(screen_one(multipart(TEXT, head + b"abc\r\n"))) == ["unscannable"]
    assert names(screen_one(multipart(TEXT, head + BAD))) == ["infected", "unscannable"]


def test_what_an_encoding_is_called_is_made_printable(screen_one):
    head = b"Content-Transfer-Encoding: \x7f\xff\xc3\xa4x\r\n\r\n"
    assert only(screen_one(multipart(TEXT, head)))["signature"] == "transfer encoding ??äx"


@pytest.mark.parametrize(
    "encoding", ["7bit", "8bit", "binary", "8BIT (yes)", "", "7-bit", "base64;"]
)
def test_encodings_of_real_mail_are_known(screen_one, encoding):
    head = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    assert verdict(screen_one(multipart(head + b"SGVsbG8=\r\n"))) == "clean"
