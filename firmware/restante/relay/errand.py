"""A served session's way to the origin: the turn of its account, and one visit at most.

Its rule: a visit stays for the next commands, but not for long: after KEEP_MS without use, or
after MOST_MS, it says QUIT, so that nobody is locked out of the maildrop.  A visit in which
something failed is closed without QUIT, so that nothing is deleted by halves.
"""

import asyncio
from time import ticks_diff, ticks_ms

from restante.collect.failures import LoginRefused
from restante.compat import const
from restante.errors import OriginError, QuirkError

# For the turn, in ms: a spider that is there makes room.
TURN_MS = const(5000)
# For the connection and the login of a visit, in ms: a client waits.
ENTER_MS = const(10000)
# A client that fetches one message after another asks again at once; in ms.
KEEP_MS = const(2000)
# RULES, the lock: a visit ends after 60 s at most.
MOST_MS = const(60000)

# What ends a visit through no fault of ours; the client is served without the origin.
FAILURES = (OriginError, LoginRefused, QuirkError, asyncio.TimeoutError)


class Errand:
    """`services`: collector, ticker."""

    def __init__(self, services, account):
        self._services = services
        self._account = account
        self._turn = None
        self._visit = None
        self._busy = False
        self._began = 0
        self._used = 0
        self._leaving = None  # the task that says QUIT

    async def begin(self):
        """Takes the turn of the account; False if somebody keeps it."""
        await self._settle()
        if self._turn is not None:
            return True
        turn = self._services.collector.turn(self._account)
        try:
            await asyncio.wait_for(turn.__aenter__(), TURN_MS / 1000)
        except asyncio.TimeoutError:
            return False
        self._turn = turn
        return True

    async def _settle(self):
        """A visit that is saying QUIT cannot be used any more."""
        if self._leaving is not None:
            await self._leaving
            self._leaving = None

    @property
    def has_turn(self):
        return self._turn is not None

    def adopt(self, origin):
        """A connection that is logged in becomes the visit; within the turn."""
        self._have(self._services.collector.adopt(self._account, origin))

    def _have(self, visit):
        self._visit = visit
        self._began = self._used = ticks_ms()
        self._services.ticker.add(self)

    async def use(self, work):
        """What `work(visit)` gives.  OriginError, LoginRefused, and what the work raises."""
        await self._settle()
        self._busy = True
        done = False
        try:
            if self._visit is None:
                await self._enter()
            result = await work(self._visit)
            done = True
            return result
        finally:
            self._busy = False
            self._used = ticks_ms()
            if not done:
                await self.end()

    async def _enter(self):
        if not await self.begin():
            raise OriginError("the spider does not make room")
        self._have(await self._services.collector.enter(self._account, ENTER_MS))

    def tick(self, now):
        if self._busy or self._leaving is not None:
            return
        if ticks_diff(now, self._used) > KEEP_MS or ticks_diff(now, self._began) > MOST_MS:
            self._leaving = asyncio.create_task(self._leave())

    async def leave(self):
        """QUIT, if there is a visit, and the turn is given back; False if the origin refused."""
        await self._settle()
        return await self._leave()

    async def _leave(self):
        self._busy = True
        try:
            return self._visit is None or await self._visit.leave()
        finally:
            self._busy = False
            self._drop_visit()
            await self._give_turn()

    async def rest(self):
        """The turn is not kept without a visit."""
        if self._visit is None:
            await self.end()

    async def _give_turn(self):
        turn, self._turn = self._turn, None
        if turn is not None:
            await turn.__aexit__(None, None, None)

    def _drop_visit(self):
        visit = self._visit
        if visit is not None:
            self._visit = None
            self._services.ticker.remove(self)
            visit.close()

    async def end(self):
        """At once, without QUIT."""
        leaving, self._leaving = self._leaving, None
        if leaving is not None:
            leaving.cancel()
            try:
                await leaving
            except asyncio.CancelledError:
                leaving = None
        self._drop_visit()
        await self._give_turn()
