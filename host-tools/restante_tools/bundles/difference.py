"""Makes a delta: what of the new file is in the old one is copied, the rest is inserted.

Every old block of BLOCK octets is indexed; the new file is searched for them at each place, and a
match is grown to both sides. One table that moved costs one record, one new entry in a sorted
table about two.
"""

from __future__ import annotations

from restante.update.delta import copy_record, end_record, insert_record

BLOCK = 32


def difference(base: bytes, result: bytes) -> bytes:
    """The records that make `result` of `base`."""
    index = index_of(base)
    out: list[bytes] = []
    start = at = 0  # start: of what is not written yet
    while at + BLOCK <= len(result):
        place = index.get(result[at : at + BLOCK])
        if place is None:
            at += 1
            continue
        back = common_end(base, place, result, at, at - start)
        octets = back + common_start(base, place, result, at)
        put(out, result[start : at - back])
        out.append(copy_record(place - back, octets))
        at += octets - back
        start = at
    put(out, result[start:])
    return b"".join(out) + bytes(end_record())


def index_of(base: bytes) -> dict[bytes, int]:
    """Block → its first place."""
    index: dict[bytes, int] = {}
    for place in range(0, len(base) - BLOCK + 1, BLOCK):
        index.setdefault(base[place : place + BLOCK], place)
    return index


def put(out: list[bytes], data: bytes) -> None:
    """An insert record, if there is anything to insert."""
    if data:
        out.append(insert_record(data))


def common_start(base: bytes, place: int, result: bytes, at: int) -> int:
    """Octets that are the same from two places on."""
    octets, step = 0, BLOCK
    limit = min(len(base) - place, len(result) - at)
    while octets < limit:
        step = min(step, limit - octets)
        a, b = place + octets, at + octets
        if base[a : a + step] == result[b : b + step]:
            octets += step
            step *= 2
        elif step == 1:
            break
        else:
            step = max(1, step // 2)
            limit = min(limit, octets + 2 * step + 1)
    return octets


def common_end(base: bytes, place: int, result: bytes, at: int, most: int) -> int:
    """Octets that are the same before two places, at most so many."""
    octets = 0
    most = min(most, place)
    while octets < most and base[place - octets - 1] == result[at - octets - 1]:
        octets += 1
    return octets
