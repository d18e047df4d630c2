"""Gates for benchmarks: one that passes on, one that serves from its store. Shared by them."""

from __future__ import annotations

import socket
from pathlib import Path

from restante_tools.lab import clients, fetch
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.nativegate import NativeGate, Place
from restante_tools.places import Places

HOST = "127.0.0.1"
PASSWORD = "secret"
COLLECT_SECONDS = 120.0  # for the first login to teach and all mail to be there
SESSIONS = 200  # at once: more than any benchmark opens
GATE = (f"set sessions maximum {SESSIONS}",)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def group(servers: str, *more: str) -> list[str]:
    """Settings of a gate that accelerates everybody at these servers."""
    lines = (f"servers {servers}", "rule all", "interval 3600", *more)
    return [*GATE, *(f"set group bench {line}" for line in lines)]


def gate(folder: Path, origin: int, settings: list[str]) -> tuple[NativeGate, int]:
    """A gate on loopback before the server at that port; and its own port."""
    port = free_port()
    place = Place(None, f"{HOST}:{port}", f"{HOST}:{origin}")
    return NativeGate(place, Places(), folder, settings, frozen=True), port


def hashes(user: str, port: int) -> list[str]:
    """What one session through this port hands over."""
    (report,) = fetch.together([clients.plan(user, PASSWORD, host=HOST, port=port)])
    if "error" in report:
        raise SystemExit(f"void: {user} at port {port}: {report['error']}")
    return [row["sha256"] for row in report["messages"]]


def until_served(running: NativeGate, log_in, users: int) -> None:
    """Log in until the gate serves that many accounts itself, with everything collected."""

    def served() -> bool:
        log_in()
        rows = running.ask("show accounts").lines
        return sum(" ready " in row for row in rows) == users

    Deadline(COLLECT_SECONDS, "the gate does not take over", str(running.folder)).wait(
        served, "accounts that are ready"
    )
