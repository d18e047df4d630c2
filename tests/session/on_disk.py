"""Runs a script of ours with the box's own interpreter, as the gate has it, on a real folder."""

import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAP = "heapsize=8m"  # as the gate has it on the box
SECONDS = 120
ENVIRONMENT = {
    "MICROPYPATH": f"{HERE.parents[1] / 'firmware'}:.frozen",
    "PATH": os.environ["PATH"],
}


class OnDisk:
    """`script`: a file beside this one."""

    def __init__(self, script):
        self._script = str(HERE / script)

    def command(self, *words):
        program = [os.environ["RESTANTE_NATIVE"], "-X", HEAP]
        return [*program, self._script, *map(str, words)]

    def output(self, *words, before=()):
        """What it printed; it must end well.  `before`: a command that runs it."""
        done = subprocess.run(
            [*before, *self.command(*words)],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, *words, before=()):
        """Its lines, in words."""
        return [line.split() for line in self.output(*words, before=before).splitlines()]
