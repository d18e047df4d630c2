"""What U-Boot finds on the disk: its script on a small file system, and the first boot record.

Rule: the same bytes at every build; the record is the firmware's own code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from restante.box import bootrecord as firmware_bootrecord

from restante_tools.places import Places
from restante_tools.processes import run

bootrecord: Any = firmware_bootrecord  # the box's Python carries no types

HEAD = "boot-head.cmd"  # a board's own
SCRIPT = "boot.cmd"  # of all boards
FILE_SYSTEM_KIB = 1024  # ext2, which every U-Boot reads; the script is 6 kB
IDENTITY = "6d6b2f4a-52a1-4b5c-9d0e-626f6f740000"
HASH_SEED = "6d6b2f4a-52a1-4b5c-9d0e-626f6f740001"
FIXED_TIME = "1735689600"  # 2025-01-01
RECORD_FILE = "record.bin"
DEADLINE = 60  # seconds; takes one


def write_parts(places: Places, board: str, folder: Path) -> None:
    """Write `boot.ext2` and the partition `record` into `folder`, for genimage."""
    write_record(folder / RECORD_FILE)
    write_boot(places, board, folder)


def write_record(target: Path) -> None:
    """Both copies, though one would do: a bad sector in the first start costs nothing then."""
    first = bootrecord.made()
    octets = bytearray(bootrecord.PLACES[1] + bootrecord.SECTOR_OCTETS)
    for place in bootrecord.PLACES:
        octets[place : place + bootrecord.SECTOR_OCTETS] = bootrecord.pack(first)
    target.write_bytes(octets)


def write_boot(places: Places, board: str, folder: Path) -> None:
    """Write the file system with `boot.scr`, made of the board's head and the common script."""
    text, script = folder / SCRIPT, folder / "boot.scr"
    pieces = (places.board / board / HEAD, places.board / "common" / SCRIPT)
    text.write_text("".join(piece.read_text(encoding="utf-8") for piece in pieces), "utf-8")
    log = places.log / "image.log"
    fixed = {
        "SOURCE_DATE_EPOCH": FIXED_TIME,
        "E2FSPROGS_FAKE_TIME": FIXED_TIME,
        "MKE2FS_CONFIG": "/dev/null",
    }
    run(
        [
            *("mkimage", "-A", "arm", "-O", "linux", "-T", "script", "-C", "none"),
            *("-n", "Restante", "-d", text, script),
        ],
        log,
        extra=fixed,
        deadline=DEADLINE,
    )
    script.chmod(0o644)
    target = folder / "boot.ext2"
    target.unlink(missing_ok=True)
    run(
        [
            *("/usr/sbin/mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", "-I", "128"),
            *("-O", "none,filetype", "-U", IDENTITY, "-m", "0", "-N", "16", "-L", "boot"),
            *("-E", f"hash_seed={HASH_SEED},root_owner=0:0", target, str(FILE_SYSTEM_KIB)),
        ],
        log,
        extra=fixed,
        deadline=DEADLINE,
    )
    # Not by `mke2fs -d`, which copies the file's times of this machine.
    run(
        ["/usr/sbin/debugfs", "-w", "-R", f"write {script} boot.scr", target],
        log,
        extra=fixed,
        deadline=DEADLINE,
    )
