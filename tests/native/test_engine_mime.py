"""MIME as mail programs write it and as attackers do: structure, encodings, names, ranges."""

import base64
import binascii
import quopri
from email.message import EmailMessage

import pytest
from mailmaking import (
    BAD,
    EICAR,
    LINES,
    PART,
    TEXT,
    WHOLE,
    attachment,
    crlf,
    encoded,
    multipart,
    names,
    unwire,
    verdict,
    wire,
    zipped,
)

INFECTED_PART = attachment(EICAR)


def only(report):
    """The one finding."""
    assert report["found"] == 1, report["findings"]
    return report["findings"][0]


def replaced(octets, finding, by=b"(gone)"):
    return octets[: finding["start"]] + by + octets[finding["end"] :]


# Structure


def test_range_is_the_entity_without_the_delimiters_line_end(screen_one):
    message = multipart(TEXT, INFECTED_PART, TEXT)
    finding = only(screen_one(message))
    assert finding["edit"] == PART
    assert replaced(message, finding) == multipart(TEXT, b"(gone)", TEXT)


@pytest.mark.parametrize(
    "close", [b"--b0--", b"--b0-- \t", b"--b0--\r\nepilogue\r\n", b"--b0", b""], ids=repr
)
def test_ends_of_a_multipart(screen_one, close):
    head = multipart(TEXT, boundary="b0")[: -len(b"--b0--\r\n")]
    message = head + b"--b0\r\n" + INFECTED_PART + b"\r\n" + close
    finding = only(screen_one(message))
    assert message[: finding["start"]].endswith(b"--b0\r\n")
    assert message[finding["end"] :] == b"\r\n" + close


@pytest.mark.parametrize("delimiter", [b"--b0  ", b"--b0\t", b"--b0\r", b"--b0" + b" " * 2000])
def test_blanks_after_a_delimiter(screen_one, delimiter):
    message = multipart(TEXT, INFECTED_PART).replace(b"--b0\r\n", delimiter + b"\r\n")
    finding = only(screen_one(message))
    assert message[finding["start"] :].startswith(INFECTED_PART)


def test_bare_lf_ends_lines(screen_one):
    message = multipart(TEXT, INFECTED_PART).replace(b"\r\n", b"\n")
    finding = only(screen_one(message))
    assert message[finding["end"] :] == b"\n--b0--\n"
    assert message[finding["start"] :].startswith(b"Content-Type: application")


def test_nested_multiparts_end_with_the_outer_delimiter(screen_one):
    inner = multipart(TEXT, INFECTED_PART, boundary="b1", header=b"")
    unclosed = inner[: -len(b"--b1--\r\n") - 2]
    message = multipart(unclosed, TEXT)
    finding = only(screen_one(message))
    assert replaced(message, finding) == multipart(
        multipart(TEXT, b"(gone)", boundary="b1", header=b"")[: -len(b"--b1--\r\n") - 2], TEXT
    )


def test_a_boundary_that_begins_like_another(screen_one):
    inner = multipart(TEXT, INFECTED_PART, boundary="b0-1", header=b"")
    message = multipart(inner, attachment(b"harmless"))
    finding = only(screen_one(message))
    assert finding["edit"] == PART and finding["part"] == "bad.bin"


def test_delimiters_with_text_behind_them_are_ambiguous(screen_one):
    message = multipart(TEXT).replace(b"Hello.", b"Hello.\r\n--b0x\r\n\r\nhidden")
    assert names(screen_one(message)) == ["ambiguous"]


def test_dashes_in_text_are_no_delimiters(screen_one):
    text = TEXT + b"-- \r\nsignature\r\n------\r\n--\r\n-\r\n--other\r\n"
    assert verdict(screen_one(multipart(text, text))) == "clean"


def test_nested_message_parts_have_ranges_of_their_own(screen_one):
    inner = multipart(TEXT, INFECTED_PART, boundary="b1", header=b"Subject: inner\r\n")
    message = multipart(TEXT, b"Content-Type: message/rfc822\r\n\r\n" + inner)
    finding = only(screen_one(message))
    cleaned = multipart(TEXT, b"(gone)", boundary="b1", header=b"Subject: inner\r\n")
    assert replaced(message, finding) == multipart(
        TEXT, b"Content-Type: message/rfc822\r\n\r\n" + cleaned
    )
    assert finding["part"] == "part-2/bad.bin"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_encoded_nested_message_is_replaced_as_a_whole(screen_one, encoding):
    inner = multipart(TEXT, INFECTED_PART, boundary="b1")
    body = encoded(inner) if encoding == "base64" else crlf(quopri.encodestring(inner))
    part = b"Content-Type: message/rfc822; name=m.eml\r\nContent-Transfer-Encoding: "
    part += encoding.encode() + b"\r\n\r\n" + body
    message = multipart(TEXT, part, TEXT)
    finding = only(screen_one(message))
    assert finding["part"] == "m.eml/bad.bin"
    assert replaced(message, finding) == multipart(TEXT, b"(gone)", TEXT)


