"""One TCP connection of a session: reads, writes, its deadline.

Its rule: whoever uses a leg says first how long the peer may take; then no wait is longer.  What
the system takes or gives at once is not waited for, but other sessions get their turn.  A leg is
closed by its owner only, never while somebody waits on it.  It does not know POP3.
"""

import asyncio
import socket
from time import ticks_add, ticks_diff, ticks_ms

import _sys

from restante import loop
from restante.compat import const

_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)
_SHUT_WR = const(1)
_SHUT_RDWR = const(2)
_EAGAIN = const(11)
_EINPROGRESS = const(115)

_MSG_MORE = const(0x8000)

# sendfile(2) hands over to other sessions after so many octets.
SENDFILE_OCTETS = const(1048576)
# What a peer may have sent ahead that nobody will read, octets.
DROP_OCTETS = const(262144)
FAREWELL_ROOM = const(2048)
# Reads and writes that went through at once before other sessions get their turn.
AT_ONCE = const(8)

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


class Leg:
    """`lost` is the class of error that is raised when the peer `who` is gone or too slow."""

    def __init__(self, sock, who, lost):
        self.octets_in = 0
        self.octets_out = 0
        self._sock = sock
        self._fd = sock.fileno()
        self._who = who
        self._lost = lost
        self._ms = 0
        self._what = ""
        self._until = ticks_ms()
        self._renew = False
        self._at_once = 0
        sock.setblocking(False)
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)

    def within(self, ms, what):
        """From now on the peer has `ms` for all that follows; `what` names it."""
        self._ms = ms
        self._what = what
        self._until = ticks_add(ticks_ms(), ms)
        self._renew = False

    def each_within(self, ms, what):
        """As within, but the time begins anew with each octet that gets through."""
        self.within(ms, what)
        self._renew = True

    def renew(self):
        if self._renew:
            self._until = ticks_add(ticks_ms(), self._ms)

    async def _wait(self, wait):
        left = ticks_diff(self._until, ticks_ms())
        try:
            await wait(self._fd, left if left > 0 else 0)
        except OSError:
            raise self._lost("%s: %s took too long" % (self._who, self._what))

    async def _turn(self):
        """What gets through at once must not keep the other sessions waiting."""
        self.renew()
        self._at_once += 1
        if self._at_once >= AT_ONCE:
            self._at_once = 0
            await asyncio.sleep_ms(0)

    def shutdown(self):
        """Ends the connection both ways; a task that waits on it wakes up."""
        self._shutdown(_SHUT_RDWR)

    def end(self):
        """No more octets go to the peer; what it sends is still read."""
        self._shutdown(_SHUT_WR)

    def _shutdown(self, how):
        if self._sock is None:
            return
        try:
            _sys.shutdown(self._fd, how)
        except OSError:
            # ENOTCONN: the peer was faster; the next read or write says so.
            self._at_once = 0

    def close(self):
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    async def connect(self, place):
        """Connects to a sockaddr; raises `lost` with the cause."""
        error = self._begin_to_connect(place)
        if error == _EINPROGRESS:
            await self._wait(loop.writable)
            error = _sys.so_error(self._fd)
        if error:
            raise self._lost("%s: %s" % (self._who, cause(error)))

    def _begin_to_connect(self, place):
        try:
            self._sock.connect(place)
        except OSError as error:
            return error.errno
        return 0

    async def read(self, room):
        """Octets read into `room`, 0 when the peer has ended.  Raises `lost` when it is late."""
        n = self.read_now(room)
        while n is None:
            await self._wait(loop.readable)
            n = self.read_now(room)
        await self._turn()
        return n

    def read_now(self, room):
        """As read, without waiting: None when nothing is there."""
        try:
            n = self._sock.readinto(room)
        except OSError:
            return 0  # a reset ends the connection as a close does
        if n:
            self.octets_in += n
        return n

    async def write(self, data, start=0, end=-1):
        """Writes data[start:end] whole, or raises `lost`."""
        view = memoryview(data)[start : len(data) if end < 0 else end]
        n = self.write_now(view)
        while n < len(view):
            view = view[n:]
            await self._wait(loop.writable)
            n = self.write_now(view)
        await self._turn()

    def write_now(self, view):
        """As write, without waiting: octets that the system took.  Raises `lost`."""
        try:
            n = self._sock.write(view) or 0
        except OSError as error:
            raise self._lost("%s: %s" % (self._who, cause(error.errno)))
        self.octets_out += n
        if n:
            self.renew()
        return n

    def write_ahead(self, data):
        """As write, of a few octets that share a segment with what is written next.

        Returns what of them the system did not take: it goes out with write().
        """
        try:
            n = self._sock.send(data, _MSG_MORE)
        except OSError as error:
            if error.errno != _EAGAIN:
                raise self._lost("%s: %s" % (self._who, cause(error.errno)))
            n = 0
        self.octets_out += n
        return data[n:]

    async def send_file(self, fd, start, end):
        """Writes octets [start, end) of a file whole, or raises `lost`."""
        while start < end:
            try:
                n = _sys.sendfile(self._fd, fd, start, min(end - start, SENDFILE_OCTETS))
            except OSError as error:
                raise self._lost("%s: %s" % (self._who, cause(error.errno)))
            if n is None:
                await self._wait(loop.writable)
                continue
            if n == 0:
                raise self._lost("the stored message is shorter than it was")
            self.octets_out += n
            start += n
            self.renew()
            if start < end:
                await asyncio.sleep_ms(0)

    def drop_unread(self, room):
        """Throws away what has arrived and nobody has read (RFC 2595 §4); raises `lost`."""
        dropped = 0
        n = self.read_now(room)
        while n:
            dropped += n
            if dropped > DROP_OCTETS:
                raise self._lost("%s sends without listening" % self._who)
            n = self.read_now(room)

    async def farewell(self):
        """Says that nothing follows, and lets the peer read it: a close with octets unread would
        be a reset, which takes our last line away from it."""
        self.end()
        rest = bytearray(FAREWELL_ROOM)
        dropped = 0
        while dropped < DROP_OCTETS:
            n = await self.read(rest)
            if not n:
                return
            dropped += n


def stream_socket():
    """A new TCP socket; OSError."""
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
