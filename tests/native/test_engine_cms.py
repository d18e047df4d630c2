"""S/MIME as OpenSSL makes it, and what is left when it is damaged."""

import random
import subprocess

import pytest
from mailmaking import BAD, TEXT, attachment, encoded, multipart, names, reasons, verdict

P7M = 'Content-Type: application/pkcs7-mime; name="smime.p7m"\r\n'
ENCODED = "Content-Transfer-Encoding: base64\r\n\r\n"


@pytest.fixture(scope="module")
def openssl(tmp_path_factory):
    """Runs openssl on an input with a key and a certificate; gives DER."""
    folder = tmp_path_factory.mktemp("cms")

    def run(*words, given=b""):
        done = subprocess.run(
            ["openssl", *words], cwd=folder, input=given, capture_output=True, check=True
        )
        return done.stdout

    run(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem"),
        *("-subj", "/CN=a", "-days", "2"),
    )
    return run


SIGN = ("-sign", "-signer", "c.pem", "-inkey", "k.pem", "-nodetach", "-binary", "-outform", "DER")
FORMS = {
    "smime": ("smime", *SIGN),
    "cms": ("cms", *SIGN),
    "in pieces": ("cms", *SIGN, "-stream"),
    "without certificates": ("cms", *SIGN, "-nocerts"),
    "without attributes": ("cms", *SIGN, "-noattr"),
    "data alone": ("cms", "-data_create", "-outform", "DER"),
}


def mail(octets):
    return multipart(TEXT, (P7M + ENCODED).encode() + encoded(octets))


def inner(content):
    return multipart(TEXT, attachment(content), boundary="inner", header=b"MIME-Version: 1.0\r\n")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_signed_is_opened(screen_one, openssl, form):
    bad = openssl(*FORMS[form], given=inner(BAD))
    assert "infected" in names(screen_one(mail(bad)))
    assert verdict(screen_one(mail(openssl(*FORMS[form], given=inner(b"good"))))) == "clean"
    big = openssl(*FORMS[form], given=inner(random.Random(1).randbytes(100_000) + BAD))
    assert "infected" in names(screen_one(mail(big)))


def test_a_detached_signature_is_clean(screen_one, openssl):
    words = [word for word in FORMS["cms"] if word != "-nodetach"]
    assert verdict(screen_one(mail(openssl(*words, given=inner(b"good"))))) == "clean"


def test_what_is_encrypted_is_said(screen_one, openssl):
    for cipher in ("-aes256", "-aes-256-gcm"):
        octets = openssl(
            *("cms", "-encrypt", cipher, "-binary", "-outform", "DER", "c.pem"), given=inner(BAD)
        )
        assert verdict(screen_one(mail(octets))) == "encrypted"


def test_another_kind_is_not_opened(screen_one, openssl):
    digest = openssl("cms", "-digest_create", "-binary", "-outform", "DER", given=inner(BAD))
    compressed = b"\x30\x80" + bytes.fromhex("060b2a864886f70d0109100109") + b"\xa0\x80"
    for octets in (digest, compressed + bytes(40)):
        report = screen_one(mail(octets))
        assert verdict(report) == "unscannable"
        assert reasons(report) == {"S/MIME of another kind"}


@pytest.mark.parametrize("form", ["cms", "in pieces", "data alone"])
def test_cut_off(screen, openssl, form):
    whole = openssl(*FORMS[form], given=inner(b"good"))
    content = whole.index(b"--inner--")
    # At 60 the content has begun; without any, it might be a signature of something else.
    reports = screen([mail(whole[:cut]) for cut in range(60, content)])
    assert {verdict(report) for report in reports} == {"malformed"}


@pytest.mark.parametrize("form", ["cms", "in pieces"])
def test_damaged(screen, openssl, form, soak):
    dice = random.Random(f"cms {form}")
    whole = openssl(*FORMS[form], given=inner(b"good"))
    made = []
    for _ in range(1000 if soak else 100):
        octets = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            octets[dice.randrange(80)] = dice.choice([0, 0x1F, 0x24, 0x30, 0x80, 0x84, 0xA0, 0xFF])
        made.append(mail(bytes(octets)))
    whole_reports = screen(made)
    cut = screen(made, "--block", "7")
    assert [dict(r, seconds=0) for r in whole_reports] == [dict(r, seconds=0) for r in cut]


def test_every_cut(screen_one, openssl):
    octets = openssl(*FORMS["in pieces"], given=inner(BAD))[:1500]
    screen_one(mail(octets), "--every-cut", fast=True)
