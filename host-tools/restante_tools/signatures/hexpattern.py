"""ClamAV's hexadecimal patterns into clusters of segments. Pure.

Taken: octets, `??`, `a?`, `?a`, `*`, `{n}`, `{n-}`, `{-n}`, `{n-m}`. Everything else is refused
with its reason. A gap swallows the `??` beside it, so that segments begin and end with something
to compare, except at the ends of the pattern, where `??` demands that an octet is there.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from restante_tools.signatures import layout
from restante_tools.signatures.model import Cluster, Segment, Unsupported

# A fixed gap up to this is kept inside its segment: shorter than another segment record.
INLINE_GAP = 16

TOKEN = re.compile(r"(?P<octet>[0-9a-f?]{2})|(?P<any>\*)|\{(?P<gap>[0-9]*-?[0-9]*)\}")


class Octet(NamedTuple):
    """What one octet must be: `octet & mask == value`."""

    value: int
    mask: int


class Gap(NamedTuple):
    """Octets that may lie between: at least, at most (None: no bound)."""

    least: int
    most: int | None


Run = tuple[Gap, list[Octet]]  # octets, and the gap before them


def reason_for(rest: str) -> str:
    """Why the pattern cannot be read on from here."""
    if rest.startswith("!("):
        return "negated alternation !( )"
    if rest.startswith("("):
        return "alternation ( )"
    if rest.startswith("["):
        return "anchored octet range [ ]"
    if rest.startswith("{"):
        return "malformed gap { }"
    return "malformed: not pairs of hexadecimal digits"


@functools.cache
def octet_of(text: str) -> Octet:
    """Value and mask of two characters, each a digit or `?`."""
    mask = (0x00 if text[0] == "?" else 0xF0) | (0x00 if text[1] == "?" else 0x0F)
    return Octet(int(text.replace("?", "0"), 16), mask)


def gap_of(text: str) -> Gap:
    """Bounds of what stands between braces."""
    low, dash, high = text.partition("-")
    if not low and not high:
        raise Unsupported("malformed gap { }")
    if not dash:
        return Gap(int(low), int(low))
    least = int(low) if low else 0
    if not high:
        return Gap(least, None)
    if int(high) < least:
        raise Unsupported("gap whose upper bound is below the lower")
    return Gap(least, int(high))


def tokens_of(text: str) -> list[Octet | Gap]:
    """The pattern's octets and gaps, in order; short fixed gaps as so many `??`."""
    found: list[Octet | Gap] = []
    text = text.lower()
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise Unsupported(reason_for(text[place:]))
        place = match.end()
        if match["octet"]:
            found.append(octet_of(match["octet"]))
            continue
        gap = Gap(0, None) if match["any"] else gap_of(match["gap"])
        if gap.least == gap.most and gap.least <= INLINE_GAP:
            found.extend([Octet(0, 0)] * gap.least)
        else:
            found.append(gap)
    return found


def runs_of(tokens: list[Octet | Gap]) -> list[Run]:
    """The octets between gaps; a run may be empty."""
    runs: list[Run] = [(Gap(0, 0), [])]
    for token in tokens:
        if isinstance(token, Gap):
            runs.append((token, []))
        else:
            runs[-1][1].append(token)
    return runs


def add_gaps(one: Gap, other: Gap) -> Gap:
    """Both gaps, one after the other."""
    most = None if one.most is None or other.most is None else one.most + other.most
    return Gap(one.least + other.least, most)


def count_wildcards(octets: list[Octet]) -> int:
    """How many `??` the list begins with."""
    count = 0
    while count < len(octets) and octets[count].mask == 0:
        count += 1
    return count


def trimmed(runs: list[Run]) -> list[Run]:
    """The same, with wildcards next to a gap moved into it, and runs of nothing else gone."""
    result: list[Run] = []
    gap = Gap(0, 0)
    for index, (own_gap, octets) in enumerate(runs):
        gap = add_gaps(gap, own_gap)
        first = count_wildcards(octets) if index > 0 else 0
        gap = add_gaps(gap, Gap(first, first))
        octets = octets[first:]
        after = count_wildcards(octets[::-1]) if index < len(runs) - 1 else 0
        if len(octets) > after:
            result.append((gap, octets[: len(octets) - after]))
            gap = Gap(0, 0)
        gap = add_gaps(gap, Gap(after, after))
    return result


def has_fixed(octets: list[Octet]) -> bool:
    """Is there anything to compare?"""
    return any(octet.mask for octet in octets)


def clusters_of(text: str) -> tuple[Cluster, ...]:
    """The pattern as clusters; Unsupported if a construct or a bound is not ours."""
    runs = runs_of(tokens_of(text))
    if not has_fixed(runs[0][1]) or not has_fixed(runs[-1][1]):
        raise Unsupported("begins or ends with a gap or with wildcards only")
    clusters: list[Cluster] = []
    segments: list[Segment] = []
    cluster_gap = 0
    for (least, most), octets in trimmed(runs):
        if least > layout.NONE:
            raise Unsupported("gap of 4 GiB or more")
        if most is None:
            clusters.append(Cluster(tuple(segments), cluster_gap))
            segments, cluster_gap = [], least
            least, most = 0, 0
        if most > layout.SPAN_MAX:
            raise Unsupported(f"bounded gap of more than {layout.SPAN_MAX} octets")
        values = bytes(octet.value for octet in octets)
        mask = bytes(octet.mask for octet in octets)
        segments.append(Segment(values, mask, least, most))
    clusters.append(Cluster(tuple(segments), cluster_gap))
    if any(len(cluster.segments) > layout.SEGMENTS_MAX for cluster in clusters):
        raise Unsupported(f"more than {layout.SEGMENTS_MAX} pieces joined by bounded gaps")
    return tuple(clusters)
