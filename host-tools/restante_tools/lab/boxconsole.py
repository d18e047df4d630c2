"""Asking the box: commands of its console, over the serial line or over its control socket.

Rule: one Answer for both ways. What the lines mean is read here and nowhere else.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.serial import SerialLine

PROMPT = r"restante[>#] "
GIVE_UP = "\x03"  # Ctrl-C: whatever was typed before is forgotten
ANSWER_SECONDS = 30.0  # of one command: a self-test screens a message on a slow machine


@dataclass(frozen=True)
class Answer:
    """What the console said to one command."""

    ok: bool
    text: str
    lines: tuple[str, ...]

    def value(self, name: str) -> str:
        """What stands behind `name` at the start of a line; empty if there is no such line."""
        for line in self.lines:
            if line.startswith(name + " "):
                return line[len(name) :].strip()
        return ""


Ask = Callable[[str], Answer]


def over_serial(line: SerialLine, deadline: Callable[[], Deadline]) -> Ask:
    """Ask by typing at the console, as an engineer does."""
    line.write(GIVE_UP + "\r")
    line.expect(PROMPT, deadline())

    def ask(command: str) -> Answer:
        line.write(command + "\r")
        limit = deadline()
        line.expect(re.escape(command) + r"\s*\n", limit)
        return parsed(line.until(PROMPT, limit).splitlines())

    return ask


def over_socket(path: Path) -> Ask:
    """Ask the gate itself, as the console program does: firmware/restante/control/README.md."""

    def ask(command: str) -> Answer:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(ANSWER_SECONDS)
            control.connect(str(path))
            control.sendall(command.encode() + b"\n")
            with control.makefile("r", encoding="utf-8", newline="\n") as stream:
                return parsed(until_dot(stream.readline))

    return ask


def until_dot(readline: Callable[[], str]) -> list[str]:
    """The lines of one answer, unstuffed (RFC 1939 §3)."""
    lines: list[str] = []
    while (line := readline()) and (row := line.rstrip("\r\n")) != ".":
        lines.append(row[1:] if lines and row.startswith(".") else row)
    return lines


def parsed(lines: list[str]) -> Answer:
    """An answer from its lines, the first of which says whether it went well."""
    head, *rest = lines or [""]
    ok = head.startswith("+OK")
    return Answer(ok, head.removeprefix("+OK").removeprefix("-ERR").strip(), tuple(rest))


@dataclass(frozen=True)
class Status:
    """What the demonstration needs of `show status`."""

    screened: bool
    why_not: str
    memory_used_kib: int
    memory_kib: int
    gate_kib: int


def status(ask: Ask) -> Status:
    """Ask `show status`. Screening counts only if it is enabled and the screen process answers."""
    answer = must(ask, "show status")
    screening, silent = answer.value("screening"), answer.value("screen")
    enabled = screening.startswith("enabled") and bool(answer.value("bundle"))
    memory = re.match(r"(\d+) KiB available of (\d+) KiB; gate (\d+) KiB", answer.value("memory"))
    if memory is None:
        raise unreadable("show status", answer)
    available, total, gate = (int(figure) for figure in memory.groups())
    why = "" if enabled else f"screening: {screening or 'absent'}; screen: {silent or 'absent'}"
    return Status(enabled, why, total - available, total, gate)


@dataclass(frozen=True)
class Held:
    """One entry of the quarantine."""

    ident: str
    uidl: str
    account: str
    verdict: str
    signature: str
    state: str


def quarantine(ask: Ask, having: str = "") -> list[Held]:
    """What is held, newest first; with `having`, only what shows that text in the list."""
    rows = must(ask, "quarantine list").lines[1:]
    wanted = [row for row in rows if having in row and not row.startswith("and ")]
    return [held(ask, row.split()[0]) for row in wanted]


def held(ask: Ask, ident: str) -> Held:
    entry = must(ask, f"quarantine show {ident}")
    return Held(
        ident,
        entry.value("UIDL"),
        entry.value("account"),
        entry.value("verdict"),
        entry.value("signature"),
        entry.value("state"),
    )


def must(ask: Ask, command: str) -> Answer:
    """Ask; ToolError unless the answer is good."""
    answer = ask(command)
    if not answer.ok:
        raise unreadable(command, answer)
    return answer


def unreadable(command: str, answer: Answer) -> ToolError:
    said = "\n".join(("    " + answer.text, *("    " + line for line in answer.lines)))
    return ToolError(
        f"the box did not answer {command!r} as it should; it said:\n{said}",
        "gate or console of the box is not well",
        "read the serial log of the run",
        VERIFICATION_FAILED,
    )
