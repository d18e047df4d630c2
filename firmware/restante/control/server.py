"""The control socket: accepts the console and the warden, one command a line.  Input and output.

Every wait has a deadline; a peer that is silent or does not read is closed.  What a command means
is answers.py's; the form on the wire is wire.py's.
"""

import asyncio
from errno import ETIMEDOUT

import _sys

from restante import loop
from restante.control import wire
from restante.limits import CONTROL_LINE_OCTETS, CONTROL_PREFIX_OCTETS, CONTROL_READ_MS

# Peers at once: a console, a host tool beside it, the warden, and room for their successors
# while a broken connection of each still waits for its deadline.
CONNECTIONS = 8
BACKLOG = 8
# A self-test screens a handful of messages; 90 s covers a deadline of 60 s for one of them.
ANSWER_MS = 90000
# A peer that takes nothing of an answer for so long is gone.
WRITE_MS = 10000
# After a failed accept (no descriptors), in ms: what holds them needs time to end.
ACCEPT_PAUSE_MS = 500


def listen(path, owner=None):
    """A listening descriptor; `owner`: (uid, gid), the only ones to connect beside root.

    To be called while still root.  The socket is root's until it is given away.
    """
    fd = _sys.unix_listen(path, 0o660, BACKLOG)
    if owner is not None:
        _sys.chown(path, owner[0], owner[1])
    return fd


class Server:
    def __init__(self, fd, control, log):
        self._fd = fd  # of listen()
        self._control = control
        self._log = log
        self._tasks = set()

    async def run(self):
        """Until cancelled; ends its connections then."""
        try:
            while True:
                await self._accept()
        finally:
            for task in list(self._tasks):
                task.cancel()

    async def _accept(self):
        try:
            await loop.readable(self._fd, loop.LONGEST_MS)
            fd = _sys.accept(self._fd)
        except OSError as error:
            if error.errno != ETIMEDOUT:
                self._log.record(self._log.ERROR, "control.accept", error=str(error))
                await asyncio.sleep_ms(ACCEPT_PAUSE_MS)
            return
        if fd is None:
            return
        if len(self._tasks) >= CONNECTIONS:
            self._log.record(self._log.WARNING, "control.full", connections=len(self._tasks))
            _sys.close(fd)
            return
        self._tasks.add(asyncio.create_task(self._serve(fd)))

    async def _serve(self, fd):
        try:
            await self._lines(fd)
        except OSError as error:
            self._log.record(self._log.DEBUG, "control.closed", error=str(error))
        except asyncio.TimeoutError:
            self._log.record(self._log.ERROR, "control.slow", limit_ms=ANSWER_MS)
        finally:
            self._tasks.discard(asyncio.current_task())
            _sys.close(fd)

    async def _lines(self, fd):
        buffer = bytearray(CONTROL_PREFIX_OCTETS + CONTROL_LINE_OCTETS + 2)
        used = 0
        while True:
            end = buffer.find(b"\n", 0, used)
            if end >= 0:
                line = bytes(buffer[:end])
                buffer[: used - end - 1] = buffer[end + 1 : used]
                used -= end + 1
                await self._answer(fd, line[:-1] if line.endswith(b"\r") else line)
            elif used == len(buffer):
                await self._answer(fd, bytes(buffer))  # the grammar says that it is too long
                return
            else:
                n = await _read(fd, buffer, used)
                if not n:
                    return
                used += n

    async def _answer(self, fd, line):
        ok, text, lines = await asyncio.wait_for_ms(self._control.answer(line), ANSWER_MS)
        await _write(fd, wire.first(ok, text))
        for each in lines:
            await _write(fd, wire.body(each))
        await _write(fd, wire.END)


async def _read(fd, buffer, start):
    deadline = loop.Deadline(CONTROL_READ_MS)
    while True:
        # First: the warden's question is there already, and a wait costs a round of the loop.
        n = _sys.read(fd, buffer, start, len(buffer))
        if n is not None:
            return n
        await loop.readable(fd, deadline.left())


async def _write(fd, data):
    deadline = loop.Deadline(WRITE_MS)
    at = 0
    while at < len(data):
        n = _sys.write(fd, data, at, len(data))
        if n is None:
            await loop.writable(fd, deadline.left())
        else:
            at += n
