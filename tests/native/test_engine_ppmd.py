"""PPMd of 7z and zip, BCJ2 of 7z, xz in zip: as 7-Zip writes them, and changed by hand."""

import io
import lzma
import os
import random
import shutil
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from mailmaking import BAD, TEXT, attachment, multipart, names, verdict
from programmaking import program

NAME = "a.7z"  # of the attachments

PROGRAM = shutil.which("7zz") or shutil.which("7z")
NOISE = random.Random(6).randbytes(3000)
WORDS = b" ".join(random.Random(7).choices([b"one", b"two", b"three", b"post"], k=9000))
FILES = {"readme.txt": WORDS, "folder/bad.exe": NOISE + BAD, "empty": b"", "x.bin": NOISE * 3}
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
        kind = () if any(o.startswith("-t") for o in options) else ("-t7z",)
        done = subprocess.run(
            [PROGRAM, "a", *kind, "-bd", *options, folder / "archive", "."],
            cwd=folder / "in",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return next(folder.glob("archive*")).read_bytes()

    return run


def code(seed, calls=4000):
    """Something like a program of x86: calls and jumps to few places, among other octets."""
    chance = random.Random(seed)
    octets = bytearray()
    for _ in range(calls):
        octets += chance.randbytes(chance.randrange(1, 9))
        target = chance.choice((0x1000, 0x2000, 0x23456)) - len(octets) - 5
        octets += chance.choice((b"\xe8", b"\xe9")) + struct.pack("<i", target)
        octets += b"\x0f\x84" + struct.pack("<i", 0x4000 - len(octets) - 6)
    return bytes(octets)


PROGRAMS = {"a.exe": program([code(1), BAD]), "b.dll": program([code(2)])}
GOOD_PROGRAMS = PROGRAMS | {"a.exe": program([code(1), b"nothing" * 50])}

BINDS = ("-mb0:1", "-mb0s1:2", "-mb0s2:3")
SEVENZIP = {
    "PPMd": ("-m0=PPMd",),
    "order 2": ("-m0=PPMd:o=2:mem=1m",),
    "order 32": ("-m0=PPMd:o=32:mem=32m",),
    "little memory": ("-m0=PPMd:o=32:mem=64k",),
    "PPMd, plain header": ("-m0=PPMd", "-mhc=off"),
    "PPMd, not solid": ("-m0=PPMd", "-ms=off"),
    "BCJ and PPMd": ("-m0=BCJ", "-m1=PPMd"),
    "Delta and PPMd": ("-m0=Delta:4", "-m1=PPMd"),
    "BCJ2": ("-mf=BCJ2",),
    "BCJ2 and three LZMA": ("-m0=BCJ2", "-m1=LZMA", "-m2=LZMA", "-m3=LZMA", *BINDS),
    "BCJ2 and other methods": ("-m0=BCJ2", "-m1=LZMA2", "-m2=PPMd", "-m3=BZip2", *BINDS),
    "BCJ2 and Deflate and Copy": ("-m0=BCJ2", "-m1=Deflate", "-m2=Copy", "-m3=LZMA", *BINDS),
    "BCJ2 and one LZMA": ("-m0=BCJ2", "-m1=LZMA", "-mb0:1"),
    "BCJ2 alone": ("-m0=BCJ2",),
    "ARM64 and LZMA": ("-m0=ARM64", "-m1=LZMA"),
    "ARM64 and PPMd": ("-m0=ARM64", "-m1=PPMd"),
    "RISCV and LZMA2": ("-m0=RISCV", "-m1=LZMA2"),
}
ZIP = {
    "PPMd": ("-mm=PPMd",),
    "PPMd, best": ("-mm=PPMd", "-mx=9"),
    "PPMd, order 2": ("-mm=PPMd:o=2:mem=1m",),
    "PPMd, order 16": ("-mm=PPMd:o=16:mem=4m",),
    "xz": ("-mm=xz",),
}


@pytest.mark.parametrize("method", SEVENZIP)
@pytest.mark.parametrize("files", (FILES, PROGRAMS), ids=("files", "programs"))
def test_found_in_a_7z_and_nothing_else(scan, pack, method, files):
    report = scan(pack(files, *SEVENZIP[method]))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"].startswith("a.7z/")


@pytest.mark.parametrize("method", SEVENZIP)
@pytest.mark.parametrize("files", (CLEAN, GOOD_PROGRAMS), ids=("files", "programs"))
def test_a_good_7z_is_clean_and_its_check_values_right(scan, pack, method, files):
    report = scan(pack(files, *SEVENZIP[method]))
    assert verdict(report) == "clean"
    assert report["expanded"] >= sum(map(len, files.values()))
