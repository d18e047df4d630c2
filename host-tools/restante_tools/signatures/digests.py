"""Hashes into the sections of the compiled file: a filter and sorted columns per kind. Pure."""

from __future__ import annotations

import struct

from restante_tools.signatures import layout
from restante_tools.signatures.model import Hash

# Filter bits per digest: one clean object in two hundred goes on to the sorted digests.
BITS_PER_DIGEST = 12


def filter_of(digests: list[bytes]) -> bytes:
    """Blocks of 256 bits; octets 0-3 of a digest choose its block, 4-9 one bit each."""
    if not digests:
        return b""
    blocks = max(1, len(digests) * BITS_PER_DIGEST // (8 * layout.FILTER_BLOCK))
    bits = bytearray(blocks * layout.FILTER_BLOCK)
    for digest in digests:
        start = (int.from_bytes(digest[:4], "little") * blocks >> 32) * layout.FILTER_BLOCK
        for bit in digest[4 : 4 + layout.FILTER_PROBES]:
            bits[start + (bit >> 3)] |= 1 << (bit & 7)
    return bytes(bits)


class DigestTable:
    """Collects hashes, then gives the sections and the names in id order."""

    def __init__(self) -> None:
        self.duplicates = 0
        self._kinds: list[dict[tuple[bytes, int], str]] = [{} for _ in range(layout.DIGEST_KINDS)]
        self._allowed: list[set[tuple[bytes, int]]] = [set() for _ in range(layout.DIGEST_KINDS)]

    def allow(self, found: Hash) -> None:
        """Takes the hash of an object that is never infected."""
        size = layout.ANY_SIZE if found.size is None else found.size
        key = (found.digest[: layout.DIGEST_KEPT], size)
        self._kinds[found.kind].setdefault(key, found.name)
        self._allowed[found.kind].add(key)

    def add(self, found: Hash) -> None:
        """Takes a hash; the first name of the same digest and size stays."""
        size = layout.ANY_SIZE if found.size is None else found.size
        known = self._kinds[found.kind]
        key = (found.digest[: layout.DIGEST_KEPT], size)
        if key in known:
            self.duplicates += 1
        else:
            known[key] = found.name

    @property
    def counts(self) -> list[int]:
        """Hashes per kind, those of allowed objects too."""
        return [len(known) for known in self._kinds]

    @property
    def allowed(self) -> int:
        """How many of them are of allowed objects."""
        return sum(map(len, self._allowed))

    def allowed_ids(self, first: int) -> list[int]:
        """Ids of the hashes of allowed objects; `first` is that of the first hash."""
        keys = [(key, kind) for kind, known in enumerate(self._kinds) for key in sorted(known)]
        return [first + at for at, (key, kind) in enumerate(keys) if key in self._allowed[kind]]

    @property
    def largest(self) -> list[int]:
        """Per kind the largest object that a hash is for; 0 without hashes."""
        return [max((size for _, size in known), default=0) for known in self._kinds]

    def names(self) -> list[str]:
        """Names of all hashes: kinds in order, within a kind by digest."""
        return [known[key] for known in self._kinds for key in sorted(known)]

    def sections(self) -> dict[int, bytes]:
        """Filters, digests and sizes of all kinds."""
        sections: dict[int, bytes] = {}
        for kind, known in enumerate(self._kinds):
            ordered = sorted(known)
            digests = [digest for digest, _ in ordered]
            sections[layout.SECTION_FILTERS + kind] = filter_of(digests)
            sections[layout.SECTION_DIGESTS + kind] = b"".join(digests)
            sections[layout.SECTION_SIZES + kind] = struct.pack(
                f"<{len(ordered)}I", *(size for _, size in ordered)
            )
        return sections


class PieceTable(DigestTable):
    """The same for hashes of sections of programs: sizes are always known, so no filter."""

    def sections(self) -> dict[int, bytes]:
        """Digests and sizes of all kinds, and every size once."""
        sections: dict[int, bytes] = {}
        sizes = {size for known in self._kinds for _, size in known}
        for kind, known in enumerate(self._kinds):
            ordered = sorted(known)
            sections[layout.SECTION_PIECE_DIGESTS + kind] = b"".join(one for one, _ in ordered)
            sections[layout.SECTION_PIECE_SIZES + kind] = struct.pack(
                f"<{len(ordered)}I", *(size for _, size in ordered)
            )
        sections[layout.SECTION_PIECE_SET] = struct.pack(f"<{len(sizes)}I", *sorted(sizes))
        return sections
