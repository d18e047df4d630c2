"""Commands whose answer is the origin's: STAT, LIST, UIDL, NOOP, RSET, QUIT and the like.

Its rule: the origin's line is passed on; only what this box adds (released messages) is changed.
"""

from restante import log
from restante.errors import StoreError
from restante.pop3 import commands as c

# Octets of a LIST or UIDL that are passed on: 200,000 messages (limits.LISTING_LINES) of 80.
LISTING_OCTETS = 16777216

_NOT_RECORDED = b"-ERR [SYS/TEMP] released messages could not be marked as fetched"


class Plain:
    def __init__(self, session):
        self._session = session

    def handlers(self):
        return {
            c.QUIT: self.quit,
            c.LIST: self.listing,
            c.UIDL: self.listing,
            c.LANG: self.listing,
            c.STAT: self.stat,
            c.RSET: self.rset,
        }

    async def single(self):
        """One line there, one line back."""
        session = self._session
        await session.origin.ask(session.engine.outgoing)
        await session.answer(session.origin.engine.ok, session.origin.engine.line)

    async def stat(self):
        session = self._session
        ok = await session.origin.ask(session.engine.outgoing)
        line = session.origin.engine.line
        await session.answer(ok, session.released.stat(line) if ok else line)

    async def rset(self):
        session = self._session
        if await session.origin.ask(session.engine.outgoing):
            session.released.reset()
        await session.answer(session.origin.engine.ok, session.origin.engine.line)

    async def listing(self):
        """A line, or lines that are passed on as they are."""
        session = self._session
        engine = session.engine
        await session.origin.send(engine.outgoing, engine.shape)
        await session.origin.event()
        ok = session.origin.engine.ok
        if ok and engine.shape == c.BODY:
            await session.relay_body(LISTING_OCTETS, session.released.more_lines(engine.command))
        else:
            await session.say(session.origin.engine.line)
        engine.replied(ok)

    async def quit(self):
        session = self._session
        ok = await session.origin.ask(session.engine.outgoing)
        line = session.origin.engine.line
        if ok:
            try:
                await session.released.ended()
            except StoreError as error:
                session.record(log.ERROR, "released.not-recorded", why=str(error))
                line = _NOT_RECORDED
        await session.say(line)
        # A -ERR means that some deletions were not done (RFC 1939 §6); it ends either way.
        session.engine.replied(True)
