"""Reads ClamAV's .hdb, .hsb and .ndb lines (and their .hdu, .hsu, .ndu twins). Pure.

A line becomes a signature or a Refusal; none vanishes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from restante_tools.signatures import layout
from restante_tools.signatures.hexpattern import clusters_of
from restante_tools.signatures.model import (
    DIGEST_KIND_OF_LENGTH,
    Entry,
    Hash,
    Offset,
    Pattern,
    Place,
    Refusal,
    Unsupported,
)

HASH_SUFFIXES = (".hdb", ".hsb", ".hdu", ".hsu")
PATTERN_SUFFIXES = (".ndb", ".ndu")
SUFFIXES = HASH_SUFFIXES + PATTERN_SUFFIXES

NAME_MAX = 150  # octets of a name: the engine's report keeps 160 with the terminator
# Signatures that ClamAV itself retired before this functionality level (1.0) are not taken.
OLDEST_LEVEL = 160

TARGETS_NOT_TAKEN = {
    3: "normalised HTML",
    5: "graphics",
    7: "normalised text",
    8: "unused",
    9: "Mach-O",
    11: "Flash",
    12: "Java class",
}
TARGETS = (
    layout.TARGET_ANY,
    layout.TARGET_PE,
    layout.TARGET_OLE2,
    layout.TARGET_MAIL,
    layout.TARGET_ELF,
    layout.TARGET_PDF,
)
NAME = re.compile(r"[!-9;-~]+")


def check_name(name: str) -> str:
    """The name, if it can be shown to people and fits a report."""
    if not NAME.fullmatch(name) or len(name) > NAME_MAX:
        raise Unsupported(f"malformed name (printable ASCII, at most {NAME_MAX} characters)")
    return name


def check_level(fields: list[str]) -> None:
    """Refuses what is marked as being for older engines only; `fields` are [min, max]."""
    for field in fields:
        if field and not field.isdecimal():
            raise Unsupported("malformed functionality level")
    if len(fields) == 2 and fields[1] and int(fields[1]) < OLDEST_LEVEL:
        raise Unsupported(f"retired: only for functionality level {fields[1]} and older")


def hash_of(line: str) -> Hash:
    """One line `digest:size:name[:min[:max]]`."""
    fields = line.split(":")
    if not 3 <= len(fields) <= 5:
        raise Unsupported("malformed: not digest:size:name")
    try:
        digest = bytes.fromhex(fields[0])
    except ValueError:
        raise Unsupported("malformed digest") from None
    if len(digest) not in DIGEST_KIND_OF_LENGTH:
        raise Unsupported(f"digest of {len(digest)} octets (16, 20 or 32 are known)")
    if fields[1] == "*":
        size = None
    elif fields[1].isdecimal() and 0 < int(fields[1]) < layout.ANY_SIZE:
        size = int(fields[1])
    else:
        raise Unsupported("malformed size (1 to 4294967294, or *)")
    check_level(fields[3:])
    return Hash(check_name(fields[2]), DIGEST_KIND_OF_LENGTH[len(digest)], digest, size)


def offset_of(text: str) -> Offset:
    """`*`, `n`, `n,shift`, `EOF-n`, `EOF-n,shift`."""
    if text == "*":
        return Offset(layout.OFFSET_ANY)
    match = re.fullmatch(r"(EOF-)?([0-9]+)(?:,([0-9]+))?", text)
    if match is None:
        if re.match(r"(EP[+-]|S[0-9L]|SE|VI)", text):
            raise Unsupported(f"offset {text}: relative to the inside of an executable")
        raise Unsupported(f"malformed offset {text}")
    distance, shift = int(match[2]), int(match[3] or 0)
    if not match[1]:
        if distance + shift > layout.NONE:
            raise Unsupported("offset of 4 GiB or more")
        return Offset(layout.OFFSET_START, distance, distance + shift)
    if distance > layout.EOF_MAX:
        raise Unsupported(f"offset of more than {layout.EOF_MAX} octets before the end")
    return Offset(layout.OFFSET_END, max(0, distance - shift), distance)


def pattern_of(line: str) -> Pattern:
    """One line `name:target:offset:pattern[:min[:max]]`."""
    fields = line.split(":")
    if not 4 <= len(fields) <= 6:
        raise Unsupported("malformed: not name:target:offset:pattern")
    if not fields[1].isdecimal():
        raise Unsupported("malformed target type")
    target = int(fields[1])
    if target not in TARGETS:
        raise Unsupported(f"target type {target} ({TARGETS_NOT_TAKEN.get(target, 'unknown')})")
    check_level(fields[4:])
    return Pattern(
        check_name(fields[0]), target, offset_of(fields[2]), clusters_of(fields[3].strip())
    )


def name_in(line: str, hashes: bool) -> str:
    """The name as far as the line has one, for a Refusal."""
    fields = line.split(":")
    name = fields[2] if hashes and len(fields) > 2 else "" if hashes else fields[0]
    return name if NAME.fullmatch(name) else ""


def read(file: str, text: bytes) -> Iterator[Entry | Refusal]:
    """All signatures of one file, in order; empty lines and `#` comments are left out."""
    hashes = PurePath(file).suffix.lower() in HASH_SUFFIXES
    for number, raw in enumerate(text.split(b"\n"), 1):
        line = raw.decode("latin-1").rstrip("\r \t")
        if not line or line.startswith("#"):
            continue
        place = Place(file, number)
        try:
            yield Entry(place, hash_of(line) if hashes else pattern_of(line))
        except Unsupported as refused:
            yield Refusal(place, name_in(line, hashes), str(refused))
