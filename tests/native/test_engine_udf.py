"""UDF by hand: folders in pieces, wide names, and descriptors that say what cannot be."""

import random
import struct
import zipfile

import pytest
from imagemaking import SECTOR, Udf, descriptor, sealed
from mailmaking import BAD, TEXT, attachment, multipart, names, parts, reasons, verdict, zipped
from restante.screening import rules

NAME = "a.iso"
STORED = zipped(("x", BAD), method=zipfile.ZIP_STORED)
FILE, ROOT = 302, 301


def patched(volume, block, at, octets):
    """The same volume with other octets in one descriptor, whose tag is sound."""
    whole = bytearray(volume.blocks[block])
    whole[at : at + len(octets)] = octets
    volume.put(block, sealed(bytes(whole)))
    return volume.octets()


def with_root(ids, pieces):
    """A volume whose root folder lies in pieces of so many octets, two blocks apart."""
    volume = Udf("short", STORED)
    ads, at = b"", 20
    for start in range(0, len(ids), pieces):
        piece = ids[start : start + pieces]
        volume.put(300 + at, piece)
        ads += struct.pack("<II", len(piece), at)
        at += 2
    volume.put(ROOT, volume.entry(4, 0, ads, len(ids)))
    return volume


def listing(volume, *found):
    ids = volume.identifier(b"", 1, 0x0A)
    return ids + b"".join(volume.identifier(name, 2, 0) for name in found)


@pytest.mark.parametrize("pieces", [4000, 100, 1000])
def test_a_folder_in_pieces(scan, pieces):
    # Names in Latin and in wide letters; what is shown first is opened, it is one file.
    plain = Udf("short", STORED)
    ids = listing(
        plain, b"\x10" + "漢字.exe".encode("utf-16-be"), *(b"\x08n%d" % n for n in range(60))
    )
    report = scan(with_root(ids, pieces).octets())
    assert names(report) == ["infected"]
    assert parts(report) == {"a.iso/漢字.exe/x"}


@pytest.mark.parametrize("stem", [10, 100, 122])
def test_wide_names_are_judged(scan, stem):
    wide = b"\x10" + ("n" * stem + ".exe").encode("utf-16-be")
    octets = with_root(listing(Udf("short", b"good"), wide), 4000).octets()
    data = b"*.exe"
    blob = (bytes([rules.FORBID_NAME, len(data)]) + data).hex()
    assert "forbidden" in names(scan(octets, "--rules", blob))


def test_a_folder_that_is_shorter_than_its_size(scan):
    volume = with_root(listing(Udf("short", STORED), b"\x08bad.exe"), 60)
    octets = patched(volume, ROOT, 56, struct.pack("<Q", 5000))
    report = scan(octets)
    assert "udf folder shorter than its size" in reasons(report)
    assert "infected" in names(report)


def test_a_file_with_a_hole(scan):
    payload = bytes(SECTOR) + STORED
    volume = Udf("short", b"good")
    volume.put(312, STORED)
    ads = struct.pack("<IIII", 1 << 30 | SECTOR, 0, len(STORED), 12)
    volume.put(FILE, volume.entry(5, 0, ads, len(payload)))
    assert names(scan(volume.octets())) in (["infected"], ["infected", "malformed"])


WRONG = {
    "strategy": (FILE, 20, b"\x08\x10", "udf, ICB strategy other than 4"),
    "extended": (FILE, 34, b"\x02", "udf, extended allocation descriptors"),
    "no entry": (FILE, 0, b"\x09\x01", "udf file entry"),
    "attributes": (FILE, 168, b"\xff\xff\xff\xff", "udf file entry"),
    "descriptors": (FILE, 172, b"\xff\xff\xff\xff", "udf file entry"),
    "longer": (FILE, 56, b"\xff\xff", "udf file shorter than its size"),
    "identifier": (ROOT, 176, b"\0\0", "udf file identifier"),
    "identifier's use": (ROOT, 176 + 36, b"\xff\xff", "udf file identifier"),
    "file set": (300, 0, b"\0\0", "udf file set"),
    "block": (261, 212, b"\x03\x00\0\0", "udf block size"),
    "partition's number": (260, 22, b"\x09\0", "udf partition that is not there"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_is_said(scan, kind):
    block, at, octets, why = WRONG[kind]
    volume = Udf("short", b"good")
    if block < 300:  # both copies
        patched(volume, block + 20, at, octets)
    report = scan(patched(volume, block, at, octets))
    assert verdict(report) in ("malformed", "unscannable"), kind
    assert why in reasons(report), (kind, reasons(report))


def test_folders_without_an_end(scan):
    volume = Udf("short", b"good")
    for depth in range(40):
        ids = volume.identifier(b"", 1, 0x0A) + volume.identifier(b"\x08d", 21 + depth, 2)
        volume.put(320 + depth if depth else ROOT, volume.entry(4, 3, ids, len(ids)))
    assert "folders nested deeper than the limit" in reasons(scan(volume.octets()))


def test_without_its_anchor(scan):
    volume = Udf("short", STORED)
    volume.put(256, descriptor(9, b""))
    assert verdict(scan(volume.octets())) in ("malformed", "infected")


@pytest.mark.parametrize("extents", ["embedded", "short", "split", "continued"])
def test_damaged_in_any_way(screen, extents, soak):
    """It ends, and the same however it is cut."""
    dice = random.Random(f"udf {extents}")
    mails = []
    for _ in range(300 if soak else 25):
        volume = Udf(extents, b"good" * 700)
        for _ in range(dice.randrange(1, 4)):
            block = dice.choice([256, 260, 261, 280, 281, 300, 301, 302])
            at = dice.randrange(16, 216)
            patched(volume, block, at, bytes([dice.choice([0, 1, 0x7F, 0x80, 0xFF])]))
        mails.append(multipart(TEXT, attachment(volume.octets(), NAME)))
    reports = screen(mails)
    cut = screen(mails, "--block", "4099")
    assert [dict(r, seconds=0) for r in reports] == [dict(r, seconds=0) for r in cut]
