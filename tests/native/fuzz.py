"""Runs the fuzz targets: fuzz.py --seconds N [--target NAME] [--programs FOLDER].

Rule: seeds are made here, at run time. What a target chokes on stays in build/fuzz/NAME/, and the
command that replays it is printed. The exit code is 1 if any did.
"""

from __future__ import annotations

import argparse
import base64
import bz2
import gzip
import hashlib
import io
import lzma
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / name) for name in ("host-tools", "firmware", "tests/native")]

import imagemaking  # noqa: E402
import lzhmaking  # noqa: E402
import lzmaking  # noqa: E402
import officemaking  # noqa: E402
import old_archives  # noqa: E402
from evasions import evasions  # noqa: E402
from pdfmaking import deflated, document, lzw, predicted, runs, stream  # noqa: E402
from programmaking import program  # noqa: E402
from restante_tools.signatures.compiler import Compiler  # noqa: E402

TARGETS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("fuzz_*.c")))
MOST_OCTETS = 16384  # of one input (or its largest seed): any structure, and many a second
ONE_INPUT = 10  # seconds that one input may take
MEMORY = 1024  # MiB

NO_CUT = b"\xff\xff"  # the u16 in front of most inputs


def small_zip(**options: int) -> bytes:
    """A zip of two entries, one stored and one deflated."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        archive.writestr("a.txt", b"hello " * 20, zipfile.ZIP_STORED)
        archive.writestr("b/c.bin", bytes(range(256)), zipfile.ZIP_DEFLATED)
    return file.getvalue()


class Unseekable(io.RawIOBase):
    """A file that cannot seek, so that sizes come in data descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self.octets = b""

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.octets += bytes(data)
        return len(data)


def streamed_zip() -> bytes:
    """A zip with data descriptors."""
    file = Unseekable()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", b"hello", zipfile.ZIP_STORED)
        archive.writestr("b.txt", b"hello " * 9, zipfile.ZIP_DEFLATED)
    return file.octets


