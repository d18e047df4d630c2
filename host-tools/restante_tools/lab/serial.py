"""The box's serial line: read until something is seen, write, keep everything in a log.

Rule: several programs of the box write to this line. Whole records of its log are taken out
before anything is looked for, since they may come in the middle of what the console shows.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path

from restante_tools.lab.deadline import Deadline

READ_OCTETS = 4096
RECORD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (?:error|warning|info|debug) [^\n]*\n")


class SerialLine:
    """A connection to the unix socket behind which QEMU keeps the box's first UART."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        deadline.wait(lambda: self._connected(path), "the serial line")
        self._seen = b""

    def _connected(self, path: Path) -> bool:
        try:
            self._socket.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def write(self, text: str) -> None:
        self._socket.sendall(text.encode("utf-8"))

    def expect(self, pattern: str, deadline: Deadline) -> re.Match[str]:
        """Read until the pattern is seen; what follows it stays for the next call."""
        while True:
            text = RECORD.sub("", self._seen.decode("utf-8", "replace"))
            match = re.search(pattern, text)
            if match is not None:
                self._seen = text[match.end() :].encode("utf-8")
                return match
            self._read(pattern, deadline)

    def until(self, pattern: str, deadline: Deadline) -> str:
        """What comes before the pattern, which is taken away with it."""
        found = self.expect(f"(?s)(.*?)(?:{pattern})", deadline)
        return found[1]

    def _read(self, pattern: str, deadline: Deadline) -> None:
        last = self._seen[-300:].decode("utf-8", "replace")
        if deadline.passed():
            raise deadline.error(f"{pattern!r} on the serial line (last seen: {last!r})")
        self._socket.settimeout(max(deadline.left(), 0.001))
        try:
            piece = self._socket.recv(READ_OCTETS)
        except TimeoutError:
            return
        if not piece:
            raise deadline.error(f"{pattern!r} on the serial line, which closed after {last!r}")
        self._seen += piece

    def close(self) -> None:
        self._socket.close()
