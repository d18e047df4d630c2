"""zip, gzip and tar in attachments: found inside, and no word of "clean" for what contradicts."""

import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib

import pytest
from fuzz import Unseekable
from mailmaking import BAD, EICAR, TEXT, attachment, multipart, names, verdict, zipped

NAME = "a.zip"  # of the attachments

ENTRIES = (("readme.txt", b"hello " * 30), ("bad.exe", BAD), ("after.txt", b"after " * 30))


def message(container, name="a.zip"):
    return multipart(TEXT, attachment(container, name))


def streamed(method, entries=ENTRIES):
    """A zip with data descriptors."""
    file = Unseekable()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, octets in entries:
            archive.writestr(name, octets)
    return file.octets


def zip64(method):
    """Sizes of 64 bits, as for files of unknown size."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, octets in ENTRIES:
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(octets)
    return file.getvalue()


def streamed_zip64():
    file = Unseekable()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, octets in (*ENTRIES, ("empty", b"")):
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(octets)
    return file.octets


ZIPS = {
    "deflated": zipped(*ENTRIES),
    "stored": zipped(*ENTRIES, method=zipfile.ZIP_STORED),
    "comment": zipped(*ENTRIES, comment=b"a comment"),
    "streamed, deflated": streamed(zipfile.ZIP_DEFLATED),
    "streamed, stored": streamed(zipfile.ZIP_STORED),
    "zip64, deflated": zip64(zipfile.ZIP_DEFLATED),
    "zip64, stored": zip64(zipfile.ZIP_STORED),
    "zip64, streamed": streamed_zip64(),
    "zip in zip": zipped(("inner.zip", zipped(*ENTRIES))),
    "folders and empty files": zipped(("d/", b""), ("d/empty", b""), *ENTRIES),
    "self-extractor": b"MZ" + bytes(random.Random(1).randbytes(3000)) + zipped(*ENTRIES),
    "gzip": gzip.compress(BAD),
    "gzip of zip": gzip.compress(zipped(*ENTRIES)),
    "two members": gzip.compress(BAD[:230]) + gzip.compress(BAD[230:]),
    "padded gzip": gzip.compress(BAD) + bytes(512),
    "gzip and junk": gzip.compress(BAD) + b"junk",
}


def tarred(kind, *entries):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for name, octets in entries or (*ENTRIES, ("n" * 150, b"long name")):
            entry = tarfile.TarInfo(name)
            entry.size = len(octets)
            archive.addfile(entry, io.BytesIO(octets))
    return file.getvalue()


for kind_name, kind in (
    ("ustar", tarfile.USTAR_FORMAT),
    ("GNU tar", tarfile.GNU_FORMAT),
    ("pax", tarfile.PAX_FORMAT),
):
    ZIPS[kind_name] = tarred(kind, *ENTRIES)
ZIPS["tar.gz"] = gzip.compress(tarred(tarfile.GNU_FORMAT))


@pytest.mark.parametrize("container", ZIPS.values(), ids=ZIPS)
def test_found_inside_and_nothing_else(scan, container):
    assert names(scan(container)) == ["infected"]


CLEAN = {
    "deflated": zipped(("a", b"a" * 99)),
    "empty zip": zipped(),
    "comment": zipped(("a", b"a"), comment=b"hello"),
    "many": zipped(*((f"f{i}", b"x" * i) for i in range(300))),
    "streamed": streamed(zipfile.ZIP_DEFLATED, [("a", b"a" * 99), ("e", b"")]),
    "streamed stored": streamed(zipfile.ZIP_STORED, [("a", b"a" * 99), ("e", b"")]),
    "gzip": gzip.compress(b"x" * 5000),
    "empty gzip": gzip.compress(b""),
    "tar": tarred(tarfile.PAX_FORMAT, ("a", b"x" * 700), ("n" * 150, b"")),
    "program": b"MZ" + random.Random(2).randbytes(5000) + b"PK\3\4" + bytes(500),
    "image": b"\x89PNG\r\n\x1a\n" + random.Random(3).randbytes(5000),
}


@pytest.mark.parametrize("container", CLEAN.values(), ids=CLEAN)
def test_good_containers_are_clean(scan, container):
    assert verdict(scan(container, name="a.bin")) == "clean"


def test_names_lead_to_the_entry(scan):
    inner = zipped(("d/bad.exe", BAD))
    report = scan(gzip.compress(zipped(("inner.zip", inner))), name="outer.zip.gz")
    assert report["findings"][0]["part"] == "outer.zip.gz/outer.zip/inner.zip/d/bad.exe"


def test_the_name_in_a_gzip_header(scan):
    file = io.BytesIO()
    with gzip.GzipFile("named.exe", "wb", fileobj=file) as member:
        member.write(BAD)
    assert scan(file.getvalue(), name="x.gz")["findings"][0]["part"] == "x.gz/named.exe"


def test_one_part_is_one_finding(scan):
    report = scan(zipped(("1", BAD), ("2", EICAR), ("3", BAD)))
    assert report["found"] == 1


# Contradictions


def patched(octets, offset, data):
    return octets[:offset] + data + octets[offset + len(data) :]


GOOD = zipped(("first.txt", b"f" * 200), ("bad.exe", BAD))
CENTRAL = GOOD.index(b"PK\1\2")
SECOND = GOOD.index(b"PK\3\4", 4)
END = GOOD.index(b"PK\5\6")

CONTRADICTIONS = {
    "name in the directory": patched(GOOD, CENTRAL + 46, b"other"),
    "size in the directory": patched(GOOD, CENTRAL + 24, struct.pack("<I", 7)),
    "method in the directory": patched(GOOD, CENTRAL + 10, b"\0\0"),
    "place in the directory": patched(GOOD, CENTRAL + 42, struct.pack("<I", 5)),
    "count in the end record": patched(GOOD, END + 10, b"\1\0"),
    "entry that the directory does not name": GOOD[:SECOND] + GOOD[:SECOND] + GOOD[SECOND:],
    "octets between entries": GOOD[:SECOND] + b"between" + GOOD[SECOND:],
    "second zip behind": GOOD + zipped(("x", b"x")),
    "false end record": GOOD[:-2] + b"\x16\0" + b"PK\5\6" + bytes(18),
    "check value": patched(GOOD, SECOND + 14, b"\1\2\3\4"),
    "size": patched(GOOD, SECOND + 22, b"\1\0\0\0"),
    "broken deflate": patched(GOOD, 30 + 9, b"\xff\xff\xff"),
    "packed size too small": patched(GOOD, SECOND + 18, struct.pack("<I", 3)),
    "packed size too large": patched(GOOD, SECOND + 18, struct.pack("<I", 9999)),
    "packed size none": patched(GOOD, SECOND + 18, bytes(4)),
}


@pytest.mark.parametrize("container", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictions_are_malformed_and_still_searched(scan, container):
    assert names(scan(container)) == ["infected", "malformed"]


def test_overlapping_entries_are_malformed(scan):
    """Many entries of the directory share one entry's octets."""
    one = zipped(("a", b"a" * 1000))
    start = one.index(b"PK\1\2")
    end = one.index(b"PK\5\6")
    directory = one[start:end] * 50
    tail = struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 50, 50, len(directory), start, 0)
    assert names(scan(one[:start] + directory + tail)) == ["malformed"]


