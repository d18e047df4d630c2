"""A signature set as large as a box must carry: made with a fixed seed, compiled once per run."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from restante_tools.places import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests" / "bench"))

import signature_sets

HASHES, PATTERNS, PLANTED = 1_000_000, 20_000, 4
SEED = 4
NAME = "large"
COMPILE_SECONDS = 900


@dataclass(frozen=True)
class LargeSet:
    """The compiled file, and objects that its signatures find, by their names."""

    path: Path
    hash_payloads: dict[str, bytes]
    pattern_payloads: dict[str, bytes]
    seconds: float  # of the compilation

    @property
    def octets(self) -> int:
        return self.path.stat().st_size


def make(folder: Path) -> LargeSet:
    """Compile it with the factory's signatures, which the self-test needs."""
    sample = random.Random(SEED).randbytes(1 << 20)
    made = signature_sets.make(SEED, sample, PATTERNS, HASHES, PLANTED)
    sources = []
    for name, text in made.files().items():
        (folder / name).write_text(text, encoding="ascii")
        sources.append(folder / name)
    sources += sorted((REPOSITORY / "board/common/signatures").glob("*.[hn]*b"))
    path = folder / "large.sig"
    words = ["signatures", "compile", *map(str, sources), "-o", str(path), "--name", NAME]
    before = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "restante_tools", *words, "--built", "1700000000"],
        check=True,
        capture_output=True,
        timeout=COMPILE_SECONDS,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "host-tools")},
    )
    seconds = time.monotonic() - before
    return LargeSet(path, made.hash_payloads, made.pattern_payloads, seconds)
