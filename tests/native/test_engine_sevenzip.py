"""7z, as the program 7-Zip writes it with each of its methods, and changed by hand."""

import random
import struct
import subprocess
import zlib

import pytest
from mailmaking import BAD, TEXT, attachment, multipart, names, verdict
from packing import SEVEN_ZIP

NAME = "a.7z"  # of the attachments

NOISE = random.Random(5).randbytes(2000)
FILES = {
    "readme.txt": b"hello " * 500,
    "folder/bad.exe": NOISE + BAD,
    "empty": b"",
    "ünï.bin": NOISE * 3,
}
CLEAN = FILES | {"folder/bad.exe": NOISE + b"nothing" * 50}


METHODS = {
    "default": (),
    "copy": ("-m0=Copy",),
    "LZMA": ("-m0=LZMA",),
    "LZMA, other settings": ("-m0=LZMA:lc=1:lp=2:pb=1:d=64k",),
    "LZMA2": ("-m0=LZMA2",),
    "ultra": ("-mx=9",),
    "fastest": ("-mx=1",),
    "Deflate": ("-m0=Deflate",),
    "BZip2": ("-m0=BZip2",),
    "not solid": ("-ms=off",),
    "plain header": ("-mhc=off",),
    "BCJ and LZMA": ("-m0=BCJ", "-m1=LZMA"),
    "BCJ and LZMA2": ("-m0=BCJ", "-m1=LZMA2"),
    "Delta and LZMA": ("-m0=Delta:4", "-m1=LZMA"),
    "Delta and LZMA2": ("-m0=Delta:2", "-m1=LZMA2"),
    "BCJ alone": ("-m0=BCJ",),
    "BCJ and Deflate": ("-m0=BCJ", "-m1=Deflate"),
    "BCJ and BZip2": ("-m0=BCJ", "-m1=BZip2"),
    "Deflate64": ("-m0=Deflate64",),
    "BCJ and Deflate64": ("-m0=BCJ", "-m1=Deflate64"),
    "Delta and Copy": ("-m0=Delta:3", "-m1=Copy"),
    **{
        f"{f} and LZMA2": (f"-m0={f}", "-m1=LZMA2")
        for f in ("ARM", "ARMT", "PPC", "SPARC", "IA64")
    },
    "no filter": ("-mf=off",),
}


@pytest.mark.parametrize("method", METHODS)
def test_found_inside_and_nothing_else(scan, pack_7z, method):
    report = scan(pack_7z(FILES, *METHODS[method]))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.7z/folder/bad.exe"


@pytest.mark.parametrize("method", METHODS)
def test_good_ones_are_clean_and_their_check_values_right(scan, pack_7z, method):
    report = scan(pack_7z(CLEAN, *METHODS[method]))
    assert verdict(report) == "clean"
    # What holds no archive has all of the entries but these: four files and a folder.
    assert report["entries"] - scan(b"no archive")["entries"] == 5
    assert report["expanded"] >= sum(map(len, CLEAN.values()))


UNREAD = {
    "Swap4": ("-m0=Swap4", "-m1=LZMA"),
}


@pytest.mark.parametrize("method", UNREAD)
def test_other_methods_are_told_by_name(scan, pack_7z, method):
    report = scan(pack_7z(FILES, *UNREAD[method]))
    assert names(report) == ["unscannable"]
    assert report["findings"][0]["signature"] == f"7z method {method}"


def test_folders_beside_one_that_is_closed_are_read(scan, pack_7z, tmp_path):
    """Files added with another method lie in a folder of their own."""
    for first, second in ((UNREAD["Swap4"], ("-m0=LZMA2",)), (("-m0=LZMA2",), UNREAD["Swap4"])):
        archive = tmp_path / f"{first[0]}.7z"
        for methods, name, octets in ((first, "1", BAD), (second, "2", BAD)):
            (tmp_path / name).write_bytes(octets)
            subprocess.run(
                [SEVEN_ZIP, "a", *methods, archive, tmp_path / name],
                check=True,
                capture_output=True,
            )
        report = scan(archive.read_bytes())
        assert names(report) == ["infected", "unscannable"]


def test_encrypted(scan, pack_7z):
    assert names(scan(pack_7z(FILES, "-psecret"))) == ["encrypted"]
    report = scan(pack_7z(FILES, "-psecret", "-mhe=on"))
    assert names(report) == ["encrypted"]
    assert report["findings"][0]["part"] == "a.7z"