def small_tar() -> bytes:
    """A tar of one entry with a long name."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        entry = tarfile.TarInfo("x" * 120)
        entry.size = 700
        archive.addfile(entry, io.BytesIO(b"y" * 700))
    return file.getvalue()


def containers() -> list[bytes]:
    return [
        small_zip(),
        streamed_zip(),
        b"MZ" + bytes(60) + small_zip(),
        gzip.compress(small_zip()),
        gzip.compress(b"one") + gzip.compress(b"two"),
        small_tar(),
    ]


def by_program(program: str, *command: str) -> list[bytes]:
    """An archive of two small files by a real program; nothing if it is not installed."""
    if shutil.which(program) is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "1").write_bytes(b"hello " * 30)
        (folder / "2").write_bytes(bytes(range(256)))
        subprocess.run(
            [program, *command, "archive", "1", "2"], cwd=folder, check=True, capture_output=True
        )
        return [path.read_bytes() for path in folder.glob("archive*")]


def packed() -> list[bytes]:
    """What the decoders read, and what is stored whole."""
    text = b"hello " * 60 + bytes(range(256))
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "dict_size": 65536}]
    made = [
        bz2.compress(text, 1) + bz2.compress(b"two", 1),
        lzma.compress(text, preset=0) + bytes(4) + lzma.compress(b"two", preset=0),
        lzma.compress(text, filters=filters),
        lzma.compress(text, lzma.FORMAT_ALONE, preset=0),
    ]
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("a.txt", text)
            archive.writestr("b", b"")
        made.append(file.getvalue())
    for options in (
        ["-mhc=off", "-ms=off"],
        ["-m0=BCJ", "-m1=LZMA:d=64k"],
        ["-m0=Delta:4", "-m1=BZip2:d=100k", "-mhc=off"],
        ["-m0=Deflate", "-mhc=off"],
        ["-m0=PPMd", "-mhc=off"],
        ["-m0=BCJ", "-m1=PPMd:o=3"],
        ["-m0=BCJ2", "-m1=LZMA:d=64k", "-mb0:1", "-mhc=off"],
        ["-psecret", "-mhc=off"],
    ):
        made += by_program("7zz", "a", "-t7z", *options)
    for options in (["-mm=PPMd:mem=1m"], ["-mm=xz"]):
        made += by_program("7zz", "a", "-tzip", *options)
    return made + by_program("gcab", "-c") + by_program("gcab", "-z", "-c")


def streams() -> Iterator[bytes]:
    """A kind of input (fuzz_sevenzip.c), its settings, and data as a real program packs them."""
    for order in (5, 32):
        for archive in by_program("7zz", "a", "-t7z", "-mhc=off", f"-m0=PPMd:o={order}"):
            packed = archive[32 : 32 + struct.unpack_from("<Q", archive, 12)[0]]
            for memory in (0xF800, 0, 700):  # 64 KiB as in the archive; others run out of it
                settings = struct.pack("<BIH", order - 2, memory, 436)
                yield b"\0" + NO_CUT + settings + packed
    for archive in by_program("7zz", "a", "-tzip", "-mm=PPMd:mem=1m"):
        start = 30 + sum(struct.unpack_from("<HH", archive, 26))
        size = struct.unpack_from("<I", archive, 18)[0]
        head = struct.unpack_from("<H", archive, start)[0]
        settings = struct.pack("<BIH", (head & 15) - 1, 0, 180)
        for kind in (b"\1", b"\2"):  # two ways to go on when the memory is full
            yield kind + NO_CUT + settings + archive[start + 2 : start + size]
    code = b"\x55\x89\xe5\xe8\x01\x0f\x84\x02\xe9\x90" * 20
    settings = struct.pack("<HHH", len(code), 20, 30)
    yield b"\3" + NO_CUT + settings + code + bytes(200) + bytes(range(256))
    yield b"\3" + NO_CUT + settings + code + bytes(200) + b"\0\x7f" + b"\xff\x55" * 99


def messages() -> Iterator[bytes]:
    """Small messages with everything that the engine knows."""
    inner = EmailMessage()
    inner["Subject"] = "=?utf-8?q?caf=C3=A9?="
    inner.set_content("begin 644 a.txt\n#0V%T\n`\nend\n")
    inner.add_attachment(small_zip(), maintype="application", subtype="zip", filename="ä.zip")
    yield inner.as_bytes()
    outer = EmailMessage()
    outer["From"] = "A <a@example.org>"
    outer.set_content("text\n.dot\n--dashes\n")
    outer.add_alternative("<p>=E4</p>", subtype="html", cte="quoted-printable")
    outer.add_attachment(inner)
    yield outer.as_bytes()
    boundary = b'multipart/signed; boundary*0="a"; boundary*1=b'
    part = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"PK\3\4")
    yield b"Content-Type: " + boundary + b"\r\n\r\npre\r\n--ab \r\n" + part + b"\r\n--ab--\r\nepi"


def documents() -> list[bytes]:
    """PDFs with every filter."""
    text = b"hello " * 9
    packed = zlib.compress(text)
    rows = b"/DecodeParms[null<</Predictor 15/Columns 7>>]"
    coded = base64.a85encode(zlib.compress(predicted(text, 7))) + b"~>"
    objects = (
        stream(coded, b"ASCII85Decode", b"FlateDecode", parms=rows),
        stream(lzw(text), b"LZW"),
        stream(runs(text), b"RL"),
        stream(text.hex().encode() + b">", b"AHx"),
        stream(packed, b"Fl", length=b"9 0 R"),
        deflated(b"5 0 <</S/J#61vaScript/JS 3 0 R>>", extra=b"/Type/ObjStm/N 1/First 4"),
        b"%d" % len(packed),
    )
    held = deflated(small_zip(), extra=b"/Type/EmbeddedFile")
    return [document(*objects), document(*objects[::-1]), b"junk" + document(held)]


def pages() -> list[bytes]:
    """HTML with data URLs, scripts and references."""
    coded = base64.b64encode(small_zip())
    text = b"<html><a href='&#100;ata&colon;application/zip;base64," + coded + b"'>x</a>\r\n"
    style = b'<p style="background:url(data:text/html,%3Cscript%3E&lt;img onerror=x&gt;)">'
    file = b"\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n"
    return [
        text + style + file,
        text.decode().encode("utf-16"),
        b"<?xml version='1.0'?><svg:svg onload = x><hta:application>" + file,
        b"<script type='application/ld+json'>javascript:</script><a href=javascript:x>",
    ]


def notes() -> list[bytes]:
    """OneNote's mark and files in a section."""
    mark = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
    held = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
    octets = small_zip()
    first = held + struct.pack("<QIQ", len(octets), 0, 0) + octets
    return [mark + bytes(32) + first + first, mark + held + struct.pack("<QIQ", 9999, 0, 0)]