def test_directory_of_a_zip_with_octets_before_it(scan):
    shifted = b"MZ" + bytes(500) + zipped(*ENTRIES)
    assert names(scan(shifted)) == ["infected"]
    file = io.BytesIO()
    file.write(b"MZ" + bytes(500))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("a", BAD)
    assert names(scan(file.getvalue())) == ["infected"]


def test_unknown_method_is_unscannable(scan):
    other = bytearray(zipped(("a", b"a" * 500)))
    other[8] = other[other.index(b"PK\1\2") + 10] = 77
    other = bytes(other)
    (finding,) = scan(other)["findings"]
    assert finding["signature"] == "zip method 77"
    assert finding["part"] == "a.zip/a"
    assert names(scan(other)) == ["unscannable"]


def encrypted(octets):
    """The encryption flag set in local headers and directory: the engine cannot tell more."""
    changed = bytearray(octets)
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = octets.find(mark)
        while at >= 0:
            changed[at + offset] |= 1
            at = octets.find(mark, at + 1)
    return bytes(changed)


@pytest.mark.parametrize(
    "container",
    [
        GOOD,
        zipped(("a", b"a" * 99), method=zipfile.ZIP_STORED),
        streamed(zipfile.ZIP_DEFLATED),
        streamed(zipfile.ZIP_STORED, [("a", b"a" * 99)]),
    ],
    ids=["deflated", "stored", "streamed", "streamed, stored"],
)
def test_encrypted_is_a_verdict_of_its_own(scan, container):
    assert names(scan(encrypted(container))) == ["encrypted"]


def test_entries_beside_an_encrypted_one_are_scanned(scan):
    both = zipped(("secret", b"s" * 100), ("bad", BAD))
    changed = bytearray(both)
    changed[6] |= 1
    changed[both.index(b"PK\1\2") + 8] |= 1
    assert names(scan(bytes(changed))) == ["encrypted", "infected"]


@pytest.mark.parametrize("fault", ["check value", "size", "cut"])
def test_gzip_faults(scan, fault):
    whole = gzip.compress(BAD)
    broken = {
        "check value": whole[:-8] + b"\1\2\3\4" + whole[-4:],
        "size": whole[:-4] + b"\1\2\3\4",
        "cut": whole[:-3],
    }[fault]
    assert names(scan(broken)) == ["infected", "malformed"]


def test_gzip_header_fields(scan):
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = body.compress(BAD) + body.flush()
    tail = struct.pack("<II", zlib.crc32(BAD), len(BAD))
    for flags in range(32):
        head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
        head += b"\x05\0extra" if flags & 4 else b""
        head += b"name\0" if flags & 8 else b""
        head += b"comment\0" if flags & 16 else b""
        head += b"\1\2" if flags & 2 else b""
        assert names(scan(head + data + tail)) == ["infected"], flags


# Cut off, and cut up


@pytest.mark.parametrize("kind", ["deflated", "stored", "streamed, stored", "gzip", "tar.gz"])
def test_cut_at_each_octet_is_never_clean(screen, kind):
    """A binary body, so that a message cut at each octet is a container cut at each octet."""
    head = b"Content-Type: application/zip\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    container = ZIPS[kind].replace(b"\n.", b"\n..")
    marks = 12  # the first octets do not tell a container yet
    reports = screen([head + container], "--every-prefix")
    assert len(reports) == len(head) + len(container) + 1
    assert verdict(reports[-1]) == "infected"
    for report in reports[len(head) + marks : -1]:
        assert verdict(report) in ("infected", "malformed")
    # Once all of the payload is there, it is found, whatever is missing behind it.
    verdicts = [verdict(report) for report in reports]
    first = verdicts.index("infected")
    assert set(verdicts[first:]) == {"infected"}


@pytest.mark.parametrize("kind", ["deflated", "streamed, stored", "zip in zip", "tar.gz"])
def test_every_cut_gives_the_same_report(scan, kind, soak):
    scan(ZIPS[kind], "--every-cut", fast=not soak)
