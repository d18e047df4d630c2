"""Rules about names, senders and subjects, and marks of types, into their sections. Pure.

The language of a glob: `*`, `?`, sets `[a-z_]` and `[^0-9]`, and `\\` before a character that
means itself. All over octets of UTF-8: `?` is one octet, and only ASCII letters have two cases.
"""

from __future__ import annotations

import struct

from restante_tools.signatures import layout
from restante_tools.signatures.model import Mark, Rule, Unsupported
from restante_tools.signatures.patterns import Pool

ENCRYPTED_EITHER = 2


def check_glob(glob: bytes) -> bytes:
    """The glob, if its sets are closed and it fits; Unsupported else."""
    if len(glob) > layout.GLOB_MAX:
        raise Unsupported(f"glob of more than {layout.GLOB_MAX} octets")
    if not glob or b"\0" in glob:
        raise Unsupported("glob that is empty or has a zero octet")
    place = 0
    while place < len(glob):
        if glob[place] == ord("\\"):
            place += 1
            if place == len(glob):
                raise Unsupported("glob that ends in a backslash")
        elif glob[place] == ord("["):
            place = end_of_set(glob, place)
        place += 1
    return glob


def end_of_set(glob: bytes, start: int) -> int:
    """Where the `]` is that closes the set beginning at `start`."""
    place = start + 1
    if glob[place : place + 1] == b"^":
        place += 1
    first = place
    while place < len(glob) and (glob[place] != ord("]") or place == first):
        place += 2 if glob[place] == ord("\\") else 1
    if place >= len(glob):
        raise Unsupported("glob with a set [ ] that is not closed")
    return place


class RuleTable:
    """Collects rules; ids follow their order in the section."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Takes a rule."""
        check_glob(rule.glob)
        self._rules.append(rule)

    def _ordered(self) -> list[Rule]:
        return sorted(self._rules, key=lambda rule: rule.kind)

    def names(self) -> list[str]:
        """Names in the order of ids."""
        return [rule.name for rule in self._ordered()]

    def section(self, names: Pool) -> bytes:
        """The records; globs go into the names."""
        return b"".join(
            struct.pack(
                layout.RULE,
                names.place(rule.glob + b"\0"),
                rule.kind,
                rule.container,
                ENCRYPTED_EITHER if rule.encrypted is None else rule.encrypted,
                rule.caseless,
                *rule.position,
                *rule.packed,
                *rule.entry,
            )
            for rule in self._ordered()
        )


def marks_section(marks: list[Mark], pool: Pool, names: Pool) -> bytes:
    """The records; octets go into the pool of patterns, names into the names."""
    return b"".join(
        struct.pack(
            layout.MARK,
            pool.place(mark.values + mark.mask),
            names.place(mark.name.encode("ascii") + b"\0"),
            mark.place,
            len(mark.values),
        )
        for mark in marks
    )
