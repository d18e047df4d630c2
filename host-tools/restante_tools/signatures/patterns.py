"""Patterns into the sections of the compiled file: a tree of clusters, and anchors to find them.

Pure. Signatures that begin with the same clusters under the same conditions share their links.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from restante_tools.signatures import layout
from restante_tools.signatures.anchors import Anchor, AnchorChooser, next_octets, variants
from restante_tools.signatures.logic import program, terms, triggers
from restante_tools.signatures.model import (
    Cluster,
    Logical,
    Offset,
    Pattern,
    Segment,
    Unsupported,
)

BITS_PER_ANCHOR = 16  # in the gram bitmap, as long as it stays in the first-level cache


# Octets beside a cluster that decide whether it is a word of its own; twice as many if wide.
WORD_MARGIN = 2


class Step(NamedTuple):
    """A cluster of a pattern on its way into the tree; the key is what makes its link unique."""

    key: tuple[object, ...]
    cluster: Cluster
    target: int
    offset: Offset
    flags: int

    @property
    def margin(self) -> int:
        """Octets that must be in the window beside the cluster."""
        return WORD_MARGIN if self.flags else 0


def steps_of(pattern: Pattern) -> list[Step]:
    """The pattern's clusters, each with everything up to it as its key."""
    so_far: tuple[object, ...] = (pattern.target, pattern.offset)
    steps = []
    for number, cluster in enumerate(pattern.clusters):
        flags = 0
        if pattern.fullword and number == 0:
            flags |= layout.CLUSTER_WORD_START
        if pattern.fullword and number == len(pattern.clusters) - 1:
            flags |= layout.CLUSTER_WORD_END
        if flags and pattern.wide:
            flags |= layout.CLUSTER_WIDE
        so_far = (*so_far, cluster, flags)
        steps.append(Step(so_far, cluster, pattern.target, pattern.offset, flags))
    return steps


def check_countable(pattern: Pattern) -> None:
    """Refuses what has no one start for each place where it ends."""
    last = pattern.clusters[-1].segments
    if not all(segment.rigid for segment in last):
        raise Unsupported("count of a subsignature whose last piece varies in length")


class Link:
    """One cluster in the tree; `signature` and what follows are set as signatures arrive."""

    def __init__(self, parent: int, step: Step, anchor: Anchor) -> None:
        self.parent = parent
        self.cluster = step.cluster
        self.target = step.target
        self.offset = step.offset
        self.anchor = anchor
        self.flags = step.flags
        self.signature = layout.NONE
        self.children = False


class Pool:
    """Octets laid one after the other; what is already there is not stored again."""

    def __init__(self) -> None:
        self.octets = bytearray()
        self._places: dict[bytes, int] = {}

    def place(self, octets: bytes) -> int:
        """Where the octets lie."""
        found = self._places.get(octets)
        if found is None:
            found = self._places[octets] = len(self.octets)
            self.octets += octets
        return found


def stored_segment(segment: Segment) -> tuple[int, int, bytes]:
    """Kind, length and octets as they lie in the file."""
    if segment.choices:
        kind = layout.RUN_NEITHER if segment.negated else layout.RUN_CHOICE
        stored = b"".join(bytes([len(values)]) + values + mask for values, mask in segment.choices)
        return kind, len(stored), stored
    if segment.fixed:
        return layout.RUN_PLAIN, len(segment.values), segment.values
    return layout.RUN_MASKED, len(segment.values), segment.values + segment.mask


def gram_hash(gram: bytes) -> int:
    """64 bits: the low half's top bits index bitmap and buckets, the high half gives the code."""
    return int.from_bytes(gram, "little") * layout.GRAM_FACTOR


def bits_for(count: int, least: int, most: int) -> int:
    """log2 of the smallest power of two that is not below count, within bounds."""
    return min(most, max(least, (max(count, 1) - 1).bit_length()))


