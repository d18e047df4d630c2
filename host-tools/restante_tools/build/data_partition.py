"""The empty data partition: a small journalled ext4, the same bytes at every build.

The box writes it at first boot and grows it in place; so it needs no ext4 tools. The image
carries, and the box writes, only the beginning up to the last block that is not zero: behind it
lie free blocks and those of an empty journal, and there anything may stand.
"""

from __future__ import annotations

import lzma
from pathlib import Path

from restante_tools.places import Places
from restante_tools.processes import run

BLOCK = 4096  # octets
BLOCKS = 2560  # 10 MiB to begin with, written in a fraction of a second; 2 kB compressed
# One inode for 32 KiB once a group of 128 MiB is full size: growing keeps the number per group,
# and a message is a file.
INODES = 4096
LARGEST = 16 * 1024 * 1024  # blocks, 64 GiB: what growing in place must be able to reach
JOURNAL_MIB = 4  # holds seconds of our small, grouped changes; it does not grow later
RESERVED_PERCENT = 1  # for root, so that a full spool cannot stop start-up
IDENTITY = "6d6b2f4a-52a1-4b5c-9d0e-657874340000"
HASH_SEED = "6d6b2f4a-52a1-4b5c-9d0e-657874340001"
# Named in full: another release of mke2fs, or the machine's mke2fs.conf, must not change them.
FEATURES = (
    "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,flex_bg,sparse_super,"
    "large_file,huge_file,dir_nlink,extra_isize,metadata_csum"
)
FIXED_TIME = "1735689600"  # 2025-01-01
DEADLINE = 60  # seconds; takes one
# The box unpacks it with a dictionary of 256 KiB, not the 8 MiB of xz's default.
PRESET = 0


def command(image: Path, *more: str | Path, blocks: int = BLOCKS) -> list[str | Path]:
    """The words that make a file system, empty without `more`, in the file `image`."""
    return [
        "/usr/sbin/mke2fs",
        *("-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-I", "256", "-L", "data"),
        *("-O", FEATURES, "-U", IDENTITY, "-m", str(RESERVED_PERCENT)),
        *("-N", str(INODES), "-J", f"size={JOURNAL_MIB}"),
        *("-E", f"hash_seed={HASH_SEED},root_owner=0:0,resize={LARGEST},lazy_itable_init=0"),
        *more,
        *(image, str(blocks)),
    ]


def write_template(places: Places, target: Path) -> None:
    """Write the compressed empty file system to `target`."""
    image = places.work / "data.ext4"
    image.unlink(missing_ok=True)
    run(
        command(image),
        places.log / "image.log",
        extra={"E2FSPROGS_FAKE_TIME": FIXED_TIME, "MKE2FS_CONFIG": "/dev/null"},
        deadline=DEADLINE,
    )
    beginning = without_trailing_zeros(image.read_bytes())
    packed = lzma.compress(beginning, check=lzma.CHECK_CRC32, preset=PRESET)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(packed)
    image.unlink()


def without_trailing_zeros(image: bytes) -> bytes:
    """The image up to the end of its last block that holds anything."""
    used = len(image.rstrip(b"\0"))
    return image[: -(-used // BLOCK) * BLOCK]
