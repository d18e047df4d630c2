"""PPMd of 7z and zip, BCJ2 of 7z, xz in zip: as 7-Zip writes them, and changed by hand."""

import lzma
import os
import random
import struct
import zlib
from pathlib import Path

import pytest
from mailmaking import BAD, TEXT, attachment, multipart, names, verdict
from programmaking import program
from restante.screening import verdicts

NAME = "a.7z"  # of the attachments

NOISE = random.Random(6).randbytes(3000)
WORDS = b" ".join(random.Random(7).choices([b"one", b"two", b"three", b"post"], k=9000))
FILES = {"readme.txt": WORDS, "folder/bad.exe": NOISE + BAD, "empty": b"", "x.bin": NOISE * 3}
CLEAN = FILES | {"folder/bad.exe": NOISE + b"nothing" * 50}


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
def test_found_in_a_7z_and_nothing_else(scan, pack_7z, method, files):
    report = scan(pack_7z(files, *SEVENZIP[method]))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"].startswith("a.7z/")


@pytest.mark.parametrize("method", SEVENZIP)
@pytest.mark.parametrize("files", (CLEAN, GOOD_PROGRAMS), ids=("files", "programs"))
def test_a_good_7z_is_clean_and_its_check_values_right(scan, pack_7z, method, files):
    report = scan(pack_7z(files, *SEVENZIP[method]))
    assert verdict(report) == "clean"
    assert report["expanded"] >= sum(map(len, files.values()))


@pytest.mark.parametrize("method", ZIP)
def test_zip(scan, pack_7z, method):
    """Its entries one by one, so that the other one is named as the infected one is."""
    report = scan(pack_7z(FILES, "-tzip", *ZIP[method]), name="a.zip")
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.zip/folder/bad.exe"
    report = scan(pack_7z(CLEAN, "-tzip", *ZIP[method]), name="a.zip")
    assert verdict(report) == "clean"
    assert report["expanded"] >= sum(map(len, CLEAN.values()))


def test_a_real_program_through_bcj2(scan, pack_7z):
    """Larger than any buffer on the way, with thousands of calls."""
    octets = Path(os.path.realpath("/bin/sh")).read_bytes() * 3
    for options in (SEVENZIP["BCJ2 and three LZMA"], SEVENZIP["BCJ2 and other methods"]):
        report = scan(pack_7z({"sh": octets}, *options), "--limit", "depth=4")
        assert verdict(report) == "clean"
        assert report["expanded"] >= len(octets)


SMALL = {"a": BAD, "b": code(3, calls=30)}


@pytest.mark.parametrize("method", ["PPMd", "BCJ and PPMd", "BCJ2 and three LZMA"])
def test_a_7z_cut_anywhere_is_never_clean_and_every_cut_the_same(screen, scan, pack_7z, method):
    octets = pack_7z(SMALL, *SEVENZIP[method])
    head = b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    reports = screen([head + octets.replace(b"\n.", b"\n..")], "--every-prefix")
    assert verdict(reports[-1]) == "infected"
    assert {verdict(r) for r in reports[len(head) + 6 : -1]} == {"malformed"}
    scan(octets, "--every-cut", fast=True)


@pytest.mark.parametrize("method", ["PPMd", "xz"])
def test_a_zip_cut_anywhere_is_never_clean_and_every_cut_the_same(screen, scan, pack_7z, method):
    octets = pack_7z(SMALL, "-tzip", *ZIP[method])
    head = b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    reports = screen([head + octets.replace(b"\n.", b"\n..")], "--every-prefix", fast=True)
    assert verdict(reports[-1]) == "infected"
    assert "clean" not in {verdict(r) for r in reports[len(head) + 4 : -1]}
    scan(octets, "--every-cut", fast=True)


def with_header(octets, header, packed=None):
    """The archive with another header and other data, its check values right."""
    data = octets[32 : 32 + struct.unpack_from("<Q", octets, 12)[0]] if packed is None else packed
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    return octets[:8] + struct.pack("<I", zlib.crc32(start)) + start + data + header


