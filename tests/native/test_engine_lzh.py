"""LZH, ARJ, and the zip methods Deflate64 and Implode: what is compressed is opened.

Made by arj and 7-Zip, taken from the archives of lhasa's own tests, and by hand where there is no
program.
"""

import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from conftest import SOURCES
from lzhmaking import (
    Bits,
    Deflate64,
    arj,
    arj_fastest,
    implode,
    larc5,
    lzh_entry,
    old_zip,
    static_huffman,
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
from old_archives import GOOD

NAME = "a.bin"  # of the attachments

PAYLOAD = zipped(("x", EICAR))  # only found if it is opened
ARCHIVES = SOURCES / "lhasa" / "test" / "archives"


def lzh(method, pack):
    return lambda octets: lzh_entry(method, pack(octets), octets) + b"\0"


def by_hand_zip(method, flags, pack):
    return lambda octets: old_zip(method, pack(octets), octets, flags)


MADE = {
    "lh5": lzh(b"-lh5-", static_huffman),
    "lh4": lzh(b"-lh4-", static_huffman),
    "lh6": lzh(b"-lh6-", lambda octets: static_huffman(octets, 5)),
    "lh7": lzh(b"-lh7-", lambda octets: static_huffman(octets, 5)),
    "lhx": lzh(b"-lhx-", lambda octets: static_huffman(octets, 5)),
    "lz5": lzh(b"-lz5-", larc5),
    **{
        f"arj {method}": lambda octets, m=method: arj(m, static_huffman(octets, 5), octets)
        for method in (1, 2, 3)
    },
    "arj 4": lambda octets: arj(4, arj_fastest(octets), octets),
    **{
        f"implode {flags}": by_hand_zip(6, flags, lambda octets, f=flags: implode(octets, f))
        for flags in (0, 2, 4, 6)
    },
    "deflate64": by_hand_zip(9, 0, lambda octets: Deflate64().text(octets).end()),
}
# It ends with what has no copy: a copy could come from elsewhere, with the same octets.
TWIN = GOOD * 3 + bytes(range(256)) + random.Random(1).randbytes(200)


@pytest.mark.parametrize("kind", MADE)
def test_found_and_good_ones_clean(scan, kind):
    report = scan(MADE[kind](PAYLOAD))
    assert names(report) == ["infected"]
    assert parts(report) == {"a.bin/bad.zip/x"}
    good = scan(MADE[kind](TWIN))
    assert (verdict(good), good["findings"], good["expanded"]) == ("clean", [], len(TWIN))


@pytest.mark.parametrize("kind", MADE)
def test_cut_anywhere_is_never_clean(screen, kind):
    octets = MADE[kind](TWIN)
    last = len(octets) - (1 if kind.startswith("l") else 4)
    cuts = range(120 if kind.startswith("a") else 40, last)
    messages = [multipart(TEXT, attachment(octets[:cut], NAME)) for cut in cuts]
    for cut, report in zip(cuts, screen(messages), strict=True):
        assert verdict(report) != "clean", cut


@pytest.mark.parametrize("kind", MADE)
def test_every_cut_gives_the_same_report(scan, kind):
    scan(MADE[kind](PAYLOAD + GOOD), "--every-cut", fast=True)


@pytest.mark.parametrize("kind", MADE)
def test_limits(scan, kind):
    octets = MADE[kind](PAYLOAD)
    assert "too-large" in names(scan(octets, "--limit", "expanded=100"))
    assert "too-many" in names(scan(octets, "--limit", "entries=2"))
    assert "too-large" in names(scan(octets, "--scratch", "1000"))
    assert "over-budget" in names(scan(octets, "--limit", "work=2500"))
    assert "too-deep" in names(scan(octets, "--limit", "depth=2"))


@pytest.mark.parametrize("kind", MADE)
def test_any_octet_changed_is_never_clean(screen, kind):
    """Of the packed data: it decodes to something else, or not at all."""
    octets = MADE[kind](TWIN)
    choose = random.Random(kind)
    end = octets.index(b"PK\1\2") if b"PK\1\2" in octets else len(octets) - 5
    messages = []
    for _ in range(60):
        changed = bytearray(octets)
        changed[choose.randrange(end - 60, end - 1)] ^= 1 << choose.randrange(8)
        messages.append(multipart(TEXT, attachment(bytes(changed), NAME)))
    for report in screen(messages):
        assert verdict(report) != "clean"


@pytest.mark.parametrize("method", range(5))
def test_arj_itself(scan, tmp_path, method):
    choose = random.Random(method)
    files = {"a.txt": GOOD * 400, "b.bin": choose.randbytes(70000) * 2, "c.zip": PAYLOAD}
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
    assert shutil.which("arj"), "the package arj is not installed"
    command = ["arj", "a", "-y", f"-m{method}", "a.arj", *files]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    report = scan((tmp_path / "a.arj").read_bytes())
    assert (names(report), parts(report)) == (["infected"], {"a.bin/c.zip/x"})
    (tmp_path / "a.arj").unlink()
    subprocess.run(command[:-1], cwd=tmp_path, check=True, capture_output=True)
    report = scan((tmp_path / "a.arj").read_bytes(), fast=True)
    assert (report["findings"], report["expanded"]) == ([], 140000 + 400 * len(GOOD))


def sevenzip(folder, kind, *options):
    """An archive of text, of noise that comes again far behind, and of a program."""
    folder.mkdir()
    noise = random.Random(8).randbytes(50000)
    for name, octets in (("a", GOOD * 9000), ("b", noise + noise + bytes(300000)), ("c", BAD)):
        (folder / name).write_bytes(octets)
    command = ["7zz", "a", f"-t{kind}", *options, "out", "a", "b", "c"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / f"out.{kind}").read_bytes()


@pytest.mark.parametrize("kind, option", [("zip", "-mm=Deflate64"), ("7z", "-m0=Deflate64")])
def test_deflate64_of_7zip(scan, tmp_path, kind, option):
    octets = sevenzip(tmp_path / "made", kind, option, "-mx=9")
    report = scan(octets, name=f"a.{kind}")
    assert (names(report), parts(report)) == (["infected"], {f"a.{kind}/c"})
    assert report["expanded"] >= 1440000 + 400000
    assert names(scan(octets, "--block", "100", fast=True)) == ["infected"]


def test_deflate64_reaches_far(scan):
    """Distance codes 30 and 31, and one copy of 65,538 octets."""
    noise = random.Random(3).randbytes(65536)
    for place, base in ((30, 32769), (31, 49153)):
        extra = 9999
        made = Deflate64().text(noise).copy(65538, place, extra, 14)
        octets = bytearray(noise)
        for _ in range(65538):
            octets.append(octets[-(base + extra)])
        tail = made.text(PAYLOAD).end()
        report = scan(old_zip(9, tail, bytes(octets) + PAYLOAD), fast=True)
        assert names(report) == ["infected"]  # and its check value is right
        assert report["expanded"] == len(octets) + len(PAYLOAD) + len(EICAR)
    beyond = Deflate64().text(b"abc").copy(3, 30, 0, 14).end()
    assert names(scan(old_zip(9, beyond, b"abcabc"))) == ["malformed"]


# One is cut off; the other was made by a test program that leaves hundreds of octets unread.
NOT_WHOLE = ("regression/truncated.lzh", "generated/pm1/pm1.pma")


def real_archives():
    paths = sorted(path for kind in ("lzh", "lzs", "pma") for path in ARCHIVES.rglob(f"*.{kind}"))
    return [path for path in paths if str(path.relative_to(ARCHIVES)) not in NOT_WHOLE]


def test_archives_of_many_programs(screen):
    """Of fifteen programs, all methods: each entry decodes to its size and check value."""
    paths = real_archives()
    assert len(paths) > 150
    messages = [multipart(TEXT, attachment(path.read_bytes(), path.name)) for path in paths]
    said = {}
    out = 0
    for path, report in zip(paths, screen(messages), strict=True):
        out += report["expanded"]
        if report["findings"]:
            said[str(path.relative_to(ARCHIVES))] = reasons(report)
    assert said == {}
    assert out > 5_000_000


def test_the_archives_hold_every_method():
    held = {path.read_bytes()[3:6] for path in real_archives()}
    assert held >= {b"lh0", b"lh1", b"lh4", b"lh5", b"lh6", b"lh7", b"lhx"}
    assert held >= {b"lz4", b"lz5", b"lzs", b"pm0", b"pm1", b"pm2"}


def changed(choose, octets):
    """An archive with some octets of its data, and never of its first header, changed."""
    made = bytearray(octets)
    for _ in range(choose.randrange(1, 9)):
        made[choose.randrange(60, len(made))] = choose.randrange(256)
    return bytes(made)


def test_real_archives_changed(screen):
    choose = random.Random(4)
    archives = [
        octets for octets in map(Path.read_bytes, real_archives()) if 200 < len(octets) < 30000
    ]
    messages = [
        multipart(TEXT, attachment(changed(choose, octets), "a.lzh"))
        for octets in archives
        for _ in range(3)
    ]
    reports = screen(messages)
    assert sum(verdict(report) == "malformed" for report in reports) > len(reports) / 2


def test_noise_for_each_method(screen):
    """Any stream of bits means something to -lh1-: no size is right, and nothing breaks."""
    choose = random.Random(9)
    messages = []
    for method in ("lh1", "lh5", "lh7", "lhx", "lz5", "lzs", "pm1", "pm2"):
        for n in (3, 50, 3000, 60000):
            noise = choose.randbytes(n)
            entry = lzh_entry(b"-%s-" % method.encode(), noise, noise * 3, crc=1)
            messages.append(multipart(TEXT, attachment(entry + b"\0", "a.lzh")))
    for method in range(1, 5):
        noise = choose.randbytes(20000)
        messages.append(multipart(TEXT, attachment(arj(method, noise, noise * 2), "a.arj")))
    for report in screen(messages):
        assert verdict(report) == "malformed"


def test_codes_that_pm2_has_not(scan):
    """Trees that give 29, 30, or 127: lhasa would look behind its tables."""
    for count in (0, 30, 31):
        bits = Bits()
        bits.put(0, 1)
        bits.put(count, 5)
        bits.put(0, 3)  # one code, of no bits: count - 1
        for _ in range(200):
            bits.put(0, 3)
        entry = lzh_entry(b"-pm2-", bits.octets(), b"x" * 5000)
        assert names(scan(entry + b"\0")) == ["malformed"]


def blocks_of_nothing(n):
    """Static Huffman: blocks without a symbol, each with tables that take long to make."""
    bits = Bits()
    for _ in range(n):
        bits.put(0, 16)
        bits.put(31, 5)
        for symbol in range(31):
            if symbol in (3, 4, 5):
                continue
            if symbol == 30:
                bits.put(7, 3)
                bits.put((1 << 21) - 1, 21)
                bits.put(0, 1)  # 28 bits
            else:
                bits.put(1 if symbol == 2 else 0, 3)
            if symbol == 2:
                bits.put(3, 2)
        bits.put(510, 9)
        bits.put(16, 5)  # one code of 28 bits, for which lhasa's tree has no room
        bits.put(0, 1)  # 20 and more without a code
        bits.put(489, 9)
        bits.put(0, 5)
        bits.put(0, 5)
    return bits.octets()


def test_blocks_of_nothing_are_work(scan):
    octets = blocks_of_nothing(20000)
    report = scan(lzh_entry(b"-lh7-", octets, b"x", crc=1) + b"\0", fast=True)
    assert names(report) == ["malformed"]
    stored = scan(lzh_entry(b"-lh0-", octets, octets) + b"\0", fast=True)
    assert report["work"] < stored["work"]  # the first tables were enough


@pytest.mark.parametrize("kind", ["lh5", "lh1"])
def test_a_bomb(scan, kind):
    """One code of no bits: 65,535 copies of 258 octets in a few octets."""
    bits = Bits()
    for _ in range(3):
        bits.put(65535, 16)
        bits.put(0, 5)
        bits.put(0, 5)
        bits.put(0, 9)
        bits.put(509, 9)
        bits.put(0, 4)
        bits.put(0, 4)
    packed = bits.octets() if kind == "lh5" else bytes(300000)
    size = struct.pack("<I", 40_000_000)
    entry = bytearray(lzh_entry(b"-%s-" % kind.encode(), packed, b"", crc=1))
    entry[11:15] = size
    entry[1] = sum(entry[2 : 2 + entry[0]]) & 255
    report = scan(bytes(entry) + b"\0", fast=True)
    assert names(report) == (["ratio"] if kind == "lh5" else ["malformed"])


def test_what_contradicts_itself(scan):
    for octets in (
        lzh_entry(b"-lh5-", static_huffman(GOOD), GOOD, crc=1),
        lzh_entry(b"-lh5-", static_huffman(GOOD), GOOD + b"!"),
        lzh_entry(b"-lh5-", static_huffman(TWIN), TWIN[:600]),
        arj(4, arj_fastest(TWIN), TWIN[:600]),
        lzh_entry(b"-lh5-", b"", GOOD),
        lzh_entry(b"-lh0-", GOOD, GOOD, crc=1),
        lzh_entry(b"-lh0-", GOOD, GOOD + b"!"),
        lzh_entry(b"-lz5-", larc5(GOOD), GOOD, crc=1),
        arj(1, static_huffman(GOOD, 5), GOOD, crc=1),
        arj(4, arj_fastest(GOOD), GOOD + b"!"),
        arj(1, b"", GOOD),
        old_zip(6, implode(GOOD, 6), GOOD + b"!", 6),
        old_zip(6, implode(GOOD, 6), GOOD, 2),
        old_zip(6, implode(GOOD, 2) + b"junk", GOOD, 2),
        old_zip(9, Deflate64().text(GOOD).end(), GOOD + b"!"),
        old_zip(9, Deflate64().text(GOOD).end() + b"junk", GOOD),
        old_zip(9, b"\7", b""),
    ):
        assert set(names(scan(octets + b"\0"))) == {"malformed"}, octets
    assert reasons(scan(lzh_entry(b"-lh9-", GOOD, GOOD))) == {"lzh, unknown method"}
    assert reasons(scan(arj(7, GOOD, GOOD))) == {"arj, unknown method"}


def test_entries_behind_a_broken_one_are_read(scan):
    broken = lzh_entry(b"-lh5-", b"\xff" * 30, GOOD)
    report = scan(broken + MADE["lh5"](PAYLOAD))
    assert names(report) == ["infected", "malformed"]


@pytest.mark.parametrize("kind", ["d64", "impl"])
def test_zips_of_clamav(scan, kind):
    octets = Path(f"/usr/share/clamav-testfiles/clam.{kind}.zip").read_bytes()
    report = scan(octets, name="a.zip")
    assert report["findings"] == []
    assert report["expanded"] == 544
