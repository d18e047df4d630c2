"""What readers may take in two ways, what is only odd, and what is not opened."""

import binascii

import pytest
from mailmaking import (
    BAD,
    EICAR,
    INFECTED_PART,
    TEXT,
    attachment,
    encoded,
    multipart,
    names,
    only,
    verdict,
)

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
    "BinHex": b"\r\nSee:\r\n(This file must be converted with BinHex 4.0)\r\n",
}


@pytest.mark.parametrize("reason", CLOSED)
def test_what_is_not_opened_is_said(screen_one, reason):
    report = screen_one(multipart(TEXT, CLOSED[reason]))
    assert names(report) == ["unscannable"]
    assert only(report)["signature"] == reason


def test_encrypted_message(screen_one):
    assert names(screen_one(multipart(TEXT, subtype="encrypted"))) == ["encrypted"]


ARCHIVES = {
    "ace archive": bytes(7) + b"**ACE**" + bytes(30),
    "InstallShield archive": b"ISc(\x0c\x60\0\1" + bytes(30),
    "zstd archive": b"\x28\xb5\x2f\xfd" + bytes(30),
}


@pytest.mark.parametrize("reason", ARCHIVES)
def test_archives_that_are_not_opened_are_said(screen_one, reason):
    report = screen_one(multipart(attachment(ARCHIVES[reason])))
    assert names(report) == ["unscannable"]
    assert report["findings"][0]["signature"] == reason
    assert names(screen_one(multipart(attachment(ARCHIVES[reason] + BAD)))) == [
        "infected",
        "unscannable",
    ]


def test_findings_are_in_the_same_order_whatever_the_blocks(screen_one):
    coded = [binascii.b2a_uu(EICAR[i : i + 45]).rstrip(b"\n") for i in range(0, len(EICAR), 45)]
    file = b"\r\n".join([b"begin 644 a.com", *coded, b"`", b"end", b""])
    message = b"Subject: two kinds of line ends\n\nhello\n" + file + b"\r\n" + file
    whole, fed = screen_one(message), screen_one(message, "--block", "7")
    assert names(whole) == ["ambiguous", "infected", "infected"]
    assert whole["findings"] == fed["findings"]


def test_what_no_reader_takes_for_a_delimiter_is_none(screen_one):
    head = b'Content-Type: multipart/mixed; boundary="--b0"\r\n\r\n'
    message = head + b"-" + bytes(70) + b")--b0\r\n\r\nhello\r\n----b0--\r\n"
    assert names(screen_one(message, "--every-cut")) == []
