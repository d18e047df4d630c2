"""ar, cpio, rar, ARJ, LZH, SZDD and BinHex: made by ar, cpio, arj, taken from ClamAV's tests,
and by hand where no program can be had."""

import random
import subprocess
from pathlib import Path

import pytest
from mailmaking import (
    BAD,
    EICAR,
    TEXT,
    attachment,
    multipart,
    names,
    parts,
    reasons,
    verdict,
    zipped,
)
from old_archives import (
    GOOD,
    RAR4,
    RAR4_END,
    RAR5,
    RAR5_END,
    binhex,
    lzh,
    rar4,
    rar4_block,
    rar4_file,
    rar5,
    rar5_block,
    rar5_file,
    szdd,
    vint,
)

NAME = "a.bin"  # of the attachments

CLAMAV = Path("/usr/share/clamav-testfiles")
PAYLOAD = zipped(("x", EICAR))  # only found if it is opened


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, **more)
    return done.stdout


def write(folder, payload):
    for old in folder.iterdir():
        old.unlink()
    (folder / "readme.txt").write_bytes(b"hello\n" * 9 + b"!")
    (folder / "a name that is longer than a header.zip").write_bytes(payload)
    return sorted(path.name for path in folder.iterdir())


def ar(folder, payload):
    run("ar", "rc", "out", *write(folder, payload), cwd=folder)
    return (folder / "out").read_bytes()


def cpio(kind):
    def make(folder, payload):
        listed = "\n".join(write(folder, payload)).encode()
        return run("cpio", "-o", "-H", kind, cwd=folder, input=listed)

    return make


def arj(*options):
    def make(folder, payload):
        run("arj", "a", "-y", *options, "out.arj", *write(folder, payload), cwd=folder)
        return (folder / "out.arj").read_bytes()

    return make


KINDS = {
    "ar": ar,
    "newc": cpio("newc"),
    "crc": cpio("crc"),
    "odc": cpio("odc"),
    "bin": cpio("bin"),
    "arj": arj("-m0"),
    "rar 4": rar4,
    "rar 5": rar5,
    "lzh 0": lzh(0),
    "lzh 1": lzh(1),
    "lzh 2": lzh(2),
    "szdd": szdd,
    "binhex": binhex,
}
LONG = "a name that is longer than a header.zip"


@pytest.mark.parametrize("kind", KINDS)
def test_found_and_good_ones_clean(scan, tmp_path, kind):
    report = scan(KINDS[kind](tmp_path, PAYLOAD))
    assert names(report) == ["infected"]
    expected = {"rar 4": "d\\bad.zip", "rar 5": "d/bad.zip", "szdd": "expanded"}
    if kind.startswith("lzh") or kind == "binhex":
        expected[kind] = "bad.zip"
    assert parts(report) == {f"a.bin/{expected.get(kind, LONG)}/x"}
    good = scan(KINDS[kind](tmp_path, GOOD + b"\x90" * 9))
    assert (verdict(good), good["findings"]) == ("clean", [])


@pytest.mark.parametrize("kind", KINDS)
def test_cut_anywhere_is_never_clean(screen, tmp_path, kind):
    octets = KINDS[kind](tmp_path, PAYLOAD)
    end = {"newc": 512, "crc": 512, "odc": 512, "bin": 512, "arj": 4, "rar 4": 8, "rar 5": 9}
    last = len(octets.rstrip(b"\0")) - end.get(kind, 0)
    cuts = range(120 if kind != "szdd" else 20, last, 1 if last < 900 else 7)
    messages = [multipart(TEXT, attachment(octets[:cut], "a.bin")) for cut in cuts]
    for cut, report in zip(cuts, screen(messages), strict=True):
        clean = verdict(report) == "clean"
        # A cut between two members leaves a whole archive, where a format has no end mark.
        assert not clean or kind in ("ar", "lzh 0", "lzh 1", "lzh 2", "rar 4"), cut


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_gives_the_same_report(scan, tmp_path, kind):
    scan(KINDS[kind](tmp_path, PAYLOAD)[:1500], "--every-cut", fast=True)


@pytest.mark.parametrize("kind", KINDS)
def test_limits(scan, tmp_path, kind):
    octets = KINDS[kind](tmp_path, PAYLOAD)
    assert "too-large" in names(scan(octets, "--limit", "expanded=100"))
    assert "too-many" in names(scan(octets, "--limit", "entries=3"))
    assert "too-large" in names(scan(octets, "--scratch", "100"))
    assert "over-budget" in names(scan(octets, "--limit", "work=3000"))


