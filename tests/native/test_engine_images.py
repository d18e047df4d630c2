"""Disc and disk images: ISO 9660, UDF, FAT, partitions, VHD. Made by genisoimage, xorriso,
mkfs.fat and mtools, and by hand what those do not make."""

import random
import struct
import subprocess
import zipfile

import pytest
from imagemaking import (
    SECTOR,
    Udf,
    dynamic,
    entry,
    gpt,
    mbr,
    record,
    small_fat,
    small_iso,
    vhd_footer,
)
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

NAME = "a.iso"  # of the attachments

SYNC = b"\0" + b"\xff" * 10 + b"\0"


def fill(folder, bad=BAD):
    """Files of which one is bad, in a folder with a long name."""
    inner = folder / "folder with a long name"
    inner.mkdir(parents=True)
    (folder / "readme.txt").write_bytes(b"hello " * 700)
    (folder / "empty").write_bytes(b"")
    (inner / "täglich schlecht.exe").write_bytes(bad)
    return folder


def run(*command, **more):
    subprocess.run([str(word) for word in command], check=True, capture_output=True, **more)


def iso(tmp_path, *options, bad=BAD, program="genisoimage"):
    files, out = fill(tmp_path / "files", bad), tmp_path / "out.iso"
    first = ["xorriso", "-as", "genisoimage"] if program == "xorriso" else [program, "-no-pad"]
    run(*first, "-quiet", *options, "-o", out, files)
    return out.read_bytes()


ISO = {
    "plain": (),
    "joliet": ("-J",),
    "rock ridge": ("-R",),
    "both": ("-J", "-R"),
    "level 4": ("-iso-level", "4"),
    "bridge": ("-udf", "-J"),
}


@pytest.mark.parametrize("program", ["genisoimage", "xorriso"])
@pytest.mark.parametrize("kind", ISO)
def test_found_in_iso(scan, tmp_path, kind, program):
    if program == "xorriso" and kind == "bridge":
        program = "genisoimage"  # xorriso makes no UDF
    octets = iso(tmp_path, *ISO[kind], program=program)
    report = scan(octets)
    assert names(report) == ["infected"]
    if kind == "rock ridge":
        assert parts(report) == {"a.iso/folder with a long name/täglich schlecht.exe"}
    assert names(scan(octets, name="a.xyz")) == ["infected"]  # without its name


@pytest.mark.parametrize("kind", ISO)
def test_good_iso_is_clean(scan, tmp_path, kind):
    report = scan(iso(tmp_path, *ISO[kind], bad=b"good " * 900))
    assert (verdict(report), report["findings"]) == ("clean", [])
    # The message, its two parts and two files, whichever trees show them.
    assert report["entries"] == 5


def test_files_are_opened_as_such(scan, tmp_path):
    assert names(scan(iso(tmp_path, "-J", bad=zipped(("x", EICAR))))) == ["infected"]


def test_any_first_octets(scan, tmp_path):
    octets = iso(tmp_path, "-R", bad=zipped(("x", EICAR)))
    boot = random.Random(1).randbytes(32768)
    assert names(scan(boot + octets[32768:])) == ["infected"]
    hybrid = boot[:446] + bytes(64) + b"\x55\xaa" + boot[512:]
    assert names(scan(hybrid + octets[32768:], name="a.xyz")) == ["infected"]
    # A polyglot is opened as both.
    other = zipped(("good", b"good"))
    found = scan(other + bytes(32768 - len(other)) + octets[32768:])
    assert "infected" in names(found)


def test_only_one_tree_shows_it(scan, tmp_path):
    payload = zipped(("x", EICAR))
    octets = bytearray(iso(tmp_path, "-J", bad=payload))
    primary, joliet = octets[16 * SECTOR :][:SECTOR], octets[17 * SECTOR :][:SECTOR]
    assert joliet[0] == 2
    for keep, other in ((primary, 17), (joliet, 16)):
        assert keep
        changed = bytearray(octets)
        changed[other * SECTOR + 166 : other * SECTOR + 174] = bytes(8)  # an empty root
        assert names(scan(bytes(changed))) == ["infected"]


def udf_only(octets):
    """A bridge disc without its ISO descriptors."""
    changed = bytearray(octets)
    for sector in range(16, 32):
        at = sector * SECTOR
        if changed[at + 1 : at + 6] == b"CD001":
            changed[at : at + SECTOR] = bytes(SECTOR)
    return bytes(changed)