def installers() -> list[bytes]:
    """Help files, installers, programs with archives, cabinets with LZX and Quantum."""
    text = b"hello " * 60
    folder = small_zip()
    stub = program([b"P" * 60])
    coded = lzmaking.lzx_literals(text, 32)
    streams = ((0x1003, lzmaking.lzx_plain(text)), (0x1003, coded), (0x1503, coded))
    quantum = (0x1202, lzmaking.quantum_literals(text))
    cabinets = [small_cabinet(text, method, octets) for method, octets in (*streams, quantum)]
    header, data = lzmaking.installshield_cabinets([(b"a.zip", folder), (b"b", text)])
    sets = lzmaking.plain_setup([(b"data1.hdr", header), (b"data2.cab", data)])
    # One frame that begins anew and is unpacked from codes.
    frame = lzmaking.lzx_literals(text.ljust(lzmaking.FRAME, b"\0"))
    files = [(b"/a.zip", folder), (b"/b", text)]
    return [
        lzmaking.chm([], plain=files),
        lzmaking.chm(files, interval=1),
        lzmaking.chm([(b"/b", text)], interval=1, stream=frame),
        lzmaking.sis([("a.zip", folder), ("b", text)]),
        lzmaking.sis([("a.zip", folder)], plain=True),
        stub + lzmaking.coded_setup([(b"a.zip", folder)]),
        stub + sets,
        stub + cabinets[1],
        *cabinets,
        *(stub + octets for octets in by_program("7zz", "a", "-t7z")),
    ]


def small_cabinet(octets: bytes, method: int, stream: bytes) -> bytes:
    """A cabinet of one file in one block."""
    block = struct.pack("<IHH", 0, len(stream), len(octets)) + stream
    row = struct.pack("<II4H", len(octets), 0, 0, 0, 0, 0x20) + b"a\0"
    folder = struct.pack("<IHH", 44 + len(row), 1, method)
    total = 44 + len(row) + len(block)
    head = struct.pack("<4s5I2B5H", b"MSCF", 0, total, 0, 44, 0, 3, 1, 1, 1, 0, 1, 0)
    return head + folder + row + block


def fields() -> list[bytes]:
    return [
        b'text/plain; name="a\\"b.zip"; boundary="x y "',
        b"attachment; filename*0*=utf-8''%e4; filename*1=b; name*=iso-8859-1'de'%fc",
        b"(c (d)) multipart / mixed (e); boundary=a; boundary=b",
        b"=?utf-8?b?w6Q=?= =?iso-8859-1?q?=e4_?= x",
    ]


def matches() -> Iterator[bytes]:
    """A cut, a kind of object, a small signature file and an object that it finds."""
    compiler = Compiler()
    compiler.add("a.ndb", b"A:0:*:61626364??65{2-9}66676869*6a6b6c6d\nB:4:EOF-5,2:6e6f7071\n")
    compiler.add("a.hdb", b"900150983cd24fb0d6963f7d28e17f72:3:C\n")  # of abc
    compiler.add("a.ldb", b"D;Target:0;0&(1|2)>1;61(62|7a)63646566::i;6e6f7071::f;71727374::wa\n")
    compiler.add("b.ndb", b"E:1:EP+0:50515253\nF:1:SE0:!(51|5252)5053\n")
    piece = hashlib.md5(b"P" * 512, usedforsecurity=False).hexdigest()
    compiler.add("a.mdb", f"512:{piece}:G\n".encode())
    compiler.add("a.fp", b"900150983cd24fb0d6963f7d28e17f73:3:H\n")
    file, _ = compiler.finish("fuzz", 0)
    contents = [b"abcd?e1234fghi...jklm", b"nopqx", b"abc", b"aZcDeF nopq q\0r\0s\0t\0"]
    contents.append(program([b"P" * 512, b"QRPS" * 30], new_header=0x40))
    for kind, content in enumerate(contents):
        yield struct.pack("<HBI", 3, kind % 3, len(file)) + file + content


