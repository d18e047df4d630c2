"""The built image: its files, a copy of its disk for one run, settings put in beforehand.

Rule: the built image is only read. Whatever the box writes goes into the copy of its run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restante.box import places as firmware_places

from restante_tools.build import data_partition
from restante_tools.errors import ToolError
from restante_tools.lab import sealed
from restante_tools.lab.gpt import SECTOR
from restante_tools.places import Places

box_places: Any = firmware_places  # the box's Python carries no types

# Free space that a run needs beside the disk's own blocks: logs and mail.
SPARE_OCTETS = 256 * 1024 * 1024
TOOL_SECONDS = 60


@dataclass(frozen=True)
class Image:
    """Files of one board's image."""

    kernel: Path
    root: Path
    disk: Path

    @classmethod
    def of(cls, places: Places, board: str = "virt") -> Image:
        """The image in the build folder; ToolError if it has not been built."""
        output = places.output(board)
        image = cls(output / "zImage", output / "rootfs.sqfs", output / f"restante-{board}.img")
        for path in (image.kernel, image.root, image.disk):
            if not path.exists():
                raise ToolError(
                    f"{path.relative_to(places.repository)} is missing",
                    "the image has not been built, or only in part",
                    "make image",
                )
        return image

    def slot_octets(self) -> int:
        """What one slot holds: kernel and root file system."""
        return self.kernel.stat().st_size + self.root.stat().st_size


def copy_disk(disk: Path, target: Path) -> None:
    """A copy; holes stay holes, and where the file system can, nothing is copied."""
    needed = disk.stat().st_blocks * SECTOR + SPARE_OCTETS
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise ToolError(
            f"{target.parent} has {free >> 20} MB free, a run needs {needed >> 20} MB",
            "the disk is full",
            "make room, or `make clean`",
        )
    tool(["cp", "--sparse=always", "--reflink=auto", str(disk), str(target)])


def put_data(
    disk: Path, lines: Sequence[str], folder: Path, files: Mapping[str, Path] | None = None
) -> None:
    """Make the data partition as the box does, with this settings file in it; the box grows it.

    `files`: more of them by their path on it; they and their folders belong to the gate.
    """
    content = folder / "data"
    content.mkdir()
    (content / "settings").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    octets = 0
    for name, source in (files or {}).items():
        target = content / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        octets += target.stat().st_size
        for path in (target, target.parent):
            os.chown(path, box_places.GATE_UID, box_places.GATE_UID)
    plain = folder / "data.ext4"
    blocks = data_partition.BLOCKS + octets // data_partition.BLOCK
    words = data_partition.command(plain, "-d", content, blocks=blocks)
    tool([str(word) for word in words])
    sealed.seal(disk, plain.read_bytes())


def read_data(disk: Path, path: str, target: Path) -> bytes:
    """A file of the data partition of a box that has been switched off."""
    plain = target.with_name(target.name + ".ext4")
    sealed.open_to(disk, plain)
    tool(["debugfs", "-R", f"dump {path} {target}", str(plain)])
    return target.read_bytes()


def repair(plain: Path) -> None:
    """Replay the journal of a file system that was cut off; then nothing may be wrong with it.

    `-p` does what a mount does and refuses anything worse.
    """
    tool(["e2fsck", "-fp", str(plain)], good=(0, 1))
    tool(["e2fsck", "-fn", str(plain)])


def read_out(plain: Path, folder: Path) -> None:
    """Copy all files of a file system into a new folder, without mounting it."""
    folder.mkdir()
    tool(["debugfs", "-R", f"rdump / {folder}", str(plain)])


def tool(words: Sequence[str], good: Sequence[int] = (0,)) -> str:
    """Run a short file-system tool; e2fsprogs lives outside a user's search path."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    try:
        done = subprocess.run(
            list(words),
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=False,
            env={**os.environ, "PATH": path},
        )
    except FileNotFoundError as error:
        raise ToolError(
            f"{words[0]} is not installed", "its package is missing", "run host-tools/setup"
        ) from error
    if done.returncode not in good:
        raise ToolError(
            f"{words[0]} failed with code {done.returncode}",
            (done.stderr or done.stdout).strip()[-800:],
            f"the command was: {' '.join(words)}",
        )
    return done.stdout
