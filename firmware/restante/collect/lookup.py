"""Looks up the host names of server groups, off nobody's time.

Its rule: what cannot be looked up changes nothing, and is asked again.  A found address says where
a group's maildrops are, never where a password may go (accounts/README.md).
"""

import asyncio

from restante import log
from restante.collect.resolver import DNS_PORT, Resolver
from restante.compat import const
from restante.errors import ProtocolError

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
        self._changed = asyncio.Event()

    def takes(self, settings, profiles):
        """A name that is new is asked for at once: who commits a group tries it next."""
        self._changed.set()

    async def run(self):
        while True:
            self._changed.clear()
            await self.look()
            try:
                await asyncio.wait_for(self._changed.wait(), LOOK_S)
            except asyncio.TimeoutError:
                pass

    async def look(self):
        """Asks for each name that is due."""
        for name in self._groups.names():
            if self._up() >= self._due.get(name, 0):
                await self._ask(name)

    async def _ask(self, name):
        try:
            addresses, ttl = await self._resolver.answer(name)
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
