"""Asking the box: commands of its console, over the serial line or over its control socket.

Rule: one Answer for both ways. What the lines mean is read here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.lab.controlsocket import ANSWER_SECONDS, PASSWORD, USER, ControlSocket
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.serial import SerialLine

__all__ = ["ANSWER_SECONDS", "PASSWORD", "USER"]

PROMPT = r"restante[>#] "
LOGIN = r"restante login: "
GIVE_UP = "\x03"  # Ctrl-C: whatever was typed before is forgotten


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


class OverSerial(Protocol):
    """A site whose box is up (lab/site.py)."""

    box: Any  # qemu.Box; None before it boots

    def deadline(self, seconds: float) -> Deadline: ...


def over_serial(line: SerialLine, deadline: Callable[[], Deadline]) -> Ask:
    """Ask by typing at the console, as an engineer does, who logs in first."""
    log_in(line, deadline)

    def ask(command: str) -> Answer:
        line.write(command + "\r")
        limit = deadline()
        line.expect(re.escape(command) + r"\s*\n", limit)
        return parsed(line.until(PROMPT, limit).splitlines())

    return ask


def once(site: OverSerial, command: str, seconds: float = ANSWER_SECONDS) -> Answer:
    """One command, with the line to itself: it is free again afterwards."""
    line = site.box.serial(site.deadline(seconds))
    try:
        return over_serial(line, lambda: site.deadline(seconds))(command)
    finally:
        line.close()


def log_in(line: SerialLine, deadline: Callable[[], Deadline]) -> None:
    """Until there is a prompt. A box that has no password yet gets the laboratory's; one whose
    users cannot be read is looked at with what it allows then."""
    line.write(GIVE_UP + "\r")
    limit = deadline()
    if line.expect(f"{PROMPT}|{LOGIN}", limit)[0] != LOGIN:
        return
    # What was typed above may have shown the prompt twice: the next answer is behind all of them.
    line.write("\x15" + USER + "\r")
    asked = line.expect(r"new password: |password: |nobody can log in[^\n]*\n", limit)[0]
    if asked.startswith("nobody"):
        line.write(GIVE_UP + "repair\r")
    else:
        line.write(PASSWORD + "\r")
    if asked.startswith("new"):
        line.expect("once more: ", limit)
        line.write(PASSWORD + "\r")
    line.expect(PROMPT, limit)


def over_socket(path: Path) -> Ask:
    """Ask the gate itself, as the console program does: firmware/restante/control/README.md."""
    control = ControlSocket(path)
    return lambda command: parsed(control.ask(command))


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
