"""Objects in RTF, with what is done to hide them, and attachments in TNEF (winmail.dat)."""

import struct
from pathlib import Path

import pytest
from mailmaking import BAD, names, verdict, zipped
from officemaking import (
    attached,
    attribute,
    compound,
    lzfu_literal,
    ole1,
    package,
    prop,
    props,
    rtf,
    tnef,
)

NAME = "a.doc"  # of the attachments

INNER = zipped(("bad.exe", BAD))  # the signature does not match the digits nor the zip itself
OBJECT = ole1(package(INNER, name="a.zip", path="C:\\a.zip"))
DIGITS = OBJECT.hex().encode()
TESTFILES = Path("/usr/share/clamav-testfiles")


def between(digits, *what):
    """Puts each of `what` somewhere between the octets, the first where digits begin."""
    out = b""
    step = len(digits) // (len(what) + 1) // 2 * 2
    for i, piece in enumerate(what):
        out += digits[i * step : (i + 1) * step] + piece
    return out + digits[len(what) * step :]


def odd(digits, piece, at=100):
    """In the middle of an octet."""
    return digits[: at + 1] + piece + digits[at + 1 :]


HIDDEN = {
    "plain": rtf(DIGITS),
    "capitals": rtf(DIGITS.upper()),
    "lines": rtf(b"\r\n".join(DIGITS[i : i + 63] for i in range(0, len(DIGITS), 63))),
    "blanks": rtf(b" \t ".join(DIGITS[i : i + 1] for i in range(len(DIGITS)))),
    "other octets": rtf(between(DIGITS, b"\x80\xff\0", b"zz;!")),
    "control words": rtf(between(DIGITS, b"\\par ", b"\\foo123 ", b"\\bar-5\r\n")),
    "control words in an octet": rtf(odd(DIGITS, b"\\foo ")),
    "control symbols": rtf(between(DIGITS, b"\\~", b"\\-", b"\\{", b"\\}")),
    "groups": rtf(between(DIGITS, b"{", b"}", b"{{", b"}}")),
    "group of an unknown word": rtf(between(DIGITS, b"{\\*\\foobar 414243{44}45}")),
    "unknown group in an octet": rtf(odd(DIGITS, b"{\\*\\foobar 4142434}")),
    "character by its number": rtf(between(DIGITS, b"\\'41", b"\\'zz")),
    "number that takes a digit back": rtf(between(DIGITS, b"7\\'41", b"f\\'00")),
    "binary": rtf(DIGITS[:100] + b"\\bin40 " + OBJECT[50:90] + DIGITS[180:]),
    "binary alone": rtf(b"\\bin%d " % len(OBJECT) + OBJECT),
    "binary with zeros": rtf(DIGITS[:100] + b"\\bin00000040 " + OBJECT[50:90] + DIGITS[180:]),
    "binary of none": rtf(between(DIGITS, b"\\bin0 ", b"\\bin ", b"\\bin-4 ")),
    "word again": rtf(b"{\\*\\objdata " + DIGITS + b"}"),
    "not starred": rtf(DIGITS, word=b"{\\object{\\objdata "),
    "number at the word": rtf(DIGITS, word=b"{\\object{\\*\\objdata1 "),
    "no blank": rtf(DIGITS, word=b"{\\object{\\*\\objdata\r\n"),
    "odd digit at the end": rtf(DIGITS + b"4"),
    "short mark": rtf(DIGITS, begin=b"{\\rt"),
    "other mark": rtf(DIGITS, begin=b"{\\rt\x01\xff"),
    "mark with nonsense": rtf(DIGITS, begin=b"{\\rtxyz0000{"),
    "other version": rtf(ole1(package(INNER), version=0xAAAAAAAA).hex().encode()),
    "second object": rtf(ole1(b"x" * 50).hex().encode()) + rtf(DIGITS),
    "compound file": rtf(
        ole1(compound({"Package": INNER}), kind=b"Word.Document.8").hex().encode()
    ),
    "native data": rtf(ole1(INNER, kind=b"Other").hex().encode()),
    "store": rtf(DIGITS, word=b"{\\object{\\*\\datastore "),
}


@pytest.mark.parametrize("container", HIDDEN.values(), ids=HIDDEN)
def test_found_in_an_object(scan, container):
    report = scan(container)
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"].endswith("/bad.exe")


def test_the_path_of_an_embedded_file(scan):
    assert scan(rtf(DIGITS))["findings"][0]["part"] == "a.doc/object/a.zip/bad.exe"


