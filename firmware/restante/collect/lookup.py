"""Looks up the host names of server groups, off nobody's time.

Its rule: what cannot be looked up changes nothing, and is asked again.  A found address says where
a group's maildrops are, never where a password may go (accounts/README.md).
"""

import asyncio
import os
import socket

from restante import log, loop
from restante.collect import dns
from restante.compat import const
from restante.errors import ProtocolError

DNS_PORT = const(53)
# For the answer of one name server, in ms, and how often all of them are asked.
ANSWER_MS = const(2000)
TRIES = const(2)
# Between two looks at which names are due, and after a failure, in s.
LOOK_S = const(5)
AGAIN_S = const(30)


class Lookup:
    """`groups`: accounts.Groups; `up()`: seconds that only grow; `path`: the resolv.conf."""

    def __init__(self, groups, up, path, port=DNS_PORT):
        self._groups = groups
        self._up = up
        self._resolver = Resolver(path, port)
        self._due = {}  # name: when it is asked again
        self._failed = set()  # names whose failure was recorded

    async def run(self):
        while True:
            await self.look()
            await asyncio.sleep_ms(LOOK_S * 1000)

    async def look(self):
        """Asks for each name that is due."""
        for name in self._groups.names():
            if self._up() >= self._due.get(name, 0):
                await self._ask(name)

    async def _ask(self, name):
        try:
            addresses, ttl = await self._resolver.addresses(name)
        except (OSError, ProtocolError) as error:
            self._due[name] = self._up() + AGAIN_S
            if name not in self._failed:
                self._failed.add(name)
                log.record(log.WARNING, "lookup.failed", name=name, why=str(error))
            return
        self._failed.discard(name)
        self._due[name] = self._up() + ttl
        self._groups.resolved(name, addresses, self._up(), ttl)
        log.record(log.DEBUG, "lookup.found", name=name, addresses=len(addresses), ttl=ttl)


class Resolver:
    """Asks the name servers of a resolv.conf (`path`), one after the other."""

    def __init__(self, path, port=DNS_PORT):
        self._path = path
        self._port = port

    async def addresses(self, name):
        """([addresses], seconds that they hold); OSError, ProtocolError.  None: it has none."""
        asked = dns.query(_id(), name)
        with open(self._path) as file:
            servers = dns.servers(file.read(1024))
        why = "no name server is known"
        for _ in range(TRIES):
            for server in servers:
                try:
                    return await self._from(server, asked)
                except (OSError, ProtocolError) as error:
                    why = "%s: %s" % (server, error)
        raise ProtocolError(why)

    async def _from(self, server, asked):
        """One server's answer; the socket is connected, so that others' octets do not reach it."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.connect(_sockaddr(server, self._port))
            sock.write(asked)
            deadline = loop.Deadline(ANSWER_MS)
            while True:
                await loop.readable(sock.fileno(), deadline.left())
                octets = sock.recv(dns.MESSAGE_OCTETS + 1)
                if octets[:2] == asked[:2]:
                    return dns.answer(octets, asked)
        finally:
            sock.close()


def _sockaddr(address, port):
    """struct sockaddr_in: no resolver is asked."""
    octets = bytes([int(part) for part in address.split(".")])
    return b"\2\0" + bytes((port >> 8, port & 255)) + octets + bytes(8)


def _id():
    octets = os.urandom(2)
    return octets[0] << 8 | octets[1]
