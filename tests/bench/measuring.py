"""Runs a program and says what it took: processor time, wall time, resident memory at most.

Memory is the kernel's high-water mark of the program itself (VmHWM), read while it runs: the mark
that a parent gets afterwards also counts the parent, whose memory the child had before it started.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.02  # between two looks at the memory of the program


@dataclass(frozen=True)
class Cost:
    """Of one run of one program."""

    processor: float  # seconds, user and system
    wall: float  # seconds
    resident: int  # KiB


@dataclass(frozen=True)
class Resident:
    """KiB of a process's memory: all pages, by their share, and those of no file."""

    rss: int
    pss: int
    anonymous: int

    def less(self, other: Resident) -> Resident:
        """The difference."""
        return Resident(
            self.rss - other.rss, self.pss - other.pss, self.anonymous - other.anonymous
        )


def resident(pid: int) -> Resident:
    """What the kernel says now."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    figures = dict(re.findall(r"(?m)^(Rss|Pss|Anonymous):\s*(\d+)", text))
    return Resident(int(figures["Rss"]), int(figures["Pss"]), int(figures["Anonymous"]))


class ProgramFailed(Exception):
    """The text has the command and what it printed."""


def high_water(pid: int) -> int:
    """KiB; 0 when the program has given its memory back already."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s*(\d+)", status)
    return int(found.group(1)) if found else 0


def run(
    command: list[str], output: Path, stdin: Path | None = None, good: tuple[int, ...] = (0,)
) -> Cost:
    """Run to the end, standard output to a file; ProgramFailed on any other exit code."""
    resident = 0
    began = time.monotonic()
    with output.open("wb") as out, (stdin or Path(os.devnull)).open("rb") as source:
        process = subprocess.Popen(command, stdin=source, stdout=out, stderr=subprocess.STDOUT)
        while True:
            resident = max(resident, high_water(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(LOOK_SECONDS)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if process.returncode not in good:
        raise ProgramFailed(
            f"{' '.join(command)} ended with {process.returncode}\n"
            + output.read_text(errors="replace")[-2000:]
        )
    return Cost(usage.ru_utime + usage.ru_stime, wall, resident)