GOOD = {
    "text": b"{\\rtf1\\ansi Hello {\\b world}.\\par}",
    "without an end": b"{\\rtf1 Hello",
    "object": rtf(ole1(package(b"harmless")).hex().encode()),
    "empty object": rtf(b""),
    "link": rtf((struct.pack("<III", 0x501, 1, 5) + b"Link\0" + bytes(20)).hex().encode()),
    "short link": rtf((struct.pack("<III", 0x501, 1, 5) + b"Link\0").hex().encode()),
    "picture": b"{\\rtf1{\\pict\\bin9 {{{}\\\\}}}" + b"}",
    "digits outside": b"{\\rtf1 " + DIGITS + b"}",
    "digits of an unknown group": rtf(b"{\\*\\foo " + DIGITS + b"}"),
}


@pytest.mark.parametrize("container", GOOD.values(), ids=GOOD)
def test_good_files_are_clean(scan, container):
    assert scan(container)["findings"] == []


BROKEN = {
    "object without an end": rtf(DIGITS)[:-200],
    "object shorter than it says": rtf(DIGITS[:-300]),
    "object of nonsense": rtf(b"ff" * 300),
    "object of an unknown kind": rtf(b"0105000007000000" + DIGITS[16:]),
    "binary without an end": b"{\\rtf1{\\pict\\bin9999999999999999999 abc}}",
}


@pytest.mark.parametrize("container", BROKEN.values(), ids=BROKEN)
def test_broken_objects_are_malformed(scan, container):
    assert set(names(scan(container))) == {"malformed"}


def test_a_compound_file_in_an_object_of_nonsense(scan):
    nonsense = b"\xff" * 40 + compound({"Package": INNER})
    assert names(scan(rtf(nonsense.hex().encode()))) == ["infected", "malformed"]


def test_depth_and_entries_are_counted(scan):
    assert names(scan(rtf(DIGITS), "--limit", "depth=4")) == ["too-deep"]
    assert names(scan(rtf(DIGITS), "--limit", "entries=4")) == ["too-many"]
    assert names(scan(rtf(DIGITS), "--limit", "expanded=300")) == ["too-large"]


def test_deep_groups(scan):
    container = rtf(b"{" * 200_000 + DIGITS + b"}" * 200_000)
    assert names(scan(container, fast=True)) == ["infected"]


# TNEF

TITLE = b"BAD.ZIP"


def long_name(name, wide=True):
    if wide:
        return prop(0x3707, 0x1F, name.encode("utf-16-le") + b"\0\0")
    return prop(0x3707, 0x1E, name.encode() + b"\0")


def inside(*each):
    return attribute(2, 0x69005, props(*each))


def embedded_message(octets):
    interface = bytes.fromhex("0703020000000000c000000000000046")
    return prop(0x3701, 0x0D, interface + octets)


NAMED_NUMBER = struct.pack("<HH16sII", 3, 0x8001, bytes(16), 0, 7) + bytes(4)
NAMED_TEXT = struct.pack("<HH16sII", 3, 0x8002, bytes(16), 1, 6) + b"a\0b\0\0\0\0\0" + bytes(4)
SEVERAL = struct.pack("<HHI", 0x1003, 0x1234, 3) + bytes(12)

TNEFS = {
    "data": (tnef(attached(INNER, TITLE)), "BAD.ZIP"),
    "long name": (
        tnef(attached(INNER, TITLE, inside(long_name("Rechnung März.zip")))),
        "Rechnung März.zip",
    ),
    "long name in octets": (
        tnef(attached(INNER, TITLE, inside(long_name("a b.zip", False)))),
        "a b.zip",
    ),
    "in a property": (tnef(attached(None, TITLE, inside(prop(0x3701, 0x102, INNER)))), "BAD.ZIP"),
    "own names": (
        tnef(
            attached(INNER, TITLE, inside(NAMED_NUMBER, NAMED_TEXT, SEVERAL, long_name("n.zip")))
        ),
        "n.zip",
    ),
    "second attachment": (tnef(attached(b"harmless"), attached(INNER, b"2.zip")), "2.zip"),
    "message in it": (
        tnef(attached(None, b"m", inside(embedded_message(tnef(attached(INNER, b"in.zip")))))),
        "m/in.zip",
    ),
    "two without a beginning": (
        tnef(attribute(2, 0x6800F, b"harmless"), attribute(2, 0x6800F, INNER)),
        "attachment",
    ),
    "message in a property twice": (
        tnef(attached(None, b"m", inside(prop(0x3701, 0x102, b"x"), prop(0x3701, 0x102, INNER)))),
        "m",
    ),
    "garbage behind": (tnef(attached(INNER, TITLE)) + b"\0\0garbage", "BAD.ZIP"),
}


@pytest.mark.parametrize(("container", "path"), TNEFS.values(), ids=TNEFS)
def test_attachments_in_tnef(scan, container, path):
    (finding,) = scan(container, name="winmail.dat")["findings"]
    assert finding["part"] == f"winmail.dat/{path}/bad.exe"


