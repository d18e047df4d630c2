"""What a set of signatures says of types (.ftm), and programs whose headers are out of reach."""

import hashlib
import io
import struct
import zipfile

import pytest
from mailmaking import BAD, names, reasons, verdict, zipped
from programmaking import program
from restante.screening import rules
from test_engine_encodings import uuencoded

NAME = "a.xyz"


def mark(kind, octets=b"ACME", offset=0):
    return f"0:{offset}:{octets.hex()}:Acme:CL_TYPE_ANY:CL_TYPE_{kind}\n"


BYTES = f"Bad:0:*:{BAD[200:240].hex()}\n"


def forbidding(kind):
    data = kind.encode()
    return "--rules", (bytes([rules.FORBID_TYPE, len(data)]) + data).hex()


@pytest.mark.parametrize(
    "theirs, ours",
    [("MSEXE", "pe"), ("PDF", "pdf"), ("GZ", "gzip"), ("LNK", "lnk"), ("SCRIPT", "script")],
)
@pytest.mark.parametrize("octets", [b"ACME\1\2\3" * 9, b"ACME is text\r\n" * 9])
def test_a_mark_tells_the_type(with_set, theirs, ours, octets):
    options = (*forbidding(ours), "--every-cut")
    assert f"type {ours}" in reasons(with_set(octets, *options, ftm=mark(theirs)))
    assert f"type {ours}" not in reasons(with_set(octets, *options, ndb=BYTES))
    assert f"type {ours}" not in reasons(with_set(octets, *options, ftm=mark(theirs, b"ACMF")))


def test_families_count_too(with_set):
    options = forbidding("executable")
    assert verdict(with_set(b"ACME\1\2", *options, ftm=mark("MSEXE"))) == "forbidden"
    assert verdict(with_set(b"ACME\1\2", *options, ftm=mark("NO_SUCH_TYPE"))) == "clean"


def prefixed():
    """A zip behind another mark, with offsets that are right."""
    file = io.BytesIO(b"ACME")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr("x", BAD)
    return file.getvalue()


def test_how_it_is_opened(with_set):
    octets = prefixed()
    assert names(with_set(octets, ndb=BYTES)) == []
    found = with_set(octets, "--every-cut", ndb=BYTES, ftm=mark("ZIP"))
    assert "infected" in names(found)
    assert "ace archive" in reasons(with_set(b"ACME\1\2", ftm=mark("ACE")))


def test_what_is_known_is_not_marked(with_set):
    known = zipped(("x", BAD))
    assert names(with_set(known, ndb=BYTES, ftm=mark("GIF", b"PK\3\4"))) == ["infected"]
    text = uuencoded(BAD)
    assert text.startswith(b"begin")
    assert names(with_set(text, ndb=BYTES, ftm=mark("GIF", b"begin"))) == ["infected"]


def test_a_mark_further_on(with_set):
    octets = b"\1" * 300 + b"ACME" + b"\2" * 300
    options = forbidding("pe")
    assert verdict(with_set(octets, *options, ftm=mark("MSEXE", offset=300))) == "forbidden"
    assert verdict(with_set(octets, *options, ftm=mark("MSEXE", offset=301))) == "clean"
    assert verdict(with_set(octets[:302], *options, ftm=mark("MSEXE", offset=300))) == "clean"


# -- programs whose headers lie behind what is read of them

FAR = 0x3000
REACH = "program header out of reach"
ENTRY = "At.Entry:1:EP+0:" + b"entry point here".hex() + "\n"
ANYWHERE = "Any.Where:1:*:" + b"something else here".hex() + "\n"
SECTIONS = {
    "entry": {"ndb": ENTRY},
    "section": {"ndb": ENTRY.replace("EP+0", "S0+0")},
    "last": {"ndb": ENTRY.replace("EP+0", "SL+0")},
    "inside": {"ndb": ENTRY.replace("EP+0", "SE0")},
    "piece": {"mdb": "512:" + "0" * 32 + ":Piece\n", "ndb": ANYWHERE},
}


def moved(at, sections=(b"entry point here",)):
    """A program with its headers at another place."""
    octets = program(list(sections))
    dos = bytearray(octets[:0x80])
    struct.pack_into("<I", dos, 0x3C, at)
    return bytes(dos).ljust(at, b"\0") + octets[0x80:]


@pytest.mark.parametrize("kind", SECTIONS)
@pytest.mark.parametrize("at", [FAR, 8190, 8192 - 24, 8192 - 100, 0x100000])
def test_headers_out_of_reach_are_said(with_set, kind, at):
    report = with_set(moved(at), **SECTIONS[kind])
    assert (verdict(report), reasons(report)) == ("unscannable", {REACH})


def test_only_where_it_matters(with_set):
    assert names(with_set(moved(FAR), ndb=ANYWHERE)) == []
    assert names(with_set(moved(FAR), hdb="0" * 32 + ":1000:Hash\n")) == []
    assert names(with_set(program([b"entry point here"]), ndb=ENTRY)) == ["infected"]
    assert names(with_set(moved(0x1000), ndb=ENTRY)) == []


def test_what_is_found_all_the_same(with_set):
    octets = moved(FAR) + b"something else here"
    assert names(with_set(octets, ndb=ENTRY + ANYWHERE)) == ["infected"]


@pytest.mark.parametrize(
    "octets",
    [
        moved(FAR)[:FAR],  # no headers at all
        moved(FAR)[: FAR + 23],  # not whole
        moved(FAR).replace(b"PE\0\0", b"NE\0\0"),
        b"MZ" + b"\xff" * 20000,
        b"MZ" + bytes(58) + struct.pack("<I", 0xFFFFFFFF) + bytes(20000),
    ],
)
def test_what_is_no_such_program(with_set, octets):
    assert REACH not in reasons(with_set(octets, ndb=ENTRY))


def test_many_sections_reach_far(with_set):
    octets = moved(8192 - 300, [b"x"] * 40)
    assert reasons(with_set(octets, ndb=ENTRY)) == {REACH}
    assert names(with_set(octets[:8192], ndb=ENTRY)) == []


def test_far_headers_at_every_cut(with_set):
    assert reasons(with_set(moved(8190), "--every-cut", ndb=ENTRY)) == {REACH}


def test_a_list_of_clean_hashes_wins(with_set):
    octets = moved(FAR)
    clean = f"{hashlib.md5(octets).hexdigest()}:{len(octets)}:Clean\n"
    assert names(with_set(octets, ndb=ENTRY, fp=clean)) == []
