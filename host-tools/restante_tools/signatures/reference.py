"""The slow, obvious matcher: what signatures mean, by regular expressions and hashlib. Pure.

For publishers who test a sample, and as the oracle of the engine's tests. It shares nothing with
the engine but the parsed signatures.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator

from restante_tools.signatures import layout
from restante_tools.signatures.model import MD5, SHA1, SHA256, Cluster, Hash, Pattern, Segment

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
    return gap + b"".join(map(octet_expression, segment.values, segment.mask))


def expression(clusters: Iterable[Cluster]) -> re.Pattern[bytes]:
    """All clusters, joined by unbounded gaps."""
    parts = [b"".join(map(segment_expression, cluster.segments)) for cluster in clusters]
    gaps = [b".{%d,}?" % cluster.gap for cluster in clusters]
    joined = parts[0] + b"".join(gap + part for gap, part in zip(gaps[1:], parts[1:], strict=True))
    return re.compile(joined, re.DOTALL)


def is_target(target: int, data: bytes, mail: bool) -> bool:
    """Does a signature for this target type apply to the object?"""
    if target == layout.TARGET_ANY:
        return True
    if target == layout.TARGET_MAIL:
        return mail
    return data.startswith(MAGICS[target])


def starts(pattern: Pattern, size: int) -> range | None:
    """Allowed starts in an object of this size; None for all."""
    offset = pattern.offset
    if offset.kind == layout.OFFSET_ANY:
        return None
    if offset.kind == layout.OFFSET_START:
        return range(offset.low, min(offset.high, size) + 1)
    if size < offset.high:
        return range(0)
    return range(size - offset.high, size - offset.low + 1)


def pattern_matches(pattern: Pattern, data: bytes, mail: bool = False) -> bool:
    """Is the pattern in the object?"""
    if not is_target(pattern.target, data, mail):
        return False
    wanted = expression(pattern.clusters)
    allowed = starts(pattern, len(data))
    if allowed is None:
        return wanted.search(data) is not None
    return any(wanted.match(data, start) is not None for start in allowed)


def hash_matches(signature: Hash, data: bytes) -> bool:
    """Is this the object that the hash names?"""
    fits = signature.size is None or signature.size == len(data)
    return fits and DIGESTS[signature.kind](data) == signature.digest


def matching(
    signatures: Iterable[Hash | Pattern], data: bytes, mail: bool = False
) -> Iterator[Hash | Pattern]:
    """All signatures that match the object, in their order."""
    for signature in signatures:
        if isinstance(signature, Hash):
            if hash_matches(signature, data):
                yield signature
        elif pattern_matches(signature, data, mail):
            yield signature
