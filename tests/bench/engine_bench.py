"""The engine beside a warm clamd, and its matcher beside Hyperscan: same files, same signatures,
one run. Prints, asserts none.

A figure is void unless both find every planted payload and nothing else; then it says so. Both are
measured alike: processor seconds for the files alone, loading apart.
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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import corpus
import hyperscan_peer
import measuring
import signature_sets
from clamd_peer import Clamd
from measuring import Resident

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "host-tools"))

from restante_tools.build.native_tests import TREES  # noqa: E402
from restante_tools.signatures.compiler import Compiler  # noqa: E402

SEED = 20240506
CLEAN_OCTETS = 50_000_000
PATTERNS = 20_000
HASHES = 1_000_000
PLANTED = 500  # payloads of each kind
GROWTH = (1_000, 5_000, 20_000, 50_000)  # patterns, for the matcher alone
GROWTH_SIZES = (1_000_000, 5_000_000, 20_000_000)  # octets of one object
COUNTED_OCTETS = 2_000_000  # of mail, for instructions per octet: callgrind is slow
FEED = 16_384  # octets per feed, as the screen worker feeds
SAMPLE_MESSAGES = 200  # whose octets half of the patterns begin with
PROGRAMS = TOP / "build" / "tests-native"
# Compiled files are mapped from here: in pages of 4 KiB, as on the box. From a disk's cache this
# machine may map 2 MiB around every octet touched, and the figure would be the file's size.
MAPS = "/dev/shm"

Found = dict[str, str]  # message -> signature


@dataclass
class Measured:
    """Medians of one program over the corpus."""

    seconds: float  # of processor time, less `load`
    load: float  # of a run over nothing
    resident: Resident  # after the messages, or the most of one message's process
    growth: Resident  # over the same messages with one signature only
    found: Found


@dataclass
class Set:
    """One set of signatures in all forms, and its messages."""

    sources: Path  # ClamAV's files
    compiled: Path
    patterns_only: Path
    ndb: list[str]  # the patterns' lines
    objects: list[Path]  # payloads of patterns as files of their own
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
        environment.setdefault(name, str(TOP / "build" / "src" / folder))
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


def make_set(stand: Stand, sample: bytes) -> tuple[Set, dict[str, bytes]]:
    """Signatures, and the messages with their payloads."""
    sources = stand.folder / "signatures"
    sources.mkdir(parents=True)
    made = signature_sets.make(SEED, sample, PATTERNS, HASHES, PLANTED)
    files = made.files()
    for file, text in files.items():
        (sources / file).write_text(text)
    result = Set(sources, stand.maps / "all.sig", stand.maps / "patterns.sig", made.ndb, [], {}, 0)
    began = time.process_time()
    compiled(result.compiled, files)
    result.compile_seconds = time.process_time() - began
    compiled(result.patterns_only, {"bench.ndb": files["bench.ndb"]})
    writer = corpus.Writer(SEED + 1)
    messages = {}
    for signature, payload in made.pattern_payloads.items():
        result.objects.append(sources.with_name("objects") / signature)
        result.objects[-1].parent.mkdir(exist_ok=True)
        result.objects[-1].write_bytes(payload)
    for whole, payloads in ((False, made.pattern_payloads), (True, made.hash_payloads)):
        for signature, payload in payloads.items():
            message = f"planted-{len(messages):05}"
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


def ours(stand: Stand, database: Path, mode: str, listing: Path | None) -> tuple[str, float]:
    """Output and processor seconds of one run of the engine."""
    output = stand.folder / "output"
    command = [str(PROGRAMS / "engine_bench"), mode, str(database), str(FEED)]
    cost = measuring.run(command, output, listing)
    return output.read_text(), cost.processor


def our_memory(stand: Stand, database: Path, mode: str, listing: Path) -> tuple[Resident, int]:
    """At most of one process, and KiB of it that are pages of the signature file."""
    output, _ = ours(stand, database, mode, listing)
    figures = re.findall(r"(?m)^resident (\d+) (\d+) (\d+) (\d+)$", output)[0]
    rss, pss, anonymous, mapped = map(int, figures)
    return Resident(rss, pss, anonymous), mapped


def found_by_us(output: str) -> Found:
    """Detections; a message that is held for another reason counts as a wrong one."""
    lines = re.findall(r"(?m)^(found|held) (.*) \S*/(\S+)$", output)
    return {path: name if word == "found" else f"held: {name}" for word, name, path in lines}


def measure_us(stand: Stand, database: Path, empty: Path, listing: Path) -> Measured:
    """Medians over the runs; memory of a process per message, as the screen program has it."""
    loads = statistics.median(ours(stand, database, "engine", None)[1] for _ in range(stand.runs))
    outputs = [ours(stand, database, "engine", listing) for _ in range(stand.runs)]
    resident, _ = our_memory(stand, database, "worker", listing)
    return Measured(
        seconds=statistics.median(seconds for _, seconds in outputs) - loads,
        load=loads,
        resident=resident,
        growth=resident.less(our_memory(stand, empty, "worker", listing)[0]),
        found=found_by_us(outputs[0][0]),
    )


def measure_clamd(stand: Stand, sources: Path, empty: Path, files: list[Path]) -> Measured:
    """The same of a clamd that has loaded, and has seen the files once."""
    with Clamd(stand.folder, empty) as clamd:
        clamd.scan(files)
        empty_resident = clamd.resident()
    with Clamd(stand.folder, sources) as clamd:
        found = clamd.scan(files)
        spent = []
        for _ in range(stand.runs):
            before = clamd.processor()
            clamd.scan(files)
            spent.append(clamd.processor() - before)
        resident = clamd.resident()
        growth = resident.less(empty_resident)
        return Measured(statistics.median(spent), clamd.load, resident, growth, found)


def rows(octets: int, us: Measured, them: Measured) -> Iterator[tuple[str, str, str, str]]:
    """The table: what, ours, theirs, ratio."""
    speed = [octets / 1e6 / each.seconds for each in (us, them)]
    yield "MB/s of mail", f"{speed[0]:.1f}", f"{speed[1]:.1f}", f"{speed[0] / speed[1]:.1f} x"
    yield "seconds", f"{us.seconds:.2f}", f"{them.seconds:.2f}", ""
    yield "seconds to load", f"{us.load:.3f}", f"{them.load:.3f}", ""
    for what, own, other in (
        ("Rss MiB", us.resident.rss, them.resident.rss),
        ("  over one signature", us.growth.rss, them.growth.rss),
        ("Pss MiB", us.resident.pss, them.resident.pss),
        ("  over one signature", us.growth.pss, them.growth.pss),
        ("of no file MiB", us.resident.anonymous, them.resident.anonymous),
        ("  over one signature", us.growth.anonymous, them.growth.anonymous),
    ):
        yield what, mib(max(0, own)), mib(other), f"1/{other / own:.0f}" if own > 0 else ""


def mib(kib: int) -> str:
    return f"{kib / 1024:.1f}"


def judgement(expected: Found, us: Measured, them: Measured) -> str:
    """Do both find exactly what was planted?"""
    if us.found == them.found == expected:
        return f"equal: {len(expected)} planted, all found by both under the same name"
    wrong = []
    for name, each in (("the engine", us), ("clamd", them)):
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
    """Both programs over clean and planted messages, printed."""
    wire = stand.listing("wire", names)
    files = [stand.mail / "eml" / name for name in names]
    octets = sum(file.stat().st_size for file in files)
    one_sources, one_compiled = one
    us = measure_us(stand, each.compiled, one_compiled, wire)
    them = measure_clamd(stand, each.sources, one_sources, files)
    print(
        f"\n{PATTERNS:,} patterns + {HASHES:,} hashes; {len(names):,} messages, {octets:,} octets"
    )
    print(f"  {'':<22} {'engine':>9} {'clamd':>9}")
    for what, own, other, ratio in rows(octets, us, them):
        print(f"  {what:<22} {own:>9} {other:>9}  {ratio}")
    print(f"  detections: {judgement(each.expected, us, them)}")
    whole, mapped = our_memory(stand, each.compiled, "engine", wire)
    print(
        "  memory: the most of a process per message, as on the box, whose pages of the file\n"
        "  are shared with all others and can be dropped; were one process to take all messages:\n"
        f"  Rss {mib(whole.rss)}, of which {mib(mapped)} of the signature file"
    )
    print(
        f"  compiled file {each.compiled.stat().st_size:,} octets, "
        f"in {each.compile_seconds:.1f} s on the host",
        flush=True,
    )


def matcher(stand: Stand, database: Path, listing: Path) -> tuple[str, float, float]:
    """Detections, MB/s of raw octets, microseconds to open the file: medians."""
    outputs = [ours(stand, database, "matcher", listing)[0] for _ in range(stand.runs)]
    figures = [[int(figure) for figure in output.split()[-4:]] for output in outputs]
    octets, opened, spent = (statistics.median(run[n] for run in figures) for n in range(3))
    return outputs[0], octets / spent, opened


def print_matcher(stand: Stand, each: Set, names: list[str]) -> None:
    """The matcher alone on raw octets beside Hyperscan, then with the hashes."""
    listing = stand.listing("eml", names)
    with listing.open("a") as file:
        file.writelines(f"{path}\n" for path in each.objects)
    program = hyperscan_peer.build(stand.folder)
    runs = [
        hyperscan_peer.scan(program, each.ndb, stand.folder, listing) for _ in range(stand.runs)
    ]
    speed = statistics.median(octets / spent for _, (octets, _, spent, _) in runs)
    compile_us, size = runs[0][1][1], runs[0][1][3]
    output, own, opened = matcher(stand, each.patterns_only, listing)
    theirs = {path.rsplit("/")[-1] for path in re.findall(r"(?m)^found \d+ (.*)$", runs[0][0])}
    same = theirs == {name for name in found_by_us(output)}
    print(f"\nmatcher alone, {len(each.ndb):,} patterns, raw octets")
    print(f"  MB/s: {own:.0f}, Hyperscan in blocks {speed:.0f}: {own / speed:.2f} x")
    print(f"  detections: {'equal' if same else 'VOID: the files differ'}, {len(theirs)} files")
    print(
        f"  ready in {opened:.0f} us, Hyperscan compiles for {compile_us / 1e6:.1f} s; file "
        f"{each.patterns_only.stat().st_size:,} octets, Hyperscan's {size:,}"
    )
    _, hashed, opened = matcher(stand, each.compiled, listing)
    print(f"  with {HASHES:,} hashes: {hashed:.0f} MB/s, ready in {opened:.0f} us", flush=True)


def instructions(stand: Stand, mode: str, database: Path, listing: Path, octets: int) -> float:
    """Per octet of those files: the same on any machine, so that a regression shows."""
    counts = []
    for each in (listing, None):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        command += [str(PROGRAMS / "engine_bench"), mode, str(database), str(FEED)]
        output = stand.folder / "callgrind"
        measuring.run(command, output, each)
        counts.append(int(re.findall(r"Collected : (\d+)", output.read_text())[0]))
    return (counts[0] - counts[1]) / octets


def some_of(stand: Stand, kind: str, names: list[str]) -> tuple[Path, int]:
    """A listing of so many messages as callgrind can read in a short time, and their octets."""
    some, octets = [], 0
    for name in names:
        if octets < COUNTED_OCTETS:
            some.append(name)
            octets += (stand.mail / kind / name).stat().st_size
    return stand.listing(kind, some), octets


def print_growth(stand: Stand, sample: bytes, names: list[str]) -> None:
    """How cost grows: with the number of patterns, and with the size of the object."""
    print("\nthe matcher's growth\n  patterns      MB/s   instructions per octet")
    for count in GROWTH:
        made = signature_sets.make(SEED + count, sample, count, 0, 0)
        database = stand.maps / "growth.sig"
        compiled(database, made.files())
        speed = matcher(stand, database, stand.listing("eml", names))[1]
        counted = instructions(stand, "matcher", database, *some_of(stand, "eml", names))
        print(f"  {count:>8,} {speed:>9.0f} {counted:>24.1f}", flush=True)
    print("  octets of one object   MB/s   instructions per octet")
    for size in GROWTH_SIZES:
        whole = stand.folder / "object"
        whole.write_bytes((sample * (size // len(sample) + 1))[:size])
        listing = stand.folder / "object.list"
        listing.write_text(f"{whole}\n")
        database = stand.maps / "patterns.sig"
        speed = matcher(stand, database, listing)[1]
        counted = instructions(stand, "matcher", database, listing, size)
        print(f"  {size:>20,} {speed:>6.0f} {counted:>24.1f}", flush=True)


def print_instructions(stand: Stand, each: Set, names: list[str]) -> None:
    """Of the engine, by kinds of mail: with all signatures, and without hashes."""
    version = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True)
    print(f"\ninstructions per octet of mail ({version.stdout.strip()}, callgrind)")
    print(f"  {'':<8} {'all signatures':>14} {'patterns only':>14}")
    writer = corpus.Writer(SEED + 2)
    kinds = {kind: writer.of_kind(kind, COUNTED_OCTETS // 4) for kind in corpus.KINDS}
    corpus.write(stand.mail, iter(kinds.items()))
    for what, some in (("mixed", names), *((kind, [kind]) for kind in corpus.KINDS)):
        listing, octets = some_of(stand, "wire", some)
        counts = (
            instructions(stand, "engine", database, listing, octets)
            for database in (each.compiled, each.patterns_only)
        )
        print(f"  {what:<8} " + " ".join(f"{count:>14.1f}" for count in counts), flush=True)


def one_signature(stand: Stand) -> tuple[Path, Path]:
    """A set of one signature, to see what signatures add to a program's memory."""
    sources = stand.folder / "one"
    sources.mkdir()
    text = f"Bench.One:0:*:{bytes(range(200, 232)).hex()}\n"
    (sources / "one.ndb").write_text(text)
    compiled(stand.maps / "one.sig", {"one.ndb": text})
    return sources, stand.maps / "one.sig"


def run(stand: Stand, octets: int) -> None:
    """Make the mail, then compare."""
    clean, sample = make_mail(stand, octets)
    print(f"seed {SEED}, {len(clean):,} clean messages, median of {stand.runs} runs", flush=True)
    one = one_signature(stand)
    each, planted = make_set(stand, sample)
    corpus.write(stand.mail, iter(planted.items()))
    everything = clean + sorted(planted)
    compare(stand, each, everything, one)
    print_matcher(stand, each, everything)
    print_growth(stand, sample, clean)
    print_instructions(stand, each, clean)


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