def test_nested_single_part_message_is_replaced_with_its_part(screen_one):
    inner = b"Subject: inner\r\n" + INFECTED_PART
    part = b"Content-Type: message/rfc822\r\n\r\n" + inner
    message = multipart(TEXT, part)
    assert replaced(message, only(screen_one(message))) == multipart(TEXT, b"(gone)")


def test_message_saved_as_a_file(screen_one):
    inner = b"Subject: inner\r\n" + attachment(BAD)
    report = screen_one(multipart(TEXT, attachment(inner, "Saved.EML")))
    assert only(report)["part"] == "Saved.EML/bad.bin"


def test_single_part_message_is_replaced_whole(screen_one):
    finding = only(screen_one(b"Subject: x\r\n" + INFECTED_PART))
    assert (finding["edit"], finding["start"], finding["end"]) == (WHOLE, 0, 0)


@pytest.mark.parametrize("nested", [False, True])
def test_signed_messages_are_replaced_whole(screen_one, nested):
    inner = multipart(TEXT, INFECTED_PART, boundary="b1", header=b"")
    if nested:
        inner = b"Content-Type: message/rfc822\r\n\r\n" + inner
    signature = b"Content-Type: application/pgp-signature\r\n\r\nabc\r\n"
    finding = only(screen_one(multipart(inner, signature, subtype="signed")))
    assert (finding["edit"], finding["start"], finding["end"]) == (WHOLE, 0, 0)


def test_digest_parts_are_messages(screen_one):
    message = multipart(b"\r\nSubject: inner\r\n" + attachment(BAD), subtype="digest")
    assert only(screen_one(message))["part"] == "part-1/bad.bin"


def test_signature_in_the_preamble_means_the_whole_message(screen_one):
    message = multipart(TEXT).replace(b"--b0\r\n", BAD + b"\r\n--b0\r\n", 1)
    finding = only(screen_one(message))
    assert (finding["edit"], finding["part"]) == (WHOLE, "preamble")


def test_part_without_a_blank_line(screen_one):
    message = multipart(b"Content-Type: text/plain; name=a.txt", INFECTED_PART)
    report = screen_one(message)
    assert report["entries"] == 3
    assert message[only(report)["start"] :].startswith(INFECTED_PART)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n",
        b"x",
        b"\r\n\r\n",
        b".",
        b"..\r\n",
        b"Subject: x",
        b"Subject: x\r\n\r\n",
        b"\0",
    ],
    ids=repr,
)
def test_tiny_messages_are_clean(screen_one, octets):
    assert verdict(screen_one(octets)) == "clean"


def test_no_mime_version_is_needed(screen_one):
    message = multipart(TEXT, INFECTED_PART)
    assert b"MIME-Version" not in message
    assert verdict(screen_one(message)) == "infected"


def test_mbox_line_in_front(screen_one):
    message = b"From someone Mon Jan  1 00:00:00 2024\r\n" + multipart(TEXT, INFECTED_PART)
    assert names(screen_one(message)) == ["infected"]


def test_dot_stuffing_is_undone_for_the_scan_and_kept_in_ranges(screen_one):
    part = attachment(EICAR).replace(b"octet-stream", b"octet-stream\r\n ;x=y")
    plain = multipart(b"Content-Type: text/plain\r\n\r\n.one\r\n..\r\n.\r\nfour\r\n", part)
    message = wire(plain)
    assert message != plain
    finding = only(screen_one(message))
    assert message[finding["start"] :].startswith(part[:20])
    assert unwire(replaced(message, finding)) == replaced(
        plain, {"start": plain.index(part), "end": plain.index(part) + len(part)}
    )


# Transfer encodings


def base64_forms():
    text = base64.b64encode(BAD)
    half = len(BAD) // 3 * 3 // 2
    yield "one long line", text
    yield "one character a line", b"\r\n".join(bytes([c]) for c in text)
    yield "junk between", b"!-".join(text[i : i + 5] for i in range(0, len(text), 5))
    yield "no padding", text.rstrip(b"=")
    yield "too much padding", text + b"===="
    yield "two padded runs", base64.b64encode(BAD[:half]) + base64.b64encode(BAD[half:])
    yield "early padding", b"QQ==" + text
    yield "blanks", b" " + text.replace(b"A", b" A\t")


