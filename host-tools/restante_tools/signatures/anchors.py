"""Chooses the four octets by which a cluster is found: the rarest of its fixed runs. Pure.

Where some bits of them are open (a letter in either case, a nibble), every value they may have is
an anchor, up to VARIANTS of them.

The guess knows no corpus: a cost per octet, less for repetition, much less for what every other
file contains. The rarer the gram, the seldomer the box looks at the signature at all.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from restante_tools.signatures import layout
from restante_tools.signatures.model import Cluster, Segment, Unsupported

GRAM = 4
VARIANT_BITS = 4  # open bits of a gram at most

# Strings that mail and the files in it are full of; a gram of them makes a bad anchor.
COMMONPLACE = (
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Disposition: attachment; filename=\r\nContent-Transfer-Encoding: base64\r\n",
    b"MIME-Version: 1.0\r\nReceived: from by with ESMTP id for ; \r\nMessage-ID: <\r\nSubject: ",
    b"multipart/mixed; boundary=\r\nDate: Mon, Tue, Wed, Thu, Fri, Sat, Sun, From: To: Cc: ",
    b"!This program cannot be run in DOS mode.\r\r\n$\0\0\0\0\0PE\0\0L\x01.text.data.rsrc",
    b"kernel32.dll\0GetProcAddress\0LoadLibraryA\0ExitProcess\0user32.dll\0advapi32.dll\0",
    b'<html><head><title></title></head><body><div class="style="<span><table><tr><td><br><p>',
    b'<a href="http://www.https://.com.org<script language="javascript" type="text/javascript">',
    b"function(){return document.write(var if(this.length;</script>String.fromCharCode(",
    b"PK\x03\x04\x14\0PK\x01\x02PK\x05\x06%PDF-1.4\n obj\n<<>>\nendobj\nstream\r\nendstream\r\n",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\xff\xd8\xff\xe0\0\x10JFIF\0\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"http://schemas.openxmlformats.org/ word/document.xml [Content_Types].xml _rels/.rels",
    b" the of and to in is you that it for on with as be at this have from or by not are but ",
)
COMMON_GRAMS = frozenset(
    text[at : at + GRAM] for text in COMMONPLACE for at in range(len(text) - GRAM + 1)
)

# Bits of surprise per octet, a rough guess over text, markup, base64 and machine code.
COST = [7.5] * 256
for _octets, _bits in (
    (b"\0", 2.0),
    (b" ", 3.0),
    (b"\r\n\xff=-", 4.0),
    (b"etaoinshrdlu", 4.5),
    (b"bcfgjkmpqvwxyz", 5.5),
    (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", 5.5),
    (b".,:;<>\"'()_", 5.5),
    (b"\x01\x02\x03\x04\x08\x10\x20\x40\x80\x8b\x83\xe8\x89", 6.0),
):
    for _octet in _octets:
        COST[_octet] = _bits
REPEATED_COST = 0.5  # the same octet as the one before or two before
COMMONPLACE_DISCOUNT = 14.0
NEXT_WEIGHT = 0.5  # the four octets after the gram are compared before anything else is touched
CROWD_COST = 1.0  # per bit of the number of anchors that already use the gram


class Anchor(NamedTuple):
    """Segment, and the gram's offset in it."""

    segment: int
    offset: int


def surprise(segment: Segment) -> list[float]:
    """Running sums of how rare each octet is expected to be, in bits; [0] is 0."""
    sums = [0.0]
    values = segment.values
    for at, octet in enumerate(values):
        repeated = at > 0 and (octet == values[at - 1] or at > 1 and octet == values[at - 2])
        bits = REPEATED_COST if repeated else COST[octet]
        sums.append(sums[-1] + max(0.0, bits - OPEN_BITS[segment.mask[at]]))
    return sums


OPEN_BITS = [8 - mask.bit_count() for mask in range(256)]


