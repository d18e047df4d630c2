"""One TCP connection of a session: reads, writes, its deadline.

Its rule: every wait has a deadline, and a deadline costs nothing: it is a number that the ticker
looks at once a second.  When it has passed, the connection is shut down, which wakes whoever
waits on it.  A leg is closed by its owner only, never while somebody waits on it.  It does not
know POP3.
"""

import asyncio
import socket
from asyncio import core
from time import ticks_add, ticks_diff, ticks_ms

import _sys

_IPPROTO_TCP = 6
_TCP_NODELAY = 1
_SHUT_WR = 1
_SHUT_RDWR = 2
_EINPROGRESS = 115

# sendfile(2) hands over to other sessions after so many octets.
_SENDFILE_OCTETS = 262144
# Writes that went through at once before other sessions get their turn.
_WRITES_IN_A_ROW = 8


def readable(fd):
    yield core._io_queue.queue_read(fd)


def writable(fd):
    yield core._io_queue.queue_write(fd)


class Leg:
    """`lost` is the class of error that is raised when the peer is gone or too slow."""

    def __init__(self, sock, ticker, who, lost):
        self.octets_in = 0
        self.octets_out = 0
        self._sock = sock
        self._fd = sock.fileno()
        self._ticker = ticker
        self._who = who
        self._lost = lost
        self._deadline = None
        self._what = ""
        self._expired = None
        self._in_a_row = 0
        sock.setblocking(False)
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        ticker.add(self)

    def within(self, ms, what):
        """From now on the peer has `ms` for the things that follow; `what` names them."""
        self._deadline = ticks_add(ticks_ms(), ms)
        self._what = what

    def tick(self, now):
        if self._deadline is not None and ticks_diff(now, self._deadline) >= 0:
            self._deadline = None
            self._expired = "%s: %s took too long" % (self._who, self._what)
            self.shutdown()

    def shutdown(self):
        """Ends the connection both ways; a task that waits on it wakes up."""
        try:
            _sys.shutdown(self._fd, _SHUT_RDWR)
        except OSError:
            # ENOTCONN: the peer was faster, and the waiting task has been woken by that.
            self._deadline = None

    def end(self):
        """No more octets go to the peer; what it sends is still read."""
        try:
            _sys.shutdown(self._fd, _SHUT_WR)
        except OSError:
            # ENOTCONN: it has gone, and reading from it says so too.
            self._in_a_row = 0

    def close(self):
        if self._sock is not None:
            self._ticker.remove(self)
            self._sock.close()
            self._sock = None

    async def connected(self):
        """Waits until a connect in progress has ended; raises `lost` with the cause."""
        await writable(self._fd)
        error = _sys.so_error(self._fd)
        if error or self._expired:
            raise self._lost(self._expired or "%s: %s" % (self._who, cause(error)))

    async def read(self, room):
        """Octets read into `room`; 0 when the peer has ended.  Raises `lost` when it is late."""
        while True:
            await readable(self._fd)
            n = self.read_now(room)
            if self._expired:
                raise self._lost(self._expired)
            if n is not None:
                self.octets_in += n
                return n

    def read_now(self, room):
        """As read, without waiting: None when nothing is there."""
        try:
            return self._sock.readinto(room)
        except OSError:
            return 0  # a reset ends the connection as a close does

    async def write(self, data, start=0, end=-1):
        """Writes data[start:end] whole, or raises `lost`."""
        view = memoryview(data)[start : len(data) if end < 0 else end]
        while True:
            n = self.write_now(view)
            if n == len(view):
                await self._yield_sometimes()
                return
            view = view[n:]
            await writable(self._fd)

    def write_now(self, view):
        """As write, without waiting: octets that the system took.  Raises `lost`."""
        try:
            n = self._sock.write(view) or 0
        except OSError as error:
            raise self._lost(self._expired or "%s: %s" % (self._who, cause(error.errno)))
        self.octets_out += n
        return n

    async def send_file(self, fd, start, end):
        """Writes octets [start, end) of a file whole, or raises `lost`."""
        while start < end:
            try:
                n = _sys.sendfile(self._fd, fd, start, min(end - start, _SENDFILE_OCTETS))
            except OSError as error:
                raise self._lost(self._expired or "%s: %s" % (self._who, cause(error.errno)))
            if n is None:
                await writable(self._fd)
                continue
            if n == 0:
                raise self._lost("the spool file is shorter than it was")
            self.octets_out += n
            start += n
            await asyncio.sleep_ms(0)

    def drop_unread(self, room):
        """Throws away what has arrived and nobody has read (RFC 2595 §4)."""
        while self.read_now(room):
            continue

    async def _yield_sometimes(self):
        self._in_a_row += 1
        if self._in_a_row >= _WRITES_IN_A_ROW:
            self._in_a_row = 0
            await asyncio.sleep_ms(0)


_CAUSES = {
    32: "it closed the connection",
    101: "network unreachable",
    104: "it closed the connection",
    110: "no answer",
    111: "connection refused",
    113: "no route to it",
}


def cause(error):
    return _CAUSES.get(error, "error %d" % error)


def sockaddr(address, port):
    """struct sockaddr_in (MicroPython's sockets take it raw); no resolver is asked."""
    octets = bytes(int(part) for part in address.split("."))
    return b"\2\0" + bytes((port >> 8, port & 255)) + octets + bytes(8)


def connecting(address, port, ticker, who, lost):
    """A leg whose connect has begun; await connected().  Raises `lost`."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect(sockaddr(address, port))
    except OSError as error:
        if error.errno != _EINPROGRESS:
            sock.close()
            raise lost("%s: %s" % (who, cause(error.errno)))
    return Leg(sock, ticker, who, lost)
