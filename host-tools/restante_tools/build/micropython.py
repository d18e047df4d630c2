"""Our MicroPython: the unix port with our variant, C modules and frozen program.

Two targets, `native` (this machine, for tests) and `box` (static, position-independent, against
musl), and the cross compiler `mpy-cross` for both.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from restante_tools.build import cache
from restante_tools.build.inputs import Inputs
from restante_tools.build.native_tests import TREES as NATIVE_TEST_TREES
from restante_tools.build.toolchain import JOBS, Toolchain, fresh_folder
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step
from restante_tools.sources.lock import Package
from restante_tools.sources.unpack import tree_of

DEADLINE = 1200  # seconds; about a minute on two cores
LINES = 300  # lines that the build prints
LINES_MPY_CROSS = 110
# Each tree of C, by the variable of make that names it.
TREES = NATIVE_TEST_TREES | {"RESTANTE_SODIUM_DIR": "libsodium"}
PACKAGES = ("micropython", *TREES.values())
FIRMWARE_ROOMS = ("native", "variant")
# Nothing of the day, the checkout or a repository around it may enter the program.
REPRODUCIBLE = {
    "SOURCE_DATE_EPOCH": "1735689600",  # 2025-01-01
    "GIT_DIR": "/nonexistent",  # else its version would be that of our own repository
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}


@dataclass(frozen=True)
class Target:
    """What differs between this machine and the box."""

    name: str
    compiler: str
    prefix: str  # of the compiler's programs
    compile_flags: str
    link_flags: str
    key: str  # of the compiler


def native_target() -> Target:
    """This machine: dynamic, for tests and benchmarks."""
    return Target("native", "gcc", "", "", "", Inputs().compiler("gcc").key())


def box_target(tools: Toolchain) -> Target:
    """The box: one static program at a random address, since it parses hostile mail."""
    return Target("box", tools.prefix + "gcc", tools.prefix, "-fPIE", "-static-pie", tools.key)


def mpy_cross(places: Places, packages: dict[str, Package], use_cache: bool = True) -> Path:
    """The folder with `mpy-cross`, the compiler for the frozen program."""
    key = (
        Inputs()
        .package(packages["micropython"])
        .compiler("gcc")
        .recipe(sys.modules[__name__])
        .key()
    )

    def make(folder: Path) -> None:
        source = tree_of(places, packages["micropython"])
        work = fresh_folder(places.work / "mpy-cross")
        log = places.log / "mpy-cross.log"
        log.unlink(missing_ok=True)
        with step("mpy-cross", LINES_MPY_CROSS) as shown:
            run(
                ["make", "-C", source / "mpy-cross", JOBS, f"BUILD={work}", *python()],
                log,
                extra=REPRODUCIBLE,
                deadline=DEADLINE,
                on_line=shown.line,
            )
            cache.install(work / "mpy-cross", folder / "mpy-cross")

    return cache.part(places, "mpy-cross", key, make, use_cache)


def micropython(
    places: Places,
    packages: dict[str, Package],
    target: Target,
    compiler: Path,
    use_cache: bool = True,
) -> Path:
    """The folder with `restante`, our interpreter for `target`. `compiler` is mpy-cross."""
    variant = places.firmware / "variant"
    if not (variant / "mpconfigvariant.mk").exists():
        raise ToolError(
            "firmware/variant is not there",
            "the checkout is incomplete",
            "git status, then restore the folder",
        )
    inputs = Inputs().text("target", repr(target)).recipe(sys.modules[__name__])
    for name in PACKAGES:
        inputs.package(packages[name])
    for room in FIRMWARE_ROOMS:
        inputs.text("room", room).tree(places.firmware / room)
    compiled = inputs.key()
    inputs.tree(places.firmware / "restante")

    def make(folder: Path) -> None:
        work = work_folder(places, target, compiled, use_cache)
        build(places, packages, target, compiler, work, folder)

    return cache.part(places, f"micropython-{target.name}", inputs.key(), make, use_cache)


def work_folder(places: Places, target: Target, compiled: str, keep: bool) -> Path:
    """Where objects go. What was compiled from the same C is kept: Python changes more often.

    `restante build verify` shows that a build which kept its objects gives the same bytes.
    """
    work = places.work / f"micropython-{target.name}"
    mark = work / "compiled-from"
    if not keep or not mark.exists() or mark.read_text() != compiled:
        fresh_folder(work)
        mark.write_text(compiled)
    return work


def build(
    places: Places,
    packages: dict[str, Package],
    target: Target,
    compiler: Path,
    work: Path,
    folder: Path,
) -> None:
    """Compile and strip; the result goes to `folder`."""
    source = tree_of(places, packages["micropython"])
    trees = {variable: tree_of(places, packages[name]) for variable, name in TREES.items()}
    log = places.log / f"micropython-{target.name}.log"
    log.unlink(missing_ok=True)
    mapped = {work: "build", places.sources: "src", places.repository: "restante"}
    flags = [f"-ffile-prefix-map={path}={name}" for path, name in mapped.items()]
    with step(f"MicroPython for {target.name}", LINES) as shown:
        run(
            [
                "make",
                "-C",
                source / "ports" / "unix",
                JOBS,
                f"BUILD={work}",
                "PROG=restante",
                f"CROSS_COMPILE={target.prefix}",
                f"CFLAGS_EXTRA={shlex.join([*flags, *shlex.split(target.compile_flags)])}",
                f"LDFLAGS_EXTRA=-Wl,--build-id=none {target.link_flags}",
                f"MICROPY_MPYCROSS={compiler}",
                "MICROPY_MPYCROSS_DEPENDENCY=",
                f"VARIANT_DIR={places.firmware / 'variant'}",
                f"USER_C_MODULES={places.firmware / 'native'}",
                f"FROZEN_MANIFEST={places.firmware / 'variant' / 'manifest.py'}",
                *(f"{variable}={tree}" for variable, tree in trees.items()),
                *python(),
            ],
            log,
            extra=REPRODUCIBLE,
            deadline=DEADLINE,
            on_line=shown.line,
        )
        cache.install(work / "restante", folder / "restante")
        shown.done_as(f"{(folder / 'restante').stat().st_size:,} octets")


def python() -> list[str]:
    """Which Python runs MicroPython's own scripts: this one, not one that PATH happens to name."""
    return [f"PYTHON={sys.executable}"]