def test_compressed_and_encrypted(scan, tmp_path):
    secret = arj("-m0", "-gsecret")(tmp_path, PAYLOAD)
    assert "encrypted" in names(scan(secret))
    compressed = RAR4 + rar4_file(b"a", PAYLOAD, 0x33) + rar4_file(b"b", PAYLOAD, 0x35)
    report = scan(compressed + RAR4_END)
    assert (reasons(report), report["found"]) == ({"rar, compressed"}, 1)
    assert reasons(scan(RAR5 + rar5_file(b"a", PAYLOAD, 3) + RAR5_END)) == {"rar, compressed"}
    hidden = b"Rar!\x1a\x07\0" + rar4_block(0x73, 0x80, bytes(6)) + b"noise"
    assert names(scan(hidden)) == ["encrypted"]
    hidden = b"Rar!\x1a\x07\1\0" + rar5_block(4, 0, bytes(20)) + b"noise"
    assert names(scan(hidden)) == ["encrypted"]
    assert names(scan(RAR4 + rar4_file(b"a", PAYLOAD, flags=4) + RAR4_END)) == ["encrypted"]
    extra = vint(2) + vint(1) + vint(0)
    assert names(scan(RAR5 + rar5_file(b"a", PAYLOAD, extra=extra) + RAR5_END)) == ["encrypted"]
    assert reasons(scan(b"KWAJ\x88\xf0\x27\xd1" + bytes(30))) == {"kwaj archive"}


def test_what_contradicts_itself(scan):
    for octets in (
        RAR4 + rar4_file(b"a", GOOD, crc=1) + RAR4_END,
        RAR4 + rar4_file(b"a", GOOD, size=9) + RAR4_END,
        RAR4[:-1] + b"\1" + RAR4_END,
        RAR5 + rar5_file(b"a", GOOD, crc=1) + RAR5_END,
        RAR5[:-1] + b"\1" + RAR5_END,
        b"!<arch>\n" + b"x" * 60,
        binhex(None, GOOD).replace(b"4.0)\r\n\r\n:", b"4.0)\r\n\r\n:w"),
    ):
        assert set(names(scan(octets))) == {"malformed"}, octets
        assert "infected" in names(scan(octets + BAD))
    split = RAR5 + rar5_file(b"a", PAYLOAD, flags=0x10) + RAR5_END
    assert set(names(scan(split))) == {"infected", "unscannable"}


def test_behind_the_end_of_cpio(scan, tmp_path):
    octets = cpio("newc")(tmp_path, GOOD)
    assert names(scan(octets + octets.replace(GOOD, BAD[: len(GOOD)]) + PAYLOAD)) == ["infected"]


def test_a_bomb_of_runs(scan):
    """BinHex runs of 255 octets: bounded by the ratio and by room."""
    octets = binhex(None, bytes(8 << 20))
    assert names(scan(octets, "--limit", "ratio=20", fast=True)) == ["ratio"]


def test_debian_package(scan, tmp_path):
    (tmp_path / "debian-binary").write_bytes(b"2.0\n")
    (tmp_path / "data.zip").write_bytes(PAYLOAD)
    run("ar", "rc", "x.deb", "debian-binary", "data.zip", cwd=tmp_path)
    assert parts(scan((tmp_path / "x.deb").read_bytes())) == {"a.bin/data.zip/x"}


@pytest.mark.parametrize(
    "name", ["bin-be.cpio", "bin-le.cpio", "newc.cpio", "odc.cpio", "exe.szdd", "exe.binhex"]
)
def test_files_of_clamav(scan, name):
    """They hold a program of 544 octets; BinHex has a resource fork of one octet as well."""
    report = scan((CLAMAV / f"clam.{name}").read_bytes())
    size = 545 if name == "exe.binhex" else 544
    assert (verdict(report), report["expanded"]) == ("clean", size)


def test_random_octets_behind_a_mark(screen):
    choose = random.Random(1)
    marks = [RAR4, RAR5, b"!<arch>\n", b"070701", b"SZDD\x88\xf0\x27\x33A", b"\xc7\x71"]
    messages = [
        multipart(TEXT, attachment(mark + choose.randbytes(400), "a.bin"))
        for mark in marks
        for _ in range(20)
    ]
    for report in screen(messages):
        assert verdict(report) != "infected"


@pytest.mark.parametrize("make", [rar4, rar5])
def test_rar_behind_a_program(scan, make):
    program = b"MZ" + random.Random(2).randbytes(3000)
    octets = program + make(None, PAYLOAD)
    assert parts(scan(octets, name="a.exe")) == {"a.exe/rar/" + SELF_EXTRACTED[make] + "/x"}
    assert verdict(scan(program + make(None, GOOD), name="a.exe")) == "clean"
    scan(octets, "--every-cut", name="a.exe", fast=True)
    # A program that knows the mark, as unpackers do: before the real archive, of either kind.
    knows = program + b"Rar!\x1a\x07\0" + b"Rar!\x1a\x07\1\0" + program
    assert verdict(scan(knows, name="a.exe")) == "clean"
    assert names(scan(knows + make(None, PAYLOAD), name="a.exe")) == ["infected"]
    assert names(scan(knows + PAYLOAD, name="a.exe")) == ["infected"]


SELF_EXTRACTED = {rar4: "d\\bad.zip", rar5: "d/bad.zip"}
