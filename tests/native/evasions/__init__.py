"""Mail made to slip through: FAULTS 29-43, one module per kind, the same for the same seed.

Each message hides the EICAR test file by one trick, and has a twin: the same builder without the
trick, with a harmless file. A gateway must find or hold each message, and pass each twin.
"""

import random
from typing import NamedTuple

from mailmaking import EICAR, wire

from evasions import (
    base64_lines,
    boundaries,
    charsets,
    extents,
    fields,
    line_ends,
    margins,
    names,
    nested,
    parameters,
    quoted,
    sealed,
    text_codings,
    types,
)
from evasions.building import HARMLESS, Writer

MODULES = (
    fields,
    line_ends,
    boundaries,
    parameters,
    base64_lines,
    quoted,
    text_codings,
    nested,
    sealed,
    types,
    names,
    charsets,
    margins,
    extents,
)


class Evasion(NamedTuple):
    """One message in wire form; the control is the twin with EICAR, which must be infected."""

    kind: str
    name: str
    octets: bytes
    twin: bytes
    control: bytes


def evasions(seed, rounds=3):
    """Every case of every kind, in each of so many disguises."""
    for module in MODULES:
        for number in range(rounds):
            dice = random.Random(f"{seed} {module.KIND} {number}")
            if number > 0 and getattr(module, "LARGE", False):
                continue
            writer = Writer(dice)
            for name, tricky, plain in module.cases(writer, dice):
                made = (tricky(EICAR), plain(HARMLESS), plain(EICAR))
                yield Evasion(module.KIND, f"{name} #{number}", *map(wire, made))
