"""The verbs `restante signatures compile|inspect|test`. Only printing and files live here."""

from __future__ import annotations

import datetime
import json
import os
from collections import Counter
from pathlib import Path

import click

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.signatures.sources import SUFFIXES, read
from restante_tools.signatures.compiler import Compiler, Report
from restante_tools.signatures.model import Entry
from restante_tools.signatures.reading import NotASignatureFile, Summary, summarize
from restante_tools.signatures.reference import matching

KINDS = ("MD5", "SHA-1", "SHA-256")
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
        f"hashes      {sum(report.hashes):,}" + (f" ({hashes})" if hashes else ""),
        f"duplicates  {report.duplicates:,}",
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
            "hashes": dict(zip(KINDS, report.hashes, strict=True)),
            "duplicates": report.duplicates,
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
    """Compile SOURCES (.hdb .hsb .ndb) into one file. What is refused goes to standard error."""
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
    ]
    lines += [f"{kind:<11} {count:,}" for kind, count in zip(KINDS, summary.hashes, strict=True)]
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


@signatures.command("test")
@click.argument("file", type=ONE_FILE)
@click.argument("sources", nargs=-1, required=True, type=ONE_FILE)
@click.option("--mail", is_flag=True, help="FILE is a raw message: target type 4 applies.")
def test_verb(file: Path, sources: tuple[Path, ...], mail: bool) -> None:
    """Say which signatures of SOURCES match FILE, by the slow reference matcher.

    FILE is taken as one object: nothing is decoded or unpacked. Fails if nothing matches.
    """
    data = file.read_bytes()
    found = 0
    for source in sources:
        check_suffix(source)
        entries = list(read(source.as_posix(), source.read_bytes()))
        known = [entry.signature for entry in entries if isinstance(entry, Entry)]
        for signature in matching(known, data, mail):
            click.echo(f"{source}: {signature.name}")
            found += 1
    if not found:
        raise ToolError(
            f"no signature matches {file}",
            "the sample is another one, or is wrapped in something that must be unpacked first",
            "give the decoded object itself",
            VERIFICATION_FAILED,
        )


VERBS = [signatures]