def parts_of(octets):
    """Data and header."""
    at = 32 + struct.unpack_from("<Q", octets, 12)[0]
    return octets[32:at], octets[at:]


def changed(header, old, new):
    assert header.count(old) == 1
    return header.replace(old, new)


PPMD_CODER = b"\x23\3\4\1\5"  # its id, with five octets of settings


@pytest.mark.parametrize(
    "order, memory, expected",
    [
        (0, 1 << 16, "unscannable"),
        (1, 1 << 16, "unscannable"),
        (65, 1 << 16, "unscannable"),
        (255, 1 << 16, "unscannable"),
        (6, 0, "unscannable"),
        (6, 2047, "unscannable"),
        (6, 0xFFFFFFFF, "unscannable"),
        (6, 0xFFFFFFFF - 36, "too-large"),
        (6, 1 << 30, "too-large"),
        (6, 160 << 20, "too-large"),
    ],
)
def test_hostile_settings_of_ppmd(scan, pack_7z, order, memory, expected):
    octets = pack_7z({"a": BAD}, "-m0=PPMd:o=6:mem=64k", "-mhc=off")
    _, header = parts_of(octets)
    settings = PPMD_CODER + struct.pack("<BI", 6, 1 << 16)
    other = changed(header, settings, PPMD_CODER + struct.pack("<BI", order, memory))
    assert names(scan(with_header(octets, other))) == [expected]
    assert names(scan(with_header(octets, header))) == ["infected"]


def test_the_least_memory_and_the_highest_order(scan, pack_7z):
    """Other settings than the ones it was packed with: noise, but of a decoder that runs."""
    octets = pack_7z({"a": WORDS}, "-m0=PPMd:o=6:mem=64k", "-mhc=off")
    _, header = parts_of(octets)
    settings = PPMD_CODER + struct.pack("<BI", 6, 1 << 16)
    for order, memory in ((2, 1 << 11), (64, 1 << 11), (64, 2049), (64, 1 << 20), (2, 1 << 16)):
        other = changed(header, settings, PPMD_CODER + struct.pack("<BI", order, memory))
        assert names(scan(with_header(octets, other))) == ["malformed"]


def test_ppmd_needs_more_than_the_scratch(scan, pack_7z):
    octets = pack_7z({"a": WORDS * 10}, "-m0=PPMd:mem=1m")
    assert names(scan(octets, "--scratch", str(1 << 20))) == ["too-large"]
    assert verdict(scan(octets, "--scratch", str(3 << 20))) == "clean"
    octets = pack_7z({"a": WORDS}, "-tzip", "-mm=PPMd:mem=1m")
    assert names(scan(octets, "--scratch", str(1 << 20), name="a.zip")) == ["too-large"]
    assert verdict(scan(octets, "--scratch", str(3 << 20), name="a.zip")) == "clean"


def test_limits_of_ppmd(scan, pack_7z):
    for options in (("-m0=PPMd",), ("-tzip", "-mm=PPMd")):
        name = "a.zip" if "-tzip" in options else "a.7z"
        bomb = pack_7z({"a": bytes(8 << 20)}, *options)
        assert names(scan(bomb, name=name, fast=True)) == ["ratio"]
        free = ("--limit", "ratio=100000000")
        few = scan(bomb, *free, "--limit", "expanded=1000000", name=name, fast=True)
        assert names(few) == ["too-large"]
        assert few["expanded"] == 1000000
        little = scan(bomb, *free, "--limit", "work=20000000", name=name, fast=True)
        assert names(little) == ["over-budget"]


def test_ppmd_costs_more_work_than_lzma(scan, pack_7z):
    dear, cheap = (scan(pack_7z({"a": WORDS}, f"-m0={m}"), fast=True) for m in ("PPMd", "LZMA"))
    assert dear["work"] > cheap["work"] + 40 * len(WORDS)