def test_udf_alone(scan, tmp_path):
    octets = udf_only(iso(tmp_path, "-udf", bad=zipped(("x", EICAR))))
    report = scan(octets)
    assert names(report) == ["infected"]
    path = "a.iso/folder with a long name/täglich schlecht.exe/x"
    assert parts(report) == {path}
    # The anchor that is missing at block 256 may stand at the end.
    away = octets[: 256 * SECTOR] + bytes(SECTOR) + octets[257 * SECTOR :]
    assert verdict(scan(away)) in ("infected", "malformed")


def test_good_udf_is_clean(scan, tmp_path):
    octets = udf_only(iso(tmp_path, "-udf", bad=b"good"))
    report = scan(octets)
    assert (verdict(report), report["entries"]) == ("clean", 5)


STORED = zipped(("x", BAD), method=zipfile.ZIP_STORED)


@pytest.mark.parametrize("extents", ["embedded", "short", "long_form", "continued"])
def test_udf_by_hand(scan, extents):
    report = scan(Udf(extents, STORED).octets())
    assert names(report) == ["infected"]
    assert parts(report) == {"a.iso/bad.exe/x"}


def test_udf_in_pieces(scan):
    payload = zipped(("x", random.Random(2).randbytes(2000) + BAD), method=zipfile.ZIP_STORED)
    report = scan(Udf("split", payload).octets())
    assert parts(report) == {"a.iso/bad.exe/x"}


def test_hostile_udf(scan):
    assert verdict(scan(Udf("circle", STORED).octets())) == "malformed"
    assert verdict(scan(Udf("beyond", STORED).octets())) == "malformed"
    virtual = scan(Udf("short", STORED, map_kind=2).octets())
    assert "udf, virtual or metadata partition" in reasons(virtual)
    whole = Udf("short", b"good")
    whole.put(302, whole.blocks[301])  # the file is a folder with itself in it
    assert verdict(scan(whole.octets())) in ("malformed", "clean")
    assert verdict(scan(Udf("short", b"good").octets())) == "clean"


def raw(octets, mode):
    """Sectors of 2352 octets."""
    out = b""
    for at in range(0, len(octets), SECTOR):
        head = SYNC + bytes(3) + bytes([mode]) + bytes(8 if mode == 2 else 0)
        out += (head + octets[at : at + SECTOR]).ljust(2352, b"\0")
    return out


@pytest.mark.parametrize("mode", [1, 2])
def test_raw_sectors(scan, tmp_path, mode):
    octets = raw(iso(tmp_path, bad=zipped(("x", EICAR))), mode)
    assert names(scan(octets, name="a.xyz")) == ["infected"]


def test_iso_of_several_extents(scan):
    payload = zipped(("x", random.Random(3).randbytes(2000) + BAD), method=zipfile.ZIP_STORED)
    records = [
        record(b"A.ZIP;1", 22, SECTOR, 0x80),
        record(b"A.ZIP;1", 25, len(payload) - SECTOR),
    ]
    octets = small_iso(records, {22: payload[:SECTOR], 25: payload[SECTOR:]})
    assert parts(scan(octets)) == {"a.iso/A.ZIP/x"}


HOSTILE_ISO = {
    "beyond": [record(b"A;1", 4000, 100)],
    "folder beyond": [record(b"D", 4000, SECTOR, 2)],
    "circle": [record(b"D", 20, SECTOR, 2)],
    "bigger circle": [record(b"D", 20, SECTOR * 2, 2)],
    "last extent missing": [record(b"A;1", 22, SECTOR, 0x80)],
    "record": [b"\x05\0\0\0\0"],
    "name": [b"\x30" + bytes(31) + b"\xff" + b"A" * 15],
}


@pytest.mark.parametrize("records", HOSTILE_ISO.values(), ids=HOSTILE_ISO)
def test_hostile_iso(scan, records):
    octets = small_iso([record(b"GOOD;1", 23, 5), *records], {23: b"hello"})
    assert names(scan(octets)) == ["malformed"]
    bad = small_iso([record(b"B;1", 23, len(STORED)), *records], {23: STORED})
    assert "infected" in names(scan(bad))


def test_deep_iso(scan):
    folders = {20 + i: record(b"D", 21 + i, SECTOR, 2) for i in range(1, 40)}
    octets = small_iso([record(b"D", 21, SECTOR, 2)], folders, sectors=70)
    assert "too-deep" in names(scan(octets))


