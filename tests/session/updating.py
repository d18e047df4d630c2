"""A box whose gate is handed signature sets by the tests (updating_gate.py)."""

import os
import shutil
from pathlib import Path

from boxes import Box

GATE_UID = 100
GATE = Path(__file__).resolve().parent / "updating_gate.py"


class UpdatingBox(Box):
    """`outcomes()`: what became of each set that was handed over."""

    def words(self, name):
        return [str(GATE)] if name == "gate" else super().words(name)

    @property
    def sets(self):
        return self.data / "signatures"

    def outcomes(self):
        lines = (self.folder / "gate.log").read_text().splitlines()
        return [line.split(" ", 1)[1] for line in lines if line.startswith("updating: ")]

    def hand_over(self, path):
        """The outcome, as soon as the gate says it."""
        before = len(self.outcomes())
        part = self.sets / "part"
        shutil.copyfile(path, part)
        if os.getuid() == 0:
            os.chown(part, GATE_UID, GATE_UID)
        part.rename(self.sets / "offered")
        self.until(lambda: len(self.outcomes()) > before, "what becomes of the set")
        return self.outcomes()[-1]

    def in_use(self):
        """The name of the set, as the console says it."""
        (row,) = (row for row in self.status() if row.startswith("bundle"))
        return row.split()[1].rstrip(",")

    def judged(self):
        """Fields of each decision in the log, oldest first."""
        lines = [line for line in self.log().split("\n") if "message.judged" in line]
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
