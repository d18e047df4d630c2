"""Accelerated sessions beside Dovecot serving the same maildrops, as it comes and with lasting
processes, beside a gate that passes on, and beside sendfile(2) alone. On loopback, in one run.

Prints figures, asserts none; but a way that hands over other octets than the origin is void. The
seconds of processor time that the clients themselves took stand beside each figure.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from accelerating import GATE, HOST, PASSWORD, free_port, gate, group, hashes, until_served
from restante_tools.lab import rates
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.dovecot import Account, Dovecot, Plan
from restante_tools.lab.fetch import Session
from rich.console import Console
from rich.table import Table

SECONDS = 3.0  # of each measurement
CLIENTS = (1, 10, 100)  # at once, all at the same maildrop
START_SECONDS = 15.0
DEFAULT, LASTING = "Dovecot as it comes", "Dovecot, lasting logins"
PASSING, ACCELERATED = "gate, passing on unscreened", "gate, accelerated"
BARE = "sendfile alone"
UNSCREENED = "set screening mode disabled"  # nothing of it is slower than what is beside it


@dataclass(frozen=True)
class Load:
    """What one session fetches; `user` names the maildrop."""

    user: str
    messages: int
    octets: int
    title: str


@dataclass(frozen=True)
class Figure:
    value: float
    text: str  # with what the clients themselves took


LOADS = (
    Load("empty", 0, 0, "sessions without mail"),
    Load("full", 20, 75_000, "sessions of 20 messages of 75 KB"),
    Load("large", 10, 1_000_000, "sessions of 10 messages of 1 MB"),
)


def account(load: Load) -> Account:
    generator = random.Random(load.user)
    rows = [generator.randbytes(36).hex().encode() for _ in range(load.octets // 74)]
    text = b"Subject: bench\nMessage-ID: <%d@example.org>\n\n" + b"\n".join(rows) + b"\n"
    return Account(load.user, PASSWORD, [text % n for n in range(load.messages)])


def dovecot(stack: ExitStack, folder: Path, lasting: bool) -> int:
    port = free_port()
    server = Dovecot(Plan(folder, HOST, port, lasting=lasting), [account(load) for load in LOADS])
    stack.callback(server.stop)
    return port


def bare(stack: ExitStack, folder: Path, load: Load) -> int:
    """sendfile(2) alone, of one maildrop."""
    port, files = free_port(), []
    for number, message in enumerate(account(load).messages):
        path = folder / f"{load.user}-{number}"
        path.write_bytes(message.replace(b"\n", b"\r\n"))
        files.append(str(path))
    program = Path(__file__).with_name("sendfile_server.py")
    words = [sys.executable, str(program), str(port), *files]
    child = Child("sendfile", words, folder / "sendfile.log")
    stack.callback(child.stop)

    def listening() -> bool:
        child.check()
        with socket.socket() as probe:
            return probe.connect_ex((HOST, port)) == 0

    Deadline(START_SECONDS, "the machine is very busy", f"read {child.log}").wait(
        listening, "start of the sendfile server"
    )
    return port


def log_in(port: int) -> None:
    """One session for each maildrop: the first teaches the gate."""
    for load in LOADS:
        session = Session(HOST, port, START_SECONDS)
        session.login(load.user, PASSWORD)
        session.command("QUIT")
        session.close()


def ways(stack: ExitStack, folder: Path) -> dict[str, dict[str, int]]:
    """Name of each way -> load -> port."""
    origin = dovecot(stack, folder / "lasting", True)
    default = dovecot(stack, folder / "default", False)
    passing, passing_port = gate(folder / "passing", origin, [*GATE, UNSCREENED])
    stack.callback(passing.stop)
    serving, serving_port = gate(folder / "serving", origin, group(f"{HOST}/32:{origin}"))
    stack.callback(serving.stop)
    until_served(serving, lambda: log_in(serving_port), len(LOADS))
    everywhere = {
        DEFAULT: default,
        LASTING: origin,
        PASSING: passing_port,
        ACCELERATED: serving_port,
    }
    found = {name: {load.user: port for load in LOADS} for name, port in everywhere.items()}
    found[BARE] = {load.user: bare(stack, folder, load) for load in LOADS}
    return found


def verify(found: dict[str, dict[str, int]]) -> None:
    """Void unless each way hands over the same octets; fetches all once, so that all is cached."""
    for load in LOADS:
        wanted = hashes(load.user, found[LASTING][load.user])
        for name, ports in found.items():
            if name != BARE and hashes(load.user, ports[load.user]) != wanted:
                raise SystemExit(f"void: {name} hands over other octets than Dovecot")


def measured(load: Load, target: rates.Target) -> Figure:
    try:
        rate = rates.measure(target, SECONDS)
    except ConnectionError as error:
        return Figure(0.0, f"void: {error}")
    value = rate.megabytes_a_second if load.messages else rate.sessions_a_second
    return Figure(value, f"{value:.0f} ({rate.processor:.1f} s of {rate.seconds:.1f})")


def figures(load: Load, found: dict[str, dict[str, int]]) -> dict[str, list[Figure]]:
    """Name of each way -> its figures in the order of CLIENTS."""
    result: dict[str, list[Figure]] = {}
    for name, ports in found.items():
        for clients in CLIENTS:
            users = (load.user,) * clients
            target = rates.Target(HOST, ports[load.user], users, PASSWORD, load.messages)
            result.setdefault(name, []).append(measured(load, target))
    return result


def table(load: Load, found: dict[str, list[Figure]]) -> Table:
    unit = "MB/s" if load.messages else "sessions/s"
    shown = Table(title=f"{load.title}: {unit} (processor time of the clients)")
    shown.add_column("way")
    for clients in CLIENTS:
        shown.add_column(f"{clients} at once", justify="right")
    for name, row in found.items():
        shown.add_row(name, *(figure.text for figure in row))
    for name in (DEFAULT, LASTING, BARE):
        pairs = zip(found[ACCELERATED], found[name], strict=True)
        ratios = [f"{ours.value / its.value:.2f}" if its.value else "" for ours, its in pairs]
        shown.add_row(f"accelerated / {name}", *ratios)
    return shown


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="restante-bench-")))
        if os.geteuid() == 0:
            folder.chmod(0o755)  # the maildrops belong to another user
        found = ways(stack, folder)
        verify(found)
        for load in LOADS:
            Console(width=110).print(table(load, figures(load, found)))


if __name__ == "__main__":
    main()
