"""The verbs `restante signatures compile|inspect|test`. Only printing and files live here."""

from __future__ import annotations

import datetime
import json
import os
import random
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import click

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.signatures.compiler import Compiler, Report, name_of
from restante_tools.signatures.layout import MAGIC
from restante_tools.signatures.model import Entry
from restante_tools.signatures.reading import NotASignatureFile, Summary, summarize
from restante_tools.signatures.reference import matching
from restante_tools.signatures.sources import SUFFIXES, read

KINDS = ("MD5", "SHA-1", "SHA-256")
PROGRAMS = Path(__file__).resolve().parents[3] / "build" / "tests-native"
PROGRAMS_HELP = "Folder of match_cli and engine_bench."
NATIVE_SECONDS = 3600
MADE_UP_OCTETS = 1_000_000
ONE_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def signatures() -> None:
    """Compile signatures into the file that the box maps, and look into it."""


def check_suffix(source: Path) -> None:
    """Refuses what is no known source format."""
    if source.suffix.lower() not in SUFFIXES:
        raise ToolError(
            f"{source}: not a known signature format",
            f"the suffix is the format: {' '.join(SUFFIXES)}",
            "rename the file, or leave it out",
        )


def write_whole(path: Path, data: bytes) -> None:
    """The file is there in full or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def report_as_text(report: Report, size: int) -> str:
    """Counts and sizes; then how many lines were refused, by reason."""
    hashes = ", ".join(f"{n:,} {kind}" for n, kind in zip(report.hashes, KINDS, strict=True) if n)
    lines = [
        f"patterns    {report.patterns:,}",
        f"logical     {report.logical:,}",
        f"hashes      {sum(report.hashes):,}" + (f" ({hashes})" if hashes else ""),
        f"allowed     {report.allowed:,}",
        f"sections    {sum(report.pieces):,}",
        f"rules       {report.rules:,}",
        f"type marks  {report.marks:,}",
        f"duplicates  {report.duplicates:,}",
        f"ignored     {report.ignored:,}",
        f"refused     {len(report.refusals):,}",
    ]
    for reason, count in Counter(refusal.reason for refusal in report.refusals).most_common():
        lines.append(f"  {count:>9,}  {reason}")
    lines.append(f"octets      {size:,}")
    lines += [f"  {octets:>9,}  {name}" for name, octets in report.section_sizes.items() if octets]
    return "\n".join(lines)


def report_as_json(report: Report, size: int) -> str:
    """The same for machines, with every refused line."""
    return json.dumps(
        {
            "patterns": report.patterns,
            "logical": report.logical,
            "hashes": dict(zip(KINDS, report.hashes, strict=True)),
            "allowed": report.allowed,
            "section hashes": dict(zip(KINDS, report.pieces, strict=True)),
            "rules": report.rules,
            "type marks": report.marks,
            "duplicates": report.duplicates,
            "ignored": report.ignored,
            "refused by reason": dict(Counter(r.reason for r in report.refusals).most_common()),
            "refused": [
                {
                    "file": refusal.place.file,
                    "line": refusal.place.line,
                    "name": refusal.name,
                    "reason": refusal.reason,
                }
                for refusal in report.refusals
            ],
            "octets": size,
            "sections": report.section_sizes,
        },
        indent=1,
    )


@signatures.command("compile")
@click.argument("sources", nargs=-1, required=True, type=ONE_FILE)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The bundle's name; another set needs another one.")
@click.option("--built", required=True, type=click.IntRange(min=0), help="Seconds since 1970.")
@click.option("--strict", is_flag=True, help="Fail if any line is refused.")
@click.option("--json", "as_json", is_flag=True, help="The report for machines.")
def compile_verb(
    sources: tuple[Path, ...], output: Path, name: str, built: int, strict: bool, as_json: bool
) -> None:
    """Compile SOURCES into one file; a source's suffix is its format. Refused: standard error."""
    compiler = Compiler()
    for source in sources:
        check_suffix(source)
        compiler.add(source.as_posix(), source.read_bytes())
    data, report = compiler.finish(name, built)
    for refusal in report.refusals:
        click.echo(str(refusal), err=True)
    if strict and report.refusals:
        raise ToolError(
            f"{len(report.refusals)} signatures were refused, so {output} was not written",
            "they use what the engine does not support yet; the lines above name them",
            "remove them, or compile without --strict",
            VERIFICATION_FAILED,
        )
    write_whole(output, data)
    click.echo(report_as_json(report, len(data)) if as_json else report_as_text(report, len(data)))


def summary_as_text(summary: Summary) -> str:
    """What a compiled file says of itself."""
    built = datetime.datetime.fromtimestamp(summary.built, datetime.UTC)
    lines = [
        f"name        {summary.name}",
        f"built       {built:%Y-%m-%d %H:%M:%S} UTC",
        f"patterns    {summary.patterns:,}",
        f"logical     {summary.logical:,}",
    ]
    lines += [f"{kind:<11} {count:,}" for kind, count in zip(KINDS, summary.hashes, strict=True)]
    lines += [
        f"allowed     {summary.allowed:,}",
        f"sections    {sum(summary.pieces):,}",
        f"rules       {summary.rules:,}",
        f"type marks  {summary.marks:,}",
    ]
    lines.append(f"octets      {summary.size:,}")
    lines += [f"  {octets:>11,}  {name}" for name, octets in summary.sections.items()]
    return "\n".join(lines)


