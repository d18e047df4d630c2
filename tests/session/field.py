"""A box, its console on a line, and the tools at the line's end: real programs all."""

import os
import re
import subprocess
import sys
from pathlib import Path

from noisy_line import NoisyLine
from restante_tools.lab.controlsocket import PASSWORD
from serial_console import Console

HOST_TOOLS = Path(__file__).resolve().parents[2] / "host-tools"
SECONDS = 300  # of one tool; they take a few on an idle machine


class Field:
    """A box, its console on a line, and the tools at the line's end."""

    def __init__(self, box, folder, logged_in=True, **line):
        """`line`: options of NoisyLine."""
        self.box = box
        self.folder = folder
        self.console = Console(box.run)
        self.console.ready()
        if not logged_in:
            self.console.type(b"logout\r")
            self.console.until(re.escape(self.console.login))
        self.line = self._joined(**line)

    def _joined(self, **line):
        return NoisyLine(self.console.master, **line)

    def tool(self, *words, port=None, seconds=SECONDS):
        process = self.start(*words, port=port)
        output, error = process.communicate(timeout=seconds)
        return subprocess.CompletedProcess(words, process.returncode, output, error)

    def start(self, *words, port=None):
        environment = {**os.environ, "PYTHONPATH": str(HOST_TOOLS)}
        environment["RESTANTE_PORT"] = port or self.line.port
        environment["RESTANTE_CONSOLE_PASSWORD"] = PASSWORD
        return subprocess.Popen(
            [sys.executable, "-m", "restante_tools", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def file(self, *lines, name="file"):
        path = self.folder / name
        path.write_text("".join(line + "\n" for line in lines))
        return str(path)

    def script(self, *lines):
        return self.tool("console", "run", self.file(*lines, name="script"))

    def settings(self):
        ok, lines = self.box.console("show configuration")
        assert ok.startswith("+OK") and "NOT CONFIRMED" not in ok
        return lines

    def works(self):
        """A hand at the line finds a prompt and a console that answers."""
        self.line.close()
        self.console.seen = b""
        self.console.type(b"\x03")
        if self.console.until(rb"[>#] |login: ").endswith(b"login: "):
            self.console.log_in()
        self.console.type(b"ping\r")
        self.console.until(rb"ping\r\n\+OK ?\r\n")

    def close(self):
        if not self.line.closed:
            self.line.close()
        self.console.close()
