"""Accepts clients: the cap on sessions comes before any work for them.

Its rule: each session is a task that the listener owns; a session that fails in a way nobody
foresaw is recorded and closed, and the others go on.
"""

import asyncio
import socket
from time import ticks_diff, ticks_ms

from restante import log, loop
from restante.inet import sockaddr

_SOL_SOCKET = 1
_SO_REUSEADDR = 2
# Clients that come within one round of the loop: every computer of an office at nine o'clock, and
# more than there can be sessions.  Over it the kernel goes on with SYN cookies, and a client whose
# last ACK is dropped then waits for a greeting that nobody owes it.
_BACKLOG = 512
_EAGAIN = 11
_ECONNABORTED = 103
# Wait before the next accept when the system refuses one (no descriptors, no memory), in ms.
_PAUSE_MS = 500
# Between two records of clients over the cap, in ms: a storm must not fill the log.
_TELL_MS = 60000

_BUSY = b"-ERR [SYS/TEMP] too many sessions here, try again later\r\n"


def bind(address, port):
    """A listening socket; `address` is numeric, port 0 takes a free one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(_SOL_SOCKET, _SO_REUSEADDR, 1)
    sock.bind(sockaddr(address, port))
    sock.listen(_BACKLOG)
    sock.setblocking(False)
    return sock


class Listener:
    """`session_for(socket, peer address)` makes a Session; `maximum` of them live at once."""

    def __init__(self, sock, maximum, session_for):
        self._sock = sock
        self._maximum = maximum
        self._session_for = session_for
        self._tasks = {}  # session -> its task
        self._refused = 0  # over the cap and not told yet
        self._told = None  # when, in ticks

    def snapshot(self):
        """One dict a session, for `show sessions`."""
        return [session.snapshot() for session in self._tasks]

    async def run(self):
        try:
            while True:
                await self._client()
                accepted = self._accept()
                if accepted is None:
                    await asyncio.sleep_ms(_PAUSE_MS)
                elif accepted:
                    self._admit(*accepted)
        finally:
            await self._end()

    async def _client(self):
        try:
            await loop.readable(self._sock.fileno(), loop.LONGEST_MS)
        except OSError:
            return  # a day without a client: accept says that there is none

    def _accept(self):
        """(socket, address); () when the client has gone again; None when the system refuses."""
        try:
            sock, peer = self._sock.accept()
        except OSError as error:
            if error.errno in (_EAGAIN, _ECONNABORTED):
                return ()
            log.record(log.ERROR, "listener.accept", error=error.errno)
            return None
        return sock, ".".join(str(octet) for octet in socket.sockaddr(peer)[1])

    def _admit(self, sock, address):
        if len(self._tasks) >= self._maximum:
            log.counters.add("sessions_refused")
            self._tell(address)
            self._refuse(sock)
            return
        try:
            session = self._session_for(sock, address)
        except (OSError, MemoryError) as error:
            # The client has gone again, or there is no room for its buffers.
            log.record(log.WARNING, "session.refused", client=address, error=str(error))
            self._refuse(sock)
            return
        log.counters.add("sessions")
        self._tasks[session] = asyncio.create_task(self._serve(session))

    def _tell(self, address):
        """Records the first client over the cap, then how many there were."""
        self._refused += 1
        now = ticks_ms()
        if self._told is not None and 0 <= ticks_diff(now, self._told) < _TELL_MS:
            return
        self._told = now
        log.record(
            log.WARNING,
            "session.refused",
            client=address,
            maximum=self._maximum,
            refused=self._refused,
        )
        self._refused = 0

    def _refuse(self, sock):
        sock.setblocking(False)
        try:
            sock.write(_BUSY)
        except OSError as error:
            log.record(log.DEBUG, "session.refused", error=error.errno)
        sock.close()

    async def _serve(self, session):
        try:
            await session.run()
        except Exception as error:  # noqa: BLE001 (MemoryError, a fault of ours: only it ends)
            log.record(
                log.ERROR, "session.fault", client=session.client_address, trace=log.trace(error)
            )
        finally:
            session.close()
            del self._tasks[session]

    async def _end(self):
        """Ends all sessions, wherever they are; what the store began it carries to its end."""
        self._sock.close()
        await loop.end(list(self._tasks.values()))
