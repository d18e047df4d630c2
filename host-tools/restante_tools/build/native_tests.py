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
LINES = 80  # lines that a full build prints


def native_tests(places: Places, packages: dict[str, Package]) -> Path:
    """Bring the test programs up to date; the folder that they are in."""
    folder = places.build / "tests-native"
    zlib, mbedtls = (tree_of(places, packages[name]) for name in ("zlib", "mbedtls"))
    with step("C test programs", LINES) as shown:
        run(
            [
                *("make", "-C", places.repository / "tests" / "native", JOBS, f"OUT={folder}"),
                *(f"RESTANTE_ZLIB_DIR={zlib}", f"RESTANTE_MBEDTLS_DIR={mbedtls}"),
            ],
            places.log / "native-tests.log",
            deadline=DEADLINE,
            on_line=shown.line,
        )
    return folder
