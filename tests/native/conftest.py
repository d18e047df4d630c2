"""Programs of the native tests: built once per run by make, from the sources that the set-up took.

RESTANTE_MBEDTLS_DIR and RESTANTE_ZLIB_DIR name the source trees; without them they are those of
the build folder.
"""

import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
SOURCES = TOP / "build" / "src"


@pytest.fixture(scope="session")
def native_programs():
    """Folder with the programs of tests/native/Makefile, up to date."""
    out = TOP / "build" / "tests-native"
    environment = dict(os.environ)
    for name in ("mbedtls", "zlib"):
        environment.setdefault(f"RESTANTE_{name.upper()}_DIR", str(SOURCES / name))
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
