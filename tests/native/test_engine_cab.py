"""Cabinets, as gcab writes them and made by hand."""

import random
import shutil
import struct
import subprocess
import zlib

import pytest
from mailmaking import BAD, names, verdict

NAME = "a.cab"  # of the attachments

NOISE = random.Random(9).randbytes(50_000)
FILES = {"readme.txt": b"hello " * 500, "bad.exe": NOISE + BAD, "empty": b"", "last": NOISE}
CLEAN = FILES | {"bad.exe": NOISE + b"nothing" * 50}
BLOCK = 32768


def blocks(octets, mszip):
    """A folder's data: blocks of 32 KiB, deflate with the block before as its window."""
    made, window = [], b""
    for at in range(0, len(octets), BLOCK):
        piece = octets[at : at + BLOCK]
        packed = piece
        if mszip:
            deflate = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=window)
            packed = b"CK" + deflate.compress(piece) + deflate.flush()
        made.append(struct.pack("<IHH", 0, len(packed), len(piece)) + packed)
        window = piece
    return made


def cabinet(files, method=1, data=None, rows=None, before=b""):
    """One folder. `rows` gives offset, size and folder of each file."""
    whole = b"".join(files.values())
    made = blocks(whole, method == 1) if data is None else data
    directory, offset = b"", 0
    for number, (name, octets) in enumerate(files.items()):
        at, size, folder = rows[number] if rows else (offset, len(octets), 0)
        directory += struct.pack("<IIHHHH", size, at, folder, 0, 0, 0x20) + name.encode() + b"\0"
        offset += len(octets)
    start = 36 + 8
    at = start + len(directory) + len(before)
    folder = struct.pack("<IHH", at, len(made), method)
    body = directory + before + b"".join(made)
    total = start + len(body)
    head = struct.pack("<4s5I2B5H", b"MSCF", 0, total, 0, start, 0, 3, 1, 1, len(files), 0, 1, 0)
    return head + folder + body


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    """A cabinet by gcab."""
    program = shutil.which("gcab")
    assert program, "the package gcab is not installed"

    def run(files, *options):
        folder = tmp_path_factory.mktemp("cab")
        for name, octets in files.items():
            (folder / name).write_bytes(octets)
        command = [program, *options, "-c", folder / "a.cab", *files]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return (folder / "a.cab").read_bytes()

    return run


@pytest.mark.parametrize("options", [(), ("-z",)], ids=["stored", "MSZIP"])
def test_by_gcab(scan, pack, options):
    report = scan(pack(FILES, *options))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.cab/bad.exe"
    good = scan(pack(CLEAN, *options))
    assert verdict(good) == "clean"
    assert good["expanded"] == sum(map(len, CLEAN.values()))


@pytest.mark.parametrize("method", [0, 1])
def test_by_hand(scan, method):
    assert names(scan(cabinet(FILES, method))) == ["infected"]
    assert verdict(scan(cabinet(CLEAN, method))) == "clean"
    # A signature behind the cabinet, and space before the data, are ordinary.
    assert verdict(scan(cabinet(CLEAN, method, before=bytes(100)) + NOISE)) == "clean"


def test_a_method_that_is_not_known(scan):
    report = scan(cabinet(CLEAN, 4))
    assert names(report) == ["unscannable"]
    assert report["findings"][0]["signature"] == "cab method that is not known"


def test_files_that_overlap_or_lie_in_any_order(scan):
    whole = len(NOISE + BAD)
    files = {"a": NOISE + BAD, "b": b"", "c": b""}
    rows = [(len(NOISE), len(BAD), 0), (0, whole, 0), (10, 5, 0)]
    for method in (0, 1):
        assert names(scan(cabinet(files, method, rows=rows))) == ["infected"]


def test_a_file_that_goes_on_in_another_cabinet(scan):
    for folder in (0xFFFD, 0xFFFE, 0xFFFF):
        report = scan(cabinet({"a": b"a" * 50}, rows=[(0, 50, folder)]))
        assert names(report) == ["unscannable"]


def test_contradictions_are_malformed(scan):
    for rows in ([(0, 51, 0)], [(1, 50, 0)], [(1 << 31, 50, 0)], [(0, 50, 3)]):
        assert names(scan(cabinet({"a": b"a" * 50}, rows=rows))) == ["malformed"], rows
    good = cabinet({"a": BAD})
    assert names(scan(good[:-1])) == ["malformed"]
    at = good.index(b"CK")
    wrong_sum = good[: at - 8] + b"\1\2\3\4" + good[at - 4 :]
    assert names(scan(wrong_sum)) == ["infected", "malformed"]
    assert names(scan(good[:at] + b"CX" + good[at + 2 :])) == ["malformed"]


def test_limits(scan):
    many = cabinet({f"f{i}": b"x" for i in range(100)})
    assert names(scan(many, "--limit", "entries=50")) == ["too-many"]
    # Every file is the whole folder: what comes out counts.
    size = 1 << 20
    files = {"a": bytes(size), **{f"f{i}": b"" for i in range(60)}}
    bomb = cabinet(files, rows=[(0, size, 0)] * len(files))
    report = scan(bomb, "--limit", "expanded=5000000", fast=True)
    assert names(report) == ["too-large"]
    assert report["expanded"] == 5000000
    # Each file begins before the one before it: the folder is unpacked again and again.
    rows = [(size - i - 1, 1, 0) for i in range(len(files))]
    again = cabinet(files, rows=[(0, 1, 0) if i % 2 else row for i, row in enumerate(rows)])
    assert names(scan(again, "--limit", "work=20000000", fast=True)) == ["over-budget"]


def test_cut_at_each_octet_is_never_clean(screen):
    head = b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    container = cabinet({"a": BAD, "b": b"b" * 99}).replace(b"\n.", b"\n..")
    reports = screen([head + container], "--every-prefix")
    assert verdict(reports[-1]) == "infected"
    for report in reports[len(head) + 8 : -1]:
        assert verdict(report) in ("infected", "malformed")


def test_every_cut_gives_the_same_report(scan, soak):
    scan(cabinet({"a": BAD, "b": b"b" * 99}), "--every-cut", fast=not soak)
