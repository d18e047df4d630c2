"""ClamAV's hexadecimal patterns into clusters of segments. Pure.

Taken: octets, `??`, `a?`, `?a`, `*`, `{n}`, `{n-}`, `{-n}`, `{n-m}`, `[n-m]`, `(aa|bbcc)`,
`!(aa|bb)`; and for the whole pattern: either case, wide characters. Everything else is refused
with its reason. A gap swallows the `??` beside it, so that segments begin and end with something
to compare, except at the ends of the pattern, where `??` demands that an octet is there.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

from restante_tools.signatures import layout
from restante_tools.signatures.model import Cluster, Segment, Unsupported

# A fixed gap up to this is kept inside its segment: shorter than another segment record.
INLINE_GAP = 16

# An alternative may be this long: its length is one octet in the file.
CHOICE_MAX = 255
CHOICES_MAX = 1024  # octets of all alternatives of one choice
ANCHORED_MAX = 32  # of a jump [n-m]

TOKEN = re.compile(
    r"(?P<octet>[0-9a-f?]{2})|(?P<any>\*)|\{(?P<gap>[0-9]*-?[0-9]*)\}"
    r"|\[(?P<jump>[0-9]+-[0-9]+)\]|(?P<choice>!?\([0-9a-f?|]*\))"
)


class Octet(NamedTuple):
    """What one octet must be: `octet & mask == value`."""

    value: int
    mask: int


class Gap(NamedTuple):
    """Octets that may lie between: at least, at most (None: no bound)."""

    least: int
    most: int | None


class Choice(NamedTuple):
    """One of several runs; if negated, octets that are none of them."""

    runs: tuple[tuple[Octet, ...], ...]
    negated: bool


Run = tuple[Gap, list[Octet] | Choice]  # octets, and the gap before them


def reason_for(rest: str) -> str:
    """Why the pattern cannot be read on from here."""
    if re.match(r"!?\((B|L|W)\)", rest, re.IGNORECASE):
        return "boundary (B), (L) or (W)"
    if rest.startswith(("(", "!(")):
        return "malformed alternation ( ), or one in another"
    if rest.startswith("["):
        return "malformed jump [ ]"
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


def jump_of(text: str) -> Gap:
    """Bounds of what stands between brackets."""
    gap = gap_of(text)
    if gap.most is None or gap.most > ANCHORED_MAX:
        raise Unsupported(f"jump [ ] of more than {ANCHORED_MAX} octets")
    return gap


def choice_of(text: str) -> Octet | Choice:
    """What stands between parentheses; single octets that fit one mask become that octet."""
    negated = text.startswith("!")
    runs = []
    for alternative in text.removeprefix("!")[1:-1].split("|"):
        if not alternative or len(alternative) % 2:
            raise Unsupported(reason_for(text))
        pairs = (alternative[at : at + 2] for at in range(0, len(alternative), 2))
        runs.append(tuple(octet_of(pair) for pair in pairs))
    if negated and len({len(run) for run in runs}) > 1:
        raise Unsupported("negated alternation with different lengths")
    if not negated and all(len(run) == 1 for run in runs):
        return one_octet(runs)
    return Choice(tuple(dict.fromkeys(runs)), negated)


def one_octet(runs: list[tuple[Octet, ...]]) -> Octet | Choice:
    """Alternatives of one octet each: a mask, if there is one that lets just these through."""
    fitting = {
        value for run in runs for value in range(256) if value & run[0].mask == run[0].value
    }
    first = min(fitting)
    differing = 0
    for value in fitting:
        differing |= value ^ first
    if len(fitting) == 1 << differing.bit_count():
        return Octet(first & ~differing & 0xFF, ~differing & 0xFF)
    return Choice(tuple(dict.fromkeys(runs)), False)


def tokens_of(text: str) -> list[Octet | Gap | Choice]:
    """The pattern's parts in order; short fixed gaps as so many `??`."""
    found: list[Octet | Gap | Choice] = []
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
        if match["choice"]:
            found.append(choice_of(match["choice"]))
            continue
        if match["jump"]:
            gap = jump_of(match["jump"])
        else:
            gap = Gap(0, None) if match["any"] else gap_of(match["gap"])
        if gap.least == gap.most and gap.least <= INLINE_GAP:
            found.extend([Octet(0, 0)] * gap.least)
        else:
            found.append(gap)
    return found


