"""Sources in, the compiled file and a report out. Pure: same sources, same octets."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from restante_tools.signatures import layout
from restante_tools.signatures.digests import DigestTable, PieceTable
from restante_tools.signatures.model import (
    Allowed,
    Hash,
    Ignored,
    Logical,
    Mark,
    Piece,
    Refusal,
    Rule,
    Signature,
    Unsupported,
)
from restante_tools.signatures.patterns import PatternTable, Pool
from restante_tools.signatures.rules import RuleTable, marks_section
from restante_tools.signatures.sources import is_list_of_ignored, read

ALIGNMENT = 64  # of a section: a cache line, and any word the box can load


@dataclass
class Report:
    """What went in and what did not."""

    patterns: int = 0
    logical: int = 0
    hashes: list[int] = field(default_factory=list)
    allowed: int = 0
    pieces: list[int] = field(default_factory=list)
    rules: int = 0
    marks: int = 0
    duplicates: int = 0
    ignored: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    section_sizes: dict[str, int] = field(default_factory=dict)


class Compiler:
    """Takes sources one by one; `finish` gives the file."""

    def __init__(self) -> None:
        self._patterns = PatternTable()
        self._digests = DigestTable()
        self._pieces = PieceTable()
        self._rules = RuleTable()
        self._marks: list[Mark] = []
        self._sources: list[tuple[str, bytes]] = []
        self._refusals: list[Refusal] = []
        self._ignored: set[str] = set()
        self._left_out = 0

    def add(self, file: str, text: bytes) -> None:
        """All signatures of one source; `file` names it in refusals, its suffix is the format."""
        self._sources.append((file, text))

    def _take_all(self) -> None:
        """Reads the sources: first what is ignored, so that its place does not matter."""
        later = []
        for file, text in self._sources:
            if is_list_of_ignored(file):
                self._take(file, text)
            else:
                later.append((file, text))
        for file, text in later:
            self._take(file, text)

    def _take(self, file: str, text: bytes) -> None:
        for found in read(file, text):
            if isinstance(found, Refusal):
                self._refusals.append(found)
                continue
            try:
                self._take_one(found.signature)
            except Unsupported as refused:
                self._refusals.append(Refusal(found.place, name_of(found.signature), str(refused)))

    def _take_one(self, signature: Signature) -> None:
        if isinstance(signature, Ignored):
            self._ignored.add(signature.name)
        elif isinstance(signature, Mark):
            self._marks.append(signature)
        elif isinstance(signature, Allowed):
            self._digests.allow(signature.hash)
        elif signature.name in self._ignored:
            self._left_out += 1
        elif isinstance(signature, Hash):
            self._digests.add(signature)
        elif isinstance(signature, Piece):
            self._pieces.add(signature.hash)
        elif isinstance(signature, Rule):
            self._rules.add(signature)
        elif isinstance(signature, Logical):
            self._patterns.add_logical(signature)
        else:
            self._patterns.add(signature)

    def finish(self, name: str, built: int) -> tuple[bytes, Report]:
        """The compiled file for a bundle of this name, built at this time (seconds since 1970)."""
        self._take_all()
        names = Pool()
        bundle = names.place(name.encode() + b"\0")
        patterns = self._patterns.names
        marks = marks_section(self._marks, self._patterns.pool, names)
        sections, bitmap_bits, bucket_bits = self._patterns.sections()
        sections |= self._digests.sections() | self._pieces.sections()
        allowed = self._digests.allowed_ids(len(patterns))
        sections[layout.SECTION_ALLOWED] = struct.pack(f"<{len(allowed)}I", *allowed)
        sections[layout.SECTION_RULES] = self._rules.section(names)
        sections[layout.SECTION_MARKS] = marks
        ids = patterns + self._digests.names() + self._pieces.names() + self._rules.names()
        offsets = [names.place(each.encode("ascii") + b"\0") for each in ids]
        sections[layout.SECTION_NAMES] = bytes(names.octets)
        sections[layout.SECTION_NAME_OFFSETS] = struct.pack(f"<{len(offsets)}I", *offsets)
        numbers = [
            len(patterns),
            len(ids),
            bundle,
            bitmap_bits,
            bucket_bits,
            layout.SECTIONS,
            *self._digests.largest,
            0,
        ]
        return assemble(sections, built, numbers), self._report(sections)

    def _report(self, sections: dict[int, bytes]) -> Report:
        return Report(
            patterns=len(self._patterns.names) - self._patterns.logical,
            logical=self._patterns.logical,
            hashes=self._digests.counts,
            allowed=self._digests.allowed,
            pieces=self._pieces.counts,
            rules=len(self._rules.names()),
            marks=len(self._marks),
            duplicates=self._patterns.duplicates
            + self._digests.duplicates
            + self._pieces.duplicates,
            ignored=self._left_out,
            refusals=self._refusals,
            section_sizes={
                layout.SECTION_NAMES_IN_WORDS[number]: len(sections.get(number, b""))
                for number in range(layout.SECTIONS)
            },
        )


def name_of(signature: Signature) -> str:
    """The signature's name, for a refusal."""
    return signature.hash.name if isinstance(signature, Allowed) else signature.name


def assemble(sections: dict[int, bytes], built: int, numbers: list[int]) -> bytes:
    """Header, section table and sections, aligned; `numbers` are the header's u32 from 32 on."""
    head_size = layout.HEAD_TABLE + layout.SECTIONS * layout.HEAD_TABLE_ENTRY
    body = bytearray()
    table = bytearray()
    start = -(-head_size // ALIGNMENT) * ALIGNMENT
    for number in range(layout.SECTIONS):
        content = sections.get(number, b"")
        body += bytes(-len(body) % ALIGNMENT)
        table += struct.pack("<QQ", start + len(body), len(content))
        body += content
    head = struct.pack(
        "<8sIIQQ10I",
        layout.MAGIC,
        layout.VERSION,
        head_size,
        start + len(body),
        built,
        *numbers,
    )
    return (head + table).ljust(start, b"\0") + bytes(body)