def test_limits(scan, tmp_path):
    many = small_iso(
        [record(b"%d;1" % i, 22 + i, 100) for i in range(10)],
        {22 + i: b"x" * 100 for i in range(10)},
    )
    assert verdict(scan(many)) == "clean"
    assert verdict(scan(many, "--limit", "entries=12")) == "too-many"
    assert verdict(scan(many, "--limit", "entries=13")) == "clean"
    assert verdict(scan(many, "--limit", "expanded=999")) == "too-large"
    assert verdict(scan(many, "--limit", "expanded=1000")) == "clean"
    assert verdict(scan(many, "--limit", "work=100000")) == "over-budget"
    assert verdict(scan(many, "--scratch", "4096")) == "too-large"
    assert verdict(scan(many, "--limit", "depth=2")) == "too-deep"


def fat(tmp_path, bits, kilo, options=(), bad=BAD):
    files, out = fill(tmp_path / "files", bad), tmp_path / "out.img"
    run("mkfs.fat", "-C", "-F", bits, *options, out, kilo)
    environment = {"MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin"}
    for path in sorted(files.iterdir()):
        run("mcopy", "-s", "-i", out, path, "::", env=environment)
    run("mdel", "-i", out, "::readme.txt", env=environment)
    return out.read_bytes()


FAT = {"floppy": (12, 1440, ()), "fat16": (16, 4200, ("-s", 1)), "fat32": (32, 34000, ("-s", 1))}


@pytest.mark.parametrize("kind", FAT)
def test_found_in_fat(scan, tmp_path, kind):
    octets = fat(tmp_path, *FAT[kind], bad=zipped(("x", EICAR)))
    report = scan(octets, name="a.xyz", fast=True)
    assert names(report) == ["infected"]
    assert parts(report) == {"a.xyz/folder with a long name/täglich schlecht.exe/x"}
    assert report["entries"] == 5  # message, two parts, zip, its entry; nothing deleted


def test_fat_under_the_sanitizers(scan, tmp_path):
    octets = fat(tmp_path, 12, 360, bad=zipped(("x", EICAR)))
    assert names(scan(octets, name="a.img")) == ["infected"]


def test_good_fat_is_clean(scan, tmp_path):
    assert verdict(scan(fat(tmp_path, 12, 360, bad=b"good " * 900), name="a.img")) == "clean"


def test_fat_in_pieces(scan):
    payload = zipped(("x", random.Random(4).randbytes(600) + BAD), method=zipfile.ZIP_STORED)
    payload = payload.ljust(1024 + 300, b"\0")[: 1024 + 300]
    pieces = {2: payload[:512], 7: payload[512:1024], 4: payload[1024:]}
    table = [7, 0, 0xFFF, 0, 0, 4]
    octets = small_fat(table, entry(b"A       ZIP", 2, len(payload)), pieces)
    assert "a.img/A.ZIP/x" in parts(scan(octets, name="a.img"))


HOSTILE_FAT = {
    "file in a circle": ([3, 2], entry(b"A       TXT", 2, 1 << 30)),
    "short chain": ([3, 0xFFF], entry(b"A       TXT", 2, 5000)),
    "nowhere": ([0xFF0], entry(b"A       TXT", 2, 5000)),
    "free": ([0], entry(b"A       TXT", 2, 5000)),
    "no cluster": ([0xFFF], entry(b"A       TXT", 4000, 5000)),
    "folder nowhere": ([0xFFF], entry(b"A          ", 4000, 0, 0x10)),
    "folder zero": ([0xFFF], entry(b"A          ", 0, 0, 0x10)),
}


@pytest.mark.parametrize("kind", HOSTILE_FAT)
def test_hostile_fat(scan, kind):
    table, root = HOSTILE_FAT[kind]
    octets = small_fat(table, root, {})
    report = scan(octets, "--limit", "expanded=1000000", name="a.img")
    assert set(names(report)) == {"malformed"}


def test_fat_folders_in_circles(scan):
    folder = entry(b"D          ", 2, 0, 0x10)
    assert names(scan(small_fat([0xFFF], folder, {2: folder}), name="a.img")) == ["malformed"]
    # A folder whose chain of clusters is a circle, each of them full.
    full = entry(b"F       TXT", 0, 0) * 16
    octets = small_fat([3, 2], folder, {2: full, 3: full})
    assert names(scan(octets, name="a.img")) == ["malformed"]


def with_file(payload):
    return small_fat([3, 4, 5, 6, 0xFFF], entry(b"A       ZIP", 2, len(payload)), {2: payload})


