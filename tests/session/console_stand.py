"""The control room in a process of its own, in the gate's place: see control_stand.py."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from serial_console import HERE, start


class Stand:
    """The control room in a process of its own; its folders may be read by the console's user."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="restante-console-"))
        self.folder.chmod(0o755)
        self.run = self.folder / "run"
        (self.run / "gate").mkdir(parents=True)
        (self.folder / "data").mkdir()
        self._process = None

    def start(self, *options):
        words = [
            str(HERE / "control_stand.py"),
            str(self.run),
            str(self.folder / "data"),
            *options,
        ]
        self._process = start(words, stdout=subprocess.PIPE)
        self.heard("ready")

    def heard(self, word):
        """Waits for a line of the stand's."""
        assert self._process.stdout.readline() == word.encode() + b"\n"

    def kill(self):
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder)