def test_only_empty_files(scan, pack_7z):
    assert verdict(scan(pack_7z({"a": b"", "b": b""}))) == "clean"


def test_many_files(scan, pack_7z):
    many = {f"d/{i}": b"%d" % i * 20 for i in range(300)} | {"z": BAD}
    assert names(scan(pack_7z(many))) == ["infected"]
    assert names(scan(pack_7z(many, "-ms=off"))) == ["infected"]
    assert names(scan(pack_7z(many), "--limit", "entries=50")) == ["too-many"]


def test_7z_in_7z(scan, pack_7z):
    inner = pack_7z(FILES)
    report = scan(pack_7z({"inner.7z": inner, "after": b"after"}))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.7z/inner.7z/folder/bad.exe"


def test_cut_at_each_octet_is_never_clean(screen, pack_7z):
    head = b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    container = pack_7z({"a": BAD, "b": b"b" * 99}).replace(b"\n.", b"\n..")
    reports = screen([head + container], "--every-prefix")
    assert verdict(reports[-1]) == "infected"
    for report in reports[len(head) + 6 : -1]:
        assert verdict(report) == "malformed"


def test_every_cut_gives_the_same_report(scan, pack_7z, soak):
    scan(pack_7z({"a": BAD, "b": b"b" * 99}), "--every-cut", fast=not soak)


def test_a_damaged_octet_is_told(screen, pack_7z):
    whole = pack_7z(CLEAN, "-mhc=off")
    header = 32 + struct.unpack_from("<Q", whole, 12)[0]
    damaged = []
    # LZMA's last octets need not mean anything, nor the first of a chunk's size.
    for at in [*range(40, header - 16, 41), *range(header, len(whole), 7)]:
        octets = bytearray(whole)
        octets[at] ^= 0x10
        damaged.append(multipart(TEXT, attachment(bytes(octets), "a.7z")))
    for report in screen(damaged, fast=True):
        assert names(report) == ["malformed"]


def with_header(octets, header):
    """The archive with another header, its check values right."""
    at = struct.unpack_from("<Q", octets, 12)[0]
    start = struct.pack("<QQI", at, len(header), zlib.crc32(header))
    head = octets[:8] + struct.pack("<I", zlib.crc32(start)) + start
    return head + octets[32 : 32 + at] + header


def test_a_header_changed_in_each_octet_ends_with_a_verdict(screen, pack_7z):
    """With right check values: numbers lie, ids are unknown, sizes point outside."""
    whole = pack_7z({"a": BAD, "b": b"b" * 99, "c": b""}, "-mhc=off")
    at = 32 + struct.unpack_from("<Q", whole, 12)[0]
    header = whole[at:]
    changed = []
    for i in range(len(header)):
        for value in (0, 1, 0x7F, 0xFF, header[i] ^ 1):
            other = header[:i] + bytes([value]) + header[i + 1 :]
            changed.append(multipart(TEXT, attachment(with_header(whole, other), "a.7z")))
    cut = [with_header(whole, header[:n]) for n in range(1, len(header))]
    changed += [multipart(TEXT, attachment(octets, "a.7z")) for octets in cut]
    reports = screen(changed)
    assert len(reports) == len(changed)
    assert all(verdict(report) != "clean" for report in reports[-len(cut) :])


def test_limits(scan, pack_7z):
    bomb = pack_7z({"a": bytes(8 << 20), "b": BAD}, "-ms=off")
    assert names(scan(bomb, fast=True)) == ["infected", "ratio"]
    few = scan(bomb, "--limit", "ratio=100000000", "--limit", "expanded=1000000", fast=True)
    assert "too-large" in names(few)
    assert few["expanded"] == 1000000
    deep = scan(pack_7z(FILES), "--limit", "depth=3", fast=True)
    assert names(deep) == ["too-deep"]


def test_needs_more_than_the_scratch(scan, pack_7z):
    archive = pack_7z(FILES, "-m0=LZMA2:d=64m", "-mhc=off")
    assert names(scan(archive, "--scratch", "1000")) == ["too-large"]
    assert names(scan(archive, "--scratch", str(1 << 20))) == ["infected"]  # 7-Zip lowers d
