"""The device tree of a board, from the kernel's own source: both change together.

Rule: it lies behind the kernel in the same file, so that a slot is complete.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from restante_tools.build import cache
from restante_tools.build.inputs import Inputs
from restante_tools.build.kernel import LINUX, REPRODUCIBLE, joined, options, refuse_lost_lines
from restante_tools.build.toolchain import DEBIAN_PREFIX, fresh_folder
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step
from restante_tools.sources.lock import Package
from restante_tools.sources.unpack import tree_of

DEADLINE = 600  # seconds; takes thirty, most of them for the compiler of trees
# Where a zImage says its magic number, its begin and its end (arch/arm/boot/compressed/head.S).
ZIMAGE_WORDS, ZIMAGE_MAGIC = 0x24, 0x016F2818


def device_tree(
    places: Places, packages: dict[str, Package], board: str, name: str, use_cache: bool = True
) -> Path:
    """The compiled tree of `board`."""
    key = (
        Inputs()
        .package(packages[LINUX])
        .compiler(DEBIAN_PREFIX + "gcc")
        .text("options", options(joined(places, board)))
        .text("name", name)
        .recipe(sys.modules[__name__])
        .key()
    )

    def make(folder: Path) -> None:
        build(places, packages, board, name, folder)

    return cache.part(places, f"devicetree-{board}", key, make, use_cache) / "board.dtb"


def build(
    places: Places, packages: dict[str, Package], board: str, name: str, folder: Path
) -> None:
    """Compile it with the compiler of trees that comes with the kernel.

    The kernel's configuration is needed for it, and checked here too: in a minute, not in ten.
    """
    source = tree_of(places, packages[LINUX])
    work = fresh_folder(places.work / f"devicetree-{board}")
    fragment = work / "fragment"
    fragment.write_text(joined(places, board), encoding="utf-8")
    log = places.log / f"devicetree-{board}.log"
    log.unlink(missing_ok=True)
    make: list[str | Path] = ["make", "-C", source, f"O={work}", "ARCH=arm"]
    make += [f"CROSS_COMPILE={DEBIAN_PREFIX}"]
    with step("device tree"):
        configure = [*make, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"]
        run(configure, log, extra=REPRODUCIBLE, deadline=DEADLINE)
        run([*make, "olddefconfig"], log, extra=REPRODUCIBLE, deadline=DEADLINE)
        refuse_lost_lines(joined(places, board), (work / ".config").read_text(encoding="utf-8"))
        run([*make, f"{name}.dtb"], log, extra=REPRODUCIBLE, deadline=DEADLINE)
        made = work / "arch" / "arm" / "boot" / "dts" / f"{name}.dtb"
        cache.install(made, folder / "board.dtb")


def join(kernel: Path, tree: Path, target: Path) -> Path:
    """Kernel and tree as one file: the tree begins where the zImage says that it ends.

    So a slot holds both, and U-Boot's script finds the tree in what it loaded.
    """
    code = kernel.read_bytes()
    magic, begin, end = struct.unpack_from("<3I", code, ZIMAGE_WORDS)
    if magic != ZIMAGE_MAGIC or end - begin != len(code):
        raise ToolError(
            f"{kernel.name} does not say where it ends",
            "this series of the kernel has another header",
            "compare arch/arm/boot/compressed/head.S with build/devicetree.py",
        )
    fresh = target.with_name(f".{target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_bytes(code + tree.read_bytes())
    return fresh.replace(target)
