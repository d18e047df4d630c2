"""What U-Boot finds on the disk: its script on a small file system, and the first boot record.

Rule: the same bytes at every build; the record is the firmware's own code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from restante.box import bootrecord as firmware_bootrecord

from restante_tools.build.toolchain import fresh_folder
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run

bootrecord: Any = firmware_bootrecord  # the box's Python carries no types

HEAD = "boot-head.cmd"  # a board's own
SCRIPT = "boot.cmd"  # of all boards
FILE_SYSTEM_KIB = 1024  # ext2, which every U-Boot reads; the script is 6 kB
IDENTITY = "6d6b2f4a-52a1-4b5c-9d0e-626f6f740000"
HASH_SEED = "6d6b2f4a-52a1-4b5c-9d0e-626f6f740001"
FIXED_TIME = "1735689600"  # 2025-01-01
BOOT_FILE = "boot.ext2"  # as genimage.cfg names them
RECORD_FILE = "record.bin"
DEADLINE = 60  # seconds; takes one


def boot_parts(places: Places, board: str, folder: Path) -> list[Path]:
    """Write what the partitions `boot` and `record` hold into `folder`: the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    system, record = folder / BOOT_FILE, folder / RECORD_FILE
    write_boot(places, board, system)
    write_record(record)
    return [system, record]


def write_record(target: Path) -> None:
    """Both copies say the same, though one would do: the first bad sector costs nothing then."""
    first = bootrecord.made()
    octets = bytearray(bootrecord.PLACES[1] + bootrecord.SECTOR_OCTETS)
    for place in bootrecord.PLACES:
        octets[place : place + bootrecord.SECTOR_OCTETS] = bootrecord.pack(first)
    target.write_bytes(octets)


def write_boot(places: Places, board: str, target: Path) -> None:
    """A file system with `boot.scr`: the board's head and the common script."""
    work = fresh_folder(places.work / f"boot-{board}")
    text, script, fresh = work / SCRIPT, work / "boot.scr", work / target.name
    pieces = (places.board / board / HEAD, places.board / "common" / SCRIPT)
    text.write_text("".join(piece.read_text(encoding="utf-8") for piece in pieces), "utf-8")
    mkimage = ("mkimage", "-A", "arm", "-O", "linux", "-T", "script", "-C", "none")
    tool(places, *mkimage, "-n", "Restante", "-d", text, script)
    script.chmod(0o644)
    tool(
        places,
        *("/usr/sbin/mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", "-I", "128"),
        *("-O", "none,filetype", "-U", IDENTITY, "-m", "0", "-N", "16", "-L", "boot"),
        *("-E", f"hash_seed={HASH_SEED},root_owner=0:0", fresh, str(FILE_SYSTEM_KIB)),
    )
    # Not by `mke2fs -d`, which copies the times of a file on this machine.
    tool(places, "/usr/sbin/debugfs", "-w", "-R", f"write {script} boot.scr", fresh)
    # debugfs ends with 0 whatever happened.
    kept = work / "kept"
    tool(places, "/usr/sbin/debugfs", "-R", f"dump boot.scr {kept}", fresh)
    if not kept.exists() or kept.read_bytes() != script.read_bytes():
        raise ToolError(
            "boot.scr could not be put on the boot partition",
            f"it takes more than {FILE_SYSTEM_KIB} KiB, or debugfs failed",
            f"read {places.log}/image.log",
        )
    fresh.replace(target)


def tool(places: Places, *words: str | Path) -> None:
    """Run one of them with the clock stopped."""
    fixed = {
        "SOURCE_DATE_EPOCH": FIXED_TIME,
        "E2FSPROGS_FAKE_TIME": FIXED_TIME,
        "MKE2FS_CONFIG": "/dev/null",
    }
    run(list(words), places.log / "image.log", extra=fixed, deadline=DEADLINE)
