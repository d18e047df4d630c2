"""Showing what is going on: one live line on a terminal, plain lines elsewhere.

Rule: nothing here decides anything; a step that fails says so and lets the error pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

PLAIN_SECONDS = 15.0  # between two lines about a transfer, without a terminal

console = Console(stderr=True, highlight=False)


class Step:
    """One long step. `line` takes each line that a program prints, `done_as` the result."""

    def __init__(self, name: str, expected_lines: int, bar: Progress | None) -> None:
        self.name = name
        self.result = ""
        self._lines = 0
        self._bar = bar
        self._task = (
            bar.add_task(name, total=expected_lines or None, detail="")
            if bar is not None
            else None
        )

    def line(self, text: str) -> None:
        """Count a line of output, show its beginning on a terminal."""
        self._lines += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=1, detail=text.strip()[:40])

    def done_as(self, result: str) -> None:
        """What to say behind the step's name when it has ended."""
        self.result = result


@contextmanager
def step(name: str, expected_lines: int = 0) -> Iterator[Step]:
    """Show one step while it runs; afterwards one line with its seconds and result."""
    began = time.monotonic()
    current = Step(name, expected_lines, None)
    try:
        if console.is_terminal:
            with live_bar() as bar:
                current = Step(name, expected_lines, bar)
                yield current
        else:
            say(f"{name} ...")
            yield current
    except BaseException:
        say(f"{name}: failed after {time.monotonic() - began:.1f} s")
        raise
    behind = f"  {current.result}" if current.result else ""
    say(f"{name}: {time.monotonic() - began:.1f} s{behind}")


@contextmanager
def transfer(name: str, octets: int) -> Iterator[Callable[[int], None]]:
    """Octets on their way: how many, how fast, how long still. Gives what takes each piece's."""
    began = time.monotonic()
    done = 0

    def advance(piece: int) -> None:
        nonlocal done
        done += piece
        bar.advance(task, piece)

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(name, total=octets)
        if not console.is_terminal:
            say(f"{name} ...")
        yield advance
    seconds = time.monotonic() - began
    say(f"{name}: {done:,} octets in {seconds:.1f} s, {done / max(seconds, 0.001) / 1e6:.2f} MB/s")


def live_bar() -> Progress:
    """The live line on a terminal; it is gone when the step has ended."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
        console=console,
        transient=True,
    )


class Way:
    """Octets that are being sent; where there is no terminal, a line now and then."""

    def __init__(self, name: str, total: int, bar: Progress | None) -> None:
        self._name = name
        self._total = total
        self._bar = bar
        self._task = bar.add_task(name, total=total) if bar else None
        self._next = time.monotonic() + PLAIN_SECONDS

    def reach(self, octets: int) -> None:
        """So many are there."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=octets)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + PLAIN_SECONDS
            say(f"{self._name}: {100 * octets // self._total} %")

    def say(self, text: str) -> None:
        """A line above the bar."""
        say(text)


@contextmanager
def octets(name: str, total: int) -> Iterator[Way]:
    """Show how far a transfer is and how long it will take."""
    if not console.is_terminal:
        say(f"{name}: {total:,} octets")
        yield Way(name, total, None)
        return
    columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=20), *columns, console=console
    ) as bar:
        yield Way(name, total, bar)


def say(text: str) -> None:
    """One line for the user."""
    console.print(text, markup=False, soft_wrap=True)
