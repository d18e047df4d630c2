"""Text in charsets of several octets a letter: what a client shows is what is searched."""

import base64
import random

import pytest
from mailmaking import names, reasons, verdict

SHOWN = "Žluťoučký €漢字 kůň 🐴 end"
LETTERS = SHOWN.replace("🐴", "€")  # of two octets in UTF-16
SIGNATURES = f"Shown:0:*:{LETTERS.encode().hex()}\nHorse:0:*:{SHOWN.encode().hex()}\n"


def text_mail(octets, charset):
    head = f"Subject: x\r\nContent-Type: text/plain; charset={charset}\r\n"
    return (
        (head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(octets))
        .replace(b"\n", b"\r\n")
        .replace(b"\r\r", b"\r")
    )


WIDE = {
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-32": "utf-32",
    "utf-32le": "utf-32-le",
    "utf-32be": "utf-32-be",
}


@pytest.mark.parametrize("said", [*WIDE, "us-ascii", "x-unknown"])
@pytest.mark.parametrize("codec", WIDE)
def test_what_is_shown_is_found(with_set, codec, said):
    octets = ("Some Latin text in front. " * 4 + LETTERS).encode(WIDE[codec])
    if said in WIDE and WIDE[said][:6] == WIDE[codec][:6]:
        found = with_set(text_mail(octets, said), whole=True, ndb=SIGNATURES)
        assert "infected" in names(found), (codec, said)
    clean = ("Some Latin text in front. " * 4).encode(WIDE[codec])
    assert "infected" not in names(with_set(text_mail(clean, said), whole=True, ndb=SIGNATURES))


@pytest.mark.parametrize("codec", ["utf-32", "utf-32-le", "utf-32-be"])
def test_letters_of_four_octets(with_set, codec):
    octets = ("Some Latin text in front. " * 4 + SHOWN).encode(codec)
    mail = text_mail(octets, codec.replace("-le", "le").replace("-be", "be"))
    assert "infected" in names(with_set(mail, "--every-cut", whole=True, ndb=SIGNATURES))


def test_seven_bit_text(with_set):
    mail = text_mail(("1 + 1: " + LETTERS).encode("utf-7"), "utf-7")
    assert "infected" in names(with_set(mail, "--every-cut", whole=True, ndb=SIGNATURES))
    mail = text_mail(("1 + 1: " + LETTERS[1:]).encode("utf-7"), "utf-7")
    assert verdict(with_set(mail, whole=True, ndb=SIGNATURES)) == "clean"


@pytest.mark.parametrize("said", ["utf-16", "utf-16le", "utf-16be", "utf-32"])
def test_latin_text_under_a_wide_name_is_not_believed(with_set, said):
    report = with_set(
        text_mail(b"Plain text, and long enough.\r\n", said), whole=True, ndb=SIGNATURES
    )
    assert verdict(report) == "unscannable"
    assert len(reasons(report)) == 1


def test_chinese_without_a_mark_goes_by_its_name(with_set):
    text = "漢字漢字漢字漢字" + LETTERS
    for said, codec in (("utf-16", "utf-16-le"), ("utf-16be", "utf-16-be")):
        mail = text_mail(text.encode(codec), said)
        assert "infected" in names(with_set(mail, whole=True, ndb=SIGNATURES)), said


def test_octets_of_chance(screen, soak):
    dice = random.Random(40)
    mails = [
        text_mail(dice.randbytes(dice.randrange(1, 200)), said)
        for _ in range(400 if soak else 20)
        for said in (*WIDE, "utf-7")
    ]
    assert all("infected" not in names(report) for report in screen(mails))
