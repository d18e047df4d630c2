"""Asks the name servers of a resolv.conf for the addresses of a host.  Input and output.

Its rule: every wait has a deadline, and the C library's resolver, which blocks, is never asked.
"""

import os
import socket

from restante import loop
from restante.collect import dns
from restante.compat import const
from restante.errors import ProtocolError
from restante.inet import is_address, sockaddr

DNS_PORT = const(53)
# For the answer of one name server, in ms, and how often all of them are asked.
ANSWER_MS = const(2000)
TRIES = const(2)


class Resolver:
    def __init__(self, path, port=DNS_PORT):
        self._path = path
        self._port = port

    async def addresses(self, name):
        """Those of a host name; an address is its own.  OSError, ProtocolError."""
        if is_address(name):
            return [name]
        return (await self.answer(name))[0]

    async def answer(self, name):
        """([addresses], seconds that they hold); OSError, ProtocolError."""
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
            sock.connect(sockaddr(server, self._port))
            sock.write(asked)
            deadline = loop.Deadline(ANSWER_MS)
            while True:
                await loop.readable(sock.fileno(), deadline.left())
                octets = sock.recv(dns.MESSAGE_OCTETS + 1)
                if octets[:2] == asked[:2]:
                    return dns.answer(octets, asked)
        finally:
            sock.close()


def _id():
    octets = os.urandom(2)
    return octets[0] << 8 | octets[1]
