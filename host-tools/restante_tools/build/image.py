"""The disk image of a board: both slots filled, the data partition left empty.

Rule: a slot (kernel and root file system) above its budget is an error, with the figures.
"""

from __future__ import annotations

from pathlib import Path

from restante_tools.build.toolchain import fresh_folder
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step

SLOT = 4 * 1024 * 1024  # octets: what a slot of the smallest flash chip may take
DEADLINE = 300  # seconds; takes two


def slot_octets(output: Path) -> int:
    """What one slot holds, in octets; ToolError above the budget."""
    kernel = (output / "zImage").stat().st_size
    root = (output / "rootfs.sqfs").stat().st_size
    if kernel + root > SLOT:
        raise ToolError(
            f"the slot takes {kernel + root:,} octets, {kernel + root - SLOT:,} over its "
            f"{SLOT:,}: kernel {kernel:,}, root file system {root:,}",
            "something large was added to the kernel, to busybox or to the firmware",
            "compare build/virt/config and `unsquashfs -lls` with an earlier build",
        )
    return kernel + root


def image(places: Places, board: str) -> Path:
    """Write the disk image of `board` beside its parts."""
    output = places.output(board)
    used = slot_octets(output)
    with step("disk image") as shown:
        work = fresh_folder(places.work / f"image-{board}")
        (work / "empty").mkdir()
        run(
            [
                "genimage",
                *("--config", places.board / board / "genimage.cfg"),
                *("--rootpath", work / "empty", "--tmppath", work / "tmp"),
                *("--inputpath", output, "--outputpath", work),
            ],
            places.log / "image.log",
            deadline=DEADLINE,
        )
        finished = output / f"restante-{board}.img"
        (work / finished.name).replace(finished)
        shown.done_as(f"slot {used:,} of {SLOT:,} octets")
    return finished