def office_files() -> list[bytes]:
    """Small files of each kind that office.c and its neighbours know."""
    make = officemaking
    text = make.source("M", b"Sub AutoOpen()\r\nMsgBox 1\r\nEnd Sub\r\n" * 9)
    macros = {"WordDocument": bytes(40)} | make.vba({"M": text}) | {"Data": bytes(4200)}
    native = make.package(small_zip())
    inner = make.compound({"\1Ole10Native": make.ole10native(b"data"), "Book": bytes(30)})
    packed = zlib.compress(inner)
    atom = struct.pack("<HHII", 0x10, 0x1011, len(packed) + 4, len(inner)) + packed
    rich = make.prop(0x1009, 0x102, make.lzfu_literal(make.rtf(b"010500"))[:-1])
    names = make.attribute(2, 0x69005, make.props(make.prop(0x3707, 0x1F, b"a\0b\0"), rich))
    sheets = make.biff((0x809, bytes(16)), make.sheet(1), (0x18, bytes(15) + b"\1"), (10, b""))
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("word/_rels/a.rels", b"<R TargetMode='External' Type='x/f&#114;ame'/>")
    return [
        make.compound(macros, scattered=True),
        make.compound({"PowerPoint Document": atom, "Workbook": sheets}),
        make.compound(
            {"__properties_version1.0": b"x", "a/__substg1.0_37010102": b"d"}, version=4
        ),
        make.rtf(make.ole1(native).hex().encode()),
        make.rtf(b"{\\*\\x 12}0105\\'41{\\bin3 abc}" + make.ole1(inner, b"X").hex().encode()),
        make.tnef(make.attached(b"data", more=names), make.attached(small_zip())),
        package.getvalue(),
    ]


def images() -> Iterator[bytes]:
    """A kind of input (fuzz_images.c) and an image or archive without its first, empty octets."""
    folder = small_zip()
    root = imagemaking.entry(b"A       ZIP", 2, len(folder))
    volume = imagemaking.small_fat([3, 4, 5, 6, 0xFFF], root, {2: folder}, sectors=8)
    disk = imagemaking.mbr([(1, 2, 8), (5, 3, 8)], volume, 2)
    for image in (volume, disk, imagemaking.gpt(volume, 6), imagemaking.dynamic(disk, 512)):
        yield b"\1" + NO_CUT + image
    records = [imagemaking.record(b"A;1", 21, len(folder)), imagemaking.record(b"D", 21, 99, 2)]
    iso = imagemaking.small_iso(records, {21: folder}, sectors=22)
    yield b"\2" + NO_CUT + iso[32768:]
    for extents in ("embedded", "split", "continued"):
        udf = imagemaking.Udf(extents, folder, block=512).octets()
        yield b"\3" + NO_CUT + udf[256 * 512 :]
    for make in (old_archives.rar4, old_archives.rar5, old_archives.szdd, old_archives.binhex):
        yield b"\0" + NO_CUT + make(None, folder)
    for level in range(3):
        yield b"\0" + NO_CUT + old_archives.lzh(level)(None, folder)
    for make in (old_archives.ar_member, old_archives.newc_member):
        yield b"\0" + NO_CUT + make(folder)


def compressed() -> list[bytes]:
    """LZH, ARJ and zips of the methods that have decoders of our own."""
    text = b"hello " * 20 + bytes(range(256)) + b"hello " * 9
    make = lzhmaking
    short, long = make.static_huffman(text), make.static_huffman(text, 5)
    entries = [(b"-lh5-", short), (b"-lh7-", long), (b"-lhx-", long), (b"-lz5-", make.larc5(text))]
    entries += [(method, text) for method in (b"-lh1-", b"-lzs-", b"-pm1-", b"-pm2-", b"-lh0-")]
    far = make.Deflate64().text(text).copy(300, 4, 1, 1).end()
    made = [make.lzh_entry(method, packed, text) for method, packed in entries]
    made += [make.arj(1, long, text), make.arj(4, make.arj_fastest(text), text)]
    made += [make.old_zip(6, make.implode(text, flags), text, flags) for flags in (0, 6)]
    made += [make.old_zip(9, far, text)]
    lhasa = TOP / "build" / "src" / "lhasa" / "test" / "archives"
    paths = sorted(path for kind in ("lzh", "lzs", "pma") for path in lhasa.rglob(f"*.{kind}"))
    small = [octets for octets in map(Path.read_bytes, paths) if len(octets) < 3000]
    zips = by_program("7zz", "a", "-tzip", "-mm=Deflate64")
    zips += by_program("7zz", "a", "-t7z", "-m0=Deflate64", "-mhc=off")
    return made + small + zips


