"""The engine beside clamscan: same messages, same signature files, one run. Prints, asserts none.

A figure is void unless both find every planted payload and nothing else; then it says so. Both are
measured alike: processor seconds of the whole process, less those of a run over nothing.
Options: --octets N of clean mail, --runs N (the median counts), --folder F for corpus and sets.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import corpus
import measuring
import signature_sets

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "host-tools"))

from restante_tools.signatures.compiler import Compiler  # noqa: E402

SEED = 20240506
CLEAN_OCTETS = 50_000_000
PATTERN_COUNTS = (1_000, 20_000)
HASHES = 100_000
PLANTED = 500  # payloads of each kind in each set
FEED = 16_384  # octets per feed, as the screen worker feeds
SAMPLE_MESSAGES = 200  # whose octets half of the patterns begin with
PROGRAMS = TOP / "build" / "tests-native"
TREES = {"ZLIB": "zlib", "BZIP2": "bzip2", "XZ": "xz-utils", "MBEDTLS": "mbedtls"}
# Compiled files are mapped from here: in pages of 4 KiB, as on the box. From a disk's cache this
# machine may map 2 MiB around every octet touched, and the figure would be the file's size.
MAPS = "/dev/shm"

Found = dict[str, str]  # message -> signature


@dataclass
class Measured:
    """Medians of one program over the corpus."""

    seconds: float  # of processor time, less `load`
    load: float  # of a run over nothing
    resident: int  # KiB at most
    empty_resident: int  # KiB over the same messages with one signature only
    found: Found


@dataclass
class Set:
    """One set of signatures in all forms, and its messages."""

    name: str
    sources: Path  # ClamAV's files
    compiled: Path
    patterns_only: Path
    expected: Found
    compile_seconds: float


@dataclass
class Stand:
    """Where everything is."""

    folder: Path
    maps: Path  # for what is mapped
    runs: int

    @property
    def mail(self) -> Path:
        """Folders eml/ and wire/."""
        return self.folder / "mail"

    def listing(self, kind: str, names: list[str]) -> Path:
        """A file that names those messages, one a line."""
        path = self.folder / f"{kind}.list"
        path.write_text("".join(f"{self.mail / kind / name}\n" for name in names))
        return path


def build_programs() -> None:
    """The bench program, from the sources that the set-up took."""
    environment = dict(os.environ)
    for name, folder in TREES.items():
        environment.setdefault(f"RESTANTE_{name}_DIR", str(TOP / "build" / "src" / folder))
    target = str(PROGRAMS / "engine_bench")
    command = ["make", "-s", "-C", str(TOP / "tests/native"), f"OUT={PROGRAMS}", target]
    subprocess.run(command, env=environment, check=True)


def compiled(target: Path, files: dict[str, str]) -> None:
    """Compile sources; every line must be taken, or the comparison would be of two sets."""
    compiler = Compiler()
    for name, text in files.items():
        compiler.add(name, text.encode())
    data, report = compiler.finish(target.stem, 0)
    if report.refusals:
        raise SystemExit(f"void: {report.refusals[0]}")
    target.write_bytes(data)


def make_set(stand: Stand, sample: bytes, patterns: int) -> tuple[Set, dict[str, bytes]]:
    """Signatures, and the messages with their payloads."""
    name = f"{patterns // 1000}k"
    made = signature_sets.make(SEED + patterns, sample, patterns, HASHES, PLANTED)
    sources = stand.folder / name
    sources.mkdir(parents=True)
    files = made.files()
    for file, text in files.items():
        (sources / file).write_text(text)
    result = Set(name, sources, stand.maps / f"{name}.sig", stand.maps / f"{name}p.sig", {}, 0)
    began = time.process_time()
    compiled(result.compiled, files)
    result.compile_seconds = time.process_time() - began
    compiled(result.patterns_only, {"bench.ndb": files["bench.ndb"]})
    writer = corpus.Writer(SEED + patterns)
    messages = {}
    for whole, payloads in ((False, made.pattern_payloads), (True, made.hash_payloads)):
        for signature, payload in payloads.items():
            message = f"{name}-{len(messages):05}"
            messages[message] = writer.carrier(payload, whole)
            result.expected[message] = signature
    return result, messages


def make_mail(stand: Stand, octets: int) -> tuple[list[str], bytes]:
    """The clean messages' names, and octets of some of them."""
    writer = corpus.Writer(SEED)
    messages = ((f"clean-{n:05}", m) for n, m in enumerate(writer.clean(octets)))
    corpus.write(stand.mail, messages)
    names = sorted(path.name for path in (stand.mail / "eml").iterdir())
    sample = b"".join((stand.mail / "eml" / n).read_bytes() for n in names[:SAMPLE_MESSAGES])
    return names, sample


