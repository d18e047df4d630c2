"""MIME as mail programs write it and as attackers do: structure and ranges."""

import quopri

import pytest
from mailmaking import (
    BAD,
    EICAR,
    INFECTED_PART,
    PART,
    TEXT,
    WHOLE,
    attachment,
    crlf,
    encoded,
    multipart,
    names,
    only,
    replaced,
    unwire,
    verdict,
    wire,
)


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