class PatternTable:
    """Collects patterns, then gives the sections. `names` is indexed by signature id."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.duplicates = 0
        self.pool = Pool()
        self._chooser = AnchorChooser()
        self._links: list[Link] = []
        self._known: dict[tuple[object, ...], int] = {}
        self._logic: list[tuple[int, Logical, list[list[int]]]] = []

    @property
    def logical(self) -> int:
        """How many of the signatures are logical ones."""
        return len(self._logic)

    def add(self, pattern: Pattern) -> None:
        """Takes a pattern, or raises Unsupported and takes nothing of it."""
        link = self._links[self._place(steps_of(pattern), self._anchors_of(pattern))]
        if link.signature != layout.NONE:
            self.duplicates += 1
            return
        link.signature = len(self.names)
        self.names.append(pattern.name)

    def add_logical(self, logical: Logical) -> None:
        """Takes a logical signature, or raises Unsupported and takes nothing of it."""
        flags = self._flags(logical)
        anchors = [[self._anchors_of(one) for one in sub] for sub in logical.subsignatures]
        links: list[list[int]] = []
        for number, sub in enumerate(logical.subsignatures):
            links.append([])
            for one, found in zip(sub, anchors[number], strict=True):
                link = self._place(steps_of(one), found)
                self._links[link].flags |= flags.get(number, 0)
                links[-1].append(link)
        self._logic.append((len(self.names), logical, links))
        self.names.append(logical.name)

    @staticmethod
    def _flags(logical: Logical) -> dict[int, int]:
        """Per subsignature that the expression names, what must be kept of its hits."""
        flags: dict[int, int] = {}
        for term in terms(logical.expression):
            for number in term.subsignatures:
                flags[number] = flags.get(number, 0) | layout.CLUSTER_HIT
                if term.counts:
                    flags[number] |= layout.CLUSTER_COUNTED
                    for pattern in logical.subsignatures[number]:
                        check_countable(pattern)
        return flags

    def _anchors_of(self, pattern: Pattern) -> list[Anchor | None]:
        """Per cluster its anchor; None if its link is there already."""
        return [
            None if step.key in self._known else self._chooser.choose(step.cluster, step.margin)
            for step in steps_of(pattern)
        ]

    def _place(self, steps: list[Step], anchors: list[Anchor | None]) -> int:
        """Puts the clusters into the tree. Gives the last link."""
        parent = layout.NONE
        for step, anchor in zip(steps, anchors, strict=True):
            link = self._known.get(step.key)
            if link is None:
                assert anchor is not None
                link = self._known[step.key] = len(self._links)
                self._links.append(Link(parent, step, anchor))
                if parent != layout.NONE:
                    self._links[parent].children = True
            parent = link
        return parent

    def sections(self) -> tuple[dict[int, bytes], int, int]:
        """Section contents, log2 of the bitmap's bits, log2 of the buckets."""
        if not self._links:
            pool = {layout.SECTION_PATTERN_POOL: bytes(self.pool.octets)}
            return pool, layout.BITMAP_BITS_MIN, layout.BUCKET_BITS_MIN
        anchors = sorted(self._anchors(), key=lambda anchor: (anchor[0] & 0xFFFFFFFF, anchor))
        count = len(anchors)
        bitmap_bits = bits_for(
            count * BITS_PER_ANCHOR, layout.BITMAP_BITS_MIN, layout.BITMAP_BITS_MAX
        )
        bucket_bits = bits_for(count, layout.BUCKET_BITS_MIN, layout.BUCKET_BITS_MAX)
        sections = self._link_sections() | self._logic_sections()
        sections[layout.SECTION_BITMAP] = bitmap_of(anchors, bitmap_bits)
        sections[layout.SECTION_BUCKETS] = buckets_of(anchors, bucket_bits)
        sections[layout.SECTION_ENTRIES] = b"".join(
            struct.pack(layout.ENTRY, int.from_bytes(gram, "little"), value, mask, link)
            for _, gram, link, value, mask in anchors
        )
        return sections, bitmap_bits, bucket_bits

    def _anchors(self) -> list[tuple[int, bytes, int, int, int]]:
        """Per link and value of its gram: hash, gram, link, next octets' value and mask."""
        found = []
        for number, link in enumerate(self._links):
            segment = link.cluster.segments[link.anchor.segment]
            value, mask = next_octets(segment, link.anchor.offset)
            for gram in variants(segment, link.anchor.offset):
                found.append((gram_hash(gram), gram, number, value & mask, mask))
        return found

    def _logic_sections(self) -> dict[int, bytes]:
        """Logical signatures, their programs, and which links are worth a look at them."""
        if not self._logic:
            return {}
        records = bytearray()
        words: list[int] = []
        worth: list[list[int]] = [[] for _ in self._links]
        for number, (signature, logical, links) in enumerate(self._logic):
            own = program(logical.expression, links)
            records += struct.pack(
                layout.LOGIC, signature, logical.size_low, logical.size_high, len(words), len(own)
            )
            words += own
            for one in sorted(triggers(logical.expression) or ()):
                for link in dict.fromkeys(links[one]):
                    worth[link].append(number)
        starts = [0]
        for listed in worth:
            starts.append(starts[-1] + len(listed))
        flat = [number for listed in worth for number in listed]
        return {
            layout.SECTION_LINK_TRIGGERS: struct.pack(f"<{len(starts)}I", *starts),
            layout.SECTION_TRIGGERS: struct.pack(f"<{len(flat)}I", *flat),
            layout.SECTION_LOGIC: bytes(records),
            layout.SECTION_PROGRAMS: struct.pack(f"<{len(words)}I", *words),
        }

    def _link_sections(self) -> dict[int, bytes]:
        """Links, segments and the pool of their octets."""
        segments = bytearray()
        links = bytearray()
        first_segments: dict[tuple[object, ...], int] = {}
        for link in self._links:
            first = first_segments.get(link.cluster.segments)
            if first is None:
                first = len(segments) // layout.SEGMENT_SIZE
                first_segments[link.cluster.segments] = first
                for segment in link.cluster.segments:
                    kind, length, stored = stored_segment(segment)
                    segments += struct.pack(
                        layout.SEGMENT,
                        self.pool.place(stored),
                        length,
                        kind,
                        segment.gap_min,
                        segment.gap_max,
                    )
            links += struct.pack(
                layout.LINK,
                link.parent,
                link.cluster.gap,
                first,
                link.signature,
                link.offset.low & layout.NONE,
                link.offset.high & layout.NONE,
                link.anchor.offset,
                len(link.cluster.segments),
                link.anchor.segment,
                link.offset.kind,
                link.target,
                link.children,
                link.flags,
            )
        return {
            layout.SECTION_LINKS: bytes(links),
            layout.SECTION_SEGMENTS: bytes(segments),
            layout.SECTION_PATTERN_POOL: bytes(self.pool.octets),
        }


