"""busybox for the box: allnoconfig plus the fragment, static against musl."""

from __future__ import annotations

import sys
from pathlib import Path

from restante_tools.build import cache
from restante_tools.build.inputs import Inputs
from restante_tools.build.kernel import lost_lines, options
from restante_tools.build.toolchain import JOBS, Toolchain, fresh_folder
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step
from restante_tools.sources.lock import Package
from restante_tools.sources.unpack import tree_of

DEADLINE = 900  # seconds; 20 s on two cores
LINES = 330  # lines that the build prints
EPOCH = "1735689600"  # 2025-01-01: busybox prints its build date unless told one


def busybox(
    places: Places, packages: dict[str, Package], tools: Toolchain, use_cache: bool = True
) -> Path:
    """The folder with `busybox` and `links`, the names that it is called by."""
    fragment = places.board / "common" / "busybox.fragment"
    key = (
        Inputs()
        .package(packages["busybox"])
        .text("toolchain", tools.key)
        .text("options", options(fragment.read_text(encoding="utf-8")))
        .recipe(sys.modules[__name__])
        .key()
    )

    def make(folder: Path) -> None:
        build(places, packages, tools, fragment, folder)

    return cache.part(places, "busybox", key, make, use_cache)


def build(
    places: Places,
    packages: dict[str, Package],
    tools: Toolchain,
    fragment: Path,
    folder: Path,
) -> None:
    """Configure, check, compile; the result goes to `folder`."""
    source = tree_of(places, packages["busybox"])
    work = fresh_folder(places.work / "busybox")
    log = places.log / "busybox.log"
    log.unlink(missing_ok=True)
    make: list[str | Path] = ["make", "-C", source, f"O={work}", f"CROSS_COMPILE={tools.prefix}"]
    flags = f"-ffile-prefix-map={source}=busybox -ffile-prefix-map={work}=busybox"
    extra = {"SOURCE_DATE_EPOCH": EPOCH}
    wanted = fragment.read_text(encoding="utf-8")
    with step("busybox", LINES) as shown:
        run([*make, "allnoconfig"], log, extra=extra, deadline=DEADLINE)
        config = work / ".config"
        config.write_text(merged(config.read_text(encoding="utf-8"), wanted), encoding="utf-8")
        run([*make, "oldconfig"], log, extra=extra, deadline=DEADLINE)
        lost = lost_lines(wanted, config.read_text(encoding="utf-8"))
        if lost:
            raise ToolError(
                "busybox's configuration dropped: " + ", ".join(lost),
                "an option depends on another one that is not set",
                "look the option up in busybox's Config.in files, correct the fragment",
            )
        run(
            [*make, JOBS, f"EXTRA_CFLAGS={flags}", "busybox", "busybox.links"],
            log,
            extra=extra,
            deadline=DEADLINE,
            on_line=shown.line,
        )
        cache.install(work / "busybox", folder / "busybox")
        cache.install(work / "busybox.links", folder / "links")
        shown.done_as(f"{(folder / 'busybox').stat().st_size:,} octets")


def merged(config: str, fragment: str) -> str:
    """A complete .config with the fragment's lines in place of its own.

    busybox's configurator is old: it reads no fragment, and takes the first of two lines.
    """
    lines = [line for line in fragment.splitlines() if line.startswith("CONFIG_")]
    names = {line.partition("=")[0] for line in lines}
    kept = [
        line
        for line in config.splitlines()
        if line.removeprefix("# ").partition(" is not set")[0].partition("=")[0] not in names
    ]
    return "\n".join(kept + [line for line in lines if not line.endswith("=n")]) + "\n"