def test_partitions(scan):
    volume = with_file(STORED)
    disk = mbr([(1, 63, 80)], volume)
    assert parts(scan(disk, name="a.xyz")) == {"a.xyz/A.ZIP/x"}
    # A logical partition in an extended one.
    inner = mbr([(1, 63, 80)], volume)
    assert names(scan(mbr([(5, 63, 143)], inner), name="a.img")) == ["infected"]
    circle = mbr([(0, 0, 0), (5, 0, 10)], b"", 1)
    nested = mbr([(5, 63, 143)], circle)
    assert verdict(scan(nested, name="a.img")) in ("malformed", "clean")
    far = mbr([(1, 63, 80), (1, 5000, 80)], volume)
    assert set(names(scan(far, name="a.img"))) == {"infected", "malformed"}
    unknown = mbr([(0x83, 63, 80)], b"unknown " * 512)
    assert reasons(scan(unknown, name="a.img")) == {"partition of an unknown kind"}


def test_guid_partitions(scan):
    assert parts(scan(gpt(with_file(STORED)), name="a.img")) == {"a.img/A.ZIP/x"}
    assert verdict(scan(gpt(with_file(b"good")), name="a.img")) == "clean"


def test_vhd(scan):
    disk = mbr([(1, 63, 80)], with_file(STORED))
    assert parts(scan(disk + vhd_footer(2), name="a.vhd")) == {"a.vhd/A.ZIP/x"}
    assert parts(scan(dynamic(disk), name="a.xyz")) == {"a.xyz/A.ZIP/x"}
    assert verdict(scan(dynamic(mbr([(1, 63, 80)], with_file(b"good"))))) == "clean"
    assert reasons(scan(vhd_footer(4) + disk)) >= {"vhd, differencing disk"}


def test_vhd_of_a_terabyte(scan):
    octets = bytearray(dynamic(mbr([(1, 63, 80)], with_file(STORED))))
    struct.pack_into(">I", octets, 512 + 32, 1 << 31)  # octets of a block
    assert "too-large" in names(scan(bytes(octets), name="a.vhd"))


@pytest.mark.parametrize(
    ("at", "mark", "why"),
    [
        (3, b"NTFS    ", "ntfs volume"),
        (3, b"EXFAT   ", "exfat volume"),
        (1080, b"\x53\xef", "ext volume"),
        (3, b"-FVE-FS-", "BitLocker volume"),
    ],
)
def test_other_volumes_are_named(scan, at, mark, why):
    octets = bytearray(8192)
    octets[510:512] = b"\x55\xaa"
    octets[at : at + len(mark)] = mark
    assert reasons(scan(bytes(octets), name="a.xyz")) == {why}
    assert reasons(scan(mbr([(7, 63, 16)], bytes(octets)), name="a.img")) == {why}


@pytest.mark.parametrize(
    ("mark", "why"),
    [(b"vhdxfile", "vhdx image"), (b"KDMV", "vmdk image"), (b"MSWIM\0\0\0", "wim archive")],
)
def test_other_images_are_named(scan, mark, why):
    assert reasons(scan(mark + bytes(3000), name="a.xyz")) == {why}


def test_what_is_no_image(scan):
    """Names and first octets that promise one."""
    noise = random.Random(5).randbytes(40000)
    plain = [noise, bytes(40000), noise[:510] + b"\x55\xaa" + noise[512:], b"", b"short"]
    for octets in plain:
        assert verdict(scan(octets, name="a.img")) == "clean"
        assert verdict(scan(octets, name="a.bin")) == "clean"
    assert parts(scan(STORED, name="a.iso.img")) == {"a.iso.img/a/x"}
    assert verdict(scan(EICAR, name="a.img")) == "infected"


def test_cut_off(screen, tmp_path):
    """Cut at any place: found, or malformed, never clean once the descriptors are there."""
    octets = iso(tmp_path, "-J", bad=zipped(("x", EICAR)))
    choose = random.Random(6)
    cuts = {len(octets) - 1, *(choose.randrange(18 * SECTOR, len(octets)) for _ in range(60))}
    messages = [multipart(TEXT, attachment(octets[:cut], "a.iso")) for cut in sorted(cuts)]
    for report in screen(messages):
        assert verdict(report) in ("infected", "malformed")


def test_feeds_and_blocks(scan, tmp_path):
    octets = iso(tmp_path, "-udf", "-J", bad=zipped(("x", EICAR)))[: 330 * SECTOR]
    whole = scan(octets, fast=True)
    for options in (("--feed", "1"), ("--feed", "4097"), ("--block", "1"), ("--block", "513")):
        other = scan(octets, *options, fast=True)
        assert {**other, "seconds": 0} == {**whole, "seconds": 0}


def test_every_cut(scan):
    octets = small_fat([0xFFF], entry(b"A       ZIP", 2, len(STORED)), {2: STORED}, sectors=6)
    scan(octets, "--every-cut", name="a.img", fast=True)
