"""Verbs `check`, `test`, `soak`, `lint`, `bench`, `coverage`: which stages each runs, in order.

Rule: no verb skips what is missing; it builds it or fails with the reason.
"""

from __future__ import annotations

import os
import sys

import click

from restante_tools.lab import preflight
from restante_tools.places import Places
from restante_tools.testing import bench as benches
from restante_tools.testing import coverage as covering
from restante_tools.testing import lint as linting
from restante_tools.testing.background import background_build
from restante_tools.testing.stages import names_tests, native_build, pytest

QUICK = ["tests/unit", "tests/host"]  # pure code and host tools: seconds
# They share nothing but the processors.
PARALLEL = ["-n", "auto", "--dist", "worksteal"]
# A file's tests stay together, and all that boot the image do (tests/conftest.py); in the order of
# the stages, so that these come last, when hardly anything else runs.
# One more than there are processors: many tests wait for a deadline of the box.
BY_FILE = [
    *("-n", str(len(os.sched_getaffinity(0)) + 1)),
    *("--dist", "loadfile", "--no-loadscope-reorder"),
]
EVERYTHING = ["tests/unit", "tests/host", "tests/native", "tests/session", "tests/image"]


@click.command()
def check() -> None:
    """Under a minute, before each commit: style, pure code, host tools."""
    places = Places()
    linting.style(places)
    native_build(places, ["micropython"])
    sys.exit(pytest(places, QUICK, [*PARALLEL, "-q", "-m", "not slow"]))


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Everything once, samples of the long tests. ARGUMENTS go to pytest."""
    sys.exit(whole("test", list(arguments)))


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def soak(arguments: tuple[str, ...]) -> None:
    """The long tests in full, with seeds and counts. ARGUMENTS go to pytest."""
    failed = whole("soak", ["--soak", *arguments])
    if not failed and not names_tests(arguments):
        covering.report(Places())
    sys.exit(failed)


def whole(goal: str, arguments: list[str]) -> int:
    """All stages, or what `arguments` name: pytest's code. What is missing is said first."""
    if not names_tests(arguments):
        preflight.check(image=True, goal=goal)
        if goal == "test":  # the soak measures: it has the machine to itself
            arguments = [*BY_FILE, *arguments]
    places = Places()
    native_build(places, ["micropython", "tests"])
    with background_build(places, "image"):
        return pytest(places, EVERYTHING, arguments)


@click.command()
def lint() -> None:
    """Style and static checks of all languages in the repository."""
    places = Places()
    native_build(places, ["micropython"])
    linting.everything(places)


@click.command()
@click.argument("names", nargs=-1)
def bench(names: tuple[str, ...]) -> None:
    """Figures beside named peers, in one run. NAMES choose some of the benchmarks."""
    places = Places()
    native_build(places, ["micropython", "tests"])
    benches.run(places, names)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def coverage(arguments: tuple[str, ...]) -> None:
    """Lines of the C code that the native tests run, by file. ARGUMENTS go to pytest."""
    places = Places()
    native_build(places, ["micropython"])
    covering.report(places, arguments)


VERBS: list[click.Command] = [check, test, soak, lint, bench, coverage]
