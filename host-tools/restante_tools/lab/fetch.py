"""A POP3 client that keeps every octet: what poplib throws away is what the tests compare.

Run inside a namespace as `python -m restante_tools.lab.fetch`, with a plan as JSON on standard
input and the report as JSON on standard output. Rule: standard library only, so that it starts
fast, and nothing of the firmware: a fault there must not hide here.
"""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LINE_LIMIT = 65536  # octets of one line that this client accepts; the box promises shorter ones
RETRY_SECONDS = 0.02  # between attempts while waiting for the first banner
REFUSED_SECONDS = 0.2  # after -ERR: the box is there, each attempt is a line in its log
MEETING_SECONDS = 600.0  # the slowest of a hundred sessions, on a busy machine
ATTEMPT_SECONDS = 0.25  # one attempt: SYNs to a box that is not up yet are lost, a new one is not


class Refused(Exception):
    """The server said -ERR; the text is its line."""


class Session:
    """One connection. Replies are octets, exactly as they came."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self.socket = socket.create_connection((host, port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self.socket.makefile("rb")
        self.greeting = self.line()

    def line(self) -> bytes:
        line = self._stream.readline(LINE_LIMIT)
        if not line.endswith(b"\r\n"):
            raise ConnectionError(f"connection ended in mid-line after {line[:80]!r}")
        return line

    def status(self) -> bytes:
        """The status line of one reply; Refused if it is -ERR."""
        line = self.line()
        if not line.startswith(b"+OK"):
            raise Refused(line.decode("utf-8", "replace").rstrip())
        return line

    def command(self, text: str) -> bytes:
        self.socket.sendall(text.encode() + b"\r\n")
        return self.status()

    def body(self) -> bytes:
        """A multi-line reply in wire form: CRLF, dot-stuffed, without the last line's dot."""
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line)
        return b"".join(lines)

    def login(self, user: str, password: str) -> None:
        self.command(f"USER {user}")
        self.command(f"PASS {password}")

    def listing(self, command: str) -> dict[int, str]:
        """LIST or UIDL as number -> size or UIDL."""
        self.command(command)
        rows = (row.split(maxsplit=1) for row in self.body().decode("ascii").splitlines())
        return {int(number): value for number, value in rows}

    def retrieve(self, number: int) -> bytes:
        self.command(f"RETR {number}")
        return self.body()

    def starttls(self, name: str) -> dict[str, Any]:
        """STLS; the certificate is the test's own and not checked here, but reported."""
        self.command("STLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._stream.close()
        tunnel = context.wrap_socket(self.socket, server_hostname=name)
        self.socket = tunnel
        self._stream = tunnel.makefile("rb")
        certificate = tunnel.getpeercert(binary_form=True) or b""
        return {
            "version": tunnel.version(),
            "certificate": hashlib.sha256(certificate).hexdigest(),
        }

    def close(self) -> None:
        self._stream.close()
        self.socket.close()


def sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def alone() -> None:
    """The session of a client that waits for nobody."""


def fetch_all(plan: dict[str, Any], meet: Callable[[], object] = alone) -> dict[str, Any]:
    """Log in, list, retrieve every message, delete and quit as the plan says.

    `meet` waits for the others: once when all are logged in, once before anybody quits.
    """
    keep = Path(plan["keep"]) if plan.get("keep") else None
    report: dict[str, Any] = {"messages": []}
    began = time.monotonic()
    session = Session(plan["host"], plan["port"], plan["seconds"])
    try:
        report["greeting"] = session.greeting.decode("utf-8", "replace").rstrip()
        if plan.get("starttls"):
            report["tls"] = session.starttls(plan["host"])
        session.login(plan["user"], plan["password"])
        sizes, uidls = session.listing("LIST"), session.listing("UIDL")
        report["uidls"] = list(uidls.values())
        meet()
        for number in plan.get("numbers", list(sizes)):
            report["messages"].append(
                one_message(session, number, int(sizes[number]), uidls[number], keep)
            )
        for number in plan.get("delete") or []:
            session.command(f"DELE {number}")
        meet()
        report["quit"] = session.command("QUIT").decode("utf-8", "replace").rstrip()
    except Refused as refusal:
        report["error"] = str(refusal)
    except OSError as error:
        report["error"] = f"{type(error).__name__}: {error}"
    finally:
        session.close()
    report["seconds"] = time.monotonic() - began
    return report


def one_message(
    session: Session, number: int, size: int, uidl: str, keep: Path | None
) -> dict[str, Any]:
    """Retrieve one message: its hash in wire form, size, seconds; -ERR is a result too."""
    row: dict[str, Any] = {"number": number, "uidl": uidl, "listed": size}
    began = time.monotonic()
    try:
        wire = session.retrieve(number)
    except Refused as refusal:
        row["error"] = str(refusal)
        return row
    row.update(seconds=time.monotonic() - began, octets=len(wire), sha256=sha256(wire))
    if keep is not None:
        (keep / f"{number:05d}.wire").write_bytes(wire)
    return row


def first_banner(plan: dict[str, Any]) -> dict[str, Any]:
    """Try until a POP3 greeting comes; the moment on the machine's monotonic clock."""
    end = time.monotonic() + plan["seconds"]
    last = "no attempt"
    while time.monotonic() < end:
        try:
            session = Session(plan["host"], plan["port"], ATTEMPT_SECONDS)
        except OSError as error:
            last = str(error)
            time.sleep(RETRY_SECONDS)
            continue
        moment = time.monotonic()
        session.close()
        if session.greeting.startswith(b"+OK"):
            return {"moment": moment, "greeting": session.greeting.decode("utf-8", "replace")}
        last = session.greeting.decode("utf-8", "replace")
        time.sleep(REFUSED_SECONDS)
    return {"error": last}


def talk(plan: dict[str, Any]) -> dict[str, Any]:
    """Send each of the plan's texts and read one status line for each; what came, as text."""
    said: list[str] = []
    try:
        session = Session(plan["host"], plan["port"], plan["seconds"])
    except OSError as error:
        return {"said": said, "error": f"{type(error).__name__}: {error}"}
    said.append(session.greeting.decode("utf-8", "replace").rstrip())
    try:
        for text in plan["lines"]:
            session.socket.sendall(text.encode() + b"\r\n")
            said.append(session.line().decode("utf-8", "replace").rstrip())
    except OSError as error:
        return {"said": said, "error": f"{type(error).__name__}: {error}"}
    finally:
        session.close()
    return {"said": said}


def together(plans: list[dict[str, Any]], meeting: bool = False) -> list[dict[str, Any]]:
    """Several sessions at once, one thread each; their reports in the order of the plans.

    `meeting`: all of them are open before one retrieves, and stay until the last one has.
    """
    reports: list[dict[str, Any]] = [{} for _ in plans]
    place = threading.Barrier(len(plans), timeout=MEETING_SECONDS)

    def one(index: int) -> None:
        try:
            reports[index] = fetch_all(plans[index], place.wait if meeting else alone)
        except (OSError, Refused, threading.BrokenBarrierError) as error:
            reports[index] = {"messages": [], "error": f"{type(error).__name__}: {error}"}
        if "error" in reports[index]:
            place.abort()

    threads = [threading.Thread(target=one, args=(index,)) for index in range(len(plans))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return reports


def main() -> None:
    """Read a request, do it, write the report."""
    request = json.load(sys.stdin)
    if request["do"] == "banner":
        report: Any = first_banner(request["plan"])
    elif request["do"] == "talk":
        report = talk(request["plan"])
    else:
        report = together(request["plans"], request.get("meeting", False))
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
