"""Programs for Windows (PE), for the reference matcher: where their sections lie. Pure.

What counts is what the engine can see: headers within the first HEADERS octets.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from restante_tools.signatures import layout
from restante_tools.signatures.model import Hash, Offset

HEADERS = 8192  # octets from the start in which all headers must lie
SECTIONS_MAX = 96
SECTION_RECORD = 40
# In the optional header: where it begins to run, alignment in the file, octets of all headers.
OPTIONAL = (16, 36, 60)
OPTIONAL_LEAST = 64
NAMES = ("md5", "sha1", "sha256")


@dataclass(frozen=True)
class Program:
    """Where it begins to run, as an offset in the file (None: nowhere); offset and size each."""

    entry: int | None
    sections: tuple[tuple[int, int], ...]


def program_of(data: bytes) -> Program | None:
    """The program, if the object is one."""
    head = data[:HEADERS]
    if head[:2] != b"MZ" or len(head) < 64:
        return None
    at = struct.unpack_from("<I", head, 60)[0]
    if at > len(head) - 24 or head[at : at + 4] != b"PE\0\0":
        return None
    count, optional_size = struct.unpack_from("<H12xH", head, at + 6)
    optional = at + 24
    table = optional + optional_size
    if not 0 < count <= SECTIONS_MAX or optional_size < OPTIONAL_LEAST:
        return None
    if table + count * SECTION_RECORD > len(head):
        return None
    address, align, headers = (struct.unpack_from("<I", head, optional + at)[0] for at in OPTIONAL)
    records = [
        struct.unpack_from("<3I", head, table + number * SECTION_RECORD + 12)
        for number in range(count)
    ]
    if align == 0 or any(size and raw % align and raw % 512 == 0 for _, size, raw in records):
        align = 512
    sections = [(raw - raw % align, -(-size // align) * align) for _, size, raw in records]
    entry = address if address < headers else None
    if entry is None:
        for (start, _, _), (raw, size) in zip(records, sections, strict=True):
            if 0 <= address - start < size:
                entry = raw + address - start  # the last section that has it
    return Program(entry, tuple(sections))


def starts_in_program(offset: Offset, data: bytes) -> range:
    """Allowed starts for an offset inside a program."""
    program = program_of(data)
    if program is None:
        return range(0)
    if offset.kind >= layout.OFFSET_INSIDE:
        number = offset.kind - layout.OFFSET_INSIDE
        if number >= len(program.sections):
            return range(0)
        raw, size = program.sections[number]
        return range(raw, min(raw + size, len(data) + 1))
    if offset.kind == layout.OFFSET_ENTRY:
        base = program.entry
    elif offset.kind == layout.OFFSET_LAST:
        base = program.sections[-1][0]
    else:
        number = offset.kind - layout.OFFSET_SECTION
        base = program.sections[number][0] if number < len(program.sections) else None
    if base is None:
        return range(0)
    return range(max(0, base + offset.low), min(base + offset.high, len(data)) + 1)


def piece_matches(signature: Hash, data: bytes) -> bool:
    """Is one of the program's sections the one that the hash names?"""
    program = program_of(data)
    for raw, size in program.sections if program else ():
        piece = data[raw : raw + size]
        if size == signature.size and len(piece) == size:
            digest = hashlib.new(NAMES[signature.kind], piece, usedforsecurity=False).digest()
            if digest == signature.digest:
                return True
    return False
