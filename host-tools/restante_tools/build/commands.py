"""The verbs `restante build` and `restante clean`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from restante_tools.build.lock import build_lock
from restante_tools.build.targets import BOARDS, Build
from restante_tools.places import Places
from restante_tools.progress import say
from restante_tools.sources.unpack import remove

TARGETS: dict[str, tuple[str, Callable[[Build], object]]] = {
    "all": ("the image, and our programs for this machine", lambda b: everything(b)),
    "image": ("the bootable disk image and its bill of materials", Build.image),
    "kernel": ("Linux for the box", Build.kernel),
    "busybox": ("busybox for the box", Build.busybox),
    "toolchain": ("the compiler for the box, with musl", Build.tools),
    "micropython": ("our interpreter for the box", Build.micropython),
    "rootfs": ("the root file system", Build.rootfs),
    "native-micropython": ("our interpreter for this machine", Build.native_micropython),
}


def everything(build: Build) -> None:
    """What a developer needs."""
    build.native_micropython()
    build.image()


def help_text() -> str:
    """The targets, one a line."""
    lines = [f"  {name:<20} {what}" for name, (what, _) in TARGETS.items()]
    return "Build a TARGET (all).\n\n\b\n" + "\n".join(lines)


@click.command(help=help_text())
@click.argument("target", type=click.Choice(list(TARGETS)), default="all")
@click.option("--board", type=click.Choice(BOARDS), default=BOARDS[0], show_default=True)
@click.option("--no-cache", is_flag=True, help="Make every part anew.")
def build(target: str, board: str, no_cache: bool) -> None:
    places = Places()
    with build_lock(places):
        made = TARGETS[target][1](Build(places, board, use_cache=not no_cache))
    if isinstance(made, Path):
        say(str(made.relative_to(places.repository)))


@click.command()
def clean() -> None:
    """Delete what was built; the caches of sources and finished parts stay."""
    places = Places()
    kept = {places.build / "cache", places.build / "venv", places.build / "lock"}
    with build_lock(places):
        for entry in sorted(places.build.iterdir()):
            if entry in kept:
                continue
            if entry.is_dir() and not entry.is_symlink():
                remove(entry)
            else:
                entry.unlink()


VERBS: list[click.Command] = [build, clean]
