"""The slow, obvious matcher: what signatures mean, by regular expressions and hashlib. Pure.

For publishers who test a sample, and as the oracle of the engine's tests. It shares nothing with
the engine but the parsed signatures.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator

from restante_tools.signatures import layout
from restante_tools.signatures.logic import holds, terms
from restante_tools.signatures.model import (
    MD5,
    SHA1,
    SHA256,
    Allowed,
    Cluster,
    Hash,
    Logical,
    Pattern,
    Piece,
    Segment,
    Signature,
)
from restante_tools.signatures.programs import piece_matches, starts_in_program

MAGICS = {
    layout.TARGET_PE: b"MZ",
    layout.TARGET_OLE2: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    layout.TARGET_ELF: b"\x7fELF",
    layout.TARGET_PDF: b"%PDF-",
}
DIGESTS: dict[int, Callable[[bytes], bytes]] = {
    MD5: lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    SHA1: lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    SHA256: lambda data: hashlib.sha256(data).digest(),
}


def octet_expression(value: int, mask: int) -> bytes:
    """One octet under a mask as a class of a regular expression."""
    if mask == 0xFF:
        return re.escape(bytes([value]))
    if mask == 0:
        return b"."
    fitting = bytes(octet for octet in range(256) if octet & mask == value)
    return b"[" + b"".join(re.escape(bytes([octet])) for octet in fitting) + b"]"


def segment_expression(segment: Segment) -> bytes:
    """Its gap and its octets."""
    gap = b".{%d,%d}" % (segment.gap_min, segment.gap_max) if segment.gap_max else b""
    if not segment.choices:
        return gap + b"".join(map(octet_expression, segment.values, segment.mask))
    runs = b"|".join(b"".join(map(octet_expression, *run)) for run in segment.choices)
    if segment.negated:
        return gap + b"(?!%s).{%d}" % (runs, segment.longest)
    return gap + b"(?:%s)" % runs


def cluster_expression(cluster: Cluster) -> bytes:
    """Its segments, one after the other."""
    return b"".join(map(segment_expression, cluster.segments))


WORD = b"[0-9A-Za-z]"


def ends_of_word(pattern: Pattern) -> tuple[bytes, bytes]:
    """What must not be before the pattern and behind it."""
    if not pattern.fullword:
        return b"", b""
    letter = WORD + b"\\x00" if pattern.wide else WORD
    return b"(?<!%s)" % letter, b"(?!%s)" % letter


def expression(pattern: Pattern) -> re.Pattern[bytes]:
    """All clusters, joined by unbounded gaps."""
    first, *others = pattern.clusters
    joined = cluster_expression(first)
    for cluster in others:
        joined += b".{%d,}?" % cluster.gap + cluster_expression(cluster)
    before, behind = ends_of_word(pattern)
    return re.compile(before + joined + behind, re.DOTALL)


def is_target(target: int, data: bytes, mail: bool) -> bool:
    """Does a signature for this target type apply to the object?"""
    if target == layout.TARGET_ANY:
        return True
    if target == layout.TARGET_MAIL:
        return mail
    return data.startswith(MAGICS[target])


def starts(pattern: Pattern, data: bytes) -> range | None:
    """Allowed starts in this object; None for all."""
    offset = pattern.offset
    size = len(data)
    if offset.kind == layout.OFFSET_ANY:
        return None
    if offset.kind == layout.OFFSET_START:
        return range(offset.low, min(offset.high, size) + 1)
    if offset.kind == layout.OFFSET_END:
        if size < offset.high:
            return range(0)
        return range(size - offset.high, size - offset.low + 1)
    return starts_in_program(offset, data)


def pattern_matches(pattern: Pattern, data: bytes, mail: bool = False) -> bool:
    """Is the pattern in the object?"""
    if not is_target(pattern.target, data, mail):
        return False
    wanted = expression(pattern)
    allowed = starts(pattern, data)
    if allowed is None:
        return wanted.search(data) is not None
    return any(wanted.match(data, start) is not None for start in allowed)


def ends_at(cluster: re.Pattern[bytes], data: bytes, start: int) -> int | None:
    """The nearest end of a cluster that begins there."""
    if cluster.match(data, start) is None:
        return None
    return next(end for end in range(start, len(data) + 1) if cluster.fullmatch(data, start, end))


def pattern_hits(pattern: Pattern, data: bytes, mail: bool = False) -> int:
    """In how many places the pattern's last cluster begins, with all others before it."""
    if not is_target(pattern.target, data, mail):
        return 0
    allowed = starts(pattern, data)
    places = set(range(len(data) + 1) if allowed is None else allowed)
    before, behind = ends_of_word(pattern)
    last = len(pattern.clusters) - 1
    for number, cluster in enumerate(pattern.clusters):
        text = (before if number == 0 else b"") + cluster_expression(cluster)
        wanted = re.compile(text + (behind if number == last else b""), re.DOTALL)
        if number == last:
            return sum(1 for place in places if wanted.match(data, place))
        ends = [ends_at(wanted, data, place) for place in places]
        first = min((end for end in ends if end is not None), default=len(data) + 1)
        places = set(range(first + pattern.clusters[number + 1].gap, len(data) + 1))
    raise AssertionError


def logical_matches(logical: Logical, data: bytes, mail: bool = False) -> bool:
    """Does the expression hold for the subsignatures in the object?"""
    if not logical.size_low <= len(data) <= logical.size_high:
        return False
    counted = {
        one for term in terms(logical.expression) if term.counts for one in term.subsignatures
    }

    def hits(number: int) -> int:
        patterns = logical.subsignatures[number]
        if number in counted:
            return sum(pattern_hits(pattern, data, mail) for pattern in patterns)
        return sum(pattern_matches(pattern, data, mail) for pattern in patterns)

    return holds(logical.expression, hits)


def hash_matches(signature: Hash, data: bytes) -> bool:
    """Is this the object that the hash names?"""
    fits = signature.size is None or signature.size == len(data)
    return fits and DIGESTS[signature.kind](data) == signature.digest


def matching(
    signatures: Iterable[Signature], data: bytes, mail: bool = False
) -> Iterator[Signature]:
    """All signatures that match the object, in their order; none if it is an allowed one."""
    known = list(signatures)
    if any(isinstance(each, Allowed) and hash_matches(each.hash, data) for each in known):
        return
    for signature in known:
        if isinstance(signature, Hash):
            found = hash_matches(signature, data)
        elif isinstance(signature, Piece):
            found = piece_matches(signature.hash, data)
        elif isinstance(signature, Logical):
            found = logical_matches(signature, data, mail)
        else:
            found = isinstance(signature, Pattern) and pattern_matches(signature, data, mail)
        if found:
            yield signature
