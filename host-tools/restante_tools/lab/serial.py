"""The box's serial line: read until something is seen, write.

Rule: it is read all the time, by a thread: a line that nobody reads stops the box, whose programs
all write to it, and QEMU with it. Whole records of the box's log and of the kernel are taken out
before anything is looked for, since they may come in the middle of what the console shows.
"""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path

from restante_tools.lab.deadline import Deadline

READ_OCTETS = 4096
FLOW = b"\x11\x13"  # XON, XOFF: a terminal takes them, nobody sees them
LAST_OCTETS = 300  # of what was seen, in the error when something else was expected
RECORD = re.compile(
    r"(?:(?:warden: |slots: )?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (?:error|warning|info|debug) "
    r"|\[ *\d+\.\d{6}\] )[^\n]*\n"  # the kernel's
)


class SerialLine:
    """A connection to the unix socket behind which QEMU keeps the box's first UART."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            deadline.wait(lambda: self._connected(path), "the serial line")
        except BaseException:
            self._socket.close()
            raise
        self._text = ""  # lines that ended, without records
        self._seen = b""  # what came behind them
        self._ended = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _connected(self, path: Path) -> bool:
        try:
            self._socket.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def _read(self) -> None:
        while True:
            try:
                piece = self._socket.recv(READ_OCTETS)
            except OSError:
                piece = b""  # the box was switched off in the middle of it: an end like any other
            with self._news:
                self._seen += piece.translate(None, FLOW)
                self._ended = not piece
                self._news.notify_all()
            if not piece:
                return

    def write(self, text: str) -> None:
        self._socket.sendall(text.encode("utf-8"))

    def send(self, octets: bytes) -> None:
        """Octets as they are, noise among them."""
        self._socket.sendall(octets)

    def expect(self, pattern: str, deadline: Deadline) -> re.Match[str]:
        """Read until the pattern is seen; what follows it stays for the next call."""
        return self._found(pattern, deadline)[1]

    def until(self, pattern: str, deadline: Deadline) -> str:
        """What comes before the pattern, which is taken away with it."""
        return self._found(pattern, deadline)[0]

    def _found(self, pattern: str, deadline: Deadline) -> tuple[str, re.Match[str]]:
        """What comes before the pattern, and its match."""
        with self._news:
            while True:
                text = self._shown()
                match = re.search(pattern, text)
                if match is not None:
                    self._text, self._seen = "", text[match.end() :].encode("utf-8")
                    return text[: match.start()], match
                if deadline.passed() or self._ended:
                    last = text[-LAST_OCTETS:]
                    raise deadline.error(f"{pattern!r} on the serial line (last seen: {last!r})")
                self._news.wait(deadline.left())

    def _shown(self) -> str:
        """All that was seen and not taken, without whole records.

        Each line once: a thousand answers are looked through with every few octets that come.
        """
        end = self._seen.rfind(b"\n") + 1
        self._text += RECORD.sub("", self._seen[:end].decode("utf-8", "replace"))
        self._seen = self._seen[end:]
        return self._text + self._seen.decode("utf-8", "replace")

    def close(self) -> None:
        """Safe at any time, also when the box is off."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side has closed it: there is nothing left to shut down
        self._thread.join()
        self._socket.close()