@signatures.command("inspect")
@click.argument("file", type=ONE_FILE)
@click.option("--names", is_flag=True, help="List the names too, in id order.")
def inspect_verb(file: Path, names: bool) -> None:
    """Say what a compiled FILE holds."""
    try:
        summary = summarize(file.read_bytes())
    except NotASignatureFile as error:
        raise ToolError(
            f"{file}: not a usable signature file",
            str(error),
            "compile it again with `restante signatures compile`",
            VERIFICATION_FAILED,
        ) from error
    click.echo(summary_as_text(summary))
    for number, name in enumerate(summary.names if names else ()):
        click.echo(f"{number} {name}")


def compiled(folder: Path, sources: Path) -> Path:
    """The file itself if it is a compiled one, else what its source gives."""
    data = sources.read_bytes()
    if data.startswith(MAGIC):
        return sources
    check_suffix(sources)
    compiler = Compiler()
    compiler.add(sources.as_posix(), data)
    octets, report = compiler.finish(sources.stem, 0)
    for refusal in report.refusals:
        click.echo(str(refusal), err=True)
    path = folder / "compiled.sig"
    path.write_bytes(octets)
    return path


def native(folder: Path | None, name: str) -> Path:
    """A program of the engine, which the native tests build."""
    path = (folder or PROGRAMS) / name
    if not path.exists():
        raise ToolError(
            f"{path} is not there",
            "the engine's programs are built by the native tests",
            "run `make test`, or give their folder with --programs",
        )
    return path


def run_native(*command: str | Path, text: str = "") -> list[str]:
    """Lines that a program of the engine prints."""
    done = subprocess.run(
        [str(word) for word in command],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=NATIVE_SECONDS,
    )
    if done.returncode != 0:
        raise ToolError(
            f"{command[0]} failed",
            (done.stdout + done.stderr).strip() or f"code {done.returncode}",
            "look at the file that was given",
        )
    return done.stdout.splitlines()


@signatures.command("test")
@click.argument("sigs", type=ONE_FILE)
@click.argument("files", nargs=-1, required=True, type=ONE_FILE)
@click.option("--mail", is_flag=True, help="FILES are raw messages: target type 4 applies.")
@click.option("--programs", type=click.Path(file_okay=False, path_type=Path), help=PROGRAMS_HELP)
@click.option(
    "--reference", is_flag=True, help="All matches, by the slow reference; SIGS: sources."
)
def test_verb(
    sigs: Path, files: tuple[Path, ...], mail: bool, programs: Path | None, reference: bool
) -> None:
    """Say which signature of SIGS, a compiled file or a source, matches each of FILES.

    Each file is taken as one object: nothing is decoded or unpacked. Fails if nothing matches.
    """
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        if reference:
            answers = reference_answers(sigs, files, mail)
        else:
            program = native(programs, "match_cli")
            options = ["-m"] if mail else []
            database = compiled(Path(folder), sigs)
            lines = run_native(program, *options, database, "4096", *files)
            answers = [(line.split(" ")[0], line.split(" ")[2]) for line in lines]
    for file, (name, state) in zip(files, answers, strict=True):
        found += name != "-"
        doubt = "" if state == "ok" else " (in doubt: more work or half matches than the limits)"
        click.echo(f"{file}: {name}{doubt}")
    if not found:
        raise ToolError(
            "no signature matches",
            "the sample is another one, or is wrapped in something that must be unpacked first",
            "give the decoded object itself",
            VERIFICATION_FAILED,
        )


def reference_answers(sigs: Path, files: tuple[Path, ...], mail: bool) -> list[tuple[str, str]]:
    """All names that the reference matcher finds, per file."""
    check_suffix(sigs)
    entries = list(read(sigs.as_posix(), sigs.read_bytes()))
    known = [entry.signature for entry in entries if isinstance(entry, Entry)]
    names = (
        [name_of(signature) for signature in matching(known, file.read_bytes(), mail)]
        for file in files
    )
    return [(", ".join(found) or "-", "ok") for found in names]


@signatures.command("bench")
@click.argument("sigs", type=ONE_FILE)
@click.option("--octets", default=32_000_000, show_default=True, help="Octets to match.")
@click.option("--programs", type=click.Path(file_okay=False, path_type=Path), help=PROGRAMS_HELP)
def bench_verb(sigs: Path, octets: int, programs: Path | None) -> None:
    """Measure SIGS natively: time to open, speed over made-up octets, memory.

    Half of the octets are words, half are random. Figures of a mail corpus: `make bench`.
    """
    program = native(programs, "engine_bench")
    with tempfile.TemporaryDirectory() as folder:
        database = compiled(Path(folder), sigs)
        listing = "".join(f"{path}\n" for path in made_up(Path(folder), octets))
        found = run_native(program, "matcher", database, "16384", text=listing)
        empty = run_native(program, "matcher", database, "16384")
    size, opened, spent, resident = map(int, found[-1].split())
    idle = int(empty[-1].split()[3])
    click.echo(f"octets      {size:,}")
    click.echo(f"found       {sum(line.startswith('found ') for line in found):,}")
    click.echo(f"open        {opened:,} microseconds")
    click.echo(f"speed       {size / max(1, spent):.1f} MB/s")
    click.echo(f"resident    {resident:,} KiB, of which {idle:,} without matching anything")


def made_up(folder: Path, octets: int) -> list[Path]:
    """Files of words and of random octets, always the same."""
    dice = random.Random(1)
    words = [bytes(dice.choices(b"etaoinshrdlucm", k=dice.randint(2, 9))) for _ in range(4000)]
    paths = []
    for number in range(max(2, octets // MADE_UP_OCTETS)):
        if number % 2:
            data = dice.randbytes(MADE_UP_OCTETS)
        else:
            data = b" ".join(dice.choices(words, k=MADE_UP_OCTETS // 6))[:MADE_UP_OCTETS]
        paths.append(folder / f"{number}")
        paths[-1].write_bytes(data)
    return paths


VERBS = [signatures]
