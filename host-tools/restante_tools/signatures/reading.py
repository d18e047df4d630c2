"""Reads a compiled file's header and names, for people. Pure; the engine's own reader is db.c."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from restante_tools.signatures import layout


class NotASignatureFile(Exception):
    """The text says what is wrong."""


@dataclass(frozen=True)
class Summary:
    """What a compiled file says of itself."""

    name: str
    built: int
    size: int
    patterns: int  # the logical ones are counted apart
    logical: int
    hashes: tuple[int, ...]
    allowed: int
    pieces: tuple[int, ...]
    rules: int
    marks: int
    sections: dict[str, int]
    names: tuple[str, ...]


def summarize(data: bytes) -> Summary:
    """The header and all names in id order."""
    if data[: len(layout.MAGIC)] != layout.MAGIC:
        raise NotASignatureFile("it does not begin with the magic of a signature file")
    try:
        return _summarize(data)
    except (struct.error, ValueError, IndexError) as error:
        raise NotASignatureFile(f"it is cut off or damaged ({error})") from error


def _summarize(data: bytes) -> Summary:
    version, _, total, built = struct.unpack_from("<IIQQ", data, layout.HEAD_VERSION)
    if version != layout.VERSION:
        raise NotASignatureFile(f"its layout has version {version}, not {layout.VERSION}")
    if total > len(data):
        raise NotASignatureFile(f"it should have {total} octets and has {len(data)}")
    patterns, ids, bundle = struct.unpack_from("<III", data, layout.HEAD_PATTERNS)
    sections = [
        struct.unpack_from("<QQ", data, layout.HEAD_TABLE + number * layout.HEAD_TABLE_ENTRY)
        for number in range(layout.SECTIONS)
    ]
    names_at, names_size = sections[layout.SECTION_NAMES]
    pool = data[names_at : names_at + names_size]

    def name(offset: int) -> str:
        return pool[offset : pool.index(b"\0", offset)].decode("utf-8")

    offsets = struct.unpack_from(f"<{ids}I", data, sections[layout.SECTION_NAME_OFFSETS][0])
    return Summary(
        name=name(bundle),
        built=built,
        size=total,
        patterns=patterns - sections[layout.SECTION_LOGIC][1] // layout.LOGIC_SIZE,
        logical=sections[layout.SECTION_LOGIC][1] // layout.LOGIC_SIZE,
        hashes=tuple(
            sections[layout.SECTION_DIGESTS + kind][1] // layout.DIGEST_KEPT
            for kind in range(layout.DIGEST_KINDS)
        ),
        allowed=sections[layout.SECTION_ALLOWED][1] // 4,
        pieces=tuple(
            sections[layout.SECTION_PIECE_DIGESTS + kind][1] // layout.DIGEST_KEPT
            for kind in range(layout.DIGEST_KINDS)
        ),
        rules=sections[layout.SECTION_RULES][1] // layout.RULE_SIZE,
        marks=sections[layout.SECTION_MARKS][1] // layout.MARK_SIZE,
        sections={
            layout.SECTION_NAMES_IN_WORDS[number]: size
            for number, (_, size) in enumerate(sections)
        },
        names=tuple(name(offset) for offset in offsets),
    )