def test_damaged_ppmd_and_bcj2_are_told(screen, pack_7z):
    files = {"a": WORDS[:5000], "b": code(4, calls=300)}
    messages = []
    for method in ("PPMd", "BCJ2 alone", "BCJ2 and three LZMA"):
        octets = pack_7z(files, *SEVENZIP[method], "-mhc=off")
        end = 32 + struct.unpack_from("<Q", octets, 12)[0] - 8
        for at in range(40, end, (end - 40) // 40):
            other = bytearray(octets)
            other[at] ^= 0x10
            messages.append(multipart(TEXT, attachment(bytes(other), "a.7z")))
    for report in screen(messages):
        assert names(report) == ["malformed"]


def test_headers_of_bcj2_changed_in_each_octet(screen, pack_7z):
    """With right check values: other trees, sizes that disagree, streams used twice."""
    for method in ("BCJ2 alone", "BCJ2 and three LZMA"):
        octets = pack_7z({"b": code(5, calls=60)}, *SEVENZIP[method], "-mhc=off")
        _, header = parts_of(octets)
        end = header.index(b"b\0\0\0")  # of the name; what follows are times
        messages = []
        for i in range(end):
            for value in {0, 1, 2, 5, 0x7F, 0xFF, header[i] ^ 1} - {header[i]}:
                other = header[:i] + bytes([value]) + header[i + 1 :]
                messages.append(multipart(TEXT, attachment(with_header(octets, other), "a.7z")))
        found = [verdict(report) for report in screen(messages)]
        assert len(found) == len(messages)
        assert {"malformed", "unscannable"} <= set(found)


def number(value):
    """As 7z writes numbers, the long way."""
    return b"\xff" + struct.pack("<Q", value)


def bcj2_archive(main, calls, jumps, coded, size, binds=(), ins=4, coders=b"", more=()):
    """BCJ2 by hand; `coders` further ones, whose sizes are `more`."""
    packed = [main, calls, jumps, coded]
    header = b"\1\4\6" + number(0) + number(4) + b"\x09"
    header += b"".join(number(len(p)) for p in packed) + b"\0"
    header += b"\7\x0b" + number(1) + b"\0" + number(1 + len(more))
    header += b"\x14\3\3\1\x1b" + number(ins) + number(1) + coders
    header += b"".join(number(a) + number(b) for a, b in binds)
    bound = dict(binds)
    streams = [3 + bound[i] if i in bound else i for i in range(ins)]  # of a coder: its own
    header += b"".join(map(number, streams)) + b"\x0c" + number(size)
    header += b"".join(map(number, more)) + b"\0\0"
    header += b"\5" + number(1) + b"\x11" + number(5) + b"\0x\0\0\0" + b"\0\0"
    return with_header(b"7z\xbc\xaf\x27\x1c\0\4", header, b"".join(packed))


RANGE = bytes(5) + b"\0" * 40  # of BCJ2's coder: nothing is a target
INSIDE = "a.7z/x"  # the archive as it lies has the signature too


def parts(report):
    """Where something was found."""
    found = report["findings"]
    return {f["part"] for f in found if verdicts.NAMES[f["verdict"]] == "infected"}


def test_bcj2_by_hand(scan):
    good = bcj2_archive(BAD, b"", b"", RANGE, len(BAD))
    assert INSIDE in parts(scan(good))
    assert verdict(scan(bcj2_archive(b"text" * 9, b"", b"", RANGE, 36))) == "clean"
    for size in (0, 1 << 62, 2**64 - 1, 35, 37):
        report = scan(bcj2_archive(b"text" * 9, b"", b"", RANGE, size))
        assert names(report) == ["malformed"], size
    for calls, jumps in ((b"123", b""), (b"", b"12345"), (b"1234", b"12")):
        size = 36 + len(calls) + len(jumps)
        assert names(scan(bcj2_archive(b"t" * 36, calls, jumps, RANGE, size))) == ["malformed"]
    # Targets that nothing asks for; a coder's first octet that is not zero; too few of its octets.
    assert names(scan(bcj2_archive(b"t" * 36, bytes(8), b"", RANGE, 44))) == ["malformed"]
    assert names(scan(bcj2_archive(b"t" * 36, b"", b"", b"\1" + bytes(9), 36))) == ["malformed"]
    assert names(scan(bcj2_archive(b"t" * 36, b"", b"", bytes(3), 36))) == ["malformed"]
    # Every call asks for a target, and there is none.
    assert names(scan(bcj2_archive(b"\xe8" * 36, b"", b"", b"\0" + b"\xee" * 30, 36))) == [
        "malformed"
    ]


def test_other_trees_are_not_read(scan):
    copy = b"\1\0"
    trees = {
        "a coder that feeds itself": bcj2_archive(
            BAD, b"", b"", RANGE, len(BAD), [(4, 1)], coders=copy, more=(len(BAD),)
        ),
        "one coder for two streams": bcj2_archive(
            BAD, b"", b"", RANGE, len(BAD), [(0, 1), (1, 1)], coders=copy * 2, more=(0, 0)
        ),
        "three streams": bcj2_archive(BAD, b"", b"", RANGE, len(BAD), ins=3),
        "a filter below": bcj2_archive(
            BAD, b"", b"", RANGE, len(BAD), [(0, 1)], coders=b"\1\4", more=(len(BAD),)
        ),
        "BCJ2 below": bcj2_archive(
            BAD, b"", b"", RANGE, len(BAD), [(0, 1)], coders=b"\4\3\3\1\x1b", more=(len(BAD),)
        ),
    }
    for tree, octets in trees.items():
        report = scan(octets)
        assert {"unscannable", "malformed"} & set(names(report)), tree
        assert INSIDE not in parts(report), tree
    good = bcj2_archive(BAD, b"", b"", RANGE, len(BAD), [(0, 1)], coders=copy, more=(len(BAD),))
    assert INSIDE in parts(scan(good))


def sized(octets, method, content):
    """A zip of one entry by hand."""
    head = struct.pack("<HHHIIIIHH", 20, 0, method, 0, zlib.crc32(content), len(octets),
                       len(content), 1, 0)  # fmt: skip
    local = b"PK\3\4" + head + b"a" + octets
    central = b"PK\1\2" + struct.pack("<H", 20) + head + bytes(14) + b"a"
    return (
        local
        + central
        + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)
    )


