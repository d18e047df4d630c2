"""Pure code on the box's own interpreter: the plain test files run there once more.

A test file takes part by the words "Also on MicroPython" in its first lines; it then imports
nothing but the firmware and what MicroPython has.
"""

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parents[1] / "firmware"
SECONDS = 60  # the slowest file takes one


def plain_files():
    return [p for p in sorted(HERE.glob("test_*.py")) if "Also on MicroPython" in head(p)]


def head(path):
    return path.read_text()[:400] if path != Path(__file__).resolve() else ""


@pytest.mark.parametrize("path", plain_files(), ids=lambda p: p.stem)
def test_on_micropython(path):
    binary = os.environ["RESTANTE_NATIVE"]  # `make check` sets it: our MicroPython, native
    done = subprocess.run(
        [binary, str(HERE / "on_micropython.py"), str(path)],
        env={"MICROPYPATH": f"{FIRMWARE}:.frozen"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_some_files_take_part():
    assert plain_files()
