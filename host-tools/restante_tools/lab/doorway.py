"""A port on loopback that leads into a namespace: for clients that know nothing of namespaces.

Rule: who connects is connected to one place in there, or cut off if nobody answers; what either
side says is passed on, and the end of what it says, too.
"""

from __future__ import annotations

import contextlib
import socket
import threading

from restante_tools.lab.namespaces import Namespace, within

HERE = "127.0.0.1"
CONNECT_SECONDS = 30.0  # a box that is starting answers in 4 s, on a busy machine later
PIECE = 65536


class Doorway:
    """Open until `close`; `port` is where to connect."""

    def __init__(self, namespace: Namespace, address: str, port: int) -> None:
        self._namespace, self._place = namespace, (address, port)
        self._listener = socket.create_server((HERE, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with near:
            try:
                far = within(
                    self._namespace,
                    lambda: socket.create_connection(self._place, CONNECT_SECONDS),
                )
            except OSError:
                return
            with far:
                far.settimeout(None)
                back = threading.Thread(target=carry, args=(far, near), daemon=True)
                back.start()
                carry(near, far)
                back.join()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def carry(one: socket.socket, other: socket.socket) -> None:
    """All that `one` says to `other`, and that it has ended."""
    with contextlib.suppress(OSError):
        while piece := one.recv(PIECE):
            other.sendall(piece)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)
