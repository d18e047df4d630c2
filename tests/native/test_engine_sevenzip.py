"""7z, as the program 7-Zip writes it with each of its methods, and changed by hand."""

import random
import shutil
import struct
import subprocess
import zlib

import pytest
from mailmaking import BAD, TEXT, attachment, multipart, names, verdict

NAME = "a.7z"  # of the attachments

PROGRAM = shutil.which("7zz") or shutil.which("7z")
NOISE = random.Random(5).randbytes(2000)
FILES = {
    "readme.txt": b"hello " * 500,
    "folder/bad.exe": NOISE + BAD,
    "empty": b"",
    "ünï.bin": NOISE * 3,
}
CLEAN = FILES | {"folder/bad.exe": NOISE + b"nothing" * 50}


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    """An archive of files by 7-Zip: pack(files, options...) -> octets."""
    assert PROGRAM, "the package 7zip is not installed"

    def run(files, *options):
        folder = tmp_path_factory.mktemp("7z")
        for name, octets in files.items():
            path = folder / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(octets)
        done = subprocess.run(
            [PROGRAM, "a", "-t7z", "-bd", *options, folder / "a.7z", "."],
            cwd=folder / "in",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return (folder / "a.7z").read_bytes()

    return run


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
def test_found_inside_and_nothing_else(scan, pack, method):
    report = scan(pack(FILES, *METHODS[method]))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.7z/folder/bad.exe"


@pytest.mark.parametrize("method", METHODS)
def test_good_ones_are_clean_and_their_check_values_right(scan, pack, method):
    report = scan(pack(CLEAN, *METHODS[method]))
    assert verdict(report) == "clean"
    # What holds no archive has all of the entries but these: four files and a folder.
    assert report["entries"] - scan(b"no archive")["entries"] == 5
    assert report["expanded"] >= sum(map(len, CLEAN.values()))


UNREAD = {
    "Swap4": ("-m0=Swap4", "-m1=LZMA"),
}


@pytest.mark.parametrize("method", UNREAD)
def test_other_methods_are_told_by_name(scan, pack, method):
    report = scan(pack(FILES, *UNREAD[method]))
    assert names(report) == ["unscannable"]
    assert report["findings"][0]["signature"] == f"7z method {method}"


def test_folders_beside_one_that_is_closed_are_read(scan, pack, tmp_path):
    """Files added with another method lie in a folder of their own."""
    for first, second in ((UNREAD["Swap4"], ("-m0=LZMA2",)), (("-m0=LZMA2",), UNREAD["Swap4"])):
        archive = tmp_path / f"{first[0]}.7z"
        for methods, name, octets in ((first, "1", BAD), (second, "2", BAD)):
            (tmp_path / name).write_bytes(octets)
            subprocess.run(
                [PROGRAM, "a", *methods, archive, tmp_path / name],
                check=True,
                capture_output=True,
            )
        report = scan(archive.read_bytes())
        assert names(report) == ["infected", "unscannable"]


def test_encrypted(scan, pack):
    assert names(scan(pack(FILES, "-psecret"))) == ["encrypted"]
    report = scan(pack(FILES, "-psecret", "-mhe=on"))
    assert names(report) == ["encrypted"]
    assert report["findings"][0]["part"] == "a.7z"


def test_only_empty_files(scan, pack):
    assert verdict(scan(pack({"a": b"", "b": b""}))) == "clean"


def test_many_files(scan, pack):
    many = {f"d/{i}": b"%d" % i * 20 for i in range(300)} | {"z": BAD}
    assert names(scan(pack(many))) == ["infected"]
    assert names(scan(pack(many, "-ms=off"))) == ["infected"]
    assert names(scan(pack(many), "--limit", "entries=50")) == ["too-many"]


def test_7z_in_7z(scan, pack):
    inner = pack(FILES)
    report = scan(pack({"inner.7z": inner, "after": b"after"}))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.7z/inner.7z/folder/bad.exe"


def test_cut_at_each_octet_is_never_clean(screen, pack):
    head = b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    container = pack({"a": BAD, "b": b"b" * 99}).replace(b"\n.", b"\n..")
    reports = screen([head + container], "--every-prefix")
    assert verdict(reports[-1]) == "infected"
    for report in reports[len(head) + 6 : -1]:
        assert verdict(report) == "malformed"


def test_every_cut_gives_the_same_report(scan, pack, soak):
    scan(pack({"a": BAD, "b": b"b" * 99}), "--every-cut", fast=not soak)


def test_a_damaged_octet_is_told(screen, pack):
    whole = pack(CLEAN, "-mhc=off")
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


def test_a_header_changed_in_each_octet_ends_with_a_verdict(screen, pack):
    """With right check values: numbers lie, ids are unknown, sizes point outside."""
    whole = pack({"a": BAD, "b": b"b" * 99, "c": b""}, "-mhc=off")
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


def test_limits(scan, pack):
    bomb = pack({"a": bytes(8 << 20), "b": BAD}, "-ms=off")
    assert names(scan(bomb, fast=True)) == ["infected", "ratio"]
    few = scan(bomb, "--limit", "ratio=100000000", "--limit", "expanded=1000000", fast=True)
    assert "too-large" in names(few)
    assert few["expanded"] == 1000000
    deep = scan(pack(FILES), "--limit", "depth=3", fast=True)
    assert names(deep) == ["too-deep"]


def test_needs_more_than_the_scratch(scan, pack):
    archive = pack(FILES, "-m0=LZMA2:d=64m", "-mhc=off")
    assert names(scan(archive, "--scratch", "1000")) == ["too-large"]
    assert names(scan(archive, "--scratch", str(1 << 20))) == ["infected"]  # 7-Zip lowers d