def run_ends(segment: Segment) -> list[int]:
    """For every octet the end of the run that it begins or is in, of octets with few open bits."""
    ends = [0] * len(segment.mask)
    end = len(segment.mask)
    for at in range(len(segment.mask) - 1, -1, -1):
        if OPEN_BITS[segment.mask[at]] > VARIANT_BITS:
            end = at
        ends[at] = end
    return ends


def variants(segment: Segment, offset: int) -> Iterator[bytes]:
    """Every value that the gram at the offset may have."""
    gram = zip(
        segment.values[offset : offset + GRAM], segment.mask[offset : offset + GRAM], strict=True
    )
    fitting = [
        [value] if mask == 0xFF else [octet for octet in range(256) if octet & mask == value]
        for value, mask in gram
    ]
    return map(bytes, itertools.product(*fitting))


def is_commonplace(segment: Segment, offset: int, gram: bytes) -> bool:
    """Is one of the gram's values in every other file?"""
    if segment.mask[offset : offset + GRAM] == FIXED:
        return gram in COMMON_GRAMS
    return any(each in COMMON_GRAMS for each in variants(segment, offset))


FIXED = b"\xff" * GRAM


def reaches(cluster: Cluster) -> list[tuple[int, int]]:
    """Per segment: the most octets between the cluster's start and its start, and to the end."""
    starts: list[int] = []
    position = 0
    for segment in cluster.segments:
        position += segment.gap_max
        starts.append(position)
        position += segment.longest
    return [(start, position - start) for start in starts]


def next_octets(segment: Segment, offset: int) -> tuple[int, int]:
    """The four octets after the gram as value and mask, little-endian; 0 mask past the end."""
    values = segment.values[offset + GRAM : offset + 2 * GRAM].ljust(GRAM, b"\0")
    mask = segment.mask[offset + GRAM : offset + 2 * GRAM].ljust(GRAM, b"\0")
    return int.from_bytes(values, "little"), int.from_bytes(mask, "little")


class AnchorChooser:
    """Remembers what was chosen, so that one gram does not get all signatures."""

    def __init__(self) -> None:
        self.used: Counter[bytes] = Counter()

    def grams(self, segment: Segment) -> Iterator[tuple[int, float]]:
        """Offset and score (higher is better) of every gram with few open bits."""
        sums = surprise(segment)
        for offset, end in enumerate(run_ends(segment)):
            if end - offset < GRAM:
                continue
            mask = segment.mask[offset : offset + GRAM]
            if mask != FIXED and sum(OPEN_BITS[octet] for octet in mask) > VARIANT_BITS:
                continue
            gram = segment.values[offset : offset + GRAM]
            behind = min(end, offset + 2 * GRAM)
            score = sums[offset + GRAM] - sums[offset]
            score += NEXT_WEIGHT * (sums[behind] - sums[offset + GRAM])
            if is_commonplace(segment, offset, gram):
                score -= COMMONPLACE_DISCOUNT
            yield offset, score - CROWD_COST * self.used[gram].bit_length()

    def choose(self, cluster: Cluster, margin: int = 0) -> Anchor:
        """The best anchor that keeps the cluster, and a margin, inside the matcher's window."""
        span = layout.SPAN_MAX - margin
        best: Anchor | None = None
        best_score = 0.0
        fixed_run = False
        for index, (before, behind) in enumerate(reaches(cluster)):
            for offset, score in self.grams(cluster.segments[index]):
                fixed_run = True
                if before + offset > span or behind - offset > span:
                    continue
                if best is None or score > best_score:
                    best, best_score = Anchor(index, offset), score
        if best is None:
            raise Unsupported(
                f"longer than {span} octets on one side of every anchor"
                if fixed_run
                else f"a piece without {GRAM} fixed octets in a row"
            )
        segment = cluster.segments[best.segment]
        self.used[segment.values[best.offset : best.offset + GRAM]] += 1
        return best