@pytest.mark.parametrize("body", [form for _, form in base64_forms()], ids=dict(base64_forms()))
def test_base64(screen_one, body):
    head = b"Content-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n"
    assert names(screen_one(multipart(TEXT, head + body + b"\r\n"))) == ["infected"]


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


# Names


def rfc2231(pieces):
    return ";".join(f' filename*{i}*="{piece}"' for i, piece in enumerate(pieces))


NAMES = {
    'Content-Disposition: attachment; filename="a b.zip"': "a b.zip",
    "Content-Disposition: attachment; filename=plain.zip; size=3": "plain.zip",
    'Content-Type: image/png; name="one.png"\r\nContent-Disposition: inline; filename=two.png': (
        "two.png"
    ),
    'Content-Type: image/png;\r\n\tname="folded.png"': "folded.png",
    "Content-Disposition: attachment; filename*=utf-8''na%C3%AFve.txt": "naïve.txt",
    "Content-Disposition: attachment; filename*=iso-8859-1'fr'na%EFve.txt": "naïve.txt",
    'Content-Disposition: attachment; filename*0="long"; filename*1="er.txt"': "longer.txt",
    "Content-Disposition: attachment; filename*1=b; filename*0*=utf-8''%C3%A4": "äb",
    'Content-Type: image/png; name="=?utf-8?B?w6QucG5n?="': "ä.png",
    'Content-Type: image/png; name="=?iso-8859-1?Q?=E4=20b.png?="': "ä b.png",
    'Content-Type: image/png; name="=?utf-8?q?=C3?= =?utf-8?q?=A4?="': "ä",
    'Content-Disposition: attachment; filename="q\\"uote\\\\d"': 'q"uote\\d',
    'Content-Disposition: attachment; filename="C:\\dir\\x.exe"': "C:\\dir\\x.exe",
    "Content-Disposition: attachment (a; filename=no); filename=yes": "yes",
    "Content-Disposition: attachment; filename=report(1).pdf": "report(1).pdf",
    'Content-Disposition: attachment; filename="a\x07\u202e\x7fb"': "a???b",
    'Content-Disposition: attachment; filename="..\\..\\x"': "..\\..\\x",
    "X-Other: 1": "part-2",
}


@pytest.mark.parametrize("field", NAMES, ids=lambda field: field[-30:])
def test_names(screen_one, field):
    part = field.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded(BAD)
    assert only(screen_one(multipart(TEXT, part)))["part"] == NAMES[field]


def test_a_long_path_keeps_its_innermost_names(screen_one):
    part = attachment(zipped(("d" * 120 + "/inner.exe", BAD)), "o" * 140 + ".zip")
    name = only(screen_one(multipart(TEXT, part)))["part"]
    assert name == "d" * 120 + "/inner.exe"


def test_from_and_subject_for_lists(screen_one):
    message = EmailMessage()
    message["From"] = "Jürgen Größe <j@example.org>"
    message["Subject"] = "Łódź: " + "ä" * 80
    message.set_content("x")
    report = screen_one(crlf(message.as_bytes()))
    assert report["from"] == "Jürgen Größe <j@example.org>"
    assert report["subject"] == "Łódź: " + "ä" * 80
    assert screen_one(b"Subject: \xff\x1b[2J=?x-unknown?q?a=ff?=\r\n\r\n")["subject"] == "??[2Ja?"


def test_fields_that_outlive_a_replacement(screen_one):
    header = (
        b"Received: x\r\nFrom: a\r\nX-Spam: no\r\nTo: b,\r\n c\r\nCc: d\r\nDate: e\r\n"
        b"Subject: f\r\n\tg\r\nMessage-ID: h\r\nIn-Reply-To: i\r\nReferences: j\r\nReply-To: k\r\n"
    )
    message = header + b"\r\nTo: body\r\n"
    kept = [message[start:end] for start, end in screen_one(message)["keep"]]
    wanted = [b"From: a\r\n", b"To: b,\r\n c\r\n", b"Cc: d\r\n", b"Date: e\r\n"]
    wanted += [b"Subject: f\r\n\tg\r\n", b"Message-ID: h\r\n", b"In-Reply-To: i\r\n"]
    assert kept == [*wanted, b"References: j\r\n", b"Reply-To: k\r\n"]


# Two readings

