"""bzip2, xz, lzma and lzip as streams, and zip's methods of the same decoders."""

import bz2
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib

import pytest
from fuzz import Unseekable
from mailmaking import BAD, TEXT, attachment, multipart, names, verdict, zipped

NAME = "a.bin"  # of the attachments

NOISE = random.Random(7).randbytes(3000)
DICTIONARY = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}


def xz(octets, *filters, check=-1):
    chain = [*filters, DICTIONARY]
    return lzma.compress(octets, lzma.FORMAT_XZ, check=check, filters=chain)


def lzip(octets, size=16):
    """A member of lzip: header, LZMA that ends with a mark, trailer."""
    chain = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << size, "lc": 3, "lp": 0, "pb": 2}]
    alone = lzma.compress(octets, lzma.FORMAT_ALONE, filters=chain)[13:]
    trailer = struct.pack("<IQQ", zlib.crc32(octets), len(octets), len(alone) + 26)
    return b"LZIP\x01" + bytes([size]) + alone + trailer


def tarred(*entries):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, octets in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(octets)
            archive.addfile(entry, io.BytesIO(octets))
    return file.getvalue()


def streamed(method, *entries):
    """A zip with data descriptors."""
    file = Unseekable()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, octets in entries:
            archive.writestr(name, octets)
    return file.octets


def made(octets):
    """One of each form that holds these octets."""
    x86 = {"id": lzma.FILTER_X86}
    delta = {"id": lzma.FILTER_DELTA, "dist": 4}
    arm = {"id": lzma.FILTER_ARM}
    half = len(octets) // 2
    entries = (("1", b"first" * 30), ("2", octets), ("3", b"third" * 30))
    return {
        "bzip2": bz2.compress(octets),
        "bzip2, two members": bz2.compress(octets[:half]) + bz2.compress(octets[half:], 1),
        "bzip2, empty member": bz2.compress(b"") + bz2.compress(octets),
        "bzip2 and junk": bz2.compress(octets) + b"junk",
        "bzip2 and zeros": bz2.compress(octets) + bytes(600),
        "xz": lzma.compress(octets),
        "xz, preset 9": lzma.compress(octets, preset=9),
        "xz, two members": xz(octets[:half]) + bytes(8) + lzma.compress(octets[half:]),
        "xz, larger dictionary later": lzma.compress(octets[:half], preset=0)
        + lzma.compress(octets[half:], preset=9),
        "xz, x86": xz(octets, x86),
        "xz, delta and arm": xz(octets, delta, arm),
        "xz, crc32": xz(octets, check=lzma.CHECK_CRC32),
        "xz, sha256": xz(octets, check=lzma.CHECK_SHA256),
        "xz, no check": xz(octets, check=lzma.CHECK_NONE),
        "lzma": lzma.compress(octets, lzma.FORMAT_ALONE),
        "lzma, preset 9": lzma.compress(octets, lzma.FORMAT_ALONE, preset=9),
        "lzip": lzip(octets),
        "lzip, two members": lzip(octets[:half]) + lzip(octets[half:], 20),
        "tar.bz2": bz2.compress(tarred(*entries)),
        "tar.xz": lzma.compress(tarred(*entries)),
        "bzip2 in xz in lzma": lzma.compress(
            lzma.compress(bz2.compress(octets)), lzma.FORMAT_ALONE
        ),
        "zip, bzip2": zipped(*entries, method=zipfile.ZIP_BZIP2),
        "zip, lzma": zipped(*entries, method=zipfile.ZIP_LZMA),
        "zip, bzip2, streamed": streamed(zipfile.ZIP_BZIP2, *entries),
        "zip, lzma, streamed": streamed(zipfile.ZIP_LZMA, *entries),
        "zip in a zip, lzma": zipped(
            ("in.zip", zipped(*entries, method=zipfile.ZIP_LZMA)), method=zipfile.ZIP_LZMA
        ),
    }


FOUND = made(NOISE + BAD)
GOOD = made(NOISE + b"nothing here" * 30) | {
    "empty bzip2": bz2.compress(b""),
    "empty xz": lzma.compress(b""),
    "empty lzma": lzma.compress(b"", lzma.FORMAT_ALONE),
    "empty lzip": lzip(b""),
    "empty zip entries": zipped(("a", b""), ("b", b"b"), method=zipfile.ZIP_LZMA),
    "empty bzip2 entries": zipped(("a", b""), ("b", b"b"), method=zipfile.ZIP_BZIP2),
}


@pytest.mark.parametrize("form", FOUND)
def test_found_inside_and_nothing_else(scan, form):
    assert names(scan(FOUND[form])) == ["infected"]


@pytest.mark.parametrize("form", GOOD)
def test_good_ones_are_clean(scan, form):
    assert verdict(scan(GOOD[form])) == "clean"


