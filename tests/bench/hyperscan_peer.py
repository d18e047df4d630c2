"""The matcher's peer, Hyperscan: the same patterns as regular expressions over the same octets."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import measuring

TOKEN = re.compile(r"\*|\{(\d*)-?(\d*)\}|[0-9a-f?]{2}")


def expression(pattern: str) -> str:
    """A pattern of ClamAV's as a regular expression over octets."""
    parts = []
    for token in TOKEN.finditer(pattern):
        parts.append(_part(token.group(0)))
    return "".join(parts)


def _part(token: str) -> str:
    if token == "*":
        return ".*"
    if token[0] == "{":
        low, dash, high = token[1:-1].partition("-")
        return f".{{{low or 0},{high}}}" if dash else f".{{{low}}}"
    if token == "??":
        return "."
    if "?" in token:
        octets = [f"\\x{n:02x}" for n in range(256) if _fits(token, n)]
        return f"[{''.join(octets)}]"
    return f"\\x{token}"


def _fits(token: str, octet: int) -> bool:
    return all(t in ("?", d) for t, d in zip(token, f"{octet:02x}", strict=True))


def build(folder: Path) -> Path:
    """The program, from the machine's own libhyperscan."""
    source = Path(__file__).with_suffix(".c")
    program = folder / "hyperscan_peer"
    subprocess.run(["gcc", "-O2", "-o", str(program), str(source), "-lhs"], check=True)
    return program


def scan(program: Path, ndb: list[str], folder: Path, listing: Path) -> tuple[str, list[int]]:
    """Detections as (line number, path) lines, and its line of figures."""
    patterns = folder / "hyperscan.patterns"
    lines = (f"{n} {expression(line.split(':')[3])}\n" for n, line in enumerate(ndb))
    patterns.write_text("".join(lines))
    output = folder / "hyperscan.output"
    measuring.run([str(program), str(patterns)], output, listing)
    *found, figures = output.read_text().splitlines()
    return "\n".join(found), [int(figure) for figure in figures.split()]
