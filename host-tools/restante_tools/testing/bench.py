"""Runs the benchmarks of tests/bench: each is a program that prints figures and asserts none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from restante_tools.errors import USAGE, ToolError
from restante_tools.places import Places
from restante_tools.progress import say


def run(places: Places, names: Sequence[str]) -> None:
    """Run the benchmarks called `names`, or all; ToolError if one of them breaks."""
    folder = places.repository / "tests" / "bench"
    known = {path.name.removesuffix("_bench.py"): path for path in folder.glob("*_bench.py")}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ToolError(
            f"there is no benchmark {', '.join(unknown)}",
            "a mistyped name",
            f"choose from: {', '.join(sorted(known))}",
            USAGE,
        )
    environment = dict(os.environ, RESTANTE_NATIVE=str(places.native / "restante"))
    for name in names or sorted(known):
        say(f"--- {name}")
        done = subprocess.run(
            [sys.executable, str(known[name])],
            cwd=places.repository,
            env=environment,
            check=False,
        )
        if done.returncode != 0:
            raise ToolError(
                f"benchmark {name} ended with code {done.returncode}",
                "see its output above",
                f"run it alone: make bench, or restante bench {name}",
            )
