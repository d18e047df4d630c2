"""The gate's control socket, as the console program uses it: firmware/restante/control/README.md.

Rule: nothing is answered without a login, so there is one here, with the laboratory's password; a
box that has none yet gets it. A gate that was started again knows of no login: then once more.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.lab.deadline import Deadline

USER = "admin"
PASSWORD = "a box on a bench"  # of boxes that live in a laboratory's namespace only
ANSWER_SECONDS = 30.0  # of one command: a self-test screens a message on a slow machine
DENIED = "-ERR log in first"
NONE_YET = "-ERR no password is set yet"
BUSY = "-ERR another password is being checked"


class ControlSocket:
    """One login and what is asked with it; each question has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = ""

    def ask(self, command: str) -> list[str]:
        """The lines of an answer, unstuffed, `+OK` or `-ERR` first."""
        lines = self.raw(self.addressed(command))
        if lines[:1] == [DENIED]:
            self.log_in()
            lines = self.raw(self.addressed(command))
        return lines

    def addressed(self, command: str) -> str:
        """The line to send: `@NAME command` names whose candidate it is about."""
        name = ""
        if command.startswith("@"):
            name, _, command = command[1:].partition(" ")
        return f"@{name}:{self._key} {command}"

    def log_in(self) -> None:
        answer: list[str] = []

        def done() -> bool:
            for word in ("login", "first"):
                answer[:] = self.raw(f"*{word} {USER} {PASSWORD}")
                if answer[0] != NONE_YET:
                    break
            return not answer[0].startswith(BUSY)

        Deadline(ANSWER_SECONDS, "somebody else logs in", "see its log").wait(done, "the login")
        if not answer[0].startswith("+OK"):
            raise ToolError(
                f"the box did not let the laboratory in: {answer[0]}",
                "somebody gave it another password",
                "begin with a new box",
                VERIFICATION_FAILED,
            )
        self._key = answer[1]

    def raw(self, line: str) -> list[str]:
        """A line as it is, and its answer."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(ANSWER_SECONDS)
            control.connect(str(self._path))
            control.sendall(line.encode() + b"\n")
            with control.makefile("r", encoding="utf-8", newline="\n") as stream:
                return until_dot(stream.readline)


def until_dot(readline: Callable[[], str]) -> list[str]:
    """The lines of one answer, unstuffed (RFC 1939 §3)."""
    lines: list[str] = []
    while (line := readline()) and (row := line.rstrip("\r\n")) != ".":
        lines.append(row[1:] if lines and row.startswith(".") else row)
    return lines