def either_case(octet: Octet) -> Octet:
    """A letter in both cases; any other octet as it is."""
    if octet.mask == 0xFF and chr(octet.value).isalpha() and octet.value < 0x80:
        return Octet(octet.value & 0xDF, 0xDF)
    return octet


def changed(
    tokens: list[Octet | Gap | Choice], change: Callable[[Octet], list[Octet]]
) -> list[Octet | Gap | Choice]:
    """Every octet of the pattern replaced by what `change` makes of it."""
    found: list[Octet | Gap | Choice] = []
    for token in tokens:
        if isinstance(token, Octet):
            found.extend(change(token))
        elif isinstance(token, Choice):
            runs = (tuple(new for octet in run for new in change(octet)) for run in token.runs)
            found.append(Choice(tuple(runs), token.negated))
        else:
            found.append(token)
    return found


def runs_of(tokens: list[Octet | Gap | Choice]) -> list[Run]:
    """The octets between gaps and choices; a run may be empty."""
    runs: list[Run] = [(Gap(0, 0), [])]
    for token in tokens:
        if isinstance(token, Gap):
            runs.append((token, []))
        elif isinstance(token, Choice):
            runs.append((Gap(0, 0), token))
            runs.append((Gap(0, 0), []))
        else:
            octets = runs[-1][1]
            assert isinstance(octets, list)
            octets.append(token)
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
        if isinstance(octets, Choice):
            result.append((gap, octets))
            gap = Gap(0, 0)
            continue
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


def without_empty_ends(runs: list[Run]) -> list[Run]:
    """Without the empty runs that a choice at either end leaves there."""
    if len(runs) > 1 and runs[0][1] == [] and isinstance(runs[1][1], Choice):
        runs = runs[1:]
    if len(runs) > 1 and runs[-1][1] == [] and isinstance(runs[-2][1], Choice):
        runs = runs[:-1]
    return runs


def octets_in_file(octets: tuple[Octet, ...] | list[Octet]) -> tuple[bytes, bytes]:
    """Values and masks."""
    return bytes(octet.value for octet in octets), bytes(octet.mask for octet in octets)


def segment_of(octets: list[Octet] | Choice, least: int, most: int) -> Segment:
    """A run or a choice, behind its gap."""
    if not isinstance(octets, Choice):
        return Segment(*octets_in_file(octets), least, most)
    if max(len(run) for run in octets.runs) > CHOICE_MAX:
        raise Unsupported(f"alternative of more than {CHOICE_MAX} octets")
    if sum(len(run) for run in octets.runs) > CHOICES_MAX:
        raise Unsupported(f"alternatives of more than {CHOICES_MAX} octets together")
    choices = tuple(octets_in_file(run) for run in octets.runs)
    return Segment(b"", b"", least, most, choices, octets.negated)


def clusters_of(text: str, nocase: bool = False, wide: bool = False) -> tuple[Cluster, ...]:
    """The pattern as clusters; Unsupported if a construct or a bound is not ours."""
    tokens = tokens_of(text)
    if nocase:
        tokens = changed(tokens, lambda octet: [either_case(octet)])
    if wide:
        tokens = changed(tokens, lambda octet: [octet, Octet(0, 0xFF)])
    runs = without_empty_ends(runs_of(tokens))
    for octets in (runs[0][1], runs[-1][1]):
        if not isinstance(octets, Choice) and not has_fixed(octets):
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
        segments.append(segment_of(octets, least, most))
    clusters.append(Cluster(tuple(segments), cluster_gap))
    if any(len(cluster.segments) > layout.SEGMENTS_MAX for cluster in clusters):
        raise Unsupported(f"more than {layout.SEGMENTS_MAX} pieces joined by bounded gaps")
    return tuple(clusters)
