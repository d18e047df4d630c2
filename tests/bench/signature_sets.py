"""Signature sets for the bench in ClamAV's own formats, and the objects that they must find.

Pure: a seed and sample octets of the corpus in, text and payloads out. Half of the patterns begin
with octets that the corpus is full of, so that a matcher which looks at first octets only suffers.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field

PLAIN, WILDCARD, NIBBLE, ANY_GAP, RANGE = range(5)
SHAPES = [PLAIN] * 70 + [WILDCARD] * 8 + [NIBBLE] * 4 + [ANY_GAP] * 10 + [RANGE] * 8
MD5_SHARE = 0.6  # of the hashes; of the rest a quarter is SHA-1, as ClamAV's own lists have it


@dataclass
class SignatureSet:
    """Lines per file, and payloads by the name of the signature that finds them."""

    ndb: list[str] = field(default_factory=list)
    hdb: list[str] = field(default_factory=list)
    hsb: list[str] = field(default_factory=list)
    pattern_payloads: dict[str, bytes] = field(default_factory=dict)
    hash_payloads: dict[str, bytes] = field(default_factory=dict)

    def files(self) -> dict[str, str]:
        """File name and content, without empty files."""
        lines = {"bench.ndb": self.ndb, "bench.hdb": self.hdb, "bench.hsb": self.hsb}
        return {name: "\n".join(found) + "\n" for name, found in lines.items() if found}


def octets_for(dice: random.Random, sample: bytes, shared: bool) -> bytes:
    """12 to 60 octets; if shared, the first 4 to 12 are from the corpus."""
    fresh = dice.randbytes(dice.randint(12, 60))
    if not shared:
        return fresh
    start = dice.randrange(len(sample) - 16)
    return sample[start : start + dice.randint(4, 12)] + fresh


def shaped(dice: random.Random, octets: bytes) -> tuple[str, bytes]:
    """A pattern around the octets, and an object that it matches."""
    shape = dice.choice(SHAPES)
    text = octets.hex()
    cut = len(octets) // 2
    if shape == WILDCARD:
        return text[: 2 * cut] + "??" + text[2 * cut + 2 :], octets
    if shape == NIBBLE:
        return text[: 2 * cut] + "?" + text[2 * cut + 1 :], octets
    if shape == ANY_GAP:
        between = dice.randbytes(dice.randint(0, 3000))
        return f"{text[: 2 * cut]}*{text[2 * cut :]}", octets[:cut] + between + octets[cut:]
    if shape == RANGE:
        between = dice.randbytes(dice.randint(2, 100))
        return f"{text[: 2 * cut]}{{2-100}}{text[2 * cut :]}", octets[:cut] + between + octets[
            cut:
        ]
    return text, octets


def make(seed: int, sample: bytes, patterns: int, hashes: int, planted: int) -> SignatureSet:
    """A set of this many signatures, `planted` of each kind with a payload."""
    dice = random.Random(f"signatures {seed}")
    result = SignatureSet()
    for number in range(patterns):
        name = f"Bench.Pattern-{number}"
        text, payload = shaped(dice, octets_for(dice, sample, shared=number % 2 == 0))
        result.ndb.append(f"{name}:0:*:{text}")
        if number % max(1, patterns // max(1, planted)) == 0 and planted:
            result.pattern_payloads[name] = payload
    for number in range(hashes):
        name = f"Bench.Hash-{number}"
        payload = b""
        size = min(4_000_000, int(dice.lognormvariate(10.5, 1.3)) + 64)
        if number % max(1, hashes // max(1, planted)) == 0 and planted:
            payload = dice.randbytes(dice.randint(500, 3000))
            size = len(payload)
            result.hash_payloads[name] = payload
        add_hash(dice, result, name, payload, size)
    return result


def add_hash(
    dice: random.Random, result: SignatureSet, name: str, payload: bytes, size: int
) -> None:
    """One line for the payload, or for an object that nobody has."""
    kind = "md5" if dice.random() < MD5_SHARE else dice.choice(["sha1"] + ["sha256"] * 3)
    if payload:
        digest = hashlib.new(kind, payload, usedforsecurity=False).hexdigest()
    else:
        digest = dice.randbytes(hashlib.new(kind, usedforsecurity=False).digest_size).hex()
    lines = result.hdb if kind == "md5" else result.hsb
    lines.append(f"{digest}:{size}:{name}")
