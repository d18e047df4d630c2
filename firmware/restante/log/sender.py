"""Sends records to the syslog server of the settings, over UDP (RFC 5426) or TCP (RFC 6587).

Its rule: mail never waits for it.  `forward` puts a record into a queue of fixed size and returns;
all waits are in the task of `run`.  What cannot be sent is tried again, later each time; what is
lost meanwhile is counted.  The server's address is looked up anew for each connection.
"""

import asyncio
import socket
from errno import EAGAIN, ECONNRESET, EINPROGRESS

import _sys

from restante import loop
from restante.compat import const
from restante.errors import ProtocolError
from restante.inet import sockaddr
from restante.log import records, syslog

# To connect, and for the server to take one record, in ms.
CONNECT_MS = const(10000)
WRITE_MS = const(30000)
# Over UDP all that is heard is that nobody is there (ICMP): after a failure it is waited for.
REFUSAL_MS = const(500)
# After a failure, doubled up to the longest, in ms.
FIRST_PAUSE_MS = const(1000)
LONGEST_PAUSE_MS = const(60000)
# socket(7), tcp(7): a server that is gone without a word is noticed after WRITE_MS.
IPPROTO_TCP = const(6)
TCP_USER_TIMEOUT = const(18)
# socket(7), asm-generic/socket.h; octets that the kernel keeps for a server that is slow.
SO_SNDBUF = const(7)
KERNEL_OCTETS = const(16384)

UDP = "udp"
# (server, protocol, port); no server: nothing is sent.
NOWHERE = ("", UDP, 0)


class Sender:
    """`resolve`: async (name) -> [addresses]; `record`, `counters`: of the log."""

    def __init__(self, resolve, record, counters):
        self._resolve = resolve
        self._record = record
        self._counters = counters
        self._waiting = syslog.Waiting()
        self._told = 0  # of those that were lost: the server knows
        self._place = NOWHERE
        self._level = records.INFO
        self._host = ""
        self._sock = None
        self._current = None  # octets that were not taken whole yet
        self._news = asyncio.Event()
        self._changed = asyncio.Event()
        self._trouble = ""

    def takes(self, settings, _profiles):
        """Other settings are in force."""
        get = settings.get
        server = get("log syslog server")
        place = (server, get("log syslog protocol"), get("log syslog port"))
        if not server:
            place = NOWHERE
        self._level = get("log syslog level")
        self._host = get("system hostname")
        if place == self._place:
            return
        self._place = place
        if place == NOWHERE:
            self._waiting.clear()
        self._trouble = ""
        self._changed.set()
        self._news.set()

    def forward(self, level, stamp, text):
        """Takes a record; never waits, never raises."""
        if self._place == NOWHERE or records.urgency(level) > records.urgency(self._level):
            return
        if not self._waiting.add((level, stamp, text)):
            self._counters.add("syslog_lost")
        self._news.set()

    def state(self):
        """One line for `show status`, "" if nothing is to be sent."""
        if self._place == NOWHERE:
            return ""
        get = self._counters.get
        return "%s port %d %s, %d sent, %d waiting, %d lost; %s" % (
            self._place[0],
            self._place[2],
            self._place[1],
            get("syslog_sent"),
            len(self._waiting),
            get("syslog_lost"),
            self._trouble or "no trouble",
        )

    async def run(self):
        try:
            await self._run()
        finally:
            self._close()

    async def _run(self):
        pause = FIRST_PAUSE_MS
        while True:
            if self._changed.is_set():
                self._changed.clear()
                self._close()
                self._current = None
                pause = FIRST_PAUSE_MS
            if self._place == NOWHERE or not self._has_work():
                self._news.clear()
                await self._news.wait()
                continue
            try:
                await self._send_one()
            except (OSError, ProtocolError) as error:
                self._failed(error)
                await self._rest(pause)
                pause = min(2 * pause, LONGEST_PAUSE_MS)
            else:
                pause = FIRST_PAUSE_MS

    def _has_work(self):
        return self._current is not None or len(self._waiting) > 0

    async def _rest(self, ms):
        """Until other settings are in force, at most so long."""
        try:
            await asyncio.wait_for_ms(self._changed.wait(), ms)
        except asyncio.TimeoutError:
            pass  # the usual end of a pause

    async def _send_one(self):
        if self._sock is not None and self._place[1] != UDP:
            self._expect_silence()
        if self._sock is None:
            await self._connect()
        if self._changed.is_set():
            return  # while we waited: neither server nor queue are those that they were
        if self._current is None:
            self._current = self._next()
        await self._write(self._current)
        if self._trouble and self._place[1] == UDP:
            await asyncio.sleep_ms(REFUSAL_MS)
            self._check_socket()
        self._current = None
        self._counters.add("syslog_sent")
        if self._trouble:
            self._trouble = ""
            self._record(records.INFO, "syslog.again", server=self._place[0])

    def _next(self):
        lost = self._waiting.lost - self._told
        if lost:
            self._told += lost
            text = "%s %s count=%d" % (records.WARNING, syslog.LOST, lost)
            return self._formed(records.WARNING, "", text)
        return self._formed(*self._waiting.take())

    def _formed(self, level, stamp, text):
        octets = syslog.message(level, self._host, stamp, text)
        return octets if self._place[1] == UDP else syslog.framed(octets)

    async def _connect(self):
        server, protocol, port = self._place
        addresses = await self._resolve(server)
        if not addresses:
            raise ProtocolError("%s has no address" % server)
        kind = socket.SOCK_DGRAM if protocol == UDP else socket.SOCK_STREAM
        self._sock = socket.socket(socket.AF_INET, kind)
        self._sock.setblocking(False)
        if protocol != UDP:
            self._sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUF, KERNEL_OCTETS)
            self._sock.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, WRITE_MS)
        try:
            self._sock.connect(sockaddr(addresses[0], port))
        except OSError as error:
            if error.errno != EINPROGRESS:
                raise
            await self._connected()

    async def _connected(self):
        await loop.writable(self._sock.fileno(), CONNECT_MS)
        self._check_socket()

    def _check_socket(self):
        error = _sys.so_error(self._sock.fileno())
        if error:
            raise OSError(error)

    def _expect_silence(self):
        """A syslog server says nothing; one that has closed must be noticed before we write."""
        try:
            data = self._sock.recv(256)
        except OSError as error:
            if error.errno == EAGAIN:
                return
            raise
        if not data:
            raise OSError(ECONNRESET)

    async def _write(self, octets):
        deadline = loop.Deadline(WRITE_MS)
        fd = self._sock.fileno()
        at = 0
        while at < len(octets):
            n = _sys.write(fd, octets, at, len(octets))
            if n is None:
                await loop.writable(fd, deadline.left())
            else:
                at += n

    def _failed(self, error):
        """Said once; what follows is the same trouble."""
        self._close()
        first = not self._trouble
        self._trouble = "%s" % error
        if first:
            self._record(records.WARNING, "syslog.failed", server=self._place[0], error=str(error))

    def _close(self):
        if self._sock is not None:
            self._sock.close()
            self._sock = None
