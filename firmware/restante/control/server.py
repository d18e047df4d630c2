"""The control socket: accepts the console and the warden, one command a line.  Input and output.

Every wait has a deadline; a peer that is silent or does not read is closed.  What a command means
is answers.py's; the form on the wire is wire.py's.
"""

import asyncio
import os
import socket
import struct

from restante.control import wire
from restante.limits import CONTROL_LINE_OCTETS, CONTROL_READ_MS

# Peers at once: a console, a host tool beside it, the warden, and room for their successors
# while a broken connection of each still waits for its deadline.
CONNECTIONS = 8
BACKLOG = 8
# A self-test screens a handful of messages; 90 s covers a deadline of 60 s for one of them.
ANSWER_MS = 90000
# A peer that takes no line of an answer for so long is gone.
DRAIN_MS = 10000
# Lines between two waits for the peer: bounds what is queued for it.
BATCH_LINES = 20

ENOENT = 2
# EPIPE, ECONNRESET, ENOTCONN: the peer closed first, which is what was wanted.
GONE = (32, 104, 107)


class Server:
    def __init__(self, control, log):
        self._control = control
        self._log = log
        self._open = 0

    async def handle(self, reader, writer):
        """One connection, until it ends; both are asyncio streams."""
        if self._open >= CONNECTIONS:
            self._log.record(self._log.WARNING, "control.full", connections=self._open)
            await _close(writer)
            return
        self._open += 1
        try:
            await self._lines(reader, writer)
        except (OSError, asyncio.TimeoutError) as error:
            kind = type(error).__name__
            self._log.record(self._log.DEBUG, "control.closed", kind=kind, error=str(error))
        finally:
            self._open -= 1
            await _close(writer)

    async def _lines(self, reader, writer):
        data = b""
        while True:
            end = data.find(b"\n")
            if end >= 0:
                line = data[:end]
                data = data[end + 1 :]
                await self._answer(writer, line[:-1] if line.endswith(b"\r") else line)
            elif len(data) > CONTROL_LINE_OCTETS:
                await self._answer(writer, data)  # the grammar says that it is too long
                return
            else:
                wait = reader.read(CONTROL_LINE_OCTETS)
                more = await asyncio.wait_for(wait, CONTROL_READ_MS / 1000)
                if not more:
                    return
                data += more

    async def _answer(self, writer, line):
        wait = self._control.answer(line)
        ok, text, lines = await asyncio.wait_for(wait, ANSWER_MS / 1000)
        writer.write(wire.first(ok, text))
        for n, each in enumerate(lines, 1):
            writer.write(wire.body(each))
            if n % BATCH_LINES == 0:
                await asyncio.wait_for(writer.drain(), DRAIN_MS / 1000)
        writer.write(wire.END)
        await asyncio.wait_for(writer.drain(), DRAIN_MS / 1000)


async def _close(writer):
    try:
        writer.close()
        await writer.wait_closed()
    except OSError as error:
        if error.args[0] not in GONE:
            raise


def listen(path, owner=None, chown=None, chmod=None):
    """A listening socket.  While still root: `owner` (uid, gid) may connect, and nobody else.

    `chown`, `chmod`: those of `_sys`.  Bound, then given away, then opened: no moment in which
    a stranger could connect.
    """
    try:
        os.remove(path)
    except OSError as error:
        if error.args[0] != ENOENT:
            raise
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(_address(path))
    if owner is not None:
        chown(path, owner[0], owner[1])
        chmod(path, 0o660)
    s.listen(BACKLOG)
    s.setblocking(False)
    return s


def _address(path):
    """MicroPython's sockets take the raw sockaddr_un; AF_UNIX is 1."""
    return struct.pack("<H", 1) + path.encode() + b"\0"


async def serve(listener, server):
    """Runs until cancelled."""
    from asyncio.stream import Server as Acceptor

    # asyncio.start_server makes TCP listeners only; its accept loop serves any listener.
    await Acceptor()._serve(listener, server.handle, None)
