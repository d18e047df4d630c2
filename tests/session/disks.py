"""A small file system for the gate's data, which only the gate sees, as the data partition.

It lies in a mount namespace of its own, so that it can be full or read-only without harm to the
machine; root is not needed.
"""

import os
import subprocess
from pathlib import Path

from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline

START_SECONDS = 20.0
# Whoever is not root is root in a namespace of users as well.
RIGHTS = () if os.geteuid() == 0 else ("-r",)
SAME_RIGHTS = () if os.geteuid() == 0 else ("-U", "--preserve-credentials")


class Disk:
    """A tmpfs on `folder`; `options` as mount(8) has them, such as "size=6m"."""

    def __init__(self, folder, options):
        self._folder = folder
        script = 'mount -t tmpfs -o "$2",mode=755 none "$1" && touch "$1/.mounted" && '
        script += "exec tail -f /dev/null"
        words = ("unshare", *RIGHTS, "-m", "sh", "-c", script, "sh", str(folder), options)
        self._holder = Child("disk", words, folder.parent / "disk.log")
        pid = self._holder.pid
        self.path = Path(f"/proc/{pid}/root") / folder.relative_to("/")
        self.inside = ("nsenter", "-t", str(pid), *SAME_RIGHTS, "-m", "--")
        Deadline(START_SECONDS, "no right to mount", str(self._holder.log)).wait(
            (self.path / ".mounted").exists, "mount of the disk"
        )
        (self.path / ".mounted").unlink()

    def remount(self, options):
        words = ("mount", "-o", f"remount,{options}", str(self._folder))
        subprocess.run([*self.inside, *words], check=True, capture_output=True)

    def stop(self):
        self._holder.stop()
