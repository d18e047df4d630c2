"""Reads ClamAV's .ldb lines: `name;target description;expression;subsignature;...`. Pure."""

from __future__ import annotations

import re

from restante_tools.signatures import layout
from restante_tools.signatures.clamav import check_level, check_name, offset_of, target_of
from restante_tools.signatures.hexpattern import clusters_of
from restante_tools.signatures.logic import parse
from restante_tools.signatures.model import Logical, Pattern, Unsupported

SUBSIGNATURES_MAX = 64
RANGE = re.compile(r"([0-9]+)-([0-9]+)")

NOT_TAKEN = (
    (re.compile(r"(?s).*/.*/"), "regular expression (PCRE)"),
    (re.compile(r"\$\{"), "macro"),
    (re.compile(r"fuzzy_img#"), "image hash"),
    (re.compile(r"[0-9]+\(.*#.*#"), "comparison of octets as a number"),
)


def range_of(key: str, text: str) -> tuple[int, int]:
    """`low-high`."""
    match = RANGE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise Unsupported(f"malformed {key} in the target description")
    return int(match[1]), int(match[2])


def description_of(text: str) -> tuple[int, int, int]:
    """Target type, and the sizes between which the object must be."""
    target, low, high = layout.TARGET_ANY, 0, layout.NONE
    for field in text.split(","):
        key, _, value = field.strip().partition(":")
        if key == "Target":
            target = target_of(value)
        elif key == "Engine":
            range_of(key, value)
            check_level(value.split("-"))
        elif key == "FileSize":
            low, high = range_of(key, value)
        else:
            raise Unsupported(f"target description {key or 'that is empty'}")
    return target, min(low, layout.NONE), min(high, layout.NONE)


def subsignature_of(text: str, name: str, target: int) -> tuple[Pattern, ...]:
    """`[offset:]pattern[::modifiers]`: one pattern, or two if both ASCII and wide are meant."""
    for construct, reason in NOT_TAKEN:
        if construct.match(text):
            raise Unsupported(reason)
    body, _, modifiers = text.partition("::")
    if set(modifiers) - set("iwfa"):
        raise Unsupported("modifier other than i, w, f, a")
    offset, colon, pattern = body.rpartition(":")
    where = offset_of(offset if colon else "*", target)
    widths = [True] if "w" in modifiers else []
    if "a" in modifiers or not widths:
        widths.append(False)
    return tuple(
        Pattern(
            name,
            target,
            where,
            clusters_of(pattern.strip(), nocase="i" in modifiers, wide=wide),
            fullword="f" in modifiers,
            wide=wide,
        )
        for wide in widths
    )


def logical_of(line: str) -> Logical:
    """One line of an .ldb file."""
    fields = line.split(";")
    if len(fields) < 4:
        raise Unsupported("malformed: not name;description;expression;subsignature")
    name = check_name(fields[0])
    target, low, high = description_of(fields[1])
    subsignatures = tuple(subsignature_of(each, name, target) for each in fields[3:])
    if len(subsignatures) > SUBSIGNATURES_MAX:
        raise Unsupported(f"more than {SUBSIGNATURES_MAX} subsignatures")
    return Logical(name, target, low, high, parse(fields[2], len(subsignatures)), subsignatures)