def bits_of_code(code: int) -> int:
    """RST_BITMAP_BITS of the header."""
    first = code & 31
    second = code >> 4 & 31
    return 1 << first | 1 << second | 1 << (5 * first + 11 * second + 7 & 31)


def bitmap_of(anchors: list[tuple[int, bytes, int, int, int]], bits: int) -> bytes:
    """Words of 32 bits; each gram clears three bits in one of them."""
    words = [0xFFFFFFFF] * (1 << (bits - 5))
    for digest, *_ in anchors:
        word = (digest & 0xFFFFFFFF) >> layout.BITMAP_WORD_SHIFT & len(words) - 1
        words[word] &= ~bits_of_code(digest >> 32 & layout.BITMAP_CODES - 1)
    return struct.pack(f"<{len(words)}I", *words)


def buckets_of(anchors: list[tuple[int, bytes, int, int, int]], bits: int) -> bytes:
    """Where each bucket's entries begin, and their kinds; one more number ends the last."""
    if len(anchors) > layout.BUCKET_FROM:
        raise Unsupported(f"more than {layout.BUCKET_FROM} anchors")
    sizes = [0] * (1 << bits)
    kinds = [0] * (len(sizes) + 1)
    for digest, *_ in anchors:
        bucket = (digest & 0xFFFFFFFF) >> (32 - bits)
        sizes[bucket] += 1
        kinds[bucket] |= 1 << (digest >> layout.GRAM_KIND_SHIFT & 7)
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size)
    words = (
        start | kind << layout.BUCKET_KINDS_SHIFT
        for start, kind in zip(starts, kinds, strict=True)
    )
    return struct.pack(f"<{len(starts)}I", *words)
