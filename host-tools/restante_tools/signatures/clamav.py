"""Reads lines of ClamAV's text formats: hashes, allowed and ignored ones, patterns. Pure.

A line becomes a signature or a Refusal; none vanishes.
"""

from __future__ import annotations

import re

from restante_tools.signatures import layout
from restante_tools.signatures.hexpattern import clusters_of
from restante_tools.signatures.model import (
    DIGEST_KIND_OF_LENGTH,
    Allowed,
    Hash,
    Ignored,
    Mark,
    Offset,
    Pattern,
    Piece,
    Unsupported,
)

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


OFFSET = re.compile(
    r"(?:(?P<end>EOF-)|(?P<entry>EP(?P<sign>[+-]))|S(?P<section>[0-9]+|L)\+)?"
    r"(?P<distance>[0-9]+)(?:,(?P<shift>[0-9]+))?"
)
SECTION_LAST = layout.OFFSET_INSIDE - layout.OFFSET_SECTION - 1


def offset_of(text: str, target: int) -> Offset:
    """`*`, `n`, `EOF-n`, `EP+n`, `EP-n`, `Sx+n`, `SL+n`, each with `,shift`; `SEx`."""
    if text == "*":
        return Offset(layout.OFFSET_ANY)
    if text == "VI":
        raise Unsupported("offset VI: in the version information")
    whole = re.fullmatch(r"SE([0-9]+)", text)
    match = OFFSET.fullmatch(text)
    if match is None and whole is None:
        raise Unsupported(f"malformed offset {text}")
    if (whole or (match and (match["entry"] or match["section"]))) and target != layout.TARGET_PE:
        raise Unsupported("offset inside an executable other than a program for Windows")
    if whole:
        return Offset(layout.OFFSET_INSIDE + section_number(whole[1]))
    assert match is not None
    distance, shift = int(match["distance"]), int(match["shift"] or 0)
    if distance + shift > 0x7FFFFFFF:
        raise Unsupported("offset of 2 GiB or more")
    if match["end"]:
        if distance > layout.EOF_MAX:
            raise Unsupported(f"offset of more than {layout.EOF_MAX} octets before the end")
        return Offset(layout.OFFSET_END, max(0, distance - shift), distance)
    low = -distance if match["sign"] == "-" else distance
    if match["entry"]:
        kind = layout.OFFSET_ENTRY
    elif match["section"] == "L":
        kind = layout.OFFSET_LAST
    elif match["section"]:
        kind = layout.OFFSET_SECTION + section_number(match["section"])
    else:
        kind = layout.OFFSET_START
    return Offset(kind, low, low + shift)


def section_number(text: str) -> int:
    """The number of a section of a program."""
    if int(text) > SECTION_LAST:
        raise Unsupported(f"offset in a section behind number {SECTION_LAST}")
    return int(text)


def target_of(text: str) -> int:
    """A target type that the engine knows."""
    if not text.isdecimal():
        raise Unsupported("malformed target type")
    target = int(text)
    if target not in TARGETS:
        raise Unsupported(f"target type {target} ({TARGETS_NOT_TAKEN.get(target, 'unknown')})")
    return target


def pattern_of(line: str) -> Pattern:
    """One line `name:target:offset:pattern[:min[:max]]`."""
    fields = line.split(":")
    if not 4 <= len(fields) <= 6:
        raise Unsupported("malformed: not name:target:offset:pattern")
    target = target_of(fields[1])
    check_level(fields[4:])
    return Pattern(
        check_name(fields[0]),
        target,
        offset_of(fields[2], target),
        clusters_of(fields[3].strip()),
    )


def piece_of(line: str) -> Piece:
    """One line `size:digest:name[:min[:max]]`: a section of a program."""
    size, _, rest = line.partition(":")
    digest, _, rest = rest.partition(":")
    if size == "*":
        raise Unsupported("section of any size")
    return Piece(hash_of(f"{digest}:{size}:{rest}"))


MARK_MAX = 512  # octets of an object that are there when its type is told


def mark_of(line: str) -> Mark:
    """One line `0:offset:octets:name:required type:type[:min[:max]]`."""
    fields = line.split(":")
    if not 6 <= len(fields) <= 8:
        raise Unsupported("malformed: not magic type:offset:octets:name:required:type")
    if fields[0] != "0" or not fields[1].isdecimal():
        raise Unsupported("file type that is not told by octets at a fixed offset")
    if fields[4] != "CL_TYPE_ANY":
        raise Unsupported("file type that is another one before")
    check_level(fields[6:])
    clusters = clusters_of(fields[2])
    if len(clusters) > 1 or len(clusters[0].segments) > 1 or clusters[0].segments[0].choices:
        raise Unsupported("file type with gaps or alternatives")
    (segment,) = clusters[0].segments
    if int(fields[1]) + len(segment.values) > MARK_MAX:
        raise Unsupported(f"file type told by octets behind the first {MARK_MAX}")
    name = check_name(fields[5]).removeprefix("CL_TYPE_").lower()
    return Mark(name, int(fields[1]), segment.values, segment.mask)


def allowed_of(line: str) -> Allowed:
    """One line of a list of hashes that are allowed."""
    return Allowed(hash_of(line))


def ignored_of(line: str) -> Ignored:
    """One line `name[:digest]`: signatures that are not to be used."""
    name, *digest = line.split(":")
    if digest:
        raise Unsupported("ignored only as long as its line has a certain digest")
    return Ignored(check_name(name))