@pytest.mark.parametrize(
    "name, form, inner",
    [
        ("a.exe.bz2", "bzip2", "a.exe"),
        ("a.exe.xz", "xz", "a.exe"),
        ("a.tar.lzma", "lzma", "a.tar"),
        ("a.lz", "lzip", "a"),
        ("a.tbz2", "tar.bz2", "a.tar/2"),
        ("a.txz", "tar.xz", "a.tar/2"),
        ("noname", "xz", "contents"),
    ],
)
def test_names(scan, name, form, inner):
    assert scan(FOUND[form], name=name)["findings"][0]["part"] == f"{name}/{inner}"


STREAMS = ("bzip2", "xz", "lzma", "lzip", "zip, bzip2", "zip, lzma", "bzip2, two members")


@pytest.mark.parametrize("form", STREAMS)
def test_cut_at_each_octet_is_never_clean(screen, form):
    head = b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    container = made(BAD)[form].replace(b"\n.", b"\n..")
    reports = screen([head + container], "--every-prefix")
    assert verdict(reports[-1]) == "infected"
    for report in reports[len(head) + 14 : -1]:
        # bzip2's first member is whole, and nothing of the second one tells what it is.
        whole = form == "bzip2, two members"
        assert verdict(report) in ("infected", "malformed") or whole


@pytest.mark.parametrize("form", [*STREAMS, "xz, two members", "tar.xz"])
def test_every_cut_gives_the_same_report(scan, form, soak):
    scan(made(BAD)[form], "--every-cut", fast=not soak)


@pytest.mark.parametrize("form", ["bzip2", "xz", "lzip", "zip, bzip2", "zip, lzma"])
def test_a_damaged_octet_is_told(screen, form):
    """Never clean, whichever octet of the middle it is; the check values are at the end."""
    whole = GOOD[form]
    damaged = []
    for at in range(40, len(whole) - 200, 97):
        octets = bytearray(whole)
        octets[at] ^= 0x10
        damaged.append(multipart(TEXT, attachment(bytes(octets), "a.bin")))
    for report in screen(damaged, fast=True):
        assert "malformed" in names(report)


@pytest.mark.parametrize("form", ["bzip2", "xz", "xz, preset 9", "lzip", "zip, lzma"])
def test_a_dictionary_beyond_the_scratch_is_too_large(scan, form):
    assert names(scan(GOOD[form], "--scratch", "65536")) == ["too-large"]


def test_a_dictionary_that_just_fits(scan):
    assert verdict(scan(GOOD["xz"], "--scratch", str(9 << 20))) == "clean"
    assert names(scan(GOOD["xz"], "--scratch", str(8 << 20))) == ["too-large"]


def test_a_dictionary_of_4_gib_is_too_large(scan):
    hostile = bytearray(lzma.compress(BAD, lzma.FORMAT_ALONE))
    hostile[1:5] = b"\xff\xff\xff\xff"
    assert names(scan(bytes(hostile))) == ["too-large"]


@pytest.mark.parametrize(
    "bomb",
    [bz2.compress(bytes(8 << 20)), lzma.compress(bytes(8 << 20)), lzip(bytes(8 << 20))]
    + [zipped(("a", bytes(8 << 20)), method=m) for m in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)],
    ids=["bzip2", "xz", "lzip", "zip, bzip2", "zip, lzma"],
)
def test_limits_on_what_comes_out(scan, bomb):
    assert names(scan(bomb, fast=True)) == ["ratio"]
    few = scan(bomb, "--limit", "ratio=100000000", "--limit", "expanded=1000000", fast=True)
    assert names(few) == ["too-large"]
    assert few["expanded"] == 1000000
    depth = scan(bomb, "--limit", "depth=3", fast=True)
    assert names(depth) == ["too-deep"]


@pytest.mark.parametrize("at, name", [(1, "Shrink"), (93, "zstd"), (77, "77")])
def test_other_zip_methods_are_told_by_name(scan, at, name):
    octets = bytearray(zipped(("a", b"a" * 500)))
    octets[8] = at
    octets[octets.index(b"PK\1\2") + 10] = at
    report = scan(bytes(octets))
    assert names(report) == ["unscannable"]
    assert report["findings"][0]["signature"] == f"zip method {name}"


def test_text_and_pictures_are_not_taken_for_lzma(scan):
    for octets in (
        b"]" + b"\0" * 40,
        b"]" + b"text" * 20,
        bytes(600),
        b"\0\0\1\0\1\0\x10\x10" + bytes(600),
        b"\0\1\0\0" + NOISE,
    ):
        assert verdict(scan(octets)) == "clean"


@pytest.mark.parametrize(
    "mark",
    [b"7z\xbc\xaf\x27\x1c", b"\xfd7zXZ\0", b"BZh91AY&SY", b"MSCF\0\0\0\0", b"LZIP\1"],
)
def test_a_mark_without_the_rest_is_malformed_and_still_searched(scan, mark):
    assert names(scan(mark + bytes(30))) == ["malformed"]
    assert names(scan(mark + bytes(30) + BAD)) == ["infected", "malformed"]
