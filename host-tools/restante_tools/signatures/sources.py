"""Every source format by its suffix: text in, signatures and refusals out. Pure.

A line becomes a signature or a Refusal; none vanishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath

from restante_tools.signatures.clamav import (
    NAME,
    allowed_of,
    hash_of,
    ignored_of,
    mark_of,
    pattern_of,
    piece_of,
)
from restante_tools.signatures.clamav_containers import rules_of
from restante_tools.signatures.clamav_logic import logical_of
from restante_tools.signatures.hash_lists import read_list
from restante_tools.signatures.model import Entry, Place, Refusal, Rule, Signature, Unsupported
from restante_tools.signatures.own_rules import read_rules

Reader = Callable[[str], Signature | list[Rule]]

# Per suffix: what reads a line, what separates its fields, and which of them is the name.
LINES: dict[str, tuple[Reader, str, int]] = {
    **dict.fromkeys((".hdb", ".hsb", ".hdu", ".hsu"), (hash_of, ":", 2)),
    **dict.fromkeys((".mdb", ".msb", ".mdu", ".msu"), (piece_of, ":", 2)),
    **dict.fromkeys((".fp", ".sfp"), (allowed_of, ":", 2)),
    **dict.fromkeys((".ndb", ".ndu"), (pattern_of, ":", 0)),
    **dict.fromkeys((".ldb", ".ldu"), (logical_of, ";", 0)),
    ".cdb": (rules_of, ":", 0),
    ".ftm": (mark_of, ":", 3),
    ".ign2": (ignored_of, ":", 0),
}
LISTS = (".txt", ".csv", ".md5", ".sha1", ".sha256")
OWN = (".yaml", ".yml")
SUFFIXES = (*LINES, *LISTS, *OWN)


def is_list_of_ignored(file: str) -> bool:
    """Does the file name signatures that are not to be used?"""
    return PurePath(file).suffix.lower() == ".ign2"


def name_in(line: str, separator: str, field: int) -> str:
    """The name as far as the line has one, for a Refusal."""
    fields = line.split(separator)
    name = fields[field] if len(fields) > field else ""
    return name if NAME.fullmatch(name) else ""


def lines_of(text: bytes) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; empty ones and `#` comments are left out."""
    for number, raw in enumerate(text.split(b"\n"), 1):
        line = raw.decode("latin-1").rstrip("\r \t")
        if line and not line.startswith("#"):
            yield number, line


def read(file: str, text: bytes) -> Iterator[Entry | Refusal]:
    """All signatures of one file, in order."""
    suffix = PurePath(file).suffix.lower()
    if suffix in LISTS:
        yield from read_list(file, text)
    elif suffix in OWN:
        yield from read_rules(file, text)
    else:
        yield from read_lines(file, text, *LINES[suffix])


def read_lines(
    file: str, text: bytes, reader: Reader, separator: str, field: int
) -> Iterator[Entry | Refusal]:
    """The signatures of ClamAV's formats, a line each."""
    for number, line in lines_of(text):
        place = Place(file, number)
        try:
            found = reader(line)
            for one in found if isinstance(found, list) else [found]:
                yield Entry(place, one)
        except Unsupported as refused:
            yield Refusal(place, name_in(line, separator, field), str(refused))
