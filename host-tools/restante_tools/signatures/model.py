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


Run = tuple[bytes, bytes]  # values, and as many mask octets


@dataclass(frozen=True)
class Segment:
    """A run of octets of fixed length, and the gap that lies before it (0, 0 for the first).

    Or a choice: then `values` and `mask` are empty, and one of `choices` is there - or, if
    `negated`, as many octets as each of them has, which are none of them.
    """

    values: bytes
    mask: bytes
    gap_min: int = 0
    gap_max: int = 0
    choices: tuple[Run, ...] = ()
    negated: bool = False

    @property
    def fixed(self) -> bool:
        """Without a wildcard: the mask need not be stored."""
        return self.mask.count(0xFF) == len(self.mask)

    @property
    def longest(self) -> int:
        """Octets at most."""
        return max((len(values) for values, _ in self.choices), default=len(self.values))

    @property
    def rigid(self) -> bool:
        """Always as long, behind a gap that is always as long."""
        lengths = {len(values) for values, _ in self.choices}
        return self.gap_min == self.gap_max and len(lengths) < 2


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
    fullword: bool = False  # no letter or digit at either side
    wide: bool = False  # and those are two octets there, the second 0


@dataclass(frozen=True)
class Term:
    """Hits of the subsignatures taken together, and how many of them must have one."""

    subsignatures: tuple[int, ...]
    least: int = 1
    most: int | None = None
    different: int = 0

    @property
    def counts(self) -> bool:
        """Is it of interest how often a subsignature is there?"""
        return self.least > 1 or self.most not in (None, 0)


@dataclass(frozen=True)
class All:
    """Holds if all parts hold."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Any:
    """Holds if one of the parts holds."""

    parts: tuple[Expression, ...]


Expression = Term | All | Any


@dataclass(frozen=True)
class Logical:
    """An expression over subsignatures; each is there if one of its patterns is."""

    name: str
    target: int
    size_low: int
    size_high: int
    expression: Expression
    subsignatures: tuple[tuple[Pattern, ...], ...]


@dataclass(frozen=True)
class Allowed:
    """An object that is not infected, whatever matches."""

    hash: Hash


@dataclass(frozen=True)
class Ignored:
    """Signatures of this name are left out."""

    name: str


@dataclass(frozen=True)
class Piece:
    """A section of a program for Windows by its digest; the size is known."""

    hash: Hash

    @property
    def name(self) -> str:
        """That of the signature."""
        return self.hash.name


RANGE_ANY = (0, 0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True)
class Rule:
    """A name, sender or subject by a glob, and what a container says of an entry."""

    name: str
    kind: int
    glob: bytes
    caseless: bool = True
    container: int = 0
    encrypted: bool | None = None
    position: tuple[int, int] = (0, 0xFFFFFFFF)
    packed: tuple[int, int] = RANGE_ANY  # size in the container, and outside of it
    entry: tuple[int, int] = RANGE_ANY


@dataclass(frozen=True)
class Mark:
    """Octets at a place by which a type is known."""

    name: str
    place: int
    values: bytes
    mask: bytes


Signature = Hash | Pattern | Logical | Allowed | Ignored | Piece | Rule | Mark


@dataclass(frozen=True)
class Entry:
    """A signature that was understood, and where it was written."""

    place: Place
    signature: Signature
