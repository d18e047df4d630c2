"""One stage of a test run each: the native build, one pytest run.

Rule: a stage prints what it does and how long it took; it decides nothing for other stages.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from restante_tools.places import Places


def native_build(places: Places, targets: Sequence[str]) -> None:
    """Build what tests need on this machine: our MicroPython, the C test programs."""
    for target in targets:
        subprocess.run(restante("build", f"native-{target}"), cwd=places.repository, check=True)


def restante(*words: str) -> list[str]:
    """The command line of another verb, run by this same Python."""
    return [sys.executable, "-m", "restante_tools", *words]


def pytest(places: Places, folders: Sequence[str], arguments: Sequence[str]) -> int:
    """Run pytest on those of `folders` that exist; its exit code. Arguments naming tests win."""
    chosen = (
        [] if names_tests(arguments) else [f for f in folders if (places.repository / f).is_dir()]
    )
    environment = dict(os.environ, RESTANTE_NATIVE=str(places.native / "restante"))
    command = [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir=."]
    return subprocess.run(
        [*command, *chosen, *arguments], cwd=places.repository, env=environment, check=False
    ).returncode


def names_tests(arguments: Sequence[str]) -> bool:
    """Whether arguments for pytest choose files of their own."""
    return any(word.startswith("tests/") for word in arguments)
