"""`restante console` in a terminal window: a pty, and somebody who types and reads."""

import os
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

HOST_TOOLS = Path(__file__).resolve().parents[2] / "host-tools"
SECONDS = 60  # for one command; they take milliseconds on an idle machine


class Terminal:
    """The tool on a pty, as in a terminal window."""

    def __init__(self, *words, env=None):
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "restante_tools", "console", *words],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, "PYTHONPATH": str(HOST_TOOLS), **(env or {})},
        )
        self.seen = b""

    def type(self, data):
        """Types while reading what is shown."""
        end = time.monotonic() + SECONDS
        while data:
            assert time.monotonic() < end, self.seen[-300:]
            readable, writable, _ = select.select([self.master], [self.master], [], 1)
            if readable:
                self.seen += os.read(self.master, 65536)
            if writable:
                data = data[os.write(self.master, data[:256]) :]

    def until(self, wanted):
        end = time.monotonic() + SECONDS
        while not (found := re.search(wanted, self.seen)):
            left = end - time.monotonic()
            assert left > 0, (wanted, self.seen[-500:])
            if select.select([self.master], [], [], left)[0]:
                self.seen += os.read(self.master, 65536)
        shown, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return shown

    def ended(self):
        """Its exit code; the terminal is as it was before."""
        code = self.process.wait(SECONDS)
        assert termios.tcgetattr(self.slave) == self.before
        return code

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)
