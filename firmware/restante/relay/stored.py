"""RETR and TOP of a served session: from the store, by sendfile; fetched first if need be.

Its rule: what is sent was screened before it was stored, and its octets are as LIST has them.  A
message that is not stored is fetched now, with the same patience as in pass-through.
"""

import _sys

from restante import log
from restante.collect.fetching import Withheld
from restante.compat import const
from restante.errors import ScreenUnavailable, StoreError
from restante.relay.cut import PIECE_OCTETS, top
from restante.relay.endings import Abandoned
from restante.relay.errand import FAILURES
from restante.relay.patience import Patience
from restante.store.maildrop import Deleted

# Fetched again, if it is evicted or found damaged before it could be opened.
TRIES = const(2)
_WHOLE = const(-1)

_NO_SUCH = b"-ERR no such message"
_GONE = b"-ERR deleted by another session"
_UNREADABLE = b"-ERR [SYS/TEMP] the mail gateway cannot read what it stored, try again later"
_NOT_FETCHED = b"-ERR [SYS/TEMP] the message cannot be fetched now, try again later"


class Stored:
    """`served`: snapshot, drop, errand."""

    def __init__(self, session, served):
        self._session = session
        self._served = served

    async def retr(self):
        await self._message(_WHOLE)

    async def top(self):
        await self._message(self._session.engine.count)

    async def _message(self, lines):
        session = self._session
        drop = self._served.drop
        slot = self._served.snapshot.slot(session.engine.number)
        if slot < 0:
            await session.answer(False, _NO_SUCH)
        elif drop.is_deleted(slot):
            await session.answer(False, _GONE)
        elif drop.is_stored(slot):
            await self._give(slot, lines, None)
        else:
            patience = Patience(session, session.settings, session.services.ticker)
            try:
                await self._give(slot, lines, patience)
            finally:
                patience.close()

    async def _give(self, slot, lines, patience):
        session = self._session
        try:
            fd = await self._open(slot, patience)
        except Withheld as error:
            await self._refuse(error.line, error, patience)
        except FAILURES + (ScreenUnavailable,) as error:
            await self._refuse(_NOT_FETCHED, error, patience)
        except Deleted as error:
            await self._refuse(_GONE, error, patience)
        except StoreError as error:
            await self._refuse(_UNREADABLE, error, patience)
        else:
            try:
                await self._send(fd, slot, lines, patience)
            finally:
                _sys.close(fd)
            session.engine.replied(True)

    async def _open(self, slot, patience):
        """A descriptor of the stored message; fetched first if it is not there."""
        drop = self._served.drop
        for _ in range(TRIES):
            if not drop.is_stored(slot):
                await self._fetch(slot, patience)
            try:
                return await drop.open(slot)
            except StoreError:
                if drop.is_stored(slot) or drop.is_deleted(slot):
                    raise
        raise StoreError("the message does not stay in the store")

    async def _fetch(self, slot, patience):
        drop = self._served.drop

        async def work(visit):
            if drop.is_stored(slot):
                return None  # another session was faster
            try:
                await visit.fetch(drop, slot, patience)
            except Withheld as error:
                return error  # the visit is as good as before
            return None

        withheld = await self._served.errand.use(work)
        if withheld is not None:
            raise withheld

    async def _send(self, fd, slot, lines, patience):
        session = self._session
        drop = self._served.drop
        # Before anything waits: a newer signature set may put another body in its place.
        size = drop.size(slot)
        segments = [(0, size)]
        line = b"+OK %d octets" % drop.octets(slot)
        if patience is not None:
            await patience.end()
        # A line has two octets at least: so many lines are the whole message (fetchmail).
        if _WHOLE < lines < size // 2:
            segments = top(segments, lines, lambda at, n: _peek(fd, at, n))
            line = b"+OK"
        begun = patience is not None and patience.begun
        await session.send_message(None if begun else line, segments, fd)
        if lines == _WHOLE:
            drop.delivered(slot)
            session.messages += 1

    async def _refuse(self, line, why, patience):
        session = self._session
        session.record(log.WARNING, "message.refused", number=session.engine.number, why=str(why))
        if patience is not None:
            patience.close()
        if session.in_body:
            raise Abandoned(line.decode())
        await session.answer(False, line)


def _peek(fd, offset, count):
    buffer = bytearray(min(count, PIECE_OCTETS))
    n = _sys.pread(fd, buffer, 0, len(buffer), offset)
    return bytes(buffer[:n])
