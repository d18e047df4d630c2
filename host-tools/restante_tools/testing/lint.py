"""Style and static checks: one tool after the other, all findings shown, then one result.

Rule: the tools' own settings live in their files at the top; here is only what runs on what.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from restante_tools.build.lock import build_lock
from restante_tools.build.native_tests import TREES
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.progress import say
from restante_tools.sources.fetch import taken
from restante_tools.sources.unpack import tree_of
from restante_tools.testing import stubs

Check = tuple[str, Callable[[Places], Sequence[Sequence[str]]]]
PYTHON = ["host-tools", "firmware", "tests"]
SHELL = re.compile(rb"#!\s*/(usr/)?bin/(env )?(ba)?sh\b")


def style(places: Places) -> None:
    """What is quick: ruff on all Python, the house rules come with the unit tests."""
    run(places, QUICK)


def everything(places: Places) -> None:
    """All checks."""
    run(places, QUICK + SLOW)


def run(places: Places, checks: Sequence[Check]) -> None:
    """Run every check, even after a failure; ToolError names those that failed."""
    failed = [name for name, commands in checks if not passes(places, name, commands(places))]
    if failed:
        raise ToolError(
            f"lint: {', '.join(failed)} failed",
            "see the findings above",
            "ruff and clang-format repair style by themselves: ruff format, clang-format -i",
        )


def passes(places: Places, name: str, commands: Sequence[Sequence[str]]) -> bool:
    """Run the commands of one check in the repository; say how long they took."""
    began = time.monotonic()
    codes = [subprocess.run(c, cwd=places.repository, check=False).returncode for c in commands]
    good = not any(codes)
    say(f"{name}: {'ok' if good else 'FAILED'}, {time.monotonic() - began:.1f} s")
    return good


def tracked(places: Places, *patterns: str) -> list[str]:
    """Files of the repository, also new ones, by git's own patterns."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=places.repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    return sorted(f for f in listed if f and (places.repository / f).is_file())


def module(name: str, *words: str) -> list[str]:
    """A tool that lives in this Python environment, as a module."""
    return [sys.executable, "-m", name, *words]


def program(name: str, *words: str) -> list[str]:
    """A tool that lives in this Python environment, as a program."""
    return [str(Path(sys.executable).parent / name), *words]


def ruff(places: Places) -> list[list[str]]:
    return [module("ruff", "check", *PYTHON), module("ruff", "format", "--check", *PYTHON)]


def mypy(places: Places) -> list[list[str]]:
    """The host tools strictly; the box's Python with the types of MicroPython."""
    stubs.lay_out(places)
    return [
        module("mypy", "--config-file", "host-tools/mypy.ini"),
        module("mypy", "--config-file", "firmware/mypy.ini"),
    ]


def mpy_cross(places: Places) -> list[list[str]]:
    """Every firmware file must parse on the box's own compiler."""
    compiler = str(places.native / "mpy-cross")
    files = tracked(places, "firmware/restante/*.py", "firmware/restante/**/*.py")
    return [[compiler, "-o", "/dev/null", file] for file in files]


def clang_format(places: Places) -> list[list[str]]:
    return [program("clang-format", "--dry-run", "-Werror", *tracked(places, "*.c", "*.h"))]


def clang_tidy(places: Places) -> list[list[str]]:
    """The engine, the worker, TLS, and nothing that needs MicroPython's headers."""
    with build_lock(places):
        packages = taken(places, list(TREES.values()))
        trees = {name: tree_of(places, package) for name, package in packages.items()}
    engine = places.firmware / "native" / "engine"
    flags = [
        *("-std=c11", "-D_GNU_SOURCE", "-DZ_SOLO"),
        *(f"-I{engine}", f"-I{trees['zlib']}", f"-I{trees['mbedtls'] / 'include'}"),
        *("-DBZ_NO_STDIO", f"-I{trees['bzip2']}"),
        *("-DLZMA_API_STATIC", f"-I{trees['xz-utils'] / 'src/liblzma/api'}"),
        *(f"-I{trees['lhasa'] / 'lib'}", f"-I{trees['cabextract'] / 'mspack'}"),
        f"-I{trees['7zip'] / 'C'}",
        f'-DMBEDTLS_CONFIG_FILE="{engine / "digest_config.h"}"',
    ]
    files = tracked(places, "firmware/native/engine/*.c", "firmware/native/worker/*.c")
    tls = [
        *("-std=c11", "-D_GNU_SOURCE", f"-I{trees['mbedtls'] / 'include'}"),
        f'-DMBEDTLS_CONFIG_FILE="{places.firmware / "native" / "tls" / "tls_config.h"}"',
    ]
    own = [  # the other one includes a file of mbedTLS
        file
        for file in tracked(places, "firmware/native/tls/*.c")
        if not file.endswith("/tls12_client.c")
    ]
    return [
        program("clang-tidy", "--quiet", *files, "--", *flags),
        program("clang-tidy", "--quiet", *own, "--", *tls),
    ]


def shellcheck(places: Places) -> list[list[str]]:
    """Every file that says it is a shell's, whatever its name."""
    return [["shellcheck", *shell_scripts(places)]]


def shell_scripts(places: Places) -> list[str]:
    """Files whose first line names sh or bash."""
    found = []
    for file in tracked(places):
        with (places.repository / file).open("rb") as opened:
            if SHELL.match(opened.readline(80)):
                found.append(file)
    return found


def codespell(places: Places) -> list[list[str]]:
    return [module("codespell_lib", "--toml", "codespell.toml", *tracked(places))]


QUICK: list[Check] = [("ruff", ruff)]
SLOW: list[Check] = [
    ("mypy", mypy),
    ("mpy-cross", mpy_cross),
    ("clang-format", clang_format),
    ("clang-tidy", clang_tidy),
    ("shellcheck", shellcheck),
    ("codespell", codespell),
]