def rules() -> list[bytes]:
    """A blob and a name, divided by the u16 in front."""
    blobs = (b"\x01\x00", b"\x02\x03pdf\x05\x05*.ex?", b"\x07\x20" + bytes(32), b"\x08\x03W*t")
    texts = (b"a/invoice.pdf   .exe. ", "x\u2426y\u2400.jpg.scr\u3000".encode(), b"image/png")
    return [struct.pack("<H", len(blob)) + blob + text for blob in blobs for text in texts]


def seeds(target: str) -> list[bytes]:
    """Inputs that a target starts from."""
    if target == "fuzz_rules":
        return rules()
    if target == "fuzz_scanner":
        texts = [re.sub(rb"\r?\n", b"\r\n", message) for message in messages()]
        tricks = [trick.octets for trick in evasions(1, 1) if len(trick.octets) < MOST_OCTETS]
        return [cut + text for cut in (NO_CUT, b"\0\0", b"\x11\0") for text in texts] + [
            b"\x07\0" + trick for trick in tricks
        ]
    if target == "fuzz_zip":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in containers()]
    if target == "fuzz_office":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in office_files()]
    if target == "fuzz_pdf":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in documents()]
    if target == "fuzz_html":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in pages()]
    if target == "fuzz_onenote":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in notes()]
    if target == "fuzz_lzh":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in compressed()]
    if target == "fuzz_packed":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in packed()]
    if target == "fuzz_chm":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in installers()]
    if target == "fuzz_sevenzip":
        return list(streams())
    if target == "fuzz_decoders":
        coded = [b"aGVsbG8=aGVs\r\nbG8", b"a=3Db=\r\nc =3d  \r\n=4"]
        return [bytes([0]) + NO_CUT + coded[0], bytes([1]) + NO_CUT + coded[1]] + [
            bytes([2]) + NO_CUT + field for field in fields()
        ]
    if target == "fuzz_images":
        return list(images())
    if target == "fuzz_match":
        return list(matches())
    if target == "fuzz_request":
        limits = (60000, 16, 10000, 250, 1 << 28, 1 << 31, 7, 1 << 20)
        screen = struct.pack("<4sIQIIIIQQQQI", b"RSQ2", 1, 1000, *limits, 5) + b"rules"
        return [screen, b"RSQ2\2" + bytes(63)]
    return []


def run(program: Path, folder: Path, seconds: int) -> tuple[bool, str]:
    """One target for so many seconds. Whether it held, and its last line."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    most = MOST_OCTETS
    for number, octets in enumerate(seeds(program.name)):
        (corpus / f"seed-{number}").write_bytes(octets)
        most = max(most, len(octets))
    done = subprocess.run(
        [
            # The peak of memory that a target looks at would be ours, where ours is larger: a
            # program takes it over from who starts it. The shell's child begins anew.
            *("sh", "-c", '"$@"; exit $?', "sh"),
            str(program),
            f"-max_total_time={seconds}",
            f"-max_len={most}",
            f"-timeout={ONE_INPUT}",
            f"-rss_limit_mb={MEMORY}",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
            "-verbosity=0",
            str(corpus),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds + 120,
    )
    (folder / "log").write_text(done.stderr)
    found = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    return done.returncode == 0, found.group(1) if found else "0"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, required=True, help="for each target")
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--programs", type=Path, default=TOP / "build" / "tests-native")
    arguments = parser.parse_args()
    held = True
    for target in arguments.target or TARGETS:
        folder = TOP / "build" / "fuzz" / target
        good, executed = run(arguments.programs / target, folder, arguments.seconds)
        result = "held" if good else "FELL"
        print(f"{target}: {executed} inputs in {arguments.seconds} s, {result}")
        if not good:
            held = False
            for artifact in sorted(folder.glob("crash-*")) + sorted(folder.glob("timeout-*")):
                print(f"  replay: {arguments.programs / target} {artifact}")
            print(f"  log: {folder / 'log'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
