"""A set as large as a box must carry, compiled, signed and pushed over a line of real speeds.

The whole set once at 921600 Bd, then the delta to a day's newer one (one signature in a thousand)
at 115200 and, after going back, at 921600.  In full with --soak; else a small set, the same way.
"""

import random
import re
import sys
import time
from pathlib import Path

import pytest
from boxes import compile_signatures
from restante_tools.bundles.difference import difference

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import signature_sets

FULL = (20_000, 1_000_000)  # patterns, hashes
SAMPLE = (200, 2_000)
SEED = 20261127
NEW_OF = 1000  # one signature in so many is new: a day's
BITS = 10
SECONDS = 3600  # of one push; in full the longest one needs ten minutes


@pytest.fixture(scope="session")
def sizes(soak):
    return FULL if soak else SAMPLE


@pytest.fixture(scope="session")
def two_sets(sizes, figures, tmp_path_factory):
    """(yesterday's, today's) compiled."""
    folder = tmp_path_factory.mktemp("large")
    sample = random.Random(SEED).randbytes(1 << 16)
    texts = signature_sets.make(SEED, sample, *sizes, 0).files()
    made = []
    began = time.monotonic()
    for day in (1, 2):
        sources = []
        for name, text in texts.items():
            lines = text.splitlines(keepends=True)
            kept = [x for n, x in enumerate(lines) if day == 2 or n % NEW_OF]
            source = folder / f"{day}" / name
            source.parent.mkdir(exist_ok=True)
            source.write_text("".join(kept))
            sources.append(source)
        target = folder / f"{day}.sig"
        compile_signatures(target, *sources, name=f"large-{day}")
        made.append(target.read_bytes())
    seconds = time.monotonic() - began
    figures.append(
        f"push: {sizes[1]:,} hashes and {sizes[0]:,} patterns, {len(made[1]):,} octets: "
        f"two sets compiled in {seconds:.0f} s"
    )
    return made


def sent(stand, figures, what, baud, *words):
    """Push it, and say how much of the line was used."""
    stand.line.speeds.clear()
    began = time.monotonic()
    done = stand.push("--speed", str(baud), *words, seconds=SECONDS)
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    assert max(stand.line.speeds) == baud, done.stderr
    octets, took = re.search(r"([\d,]+) octets in ([\d.]+) s", done.stderr).groups()
    octets = int(octets.replace(",", ""))
    share = octets / float(took) / (baud / BITS)
    figures.append(
        f"push: {what} of {octets:,} octets at {baud} Bd: sent in {took} s ({share:.0%} of the "
        f"line), {seconds:.1f} s with installing"
    )


def test_a_days_news_over_the_line(bench, two_sets, figures):
    old, new = two_sets
    stand = bench()
    began = time.monotonic()
    records = len(difference(old, new))
    figures.append(f"push: delta of {records:,} octets made in {time.monotonic() - began:.1f} s")
    yesterday = stand.bundle("old.rstb", old, 1)
    today = stand.bundle("new.rstb", new, 2)
    delta = stand.bundle("delta.rstb", new, 2, kind="signatures-delta", base=old)
    sent(stand, figures, "whole set", 921600, yesterday)
    assert stand.box.in_use() == "large-1"
    sent(stand, figures, "delta", 115200, today, "--delta", delta)
    assert stand.box.in_use() == "large-2"
    assert stand.box.console("signatures rollback")[0].startswith("+OK")
    sent(stand, figures, "delta", 921600, today, "--delta", delta, "--force")
    assert stand.box.in_use() == "large-2"
