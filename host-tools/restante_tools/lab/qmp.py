"""QEMU's machine protocol: one command, one answer, as JSON over a unix socket.

Rule: events are thrown away; what happens to the machine is read from its process and its console.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError
from restante_tools.lab.deadline import Deadline

ANSWER_SECONDS = 15.0  # QEMU answers in milliseconds unless the machine swaps


class Monitor:
    """A connection to QEMU's monitor."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_SECONDS)
        deadline.wait(lambda: self._connected(path), "QEMU's monitor")
        self._stream = self._socket.makefile("rw", encoding="utf-8")
        self._answer()
        self.command("qmp_capabilities")

    def _connected(self, path: Path) -> bool:
        try:
            self._socket.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def command(self, name: str, **arguments: Any) -> Any:
        """Do one command; what QEMU returns."""
        json.dump({"execute": name, "arguments": arguments}, self._stream)
        self._stream.flush()
        answer = self._answer()
        if "error" in answer:
            raise ToolError(
                f"QEMU refused {name}: {answer['error'].get('desc')}",
                "another version of QEMU than the one this was written for (7.2)",
                "read the QEMU log of the run",
            )
        return answer.get("return")

    def _answer(self) -> dict[str, Any]:
        """The next line that is no event."""
        while True:
            try:
                line = self._stream.readline()
            except TimeoutError:
                line = ""
            if not line:
                raise ToolError(
                    "QEMU's monitor does not answer",
                    "QEMU ended, or the machine is out of memory",
                    "read the QEMU log of the run",
                    DEVICE_OR_TIMEOUT,
                )
            message: dict[str, Any] = json.loads(line)
            if "event" not in message:
                return message

    def close(self) -> None:
        """Safe to call twice, and after QEMU's end."""
        self._socket.close()
        self._stream.close()
