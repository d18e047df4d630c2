"""Generated mail: clean messages from three independent producers, and infected variants.

Rule: the same seed gives the same octets on every machine; a failing message has a number.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from restante_tools.lab.corpus import by_hand, by_perl, by_python, infections
from restante_tools.lab.corpus.sample import Sample

__all__ = ["CLEAN", "INFECTED", "Sample", "clean", "infected"]

SEED = 5322
CLEAN, INFECTED = 200, 60  # messages of each kind
SMALLEST, LARGEST = 1, 20_000_000  # octets of content
PRODUCERS = 3
ENCODED = 1.4  # octets of a message per octet of content: base64, with its line ends


def sizes(count: int, seed: int) -> list[int]:
    """Octets of content of each message: spread evenly over the magnitudes, both ends included."""
    generator = random.Random(f"{seed} sizes")
    factor = (LARGEST / SMALLEST) ** (1 / (count - 1))
    all_sizes = [round(SMALLEST * factor**number) for number in range(count)]
    generator.shuffle(all_sizes)
    return all_sizes


def clean(octets: int | None = None, seed: int = SEED) -> list[Sample]:
    """The messages in which nothing is wrong, however odd they look.

    With `octets`: as many of them as fit, in their order, so that all sizes are among them.
    """
    numbered = list(enumerate(sizes(CLEAN, seed)))
    if octets is not None:
        numbered = fitting(numbered, octets)
    by_producer: list[list[tuple[int, int]]] = [[] for _ in range(PRODUCERS)]
    for number, size in numbered:
        by_producer[number % PRODUCERS].append((number, size))
    samples = by_perl.make(by_producer[0], seed)
    samples += [by_python.make(number, size, seed) for number, size in by_producer[1]]
    samples += [by_hand.make(number, size, seed) for number, size in by_producer[2]]
    return sorted(samples, key=lambda sample: sample.number)


def infected(seed: int = SEED) -> list[infections.Infected]:
    """Messages with one bad thing in each, never hidden in the same way."""
    return [infections.make(number, seed) for number in range(INFECTED)]


def fitting(numbered: Sequence[tuple[int, int]], octets: int) -> list[tuple[int, int]]:
    """Pairs of number and size, as many as fit into `octets` when encoded."""
    chosen, total = [], 0
    for number, size in numbered:
        if total + size * ENCODED <= octets:
            chosen.append((number, size))
            total += int(size * ENCODED)
    return chosen