def test_hostile_zip_entries(scan, pack_7z):
    whole = pack_7z({"a": BAD}, "-tzip", "-mm=PPMd:mem=1m")
    start = 30 + sum(struct.unpack_from("<HH", whole, 26))
    packed = whole[start : start + struct.unpack_from("<I", whole, 18)[0]]
    xz = lzma.compress(BAD)

    def judged(octets, method, content=BAD):
        return names(scan(sized(octets, method, content), name="a.zip"))

    assert judged(packed, 98) == ["infected"]
    assert judged(xz, 95) == ["infected"]
    assert judged(b"\0\0" + packed[2:], 98) == ["unscannable"]  # order 1
    assert judged(packed[:1] + b"\x20" + packed[2:], 98) == ["unscannable"]  # freezes
    assert judged(b"\xf5\x0f" + packed[2:], 98) == ["too-large"]  # 256 MiB
    for octets, method in ((packed, 98), (xz, 95)):
        for n in range(len(octets)):
            # PPMd's last octets are its end mark: without them nothing is missing.
            whole = method == 98 and n > len(octets) - 9
            assert "malformed" in judged(octets[:n], method) or whole, n
        assert "malformed" in judged(octets, method, BAD + b"x")
    assert "malformed" in judged(xz + b"x", 95)
    assert judged(b"", 98, b"") == judged(b"", 95, b"") == []


def test_sizes_behind_the_data(scan, pack_7z):
    """Without its size PPMd has no end: it is not read, and what follows is."""
    whole = bytearray(pack_7z({"a": b"text" * 50}, "-tzip", "-mm=PPMd:mem=1m"))
    start = 30 + sum(struct.unpack_from("<HH", whole, 26))
    crc, packed, size = struct.unpack_from("<3I", whole, 14)
    whole[6] |= 8
    whole[14:26] = bytes(12)
    octets = bytes(whole[: start + packed]) + b"PK\7\x08" + struct.pack("<3I", crc, packed, size)
    report = scan(octets, name="a.zip")
    assert report["findings"][0]["signature"] == "zip method PPMd"
