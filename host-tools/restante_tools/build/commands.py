"""The verbs `restante build TARGET` and `restante clean`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from restante_tools.build import buildroot, verify
from restante_tools.build.boards import BOARDS
from restante_tools.build.lock import build_lock
from restante_tools.build.targets import DEFAULT_BOARD, PARTS, Build
from restante_tools.places import Places
from restante_tools.progress import say
from restante_tools.sources.unpack import remove


def everything(build: Build) -> Path:
    """What a developer needs."""
    build.native_micropython()
    return build.image()


TARGETS: dict[str, tuple[str, Callable[[Build], object]]] = {
    "all": ("the image, and our interpreter for this machine", everything),
    "image": ("the bootable disk image and its bill of materials", Build.image),
    "rootfs": ("the root file system", Build.rootfs),
    "kernel": ("Linux for the box", Build.kernel),
    "device-tree": ("the board's device tree, if it needs one", Build.device_tree),
    "loader": ("U-Boot for the board, if it needs one", Build.loader),
    "busybox": ("busybox for the box", Build.busybox),
    "micropython": ("our interpreter for the box", Build.micropython),
    "toolchain": ("the compiler for the box, with musl", Build.tools),
    "native-micropython": (
        "our interpreter and mpy-cross for this machine",
        Build.native_micropython,
    ),
    "native-tests": ("the C test programs for this machine", Build.native_tests),
}

BOARD_OPTION = click.option(
    "--board", type=click.Choice(list(BOARDS)), default=DEFAULT_BOARD, show_default=True
)


@click.group(invoke_without_command=True)
@click.pass_context
def build(context: click.Context) -> None:
    """Build the image (all), or one part of it."""
    if context.invoked_subcommand is None:
        make("all", DEFAULT_BOARD, False)


def make(target: str, board: str, no_cache: bool) -> None:
    """Make one target, alone in the build folder."""
    places = Places()
    with build_lock(places):
        made = TARGETS[target][1](Build(places, board, PARTS if no_cache else frozenset()))
    if isinstance(made, Path):
        say(str(made.relative_to(places.repository)))


def target_verb(name: str, what: str) -> click.Command:
    """`restante build NAME`."""

    @click.command(name, help=what[0].upper() + what[1:] + ".")
    @BOARD_OPTION
    @click.option("--no-cache", is_flag=True, help="Make every part anew.")
    def verb(board: str, no_cache: bool) -> None:
        make(name, board, no_cache)

    return verb


@click.command("verify")
@BOARD_OPTION
@click.option("--kernel", is_flag=True, help="The kernel too: 15 minutes more.")
def verify_verb(board: str, kernel: bool) -> None:
    """Build twice in different folders; fail (3) if the results differ."""
    places = Places()
    with build_lock(places):
        verify.verify(places, board, kernel)


@click.command("buildroot")
@click.argument("checkout", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--full", is_flag=True, help="Build the image with it: hours, and downloads.")
def buildroot_verb(checkout: Path, full: bool) -> None:
    """Drive a Buildroot CHECKOUT with board/ as its external tree."""
    places = Places()
    with build_lock(places):
        buildroot.drive(places, checkout, full)


for _name, (_what, _) in TARGETS.items():
    build.add_command(target_verb(_name, _what))
build.add_command(verify_verb)
build.add_command(buildroot_verb)


@click.command()
def clean() -> None:
    """Delete what was built; the caches of sources and finished parts stay."""
    places = Places()
    kept = {places.build / name for name in ("cache", "venv", "unpacked", "lock", "setup.lock")}
    with build_lock(places):
        for entry in sorted(places.build.iterdir()):
            if entry in kept:
                continue
            if entry.is_dir() and not entry.is_symlink():
                remove(entry)
            else:
                entry.unlink()


VERBS: list[click.Command] = [build, clean]
