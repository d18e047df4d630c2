"""clamd as a peer: warm, one thread, its cache off, over the same files and signatures.

Its processor time is the kernel's for the whole process, from before the first file to after the
last: loading, which takes it seconds, does not count.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import measuring

LOAD_DEADLINE = 300  # seconds; a million hashes take it about ten
SCAN_DEADLINE = 120  # seconds for one file
TICK = os.sysconf("SC_CLK_TCK")

CONFIGURATION = """\
Foreground yes
LocalSocket {socket}
DatabaseDirectory {sources}
TemporaryDirectory {folder}
OfficialDatabaseOnly no
DisableCache yes
ConcurrentDatabaseReload no
SelfCheck 0
MaxThreads 1
AlertExceedsMax no
"""


class Clamd:
    """One clamd on a socket in `folder` with the signatures of `sources`; a context manager."""

    def __init__(self, folder: Path, sources: Path) -> None:
        self.socket = folder / "clamd.sock"
        self.socket.unlink(missing_ok=True)
        settings = folder / "clamd.conf"
        where = {"socket": self.socket, "sources": sources, "folder": folder}
        settings.write_text(CONFIGURATION.format(**where))
        self.log = (folder / "clamd.log").open("wb")
        began = time.monotonic()
        command = ["clamd", "--config-file", str(settings)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() - began > LOAD_DEADLINE:
                self.process.kill()
                text = (folder / "clamd.log").read_text(errors="replace")
                raise measuring.ProgramFailed(f"clamd does not answer:\n{text[-2000:]}")
            time.sleep(measuring.LOOK_SECONDS)
        self.load = self.processor()

    def __enter__(self) -> Clamd:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()

    def _answers(self) -> bool:
        try:
            return self._ask("PING").strip() == "PONG"
        except OSError:
            return False

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(SCAN_DEADLINE)
            line.connect(str(self.socket))
            line.sendall(f"n{command}\n".encode())
            answer = b""
            while octets := line.recv(65536):
                answer += octets
        return answer.decode(errors="replace")

    def scan(self, files: list[Path]) -> dict[str, str]:
        """Name of the file -> name of the signature, for those it found something in."""
        found = {}
        for file in files:
            match = re.search(r": (\S+?)(?:\.UNOFFICIAL)? FOUND$", self._ask(f"SCAN {file}"), re.M)
            if match:
                found[file.name] = match.group(1)
        return found

    def processor(self) -> float:
        """Seconds of processor time so far, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident(self) -> measuring.Resident:
        """Its memory now."""
        return measuring.resident(self.process.pid)
