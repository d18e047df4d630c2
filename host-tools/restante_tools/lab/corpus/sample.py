"""One generated message, and the text and octets that fill it. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

WORDS = (
    *("post", "mail", "letter", "box", "office", "branch", "line", "route", "gate", "house"),
    *("stamp", "sender", "parcel", "weight", "window", "counter", "clerk"),
    *("délai", "colis", "Straße", "größer", "naïve", "façade", "über", "señor", "año"),
)
BLOCK_OCTETS = 65536  # of fresh words; longer texts repeat them, beyond deflate's 32 KiB window


@dataclass(frozen=True)
class Sample:
    """A message with CRLF lines. `seed`, `number` and `kind` are enough to make it again."""

    number: int
    kind: str
    octets: bytes

    @property
    def name(self) -> str:
        return f"{self.number:03d} {self.kind}, {len(self.octets)} octets"

    @property
    def stored(self) -> bytes:
        """As a Maildir holds it: LF lines."""
        return self.octets.replace(b"\r\n", b"\n")


def generator_for(seed: int, number: int, producer: str) -> random.Random:
    """Randomness of one message; does not depend on which others are made."""
    return random.Random(f"{seed} {producer} {number}")


def text(generator: random.Random, octets: int, line_end: str = "\n") -> str:
    """Words in lines, some of which begin with dots or `From `; about so many octets as UTF-8."""
    wanted = min(octets, BLOCK_OCTETS)
    lines: list[str] = []
    length = 0
    while length < wanted:
        start = generator.choice(("", "", "", ".", "..", "From ", ">"))
        line = start + " ".join(generator.choices(WORDS, k=generator.randint(1, 9)))
        line = line[: max(1, wanted - length)]
        lines.append(line)
        length += len(line.encode()) + len(line_end)
    return line_end.join(lines * max(1, octets // BLOCK_OCTETS))


def ascii_text(generator: random.Random, octets: int, line_end: str = "\n") -> str:
    """The same without anything beyond ASCII."""
    return text(generator, octets, line_end).encode("ascii", "replace").decode()


def binary(generator: random.Random, octets: int) -> bytes:
    """Octets that no file type claims: the first ones would otherwise do so by chance."""
    return (b"\x01RST" + generator.randbytes(max(0, octets - 4)))[: max(0, octets)]
