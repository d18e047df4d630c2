"""Patterns into the sections of the compiled file: a tree of clusters, and anchors to find them.

Pure. Signatures that begin with the same clusters under the same conditions share their links.
"""

from __future__ import annotations

import struct

from restante_tools.signatures import layout
from restante_tools.signatures.anchors import GRAM, Anchor, AnchorChooser, next_octets
from restante_tools.signatures.model import Cluster, Offset, Pattern

BITS_PER_ANCHOR = 16  # in the gram bitmap, as long as it stays in the first-level cache


class Link:
    """One cluster in the tree; `signature` and `children` are set as signatures arrive."""

    def __init__(self, parent: int, cluster: Cluster, anchor: Anchor) -> None:
        self.parent = parent
        self.cluster = cluster
        self.anchor = anchor
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


def gram_hash(gram: bytes) -> int:
    """64 bits: the low half's top bits index bitmap and buckets, the high half gives two bits."""
    return int.from_bytes(gram, "little") * layout.GRAM_FACTOR


def bits_for(count: int, least: int, most: int) -> int:
    """log2 of the smallest power of two that is not below count, within bounds."""
    return min(most, max(least, (max(count, 1) - 1).bit_length()))


class PatternTable:
    """Collects patterns, then gives the sections. `names` is indexed by signature id."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.duplicates = 0
        self._chooser = AnchorChooser()
        self._links: list[Link] = []
        self._conditions: list[tuple[int, Offset]] = []
        self._known: dict[tuple[object, ...], int] = {}

    def add(self, pattern: Pattern) -> None:
        """Takes a pattern, or raises Unsupported and takes nothing of it."""
        keys = self._keys(pattern)
        fresh = [(key, cluster) for key, cluster in keys if key not in self._known]
        anchors = [self._chooser.choose(cluster) for _, cluster in fresh]
        parent = layout.NONE
        for key, cluster in keys:
            link = self._known.get(key)
            if link is None:
                link = self._known[key] = len(self._links)
                self._links.append(Link(parent, cluster, anchors.pop(0)))
                self._conditions.append((pattern.target, pattern.offset))
                if parent != layout.NONE:
                    self._links[parent].children = True
            parent = link
        if self._links[parent].signature != layout.NONE:
            self.duplicates += 1
            return
        self._links[parent].signature = len(self.names)
        self.names.append(pattern.name)

    @staticmethod
    def _keys(pattern: Pattern) -> list[tuple[tuple[object, ...], Cluster]]:
        """Per cluster what makes its link unique: conditions and everything up to it."""
        so_far: tuple[object, ...] = (pattern.target, pattern.offset)
        keys = []
        for cluster in pattern.clusters:
            so_far = (*so_far, cluster)
            keys.append((so_far, cluster))
        return keys

    def sections(self) -> tuple[dict[int, bytes], int, int]:
        """Section contents, log2 of the bitmap's bits, log2 of the buckets."""
        if not self._links:
            return {}, layout.BITMAP_BITS_MIN, layout.BUCKET_BITS_MIN
        count = len(self._links)
        bitmap_bits = bits_for(
            count * BITS_PER_ANCHOR, layout.BITMAP_BITS_MIN, layout.BITMAP_BITS_MAX
        )
        bucket_bits = bits_for(count, layout.BUCKET_BITS_MIN, layout.BUCKET_BITS_MAX)
        anchors = sorted(self._anchors(), key=lambda anchor: (anchor[0] & 0xFFFFFFFF, anchor))
        sections = self._link_sections()
        sections[layout.SECTION_BITMAP] = bitmap_of(anchors, bitmap_bits)
        sections[layout.SECTION_BUCKETS] = buckets_of(anchors, bucket_bits)
        sections[layout.SECTION_ENTRIES] = b"".join(
            struct.pack(layout.ENTRY, int.from_bytes(gram, "little"), value, mask, link)
            for _, gram, link, value, mask in anchors
        )
        return sections, bitmap_bits, bucket_bits

    def _anchors(self) -> list[tuple[int, bytes, int, int, int]]:
        """Per link: hash, gram, link, next octets' value and mask."""
        found = []
        for number, link in enumerate(self._links):
            segment = link.cluster.segments[link.anchor.segment]
            gram = segment.values[link.anchor.offset : link.anchor.offset + GRAM]
            value, mask = next_octets(segment, link.anchor.offset)
            found.append((gram_hash(gram), gram, number, value & mask, mask))
        return found

    def _link_sections(self) -> dict[int, bytes]:
        """Links, segments and the pool of their octets."""
        pool = Pool()
        segments = bytearray()
        links = bytearray()
        first_segments: dict[tuple[object, ...], int] = {}
        for link, (target, offset) in zip(self._links, self._conditions, strict=True):
            first = first_segments.get(link.cluster.segments)
            if first is None:
                first = len(segments) // layout.SEGMENT_SIZE
                first_segments[link.cluster.segments] = first
                for segment in link.cluster.segments:
                    stored = segment.values + (b"" if segment.fixed else segment.mask)
                    segments += struct.pack(
                        layout.SEGMENT,
                        pool.place(stored),
                        len(segment.values),
                        0 if segment.fixed else 1,
                        segment.gap_min,
                        segment.gap_max,
                    )
            links += struct.pack(
                layout.LINK,
                link.parent,
                link.cluster.gap,
                first,
                link.signature,
                offset.low,
                offset.high,
                link.anchor.offset,
                len(link.cluster.segments),
                link.anchor.segment,
                offset.kind,
                target,
                link.children,
                0,
            )
        return {
            layout.SECTION_LINKS: bytes(links),
            layout.SECTION_SEGMENTS: bytes(segments),
            layout.SECTION_PATTERN_POOL: bytes(pool.octets),
        }


def bitmap_of(anchors: list[tuple[int, bytes, int, int, int]], bits: int) -> bytes:
    """Words of 32 bits; each gram sets two bits in one of them."""
    words = [0] * (1 << (bits - 5))
    for digest, *_ in anchors:
        word = (digest & 0xFFFFFFFF) >> (32 + 5 - bits)
        words[word] |= 1 << (digest >> 32 & 31) | 1 << (digest >> 37 & 31)
    return struct.pack(f"<{len(words)}I", *words)


def buckets_of(anchors: list[tuple[int, bytes, int, int, int]], bits: int) -> bytes:
    """Where each bucket's entries begin; one more number ends the last."""
    sizes = [0] * (1 << bits)
    for digest, *_ in anchors:
        sizes[(digest & 0xFFFFFFFF) >> (32 - bits)] += 1
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size)
    return struct.pack(f"<{len(starts)}I", *starts)