def ours(stand: Stand, database: Path, mode: str, listing: Path | None) -> tuple[str, float, int]:
    """Output, processor seconds, resident KiB of one run of the engine."""
    output = stand.folder / "output"
    command = [str(PROGRAMS / "engine_bench"), mode, str(database), str(FEED)]
    cost = measuring.run(command, output, listing)
    return output.read_text(), cost.processor, cost.resident


def theirs(stand: Stand, sources: Path, listing: Path | None) -> tuple[str, float, int]:
    """The same of clamscan."""
    output = stand.folder / "output"
    empty = stand.folder / "empty"
    empty.touch()
    what = [f"--file-list={listing}"] if listing else [str(empty)]
    command = ["clamscan", "-d", str(sources), "--no-summary", "-i", *what]
    cost = measuring.run(command, output, None, good=(0, 1))
    return output.read_text(errors="replace"), cost.processor, cost.resident


def found_by_us(output: str) -> Found:
    """Detections; a message that is held for another reason counts as a wrong one."""
    lines = re.findall(r"(?m)^(found|held) (.*) \S*/(\S+)$", output)
    return {path: name if word == "found" else f"held: {name}" for word, name, path in lines}


def found_by_them(output: str) -> Found:
    """Detections."""
    lines = re.findall(r"(?m)^\S*/(\S+): (\S+)\.UNOFFICIAL FOUND$", output)
    return dict(lines)


def measure(
    runs: int,
    once: Callable[[Path | None], tuple[str, float, int]],
    over_empty_set: Callable[[Path | None], tuple[str, float, int]],
    listing: Path,
    read: Callable[[str], Found],
) -> Measured:
    """Medians over the runs."""
    loads = statistics.median(once(None)[1] for _ in range(runs))
    outputs = [once(listing) for _ in range(runs)]
    return Measured(
        seconds=statistics.median(seconds for _, seconds, _ in outputs) - loads,
        load=loads,
        resident=max(resident for _, _, resident in outputs),
        empty_resident=over_empty_set(listing)[2],
        found=read(outputs[0][0]),
    )


def rows(octets: int, us: Measured, them: Measured) -> Iterator[tuple[str, str, str, str]]:
    """The table: what, ours, theirs, ratio."""
    speed = [octets / 1e6 / each.seconds for each in (us, them)]
    yield "MB/s of mail", f"{speed[0]:.1f}", f"{speed[1]:.1f}", f"{speed[0] / speed[1]:.1f} x"
    yield "seconds", f"{us.seconds:.2f}", f"{them.seconds:.2f}", ""
    yield "seconds to load", f"{us.load:.3f}", f"{them.load:.3f}", ""
    share = them.resident / us.resident
    yield "resident MiB", mib(us.resident), mib(them.resident), f"1/{share:.1f}"
    growth = [each.resident - each.empty_resident for each in (us, them)]
    ratio = f"1/{growth[1] / growth[0]:.1f}" if growth[0] > 0 else ""
    yield "  over one signature", mib(growth[0]), mib(growth[1]), ratio


def mib(kib: int) -> str:
    return f"{kib / 1024:.1f}"


