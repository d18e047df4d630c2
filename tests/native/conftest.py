"""Programs of the native tests: built once per run by make, from the sources that the set-up took.

RESTANTE_ZLIB_DIR and the like name the source trees; without them they are in the build folder.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))
SOURCES = TOP / "build" / "src"

from mailmaking import TEXT, attachment, multipart  # noqa: E402
from restante_tools.build.native_tests import TREES  # noqa: E402


@pytest.fixture(scope="session")
def native_programs():
    """Folder with the programs of tests/native/Makefile, up to date."""
    out = TOP / "build" / "tests-native"
    environment = dict(os.environ)
    for name, folder in TREES.items():
        environment.setdefault(name, str(SOURCES / folder))
    done = subprocess.run(
        ["make", "-s", "-C", str(TOP / "tests" / "native"), f"OUT={out}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def match_cli(native_programs):
    """The matcher alone, under the sanitizers."""
    return native_programs / "match_cli_asan"


@pytest.fixture(scope="session")
def factory_set(tmp_path_factory):
    """The factory's signatures, compiled."""
    path = tmp_path_factory.mktemp("signatures") / "factory.sig"
    sources = sorted((TOP / "board" / "common" / "signatures").glob("*.?[ds]b"))
    command = [sys.executable, "-m", "restante_tools", "signatures", "compile", "-o", str(path)]
    subprocess.run(
        [*command, "--name", "factory", "--built", "1", *map(str, sources)],
        cwd=TOP / "host-tools",
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture(scope="session")
def screen(native_programs, factory_set, tmp_path_factory):
    """Screens messages in wire form: screen([octets, ...], options) -> [report, ...].

    Under the sanitizers, each input ending at a forbidden page; `fast` does without.
    """
    folder = tmp_path_factory.mktemp("messages")

    def run(messages, *options, fast=False):
        paths = []
        for number, octets in enumerate(messages):
            path = folder / str(number)
            path.write_bytes(octets)
            paths.append(str(path))
        program = native_programs / ("scan_cli" if fast else "scan_cli_asan")
        done = subprocess.run(
            [str(program), "--db", str(factory_set), "--guard", *options, *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture(scope="session")
def screen_one(screen):
    """The same for one message."""

    def run(octets, *options, **more):
        (report,) = screen([octets], *options, **more)
        return report

    return run


@pytest.fixture
def scan(screen_one, request):
    """The report on an attachment with these octets, called as the module's NAME says."""

    def run(octets, *options, name=request.module.NAME, **more):
        return screen_one(multipart(TEXT, attachment(octets, name)), *options, **more)

    return run


@pytest.fixture(scope="session")
def type_of(native_programs, tmp_path_factory):
    """The name of the type of an object: type_of(octets, kind, name) as the body of a message."""
    path = tmp_path_factory.mktemp("types") / "message"

    def run(octets, kind="application/octet-stream", name="a.bin"):
        path.write_bytes(attachment(octets, name, kind))
        program = native_programs / "type_cli_asan"
        done = subprocess.run(
            [str(program), str(path)], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run
