"""A file system of its own for the gate's data, as the data partition, and how it fails.

It lies in a mount namespace of its own, so that it can be full, read-only or broken without harm
to the machine.  A box is given `tmpfs(options)`, which needs no root, or `Ext4`.
"""

import contextlib
import os
import subprocess
from functools import partial
from pathlib import Path

from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline

START_SECONDS = 60.0
# Whoever is not root is root in a namespace of users as well.
RIGHTS = () if os.geteuid() == 0 else ("-r",)
SAME_RIGHTS = () if os.geteuid() == 0 else ("-U", "--preserve-credentials")


class Disk:
    """Mounted on `folder` by a shell script, which gets `words` as $1, $2, ..."""

    def __init__(self, folder, script, *words):
        stays = f"{script} && touch {folder}/.mounted && exec tail -f /dev/null"
        self._holder = Child(
            "disk",
            ("unshare", *RIGHTS, "-m", "sh", "-ec", stays, "sh", *words),
            folder.parent / "disk.log",
        )
        self.folder = folder
        self._proc = Path(f"/proc/{self._holder.pid}")
        self.path = self.seen(folder)  # where we see what is mounted
        self.inside = ("nsenter", "-t", str(self._holder.pid), *SAME_RIGHTS, "-m", "--")
        Deadline(START_SECONDS, "no right to mount", str(self._holder.log)).wait(
            (self.path / ".mounted").exists, "mount of the disk"
        )
        (self.path / ".mounted").unlink()

    def seen(self, path):
        return self._proc / "root" / path.relative_to("/")

    def run(self, *words):
        subprocess.run([*self.inside, *map(str, words)], check=True, capture_output=True)

    def stop(self):
        self._holder.stop()


def tmpfs(options):
    """`options` as mount(8) has them, such as "size=6m"."""
    return partial(_tmpfs, options=options)


def _tmpfs(folder, options):
    script = 'mount -t tmpfs -o "$2",mode=755 none "$1"'
    return Disk(folder, script, str(folder), options)


def fill(path):
    """A file that takes what is left, to the last octet."""
    with path.open("wb", buffering=0) as f:
        for piece in (65536, 1):
            with contextlib.suppress(OSError):
                while True:
                    f.write(b"x" * piece)
    return path


class Ext4(Disk):
    """As on the box.  Its block device has no more room than a tmpfs gives it.  Needs root."""

    OPTIONS = "loop,errors=remount-ro"

    def __init__(self, folder):
        self._backing = folder.parent / "backing"
        self._backing.mkdir()
        self._image = self._backing / "image"
        super().__init__(
            folder,
            'mount -t tmpfs -o size=48m none "$2" && truncate -s 64M "$3" && '
            'mkfs.ext4 -q -F "$3" && mount -o "$4" "$3" "$1" && chmod 755 "$1"',
            *map(str, (folder, self._backing, self._image, self.OPTIONS)),
        )

    def become_read_only(self):
        """What the kernel does when it finds the file system damaged."""
        Path(f"/sys/fs/ext4/{self._device()}/trigger_fs_error").write_text("1")

    def refuse_writes(self):
        """From now on the device answers each write of a new block with an I/O error."""
        fill(self.seen(self._backing) / "filler")

    def _device(self):
        for line in (self._proc / "mountinfo").read_text().splitlines():
            words = line.split()
            if words[4] == str(self.folder):
                return Path(words[-2]).name
        raise AssertionError("not mounted")

    def repair(self):
        """As at the next start of the box; nobody uses it now."""
        (self.seen(self._backing) / "filler").unlink(missing_ok=True)
        self.run("umount", self.folder)
        self.run("sh", "-c", f"e2fsck -fy {self._image} || test $? -le 2")
        self.run("mount", "-o", self.OPTIONS, self._image, self.folder)
