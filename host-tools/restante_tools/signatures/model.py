"""What a source line becomes: a pattern, a hash, or a refusal with its place and reason. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MD5 = 0
SHA1 = 1
SHA256 = 2
DIGEST_KIND_OF_LENGTH = {16: MD5, 20: SHA1, 32: SHA256}


@dataclass(frozen=True)
class Place:
    """Where a signature was written."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Refusal:
    """A line that is not in the compiled file, and why."""

    place: Place
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.name or '?'}: {self.reason}"


class Unsupported(Exception):
    """A construct that the compiler does not take; the text is the reason."""


@dataclass(frozen=True)
class Hash:
    """A whole object by its digest; `size` None means any size."""

    name: str
    kind: int
    digest: bytes
    size: int | None


@dataclass(frozen=True)
class Segment:
    """A run of octets of fixed length, and the gap that lies before it (0, 0 for the first)."""

    values: bytes
    mask: bytes
    gap_min: int = 0
    gap_max: int = 0

    @property
    def fixed(self) -> bool:
        """Without a wildcard: the mask need not be stored."""
        return self.mask.count(0xFF) == len(self.mask)


@dataclass(frozen=True)
class Cluster:
    """Segments with bounded gaps between them; `gap` octets at least after the cluster before."""

    segments: tuple[Segment, ...]
    gap: int = 0


@dataclass(frozen=True)
class Offset:
    """Where the first cluster may start: layout.OFFSET_*, and the range."""

    kind: int
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class Pattern:
    """Octets in an object; clusters follow each other at any distance from `gap` on."""

    name: str
    target: int
    offset: Offset
    clusters: tuple[Cluster, ...]


@dataclass(frozen=True)
class Entry:
    """A signature that was understood, and where it was written."""

    place: Place
    signature: Hash | Pattern
