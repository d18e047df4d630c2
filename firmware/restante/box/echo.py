"""ICMP echo (RFC 792) over the kernel's ping socket.  Input and output.

The socket needs no rights, but the group of who opens it in net.ipv4.ping_group_range; the kernel
puts in identifier and checksum and hands on what answers to it alone.  Every wait has a deadline.
"""

import socket
import struct
from time import ticks_diff, ticks_ms, ticks_us

import _sys

from restante import loop
from restante.compat import const
from restante.errors import ProtocolError, RestanteError
from restante.inet import sockaddr

IPPROTO_ICMP = const(1)
ECHO_REQUEST = const(8)
ECHO_REPLY = const(0)
# What a line of echo requests has in general: 56 octets behind the header.
PAYLOAD = bytes(range(56))
HEAD_OCTETS = const(8)
# For an answer, and between two requests, in ms.
ANSWER_MS = const(1000)
INTERVAL_MS = const(1000)
EACCES = const(13)
EPERM = const(1)


class PingError(RestanteError):
    """It cannot even be tried; the text says why."""


class Pinger:
    """`resolve`: async (name) -> [addresses]; `sleep_ms`: async.  One host at a time: who asks
    for another one ends what is under way."""

    def __init__(self, resolve, sleep_ms):
        self._resolve = resolve
        self._sleep_ms = sleep_ms
        self._turn = 0

    async def run(self, host, count):
        """(address, [ms as a float, or why there was no answer]); PingError."""
        self._turn += 1
        turn = self._turn
        address = await self._address(host)
        sock = self._socket(address)
        results = []
        try:
            for number in range(count):
                start = ticks_ms()
                results.append(await _once(sock, number + 1))
                if turn != self._turn:
                    raise PingError("another ping has taken its place")
                if number + 1 < count:
                    await self._sleep_ms(max(0, INTERVAL_MS - ticks_diff(ticks_ms(), start)))
        finally:
            sock.close()
        return address, results

    async def _address(self, host):
        try:
            addresses = await self._resolve(host)
        except (OSError, ProtocolError) as error:
            raise PingError("'%s' cannot be looked up: %s" % (host, error))
        if not addresses:
            raise PingError("'%s' has no address" % host)
        return addresses[0]

    def _socket(self, address):
        try:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, IPPROTO_ICMP)
        except OSError as error:
            if error.errno in (EACCES, EPERM):
                raise PingError("the kernel does not allow it (net.ipv4.ping_group_range)")
            raise
        try:
            sock.setblocking(False)
            sock.connect(sockaddr(address, 0))
        except OSError as error:
            sock.close()
            raise PingError("%s cannot be reached: %s" % (address, error))
        return sock


async def _once(sock, number):
    request = struct.pack(">BBHHH", ECHO_REQUEST, 0, 0, 0, number) + PAYLOAD
    deadline = loop.Deadline(ANSWER_MS)
    fd = sock.fileno()
    start = ticks_us()
    try:
        _sys.write(fd, request, 0, len(request))
        buffer = bytearray(len(request))
        while True:
            n = _sys.read(fd, buffer, 0, len(buffer))
            if n is None:
                await loop.readable(fd, deadline.left())
            elif is_answer(buffer, n, number):
                return ticks_diff(ticks_us(), start) / 1000
    except OSError as error:
        return "no answer" if not deadline.left() else str(error)


def is_answer(octets, n, number):
    """Whether `n` octets are the answer to request `number`; an earlier one's may come late."""
    return n >= HEAD_OCTETS and octets[0] == ECHO_REPLY and (octets[6] << 8 | octets[7]) == number