def rich(octets):
    return attribute(1, 0x69003, props(prop(0x1009, 0x102, octets)))


def test_the_body_in_tnef(scan):
    assert names(scan(tnef(attribute(1, 0x2800C, BAD)))) == ["infected"]
    html = attribute(1, 0x69003, props(prop(0x1013, 0x102, BAD)))
    assert names(scan(tnef(html))) == ["infected"]
    body = attribute(1, 0x69003, props(prop(0x1000, 0x1E, BAD)))
    assert names(scan(tnef(body))) == ["infected"]


def test_rich_text_in_tnef(scan):
    (finding,) = scan(tnef(rich(lzfu_literal(rtf(DIGITS)))), name="w.dat")["findings"]
    assert finding["part"] == "w.dat/body.rtf/object/a.zip/bad.exe"
    assert names(scan(tnef(rich(lzfu_literal(GOOD["text"]))))) == []
    plain = struct.pack("<IIII", 12, 5, 0x414C454D, 0) + rtf(DIGITS)
    assert names(scan(tnef(rich(plain)))) == ["infected"]
    other = struct.pack("<IIII", 12, 5, 0x12345678, 0) + b"x" * 40
    assert names(scan(tnef(rich(other)))) == ["unscannable"]


SPECIFIED = {  # MS-OXRTFCP 4.1.1 and 4.1.2: the second copies what it is just making
    43: "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af3"
    "2068656c090020627705b06c647d0a800fa0",
    28: "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0",
}


@pytest.mark.parametrize("size", SPECIFIED)
def test_rich_text_of_the_specification(scan, size):
    octets = bytes.fromhex(SPECIFIED[size])
    report = scan(tnef(rich(octets)))
    assert report["findings"] == []
    assert report["expanded"] == size
    assert names(scan(tnef(rich(octets[:-2])))) == ["malformed"]


@pytest.mark.parametrize("number", [0x69003, 0x69005])
def test_properties_that_contradict_themselves(scan, number):
    for octets in (
        props(prop(0x3701, 0x102, b"abc"))[:-6],
        struct.pack("<I", 0xFFFFFFFF),
        struct.pack("<IHHI", 1, 0x101F, 0x1234, 0xFFFFFFFF),
        struct.pack("<IHH", 1, 0x77, 0x1234),
    ):
        assert "malformed" in names(scan(tnef(attribute(2, number, octets), attached(b"x"))))


def test_wrong_check_sums_do_not_count(scan):
    good = tnef(attached(INNER, TITLE))
    assert names(scan(good[:-2] + b"\1\2")) == ["infected"]
    assert names(scan(tnef(attached(b"harmless"))[:-2] + b"\1\2")) == []


def test_limits_in_tnef(scan):
    many = tnef(*[attached(b"x")] * 30)
    assert names(scan(many)) == []
    assert names(scan(many, "--limit", "entries=20")) == ["too-many"]
    assert names(scan(many, "--limit", "expanded=10")) == ["too-large"]
    assert set(names(scan(many, "--scratch", "200"))) == {"too-large"}


# Cut off, and cut up


def binary(container):
    head = b"Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return head, head + container.replace(b"\n.", b"\n..")


@pytest.mark.parametrize(
    ("container", "end"),
    [(rtf(DIGITS), len(b"}}\\par }")), (TNEFS["data"][0], 2)],
    ids=["rtf", "tnef"],
)
def test_cut_at_each_octet(screen, container, end):
    """Once it is known that there is an object, and until it is whole, nothing is clean."""
    head, whole = binary(container)
    reports = screen([whole], "--every-prefix", fast=True)
    begin = container.index(b"objdata ") + 8 if b"objdata" in container else container.index(INNER)
    assert verdict(reports[-1]) == "infected"
    for report in reports[len(head) + begin : len(whole) - end]:
        assert verdict(report) in ("infected", "malformed")


CUT_UP = {
    "rtf": HIDDEN["binary"],
    "groups": HIDDEN["unknown group in an octet"],
    "tnef": TNEFS["own names"][0],
    "rich text": tnef(rich(lzfu_literal(rtf(DIGITS[:300])))),
}


@pytest.mark.parametrize("container", CUT_UP.values(), ids=CUT_UP)
def test_every_cut_gives_the_same_report(scan, container, soak):
    scan(container, "--every-cut", fast=not soak)


@pytest.mark.parametrize("name", ["clam.tnef", "clam.exe.rtf"])
def test_files_of_real_programs(scan, name):
    report = scan((TESTFILES / name).read_bytes(), name=name)
    assert report["findings"] == []
    assert report["entries"] > 5
