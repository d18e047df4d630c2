"""The compiler for the box: Debian's ARM gcc, turned to musl and the kernel's headers.

Makes `bin/box-gcc`, `box-ar` … with the processor's flags built in, so that musl, busybox and
MicroPython agree on them, and a sysroot of our own.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from restante_tools.build import cache
from restante_tools.build.inputs import Inputs
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step
from restante_tools.sources.lock import Package
from restante_tools.sources.unpack import remove, tree_of

DEBIAN_PREFIX = "arm-linux-gnueabihf-"
BINUTILS = ("ar", "as", "ld", "nm", "objcopy", "objdump", "ranlib", "readelf", "size", "strip")
# The slowest processor we build for; hard float; Thumb code is a third smaller than ARM code.
PROCESSOR = ("-mcpu=cortex-a7", "-mfpu=neon-vfpv4", "-mfloat-abi=hard", "-mthumb")
JOBS = "-j2"  # the project's reference machine has two cores
DEADLINE = 900  # seconds; musl takes 20 s, the headers 10 s


@dataclass(frozen=True)
class Toolchain:
    """A compiler in place."""

    prefix: str  # for CROSS_COMPILE=, ends with "box-"
    key: str  # over everything that it was made from


def sysroot_key(packages: dict[str, Package]) -> str:
    """Key of musl and the headers."""
    return (
        Inputs()
        .package(packages["musl"])
        .package(packages["linux-source-6.12"])
        .compiler(DEBIAN_PREFIX + "gcc")
        .compiler(DEBIAN_PREFIX + "ld")
        .recipe(sys.modules[__name__])
        .key()
    )


def specs_of(places: Places) -> Path:
    """The file that turns Debian's compiler to musl."""
    return places.board / "common" / "musl.specs"


def toolchain(places: Places, packages: dict[str, Package], use_cache: bool = True) -> Toolchain:
    """The compiler for the box, made if it is not there."""
    parts = sysroot_key(packages)
    key = Inputs().text("sysroot", parts).files(places.board, [specs_of(places)]).key()
    prefix = str(places.toolchain / "bin" / "box-")
    mark = places.toolchain / "key"
    if not mark.exists() or mark.read_text() != key + str(places.toolchain):

        def make(folder: Path) -> None:
            make_sysroot(places, packages, folder)

        sysroot = cache.part(places, "sysroot", parts, make, use_cache)
        put_in_place(places, sysroot)
        mark.write_text(key + str(places.toolchain))
    return Toolchain(prefix, key)


def make_sysroot(places: Places, packages: dict[str, Package], sysroot: Path) -> None:
    """Build musl and export the kernel's headers into `sysroot`/include and /lib."""
    linux = tree_of(places, packages["linux-source-6.12"])
    log = places.log / "toolchain.log"
    with step("kernel headers"):
        work = fresh_folder(places.work / "headers")
        run(
            [
                "make",
                "-C",
                linux,
                f"O={work}",
                "ARCH=arm",
                f"INSTALL_HDR_PATH={sysroot}",
                "headers_install",
            ],
            log,
            deadline=DEADLINE,
        )
    source = tree_of(places, packages["musl"])
    with step("musl"):
        work = fresh_folder(places.work / "musl")
        flags = ["-Os", *PROCESSOR, f"-ffile-prefix-map={source}=musl"]
        run(
            [
                source / "configure",
                "--target=arm-linux-gnueabihf",
                f"--prefix={sysroot}",
                "--disable-shared",
                "--disable-wrapper",
            ],
            log,
            folder=work,
            extra={"CC": DEBIAN_PREFIX + "gcc", "CFLAGS": " ".join(flags)},
            deadline=DEADLINE,
        )
        run(["make", JOBS, "install"], log, folder=work, deadline=DEADLINE)


def put_in_place(places: Places, sysroot: Path) -> None:
    """Copy the sysroot into the build folder and write the wrappers, which name it."""
    remove(places.toolchain)
    target = places.toolchain / "sysroot"
    shutil.copytree(sysroot, target, symlinks=True)
    template = specs_of(places).read_text(encoding="utf-8")
    lines = [line for line in template.splitlines() if not line.startswith("#")]
    specs = places.toolchain / "musl.specs"
    specs.write_text("\n".join(lines).lstrip().replace("@SYSROOT@", str(target)) + "\n")
    bin_folder = places.toolchain / "bin"
    bin_folder.mkdir()
    gcc = bin_folder / "box-gcc"
    words = " ".join(PROCESSOR)
    gcc.write_text(f'#!/bin/sh\nexec {DEBIAN_PREFIX}gcc -specs={specs} {words} "$@"\n')
    gcc.chmod(0o755)
    for name in BINUTILS:
        found = shutil.which(DEBIAN_PREFIX + name)
        if found is None:
            raise ToolError(
                f"{DEBIAN_PREFIX}{name} is not installed",
                "the package binutils-arm-linux-gnueabihf is missing",
                "run host-tools/setup",
            )
        os.symlink(found, bin_folder / f"box-{name}")


def fresh_folder(folder: Path) -> Path:
    """An empty folder."""
    remove(folder)
    folder.mkdir(parents=True)
    return folder
