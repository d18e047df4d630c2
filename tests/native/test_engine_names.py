"""Names of parts, and the header fields that a report keeps."""

from email.message import EmailMessage

import pytest
from mailmaking import BAD, TEXT, attachment, crlf, encoded, multipart, only, zipped


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
    'Content-Disposition: attachment; filename="a\x07\u202e\x7fb"': "a?\u2426?b",
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
