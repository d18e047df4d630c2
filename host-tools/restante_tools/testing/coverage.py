"""Which lines of the C code on the box's way of a message the native tests run: engine, worker.

Rule: a line counts only if a test of tests/native ran it; others' code and the test programs do
not count. The tests run as ever, with programs that count, without the sanitizers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.progress import say

LEAST = 85.0  # per cent of all lines
ROOMS = ("firmware/native/engine", "firmware/native/worker")
TESTS = "tests/native"
LEFT_OUT = (
    "--ignore=tests/native/test_fuzz.py",  # runs programs of its own, and would say nothing here
    # valgrind does not bear counters that are written through a mapping.
    "--deselect=tests/native/test_engine_costs.py::test_instructions_per_octet_are_printed",
)


@dataclass(frozen=True)
class File:
    """One source file: lines that hold code, and how many of them ran."""

    name: str
    lines: int
    covered: int

    @property
    def share(self) -> float:
        """Per cent."""
        return 100.0 * self.covered / self.lines if self.lines else 100.0


def measure(places: Places, arguments: Sequence[str] = ()) -> list[File]:
    """Run the native tests under counting programs; lines per file, the worst first."""
    folder = places.build / "tests-coverage"
    for tool in ("llvm-profdata", "llvm-cov", "clang"):
        if shutil.which(tool) is None:
            raise ToolError(f"{tool} is missing", "a package is not installed", "apt install llvm")
    for old in folder.glob("*.profraw"):
        old.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir=.", "-q"),
            *(TESTS, *LEFT_OUT, *arguments),
        ],
        cwd=places.repository,
        env=dict(
            os.environ,
            RESTANTE_COVERAGE=str(folder),
            RESTANTE_NATIVE=str(places.native / "restante"),
            # One file for all runs of a program, which count into it together.
            LLVM_PROFILE_FILE=f"{folder}/%c%m.profraw",
        ),
        check=False,
    )
    if done.returncode != 0:
        raise ToolError("native tests failed", "see above", "run tests/native by itself")
    return sorted(counted(places, folder), key=lambda file: file.share)


def counted(places: Places, folder: Path) -> Iterator[File]:
    """What the programs counted, from their files."""
    merged = folder / "all.profdata"
    raw = sorted(folder.glob("*.profraw"))
    subprocess.run(["llvm-profdata", "merge", "-o", merged, *raw], check=True)
    programs = [
        path
        for path in sorted([*folder.iterdir(), *(folder / "worker").iterdir()])
        if path.is_file() and not path.suffix and os.access(path, os.X_OK)
    ]
    objects = [word for path in programs for word in ("-object", str(path))]
    exported = subprocess.run(
        ["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}", *objects],
        check=True,
        capture_output=True,
    ).stdout
    for file in json.loads(exported)["data"][0]["files"]:
        name = os.path.relpath(os.path.realpath(file["filename"]), places.repository)
        if name.startswith(ROOMS):
            lines = file["summary"]["lines"]
            yield File(name, lines["count"], lines["covered"])


def total(files: Sequence[File]) -> File:
    """All of them as one."""
    return File("total", sum(f.lines for f in files), sum(f.covered for f in files))


def table(files: Sequence[File]) -> Iterator[str]:
    """Lines to print: each file, the worst first, and the total."""
    for file in [*files, total(files)]:
        yield f"{file.share:6.1f} %  {file.covered:5} of {file.lines:5}  {file.name}"


def report(places: Places, arguments: Sequence[str] = ()) -> None:
    """Measure and print; ToolError if too few lines ran."""
    files = measure(places, arguments)
    for line in table(files):
        say(line)
    if total(files).share < LEAST:
        raise ToolError(
            f"less than {LEAST:.0f} % of the lines are run by a test",
            "code without tests",
            "the first files of the list have the fewest",
        )
