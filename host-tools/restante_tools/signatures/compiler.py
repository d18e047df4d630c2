"""Sources in, the compiled file and a report out. Pure: same sources, same octets."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from restante_tools.signatures import layout
from restante_tools.signatures.clamav import read
from restante_tools.signatures.digests import DigestTable
from restante_tools.signatures.model import Entry, Hash, Pattern, Refusal, Unsupported
from restante_tools.signatures.patterns import PatternTable, Pool

ALIGNMENT = 64  # of a section: a cache line, and any word the box can load


@dataclass
class Report:
    """What went in and what did not."""

    patterns: int = 0
    hashes: list[int] = field(default_factory=list)
    duplicates: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    section_sizes: dict[str, int] = field(default_factory=dict)


class Compiler:
    """Takes sources one by one; `finish` gives the file."""

    def __init__(self) -> None:
        self._patterns = PatternTable()
        self._digests = DigestTable()
        self._refusals: list[Refusal] = []

    def add(self, file: str, text: bytes) -> None:
        """All signatures of one source; `file` names it in refusals, its suffix is the format."""
        for found in read(file, text):
            if isinstance(found, Refusal):
                self._refusals.append(found)
            elif isinstance(found.signature, Hash):
                self._digests.add(found.signature)
            else:
                self._add_pattern(found, found.signature)

    def _add_pattern(self, entry: Entry, pattern: Pattern) -> None:
        try:
            self._patterns.add(pattern)
        except Unsupported as refused:
            self._refusals.append(Refusal(entry.place, pattern.name, str(refused)))

    def finish(self, name: str, built: int) -> tuple[bytes, Report]:
        """The compiled file for a bundle of this name, built at this time (seconds since 1970)."""
        sections, bitmap_bits, bucket_bits = self._patterns.sections()
        sections |= self._digests.sections()
        names = Pool()
        bundle = names.place(name.encode() + b"\0")
        ids = self._patterns.names + self._digests.names()
        offsets = [names.place(each.encode("ascii") + b"\0") for each in ids]
        sections[layout.SECTION_NAMES] = bytes(names.octets)
        sections[layout.SECTION_NAME_OFFSETS] = struct.pack(f"<{len(offsets)}I", *offsets)
        numbers = [
            len(self._patterns.names),
            len(ids),
            bundle,
            bitmap_bits,
            bucket_bits,
            layout.SECTIONS,
            *self._digests.largest,
            0,
        ]
        report = Report(
            patterns=len(self._patterns.names),
            hashes=self._digests.counts,
            duplicates=self._patterns.duplicates + self._digests.duplicates,
            refusals=self._refusals,
            section_sizes={
                layout.SECTION_NAMES_IN_WORDS[number]: len(sections.get(number, b""))
                for number in range(layout.SECTIONS)
            },
        )
        return assemble(sections, built, numbers), report


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
