"""Linux for one board: allnoconfig plus the fragments, and a check that every line took effect."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from restante_tools.build import cache
from restante_tools.build.inputs import Inputs
from restante_tools.build.toolchain import DEBIAN_PREFIX, JOBS, fresh_folder
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step
from restante_tools.sources.fetch import require_space
from restante_tools.sources.lock import Package
from restante_tools.sources.unpack import tree_of

LINUX = "linux-source-6.12"
DEADLINE = 3600  # seconds; 6 to 12 minutes on two cores
LINES = 1433  # lines that the build prints: the length of the progress bar
SPACE = 400_000_000  # bytes of object files: 91 MB, and room for what the linker writes
# The same bytes wherever and whenever it is built.
REPRODUCIBLE = {
    "KBUILD_BUILD_TIMESTAMP": "2025-01-01 00:00:00 UTC",
    "KBUILD_BUILD_USER": "restante",
    "KBUILD_BUILD_HOST": "restante",
    "KBUILD_BUILD_VERSION": "1",
}


def joined(places: Places, board: str) -> str:
    """The text that describes the kernel: what is common, then the board's hardware."""
    files = [places.board / room / "kernel.fragment" for room in ("common", board)]
    return "".join(file.read_text(encoding="utf-8") for file in files)


def options(fragment: str) -> str:
    """A fragment without its reasons: rewording one needs no new kernel."""
    return "".join(line + "\n" for line in fragment.splitlines() if line.startswith("CONFIG_"))


def kernel(
    places: Places, packages: dict[str, Package], board: str, use_cache: bool = True
) -> Path:
    """The folder with `zImage` and `config` of `board`'s kernel."""
    key = (
        Inputs()
        .package(packages[LINUX])
        .compiler(DEBIAN_PREFIX + "gcc")
        .compiler(DEBIAN_PREFIX + "ld")
        .text("options", options(joined(places, board)))
        .recipe(sys.modules[__name__])
        .key()
    )

    def make(folder: Path) -> None:
        build(places, packages, board, folder)

    return cache.part(places, f"kernel-{board}", key, make, use_cache)


def build(places: Places, packages: dict[str, Package], board: str, folder: Path) -> None:
    """Configure, check, compile; the result goes to `folder`."""
    require_space(places.work, SPACE, "building the kernel")
    source = tree_of(places, packages[LINUX])
    work = fresh_folder(places.work / f"kernel-{board}")
    fragment = work / "fragment"
    text = joined(places, board)
    fragment.write_text(text, encoding="utf-8")
    log = places.log / f"kernel-{board}.log"
    log.unlink(missing_ok=True)
    make: list[str | Path] = [
        "make",
        "-C",
        source,
        f"O={work}",
        "ARCH=arm",
        f"CROSS_COMPILE={DEBIAN_PREFIX}",
    ]
    with step("kernel configuration"):
        configure = [*make, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"]
        run(configure, log, extra=REPRODUCIBLE, deadline=DEADLINE)
        run([*make, "olddefconfig"], log, extra=REPRODUCIBLE, deadline=DEADLINE)
        refuse_lost_lines(text, (work / ".config").read_text(encoding="utf-8"))
    with step("kernel", LINES) as shown:
        image = work / "arch" / "arm" / "boot" / "zImage"
        run(
            [*make, JOBS, "zImage"],
            log,
            extra=REPRODUCIBLE,
            deadline=DEADLINE,
            on_line=shown.line,
        )
        cache.install(image, folder / "zImage")
        cache.install(work / ".config", folder / "config")
        shown.done_as(f"{image.stat().st_size:,} octets")


def refuse_lost_lines(fragment: str, config: str) -> None:
    """ToolError unless every line of the fragment is in the finished configuration."""
    lost = lost_lines(fragment, config)
    if lost:
        raise ToolError(
            "the kernel's configuration dropped: " + ", ".join(lost),
            "an option depends on another one that is not set, or the series renamed it",
            "look the option up in the kernel's Kconfig files, correct board/*/kernel.fragment",
        )


def lost_lines(fragment: str, config: str) -> list[str]:
    """Lines of a fragment that a finished .config does not say."""
    has = set(config.splitlines())
    on = {match[1] for match in re.finditer(r"^(CONFIG_\w+)=", config, re.MULTILINE)}
    lost = []
    for line in fragment.splitlines():
        if not line.startswith("CONFIG_"):
            continue
        name, _, value = line.partition("=")
        if (name in on) if value == "n" else (line not in has):
            lost.append(line)
    return lost
