"""How many POP3 sessions and octets a second: a client that is faster than what it measures.

Rule: it reads into one buffer and looks for the end only; what came is compared outside of the
time that is measured.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat

BUFFER_OCTETS = 262_144
SESSION_SECONDS = 120.0  # without an answer; a benchmark that hangs ends
FINAL = b"\r\n.\r\n"
# Acknowledge at once (linux/tcp.h). Else a server's last short segment waits 40 ms (RFC 896,
# RFC 1122 §4.2.3.2), and on loopback that pause is all that is measured.
TCP_QUICKACK = 12


@dataclass(frozen=True)
class Target:
    """Where to fetch, as whom (one of `users` each), and how much."""

    host: str
    port: int
    users: tuple[str, ...]
    password: str
    messages: int


@dataclass(frozen=True)
class Rate:
    """What was measured."""

    sessions: int
    octets: int
    seconds: float
    processor: float  # seconds of it that this client itself took

    @property
    def sessions_a_second(self) -> float:
        return self.sessions / self.seconds

    @property
    def megabytes_a_second(self) -> float:
        return self.octets / 1e6 / self.seconds


def status(connection: socket.socket, words: str) -> None:
    """Say one command, read its status line; an error if it is not good."""
    if words:
        connection.sendall(words.encode() + b"\r\n")
    line = b""
    while not line.endswith(b"\r\n"):
        piece = connection.recv(512)
        if not piece:
            raise ConnectionError(f"closed in answer to {words!r}")
        line += piece
    if not line.startswith(b"+OK"):
        raise ConnectionError(f"{line!r} in answer to {words!r}")


def message(connection: socket.socket, number: int, buffer: bytearray) -> int:
    """Fetch one message; octets of the whole reply."""
    connection.sendall(b"RETR %d\r\n" % number)
    length, tail = 0, b""
    while True:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_QUICKACK, 1)
        n = connection.recv_into(buffer)
        if not n:
            raise ConnectionError("closed in a message")
        length += n
        tail = (tail + buffer[max(0, n - len(FINAL)) : n])[-len(FINAL) :]
        if tail == FINAL:
            return length


def session(target: Target, user: str, buffer: bytearray) -> int:
    """One whole session; octets of its messages."""
    with socket.create_connection((target.host, target.port), SESSION_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        status(connection, "")
        status(connection, f"USER {user}")
        status(connection, f"PASS {target.password}")
        status(connection, "STAT")
        octets = sum(message(connection, n, buffer) for n in range(1, target.messages + 1))
        status(connection, "QUIT")
    return octets


def sessions(target: Target, user: str, end: float) -> tuple[int, int, float]:
    """Sessions one after the other until the moment `end`: their number, octets and cost."""
    buffer = bytearray(BUFFER_OCTETS)
    count = octets = 0
    before = time.process_time()
    while time.monotonic() < end:
        octets += session(target, user, buffer)
        count += 1
    return count, octets, time.process_time() - before


def measure(target: Target, seconds: float) -> Rate:
    """All users at once, a process each, for about that many seconds."""
    with ProcessPoolExecutor(len(target.users)) as pool:
        # Start the processes before the clock.
        list(pool.map(abs, range(len(target.users))))
        began = time.monotonic()
        done = list(pool.map(sessions, repeat(target), target.users, repeat(began + seconds)))
        took = time.monotonic() - began
    counts, octets, processor = zip(*done, strict=True)
    return Rate(sum(counts), sum(octets), took, sum(processor))
