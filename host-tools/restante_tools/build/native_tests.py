"""The C test programs of tests/native, from the same sources as the box's program."""

from __future__ import annotations

from pathlib import Path

from restante_tools.build.toolchain import JOBS
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step
from restante_tools.sources.lock import Package
from restante_tools.sources.unpack import tree_of

DEADLINE = 1200  # seconds; about two minutes on two cores
LINES = 200  # lines that a full build prints

# Each tree of C, by the variable of make that names it.
TREES = {
    "RESTANTE_ZLIB_DIR": "zlib",
    "RESTANTE_BZIP2_DIR": "bzip2",
    "RESTANTE_XZ_DIR": "xz-utils",
    "RESTANTE_LHASA_DIR": "lhasa",
    "RESTANTE_CABEXTRACT_DIR": "cabextract",
    "RESTANTE_7ZIP_DIR": "7zip",
    "RESTANTE_MBEDTLS_DIR": "mbedtls",
}


def native_tests(places: Places, packages: dict[str, Package]) -> Path:
    """Bring the test programs up to date; the folder that they are in."""
    folder = places.build / "tests-native"
    trees = {variable: tree_of(places, packages[name]) for variable, name in TREES.items()}
    with step("C test programs", LINES) as shown:
        run(
            [
                *("make", "-C", places.repository / "tests" / "native", JOBS, f"OUT={folder}"),
                *(f"{variable}={tree}" for variable, tree in trees.items()),
            ],
            places.log / "native-tests.log",
            deadline=DEADLINE,
            on_line=shown.line,
        )
    return folder
