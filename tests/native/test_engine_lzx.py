"""LZX and Quantum in cabinets, compiled HTML help, Symbian's installers, archives in programs."""

import shutil
import struct
import subprocess

import pytest
from lzmaking import (
    CONTENT,
    FRAME,
    chm,
    chunk,
    coded_setup,
    installshield_cabinets,
    lzx_literals,
    lzx_plain,
    plain_setup,
    quantum_literals,
    sis,
)
from mailmaking import ANYWHERE, BAD, names, verdict
from programmaking import program
from test_engine_cab import NOISE, cabinet

NAME = "a.bin"
LZX, QUANTUM = 0x1003, 0x1202
GOOD = b"nothing" * 60


def pieces(stream, sizes):
    """Blocks of a cabinet: the stream in one piece for each size."""
    step = -(-len(stream) // len(sizes))
    return [
        struct.pack("<IHH", 0, len(part), size) + part
        for part, size in zip(
            (stream[at : at + step] for at in range(0, len(stream), step)), sizes, strict=True
        )
    ]


def lzx_cab(octets, stream=None, method=LZX, sizes=None, **more):
    sizes = sizes or [FRAME] * (len(octets) // FRAME) + [len(octets) % FRAME]
    data = pieces(lzx_plain(octets) if stream is None else stream, sizes)
    return cabinet({"bad.exe": octets}, method, data, **more)


@pytest.mark.parametrize("octets", [BAD, NOISE + BAD, BAD + b"odd", bytes(3 * FRAME) + BAD])
def test_lzx_in_a_cabinet(scan, octets):
    report = scan(lzx_cab(octets))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.bin/bad.exe"
    good = scan(lzx_cab(octets.replace(ANYWHERE, b"")))
    assert verdict(good) == "clean"


def test_lzx_in_codes(scan):
    assert names(scan(lzx_cab(BAD, lzx_literals(BAD, 32)))) == ["infected"]
    assert verdict(scan(lzx_cab(GOOD, lzx_literals(GOOD, 32)))) == "clean"


def test_quantum(scan):
    bad = b"x" * 99 + ANYWHERE + b"y" * 99
    assert names(scan(lzx_cab(bad, quantum_literals(bad), QUANTUM))) == ["infected"]
    good = b"z" * 200
    assert verdict(scan(lzx_cab(good, quantum_literals(good), QUANTUM))) == "clean"


def test_windows_that_cannot_be(scan):
    for method in (0x0E03, 0x1603, 0x1F03, 0x0902, 0x1602, 0x0003):
        assert names(scan(lzx_cab(GOOD, method=method))) == ["malformed"], hex(method)


def test_lzx_that_is_broken_is_never_clean(scan):
    whole = NOISE + GOOD
    sizes = [FRAME, len(whole) - FRAME]
    good = lzx_plain(whole)
    cut = good[:-400]
    changes = {
        "type": good[:1] + bytes([good[1] & 0x0F]) + good[2:],  # a block of type 0
        "cut": cut,
        "none": b"\0\0",
        "codes": bytes([0x20, 0x20]) + NOISE[:900],
    }
    for name, stream in changes.items():
        assert verdict(scan(lzx_cab(whole, stream, sizes=sizes))) == "malformed", name
    # Frames that are short in the middle, or too long; more than there are.
    for wrong in ([100, FRAME], [FRAME, FRAME + 1], [FRAME, len(whole) - FRAME - 1]):
        assert "malformed" in names(scan(lzx_cab(whole, good, sizes=wrong))), wrong
    declared = cabinet({"a": whole, "b": b""}, LZX, pieces(good, [*sizes[:1], FRAME, FRAME]))
    assert names(scan(declared)) == ["malformed"]


def test_lzx_files_in_any_order(scan):
    whole = NOISE + BAD
    files = {"a": whole, "b": b"", "c": b""}
    rows = [(len(NOISE), len(BAD), 0), (0, len(whole), 0), (10, 5, 0)]
    data = pieces(lzx_plain(whole), [FRAME, len(whole) - FRAME])
    assert names(scan(cabinet(files, LZX, data, rows=rows))) == ["infected"]
    whole = NOISE + GOOD
    files = {"a": whole, "b": b"", "c": b""}
    data = pieces(lzx_plain(whole), [FRAME, len(whole) - FRAME])
    outside = [(len(whole) - 1, 2, 0), (1 << 31, 5, 0), (0, 3, 0)]
    assert names(scan(cabinet(files, LZX, data, rows=outside))) == ["malformed"]


def test_cab_limits(scan):
    zeros = bytes(40 * FRAME)
    report = scan(lzx_cab(zeros), "--limit", "expanded=500000", fast=True)
    assert names(report) == ["too-large"]
    rows = [(0 if i % 2 else len(zeros) - 1, 1, 0) for i in range(40)]
    files = {"a": zeros} | {f"f{i}": b"" for i in range(39)}
    data = pieces(lzx_plain(zeros), [FRAME] * 40)
    again = cabinet(files, LZX, data, rows=rows)
    assert names(scan(again, "--limit", "work=20000000", fast=True)) == ["over-budget"]


FILES = [(b"/start.htm", b"<html>hello</html>"), (b"/bad.exe", NOISE * 2 + BAD), (b"/z", b"z" * 9)]
CLEAN = [(b"/start.htm", b"<html>hello</html>"), (b"/bad.exe", NOISE * 2 + GOOD)]


def test_chm(scan):
    report = scan(chm(FILES))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.bin/bad.exe"
    assert verdict(scan(chm(CLEAN))) == "clean"
    # In the plain section, and without any packed one.
    assert names(scan(chm(CLEAN, plain=[(b"/x", BAD)]))) == ["infected"]
    assert verdict(scan(chm([], plain=[(b"/x", GOOD)]))) == "clean"
    assert names(scan(chm(FILES, version=1, interval=2, control=control(1, 65536, 65536)))) == [
        "infected"
    ]


def control(version, interval, window):
    return struct.pack("<I4s5I", 6, b"LZXC", version, interval, window, 1, 0)


@pytest.mark.parametrize("window", [0, 3, 1 << 7, 1 << 31])
def test_chm_windows_that_cannot_be(scan, window):
    assert names(scan(chm(CLEAN, window=window))) == ["malformed"]


@pytest.mark.parametrize("interval", [0, 1 << 17, 0xFFFFFFFF])
def test_chm_intervals_that_cannot_be(scan, interval):
    made = chm(CLEAN, control=control(2, interval, 2))
    assert names(scan(made)) == ["malformed"]


def test_chm_of_unknown_settings(scan):
    for settings in (control(3, 2, 2), b"short", control(2, 2, 2).replace(b"LZXC", b"ABCD")):
        assert names(scan(chm(CLEAN, control=settings))) == ["unscannable"]


def test_chm_directory_in_a_circle(scan):
    plain = [(b"/x", 0, 0, 5)]
    for following in ([0, 0], [1, 0], [1, 1], [7, -1], [-2, 0]):
        chunks = [chunk(plain, next_one) for next_one in following]
        assert "malformed" in names(scan(chm([], plain=[(b"/x", GOOD)], chunks=chunks)))
    # A chunk that the chain leaves out is read all the same.
    hidden = chm([], plain=[(b"/x", BAD)], chunks=[chunk([]), chunk([(b"/x", 0, 0, len(BAD))])])
    assert names(scan(hidden)) == ["infected"]


def test_chm_files_that_lie_outside(scan):
    huge = (1 << 62) - 1
    for row in (
        (b"/a", 1, 1 << 40, 5),
        (b"/a", 1, 0, huge),
        (b"/a", 1, huge, huge),
        (b"/a", 0, 0, huge),
        (b"/a", 0, huge, 1),
        (CONTENT, 0, 5, huge),
    ):
        assert "malformed" in names(scan(chm(CLEAN, more=[row]))), row
    assert names(scan(chm(CLEAN, more=[(b"/a", 7, 0, 5)]))) == ["unscannable"]
    # Files that share octets are read each.
    assert verdict(scan(chm(CLEAN, more=[(b"/a", 1, 5, 50), (b"/b", 1, 0, 9)]))) == "clean"


def test_chm_that_is_broken_is_never_clean(scan):
    assert names(scan(chm(CLEAN, length=1 << 40))) == ["malformed"]
    assert "malformed" in names(scan(chm(CLEAN, length=(1 << 64) - 1)))
    assert "malformed" in names(scan(chm(CLEAN, length=5)))
    assert names(scan(chm(CLEAN, stream=b"\0\0"))) == ["malformed"]
    assert names(scan(chm(CLEAN, count=2))) == ["malformed"]
    assert names(scan(chm(CLEAN, count=0xFFFFFFFF))) == ["malformed"]
    broken = bytearray(chunk([(b"/x", 0, 0, 5)]))
    for unused in (0, 4077, 0xFFFFFFFF):
        broken[4:8] = struct.pack("<I", unused)
        report = scan(chm([], plain=[(b"/x", GOOD)], chunks=[bytes(broken)]))
        assert unused == 0 or names(report) == ["malformed"], unused


def test_chm_limits(scan):
    big = [(b"/a", bytes(60 * FRAME))]
    report = scan(chm(big), "--limit", "expanded=500000", fast=True)
    assert names(report) == ["too-large"]
    rows = [(b"/%d" % i, 1, 0, 5) for i in range(60)]
    assert names(scan(chm(CLEAN, more=rows), "--limit", "entries=30")) == ["too-many"]
    report = scan(chm(big), "--limit", "work=4000000", fast=True)
    assert names(report) == ["over-budget"]


def test_sis(scan):
    files = [("C:\\a.exe", NOISE + BAD), ("!:\\é", b"")]
    report = scan(sis(files))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.bin/C:\\a.exe"
    assert names(scan(sis(files, plain=True))) == ["infected"]
    good = sis([("a", GOOD)])
    assert verdict(scan(good)) == "clean"
    assert names(scan(sis([("a", GOOD)], kind=3))) == ["unscannable"]
    for at in (68 + 28, 68 + 32, 68 + 36, 52):  # size, place, size when unpacked, records
        wrong = good[:at] + b"\xff\xff\xff\x7f" + good[at + 4 :]
        assert names(scan(wrong)) == ["malformed"], at
    assert names(scan(good[:-3])) == ["malformed"]


STUB = program([NOISE[:3000]])


@pytest.fixture(scope="session")
def sevenzip(tmp_path_factory):
    """A 7z by 7-Zip."""
    assert shutil.which("7zz"), "the package 7zip is not installed"

    def run(octets):
        folder = tmp_path_factory.mktemp("7z")
        (folder / "bad.exe").write_bytes(octets)
        subprocess.run(
            ["7zz", "a", "a.7z", "bad.exe"], cwd=folder, check=True, capture_output=True
        )
        return (folder / "a.7z").read_bytes()

    return run


def test_archives_behind_and_in_programs(scan, sevenzip):
    bad, good = sevenzip(BAD), sevenzip(GOOD)
    configuration = b';!@Install@!UTF-8!\nRunProgram="a.exe"\n;!@InstallEnd@!'
    for between in (b"", configuration, b"7z\xbc\xaf\x27\x1c" + NOISE[:40], b"MSCF" + bytes(99)):
        assert names(scan(STUB + between + bad)) == ["infected"]
        assert verdict(scan(STUB + between + good + NOISE)) == "clean"
    assert names(scan(STUB + bad[:-20])) == ["malformed"]
    packed = cabinet({"bad.exe": BAD})
    assert names(scan(STUB + packed)) == ["infected"]
    assert names(scan(program([NOISE[:900] + packed + NOISE]))) == ["infected"]  # a resource
    assert verdict(scan(program([cabinet({"a": GOOD})]) + cabinet({"b": GOOD}))) == "clean"
    both = scan(STUB + cabinet({"a": GOOD}) + bad)
    assert names(both) == ["infected"]
    assert both["findings"][0]["part"] == "a.bin/7z/bad.exe"


def test_installshield(scan):
    files = [(b"setup.ini", GOOD), (b"bad.exe", NOISE + BAD)]
    clean = [(b"setup.ini", GOOD), (b"good.exe", NOISE)]
    note = b"NB10" + bytes(12) + b"C:\\a.pdb\0"
    for make in (coded_setup, plain_setup):
        assert names(scan(STUB + make(files))) == ["infected"]
        assert verdict(scan(STUB + make(clean))) == "clean"
        assert names(scan(STUB + make(clean)[:-1])) == ["malformed"]
        assert names(scan(STUB + make(clean)[: -len(NOISE)])) == ["malformed"]
    assert names(scan(STUB + note + coded_setup(files))) == ["infected"]
    assert names(scan(STUB + coded_setup(clean, flags=2))) == ["unscannable"]


def cabinets(made, volume=b"data2.cab"):
    return STUB + plain_setup([(b"data1.hdr", made[0]), (volume, made[1])])


def test_installshield_cabinets(scan):
    files = [(b"good.exe", GOOD), (b"bad.exe", NOISE + BAD)]
    clean = [(b"good.exe", NOISE)]
    report = scan(cabinets(installshield_cabinets(files)))
    assert names(report) == ["infected"]
    assert report["findings"][0]["part"] == "a.bin/bad.exe"
    assert verdict(scan(cabinets(installshield_cabinets(clean)))) == "clean"
    for flags in (5, 6):  # split, coded
        assert names(scan(cabinets(installshield_cabinets(clean, flags)))) == ["unscannable"]
    for volume in (0, 3, 40):
        made = installshield_cabinets(clean, volume=volume)
        assert names(scan(cabinets(made))) == ["unscannable"]
    assert names(scan(cabinets(installshield_cabinets(clean), b"other.cab"))) == ["unscannable"]
    assert names(scan(cabinets(installshield_cabinets(clean, shift=1)))) == ["malformed"]
    assert names(scan(cabinets(installshield_cabinets(clean, shift=1 << 40)))) == ["malformed"]
    header, data = installshield_cabinets(clean)
    many = header[: 512 + 0x28] + b"\xff\xff\xff\xff" + header[512 + 0x2C :]
    assert "malformed" in names(scan(cabinets((many, data))))
    old = header.replace(struct.pack("<I", 0x01009500), struct.pack("<I", 0x01005500))
    assert names(scan(cabinets((old, data)))) == ["unscannable"]


SMALL = {
    "chm": chm([(b"/a", BAD)]),
    "cab": lzx_cab(BAD),
    "sis": sis([("a", BAD)]),
}


@pytest.mark.parametrize("kind", SMALL)
def test_every_cut_gives_the_same_report(scan, kind, soak):
    octets = SMALL[kind]
    if not soak and len(octets) > 3000:
        for block in (1, 7, 4096):
            assert names(scan(octets, "--block", str(block))) == ["infected"]
    else:
        scan(octets, "--every-cut", fast=not soak)


@pytest.mark.parametrize("kind", ["cab", "sis"])
def test_cut_at_each_octet_is_never_clean(screen, kind):
    head = b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    container = SMALL[kind].replace(b"\n.", b"\n..")
    reports = screen([head + container], "--every-prefix")
    assert verdict(reports[-1]) == "infected"
    for report in reports[len(head) + 20 : -1]:
        assert verdict(report) in ("infected", "malformed")


def test_chm_cut_is_never_clean(scan):
    octets = SMALL["chm"]
    places = list(range(20, 400, 13)) + list(range(400, len(octets), 997)) + [len(octets) - 1]
    for at in places:
        assert verdict(scan(octets[:at])) in ("infected", "malformed"), at
