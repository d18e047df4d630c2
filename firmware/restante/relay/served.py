"""A session that is served from the store: STAT, LIST, UIDL, DELE, RSET, NOOP, CAPA, QUIT.

Its rule: the maildrop as it was at login; nothing is deleted without QUIT, and +OK to QUIT comes
after the deletions are durable here.  Then they are tried at the origin for a short time; what
does not work there is the collector's.  RETR and TOP are stored.py's.
"""

import asyncio

from restante import log
from restante.compat import const
from restante.errors import StoreError
from restante.pop3 import commands as c
from restante.relay import capa
from restante.relay.errand import FAILURES
from restante.relay.snapshot import Snapshot
from restante.relay.stored import Stored

# For the deletions at the origin while the client waits for the answer to QUIT, in ms.
DEPART_MS = const(3000)
# Messages that are counted before other sessions get their turn.
TURN_MESSAGES = const(500)
# Octets: a budget that asks whether there is anything.
_ANY = const(1)

_NO_SUCH = b"-ERR no such message"
_NOT_HERE = b"-ERR not available"
_NOT_DELETED = b"-ERR [SYS/TEMP] not deleted: the mail gateway cannot write, try again later"


class Served:
    """`drop` was opened for this session.

    `online`: the origin answered at login, if it was asked; `listed`: with a new listing.
    """

    def __init__(self, session, account, drop, errand, online, listed):
        self.account = account
        self.drop = drop
        self.errand = errand
        self.online = online
        self._listed = listed
        self.snapshot = Snapshot(drop)
        self._session = session
        self._stored = Stored(session, self)
        serving = session.services.serving
        serving[account.id] = serving.get(account.id, 0) + 1
        session.released.after(self.snapshot.count)

    def handlers(self):
        return {
            c.STAT: self.stat,
            c.LIST: self.listing,
            c.UIDL: self.listing,
            c.DELE: self.dele,
            c.RSET: self.rset,
            c.NOOP: self.noop,
            c.CAPA: self.capa,
            c.QUIT: self.quit,
            c.LANG: self.not_here,
            c.RETR: self._stored.retr,
            c.TOP: self._stored.top,
        }

    async def stat(self):
        messages = octets = 0
        for first in range(1, self.snapshot.count + 1, TURN_MESSAGES):
            if first > 1:
                await asyncio.sleep_ms(0)
            more = self.snapshot.totals(first, TURN_MESSAGES)
            messages += more[0]
            octets += more[1]
        line = b"+OK %d %d" % (messages, octets)
        await self._session.answer(True, self._session.released.stat(line))

    async def listing(self):
        session = self._session
        engine = session.engine
        with_uidl = engine.command == c.UIDL
        if engine.number:
            if self.snapshot.slot(engine.number) < 0:
                await session.answer(False, _NO_SUCH)
            else:
                line = b"+OK " + self.snapshot.line(engine.number, with_uidl)
                await session.answer(True, line)
            return
        await session.begin_body(b"+OK")
        for piece in self.snapshot.pieces(with_uidl):
            await session.client.write(piece)
        await session.client.write(session.released.more_lines(engine.command))
        await session.end_body()
        engine.replied(True)

    async def dele(self):
        number = self._session.engine.number
        if self.snapshot.slot(number) < 0:
            await self._session.answer(False, _NO_SUCH)
        else:
            self.snapshot.mark(number)
            await self._session.answer(True, b"+OK marked")

    async def rset(self):
        self.snapshot.unmark()
        self._session.released.reset()
        await self._session.answer(True, b"+OK")

    async def noop(self):
        await self._session.answer(True, b"+OK")

    async def not_here(self):
        await self._session.answer(False, _NOT_HERE)

    async def capa(self):
        await capa.answer(self._session)

    async def quit(self):
        session = self._session
        line = b"+OK"
        slots = [slot for slot in self.snapshot.marked() if not self.drop.is_deleted(slot)]
        try:
            if slots:
                await self.drop.delete(slots)
            await session.released.ended()
        except StoreError as error:
            session.record(log.ERROR, "deletions.not-recorded", why=str(error))
            line = _NOT_DELETED
        else:
            if slots:
                session.record(log.INFO, "session.deleted", messages=len(slots))
            await self._depart()
        await session.say(line)
        session.engine.replied(True)

    async def _depart(self):
        """The deletions at the origin, for a short time; also what earlier sessions left to do."""
        collector = self._session.services.collector
        if not self.drop.departing():
            return
        if not self.online:
            collector.poke(self.account)
            return
        try:
            done = await asyncio.wait_for(self._deletions(), DEPART_MS / 1000)
            why = "the mail server refused them"
        except FAILURES + (StoreError,) as error:
            done = False
            why = str(error) or "the mail server takes too long"
        if not done:
            self._session.record(log.INFO, "deletions.later", why=why)
            collector.poke(self.account)

    async def _deletions(self):
        """True if the origin has said +OK to QUIT."""
        await self.errand.use(lambda visit: visit.depart(self.drop))
        return await self.errand.leave()

    async def end(self, polite):
        """The session is over; `polite`: there is time for QUIT at the origin."""
        services = self._session.services
        if self._listed and (self.drop.wanted(_ANY) or self.drop.departing()):
            services.collector.poke(self.account)  # what this session did not fetch, or delete
        try:
            if polite:
                await self.errand.leave()
            else:
                await self.errand.end()
        finally:
            services.maildrops.release(self.drop)
            services.serving[self.account.id] -= 1
            if not services.serving[self.account.id]:
                del services.serving[self.account.id]
