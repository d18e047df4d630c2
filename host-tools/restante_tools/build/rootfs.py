"""The root file system: overlays, busybox and our program, the same bytes at every build.

Rule: every file's mode is set here, never taken from the builder's umask or checkout; all belongs
to root; times are fixed.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from restante_tools.build.data_partition import write_template
from restante_tools.build.inputs import files_of
from restante_tools.build.toolchain import fresh_folder
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step

MOUNT_POINTS = ("data", "dev", "proc", "run", "sys", "tmp")
FIXED_TIME = "1735689600"  # 2025-01-01
BLOCK = "128K"  # what one page fault unpacks: larger is smaller on flash and slower to start
DEADLINE = 300  # seconds; takes two


@dataclass(frozen=True)
class Contents:
    """What goes into a root file system besides the overlays."""

    busybox: Path  # the program
    links: Path  # its names, one a line
    restante: Path  # our interpreter with the frozen program
    signatures: Path  # the factory set, compiled
    keys: Path  # the key set: whose bundles are trusted
    roots: Path  # certificates of public CAs: whose servers are


def stage(places: Places, board: str, contents: Contents, tree: Path) -> None:
    """Lay the whole tree out in the empty folder `tree`."""
    for room in ("common", board):
        lay_overlay(places.board / room / "overlay", tree)
    for name in MOUNT_POINTS:
        (tree / name).mkdir(exist_ok=True)
    put(contents.busybox, tree / "bin" / "busybox", 0o755)
    for line in contents.links.read_text(encoding="utf-8").split():
        link = tree / line.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("/bin/busybox")
    put(contents.restante, tree / "usr" / "bin" / "restante", 0o755)
    put(contents.signatures, tree / "usr" / "share" / "restante" / "factory.sig", 0o644)
    put(contents.keys, tree / "usr" / "share" / "restante" / "keys", 0o644)
    put(contents.roots, tree / "usr" / "share" / "restante" / "roots", 0o644)
    write_template(places, tree / "usr" / "share" / "restante" / "data.ext4.xz")
    for folder in [tree, *(path for path in tree.rglob("*") if path.is_dir())]:
        if not folder.is_symlink():
            folder.chmod(0o755)
    (tree / "usr" / "share" / "restante" / "data.ext4.xz").chmod(0o644)


def lay_overlay(overlay: Path, tree: Path) -> None:
    """Copy an overlay's files and links; programs stay programs, all else is only readable."""
    links = [path for path in overlay.rglob("*") if path.is_symlink()]
    for source in [*files_of(overlay), *links]:
        target = tree / source.relative_to(overlay)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            if not target.is_symlink():
                target.symlink_to(os.readlink(source))
        else:
            put(source, target, 0o755 if source.stat().st_mode & 0o100 else 0o644)


def put(source: Path, target: Path, mode: int) -> None:
    """Copy one file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def rootfs(places: Places, board: str, contents: Contents, target: Path) -> None:
    """Write the root file system of `board` to `target`."""
    with step("root file system") as shown:
        tree = fresh_folder(places.work / f"rootfs-{board}")
        stage(places, board, contents, tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}")
        fresh.unlink(missing_ok=True)
        run(
            [
                "mksquashfs",
                *(tree, fresh, "-noappend", "-no-progress", "-comp", "xz"),
                *("-Xbcj", "armthumb", "-b", BLOCK, "-all-root", "-no-xattrs", "-no-exports"),
                *("-mkfs-time", FIXED_TIME, "-all-time", FIXED_TIME, "-processors", "1"),
            ],
            places.log / "image.log",
            deadline=DEADLINE,
        )
        fresh.replace(target)
        shown.done_as(f"{target.stat().st_size:,} octets")