def judgement(expected: Found, us: Measured, them: Measured) -> str:
    """Do both find exactly what was planted?"""
    if us.found == them.found == expected:
        return f"equal: {len(expected)} planted, all found by both under the same name"
    wrong = []
    for name, each in (("the engine", us), ("clamscan", them)):
        differing = sorted(
            message
            for message in expected.keys() | each.found.keys()
            if expected.get(message) != each.found.get(message)
        )
        if differing:
            first = differing[0]
            wrong.append(
                f"{name} differs in {len(differing)}, first {first}: planted "
                f"{expected.get(first)}, found {each.found.get(first)}"
            )
    return "VOID: " + "; ".join(wrong)


def compare(stand: Stand, each: Set, names: list[str], one: tuple[Path, Path]) -> None:
    """One set: both programs over clean and planted messages, printed."""
    wire, eml = stand.listing("wire", names), stand.listing("eml", names)
    octets = sum((stand.mail / "eml" / name).stat().st_size for name in names)
    one_sources, one_compiled = one
    us = measure(
        stand.runs,
        lambda listing: ours(stand, each.compiled, "engine", listing),
        lambda listing: ours(stand, one_compiled, "engine", listing),
        wire,
        found_by_us,
    )
    them = measure(
        stand.runs,
        lambda listing: theirs(stand, each.sources, listing),
        lambda listing: theirs(stand, one_sources, listing),
        eml,
        found_by_them,
    )
    print(
        f"\n{each.name} patterns + {HASHES:,} hashes; {len(names):,} messages, {octets:,} octets"
    )
    print(f"  {'':<22} {'engine':>9} {'clamscan':>9}")
    for what, own, other, ratio in rows(octets, us, them):
        print(f"  {what:<22} {own:>9} {other:>9}  {ratio}")
    print(f"  detections: {judgement(each.expected, us, them)}")
    print(
        f"  compiled file {each.compiled.stat().st_size:,} octets, "
        f"in {each.compile_seconds:.1f} s on the host"
    )
    print_matcher(stand, each, eml)


def print_matcher(stand: Stand, each: Set, listing: Path) -> None:
    """The matcher alone on the raw octets, with patterns only, and with the hashes."""
    for label, database in (("patterns", each.patterns_only), ("with hashes", each.compiled)):
        figures = [
            [int(figure) for figure in ours(stand, database, "matcher", listing)[0].split()[-4:]]
            for _ in range(stand.runs)
        ]
        octets, opened, spent = (
            statistics.median(run[column] for run in figures) for column in range(3)
        )
        print(
            f"  matcher alone, {label}: {octets / spent:.0f} MB/s of raw octets, "
            f"opened in {opened:.0f} us"
        )


def one_signature(stand: Stand) -> tuple[Path, Path]:
    """A set of one signature, to see what signatures add to a program's memory."""
    sources = stand.folder / "one"
    sources.mkdir()
    text = f"Bench.One:0:*:{bytes(range(200, 232)).hex()}\n"
    (sources / "one.ndb").write_text(text)
    compiled(stand.maps / "one.sig", {"one.ndb": text})
    return sources, stand.maps / "one.sig"


def run(stand: Stand, octets: int) -> None:
    """Make the mail, then compare with every set."""
    clean, sample = make_mail(stand, octets)
    print(f"seed {SEED}, {len(clean):,} clean messages, median of {stand.runs} runs", flush=True)
    one = one_signature(stand)
    for patterns in PATTERN_COUNTS:
        each, planted = make_set(stand, sample, patterns)
        corpus.write(stand.mail, iter(planted.items()))
        compare(stand, each, clean + sorted(planted), one)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--octets", type=int, default=CLEAN_OCTETS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=TOP / "build" / "bench" / "engine")
    arguments = parser.parse_args()
    build_programs()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=MAPS) as maps:
        run(Stand(arguments.folder, Path(maps), arguments.runs), arguments.octets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
