"""Programs of the native tests: built once per run by make, from the sources that the set-up took.

RESTANTE_ZLIB_DIR and the like name the source trees; without them they are in the build folder.
"""

import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))
SOURCES = TOP / "build" / "src"

import largeset  # noqa: E402
from mailmaking import TEXT, attachment, multipart  # noqa: E402
from packing import pack  # noqa: E402
from restante_tools.build.native_tests import TREES  # noqa: E402
from restante_tools.signatures.compiler import Compiler  # noqa: E402
from shipped import shipped  # noqa: E402


@pytest.fixture(scope="session")
def native_programs():
    """Folder with the programs of tests/native/Makefile, up to date.

    RESTANTE_COVERAGE names another folder: for programs that count which lines ran (`restante
    coverage`), without the sanitizers.
    """
    counted = os.environ.get("RESTANTE_COVERAGE")
    out = Path(counted or TOP / "build" / "tests-native")
    goals = ["COVERAGE=1", "programs"] if counted else []
    environment = dict(os.environ)
    for name, folder in TREES.items():
        environment.setdefault(name, str(SOURCES / folder))
    done = subprocess.run(
        ["make", "-s", "-C", str(TOP / "tests" / "native"), f"OUT={out}", *goals],
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
def large_set(soak, figures, tmp_path_factory):
    """As many signatures as are in use out there, compiled; a sample has fewer hashes."""
    path = tmp_path_factory.mktemp("large") / "large.sig"
    began = time.monotonic()
    patterns, hashes = largeset.compiled(path, shipped(200), full=soak)
    figures.append(
        "large set: %d patterns, %d hashes, made in %.1f s"
        % (patterns, hashes, time.monotonic() - began)
    )
    return path


def screening(programs, database, folder):
    """Screens messages in wire form: run([octets, ...], options) -> [report, ...].

    Under the sanitizers, each input ending at a forbidden page; `fast` does without.
    """

    def run(messages, *options, fast=False):
        paths = []
        for number, octets in enumerate(messages):
            path = folder / str(number)
            path.write_bytes(octets)
            paths.append(str(path))
        program = programs / ("scan_cli" if fast else "scan_cli_asan")
        done = subprocess.run(
            [str(program), "--db", str(database), "--guard", *options, *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture(scope="session")
def screen(native_programs, factory_set, tmp_path_factory):
    """Screens messages against the factory's signatures."""
    return screening(native_programs, factory_set, tmp_path_factory.mktemp("messages"))


@pytest.fixture(scope="session")
def screen_large(native_programs, large_set, tmp_path_factory):
    """The same against the large set, without the sanitizers."""
    run = screening(native_programs, large_set, tmp_path_factory.mktemp("many"))
    return functools.partial(run, fast=True)


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


@pytest.fixture
def with_set(screen_one, tmp_path, request):
    """The same against signatures of its own: with_set(octets, options, ndb="...", ftm="...")."""

    def run(octets, *options, whole=False, **sources):
        compiler = Compiler()
        for suffix, text in sources.items():
            compiler.add(f"t.{suffix}", text.encode())
        data, report = compiler.finish("t", 0)
        assert report.refusals == []
        (tmp_path / "t.sig").write_bytes(data)
        message = octets if whole else multipart(TEXT, attachment(octets, request.module.NAME))
        return screen_one(message, "--db", str(tmp_path / "t.sig"), *options)

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


@pytest.fixture(scope="session")
def pack_7z(tmp_path_factory):
    """An archive of files by 7-Zip: pack_7z(files, options...) -> octets."""

    def run(files, *options):
        return pack(tmp_path_factory.mktemp("7z"), files, *options)

    return run
