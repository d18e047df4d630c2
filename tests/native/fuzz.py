"""Runs the fuzz targets: fuzz.py --seconds N [--target NAME] [--programs FOLDER].

Rule: seeds are made here, at run time. What a target chokes on stays in build/fuzz/NAME/, and the
command that replays it is printed. The exit code is 1 if any did.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import io
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "host-tools"))

from restante_tools.signatures.compiler import Compiler  # noqa: E402

TARGETS = ("fuzz_scanner", "fuzz_decoders", "fuzz_zip", "fuzz_match", "fuzz_rules")
MOST_OCTETS = 16384  # of one input: enough for any structure, and many a second
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
    file, _ = compiler.finish("fuzz", 0)
    for kind, content in enumerate((b"abcd?e1234fghi...jklm", b"nopqx", b"abc")):
        yield struct.pack("<HBI", 3, kind, len(file)) + file + content


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
        return [cut + text for cut in (NO_CUT, b"\0\0", b"\x11\0") for text in texts]
    if target == "fuzz_zip":
        return [cut + octets for cut in (NO_CUT, b"\x06\0") for octets in containers()]
    if target == "fuzz_decoders":
        coded = [b"aGVsbG8=aGVs\r\nbG8", b"a=3Db=\r\nc =3d  \r\n=4"]
        return [bytes([0]) + NO_CUT + coded[0], bytes([1]) + NO_CUT + coded[1]] + [
            bytes([2]) + NO_CUT + field for field in fields()
        ]
    if target == "fuzz_match":
        return list(matches())
    return []


def run(program: Path, folder: Path, seconds: int) -> tuple[bool, str]:
    """One target for so many seconds. Whether it held, and its last line."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, octets in enumerate(seeds(program.name)):
        (corpus / f"seed-{number}").write_bytes(octets)
    done = subprocess.run(
        [
            str(program),
            f"-max_total_time={seconds}",
            f"-max_len={MOST_OCTETS}",
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