AMBIGUOUS = {
    "two encodings": b"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n",
    "two encodings, other order": b"Content-Transfer-Encoding: 7bit\r\n"
    b"Content-Transfer-Encoding: base64\r\n",
    "two values": b"Content-Transfer-Encoding: base64, 7bit\r\n",
    "quoted value": b'Content-Transfer-Encoding: "base64"\r\n',
    "two types": b"Content-Type: text/plain\r\nContent-Type: image/png\r\n",
    "blank before the colon": b"Content-Type : image/png\r\n",
    "NUL in the name": b"Content-\0Type: image/png\r\n",
    "stray CR": b"X: y\rContent-Type: image/png\r\n",
    "a line that is no field": b"what is this\r\nContent-Type: image/png\r\n",
    "two boundaries": b"Content-Type: multipart/mixed; boundary=b1; boundary=b2\r\n",
    "boundary in two forms": b"Content-Type: multipart/mixed; boundary=b1; boundary*0=b2\r\n",
    "no boundary": b"Content-Type: multipart/mixed\r\n",
    "empty boundary": b'Content-Type: multipart/mixed; boundary=""\r\n',
    "same boundary as outside": b"Content-Type: multipart/mixed; boundary=b0\r\n",
    "encoded multipart": b"Content-Type: multipart/mixed; boundary=b1\r\n"
    b"Content-Transfer-Encoding: base64\r\n",
    "other delimiters": b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b2\r\n",
}


@pytest.mark.parametrize("header", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_two_readings_are_ambiguous(screen_one, header):
    body = b"SGVsbG8gd29ybGQ=\r\n"
    assert verdict(screen_one(multipart(TEXT, header + b"\r\n" + body))) == "ambiguous"


@pytest.mark.parametrize(
    "header",
    [b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n"],
)
def test_what_is_ambiguous_is_read_the_way_that_hides_more(screen_one, header):
    report = screen_one(multipart(TEXT, header + b"\r\n" + encoded(EICAR)))
    assert names(report) == ["ambiguous", "infected"]


def test_parts_after_the_closing_delimiter_are_scanned(screen_one):
    message = multipart(TEXT) + b"--b0\r\n" + INFECTED_PART + b"\r\n--b0--\r\n"
    assert names(screen_one(message)) == ["ambiguous", "infected"]


FINE = {
    "the same type twice": b"Content-Type: text/plain\r\nContent-Type: text/plain\r\n",
    "odd case": b"CONTENT-type: TEXT/Plain; CharSet=UTF-8\r\n",
    "no type": b"X-Mailer: y\r\n",
    "type without a slash": b"Content-Type: text\r\n",
    "comment": b"Content-Type: text/plain (plain) ; charset=us-ascii (it is)\r\n",
    "no semicolon": b"Content-Type: text/plain charset=us-ascii\r\n",
    "folded oddly": b"Content-Type:\r\n\ttext/plain;\r\n\r\n"[:-2],
    "blank folded line": b"Subject: a\r\n \r\n b\r\n",
    "quoted-printable multipart": b"Content-Type: multipart/mixed; boundary=b1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n--b1\r\n\r\nx\r\n--b1--\r\n",
    "multipart without a delimiter": b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n"
    b"This is a multi-part message in MIME format.\r\n-- \r\n--------\r\n",
    "multipart without a body": b"Content-Type: multipart/mixed; boundary=b1\r\n",
}


@pytest.mark.parametrize("header", FINE.values(), ids=FINE)
def test_oddities_of_real_mail_are_clean(screen_one, header):
    body = b"" if b"multipart" in header else b"Hello\r\n"
    assert verdict(screen_one(multipart(TEXT, header + b"\r\n" + body))) == "clean"


CLOSED = {
    "S/MIME": b"Content-Type: application/pkcs7-mime\r\n\r\nx",
    "message/partial": b"Content-Type: message/partial; id=1\r\n\r\nx",
    "message/external-body": b"Content-Type: message/external-body\r\n\r\nx",
    "TNEF": attachment(b"\x78\x9f\x3e\x22" + bytes(50), "winmail.dat"),
    "BinHex": b"Content-Type: text/plain\r\n\r\n(This file must be converted with BinHex 4.0)\r\n",
    "yEnc": b"\r\n=ybegin line=128 size=9 name=a.bin\r\nxxxxxxxxx\r\n=yend size=9\r\n",
}


@pytest.mark.parametrize("reason", CLOSED)
def test_what_is_not_opened_is_said(screen_one, reason):
    report = screen_one(multipart(TEXT, CLOSED[reason]))
    assert names(report) == ["unscannable"]
    assert only(report)["signature"] == reason


def test_encrypted_message(screen_one):
    assert names(screen_one(multipart(TEXT, subtype="encrypted"))) == ["encrypted"]
