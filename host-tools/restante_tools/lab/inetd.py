"""Hands each connection to a new process of a server that speaks on its standard streams.

Run as `python -m restante_tools.lab.inetd ADDRESS PORT PROGRAM [WORD...]`. Rule: when it is told
to end, it cuts every line and waits for its servers: none is killed while it writes a mailbox.
"""

from __future__ import annotations

import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

SESSIONS = 64  # at once; the lab opens fewer, and a loop that connects to itself ends here
REAP_SECONDS = 0.05  # between two looks for servers that have ended
BACKLOG = 128


class Told(Exception):
    """SIGTERM came."""


def told(number: int, frame: FrameType | None) -> None:
    raise Told


class Inetd:
    """The listener and its servers."""

    def __init__(self, address: str, port: int, command: Sequence[str]) -> None:
        self._command = command
        self._listener = socket.create_server((address, port), backlog=BACKLOG)
        self._servers: dict[subprocess.Popen[bytes], socket.socket] = {}

    def serve(self) -> None:
        """Until told to end."""
        with selectors.DefaultSelector() as ready:
            ready.register(self._listener, selectors.EVENT_READ)
            while True:
                if ready.select(REAP_SECONDS) and len(self._servers) < SESSIONS:
                    self._start(self._listener.accept()[0])
                self._reap()

    def _start(self, line: socket.socket) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = subprocess.Popen(self._command, stdin=line.fileno(), stdout=line.fileno())
        self._servers[server] = line

    def _reap(self) -> None:
        for server in [server for server in self._servers if server.poll() is not None]:
            self._servers.pop(server).close()

    def end(self) -> None:
        """Nobody new is let in, who is in sees the end of the line."""
        self._listener.close()
        for server, line in self._servers.items():
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the client was faster
            server.wait()


def main() -> None:
    address, port, *command = sys.argv[1:]
    signal.signal(signal.SIGTERM, told)
    inetd = Inetd(address, int(port), command)
    try:
        inetd.serve()
    except Told:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        inetd.end()


if __name__ == "__main__":
    main()
