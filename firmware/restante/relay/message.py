"""RETR, TOP and DELE in pass-through (README.md: a message's way).

Its rule: nothing of a message is sent before its verdict; what could not be delivered here is not
deleted there.  How a message is fetched and judged is judge.py's.
"""

from restante import log
from restante.errors import OriginError, StoreError
from restante.mail import splice
from restante.pop3 import commands as c
from restante.pop3.events import END
from restante.relay.cut import Cut, top
from restante.relay.endings import Abandoned
from restante.relay.judge import Judge, Refusal
from restante.relay.patience import Patience

# TOP of a whole message: fetchmail asks so too, so every origin knows it.  Unlike RETR it does not
# count as "fetched" at origins that then hide the message.
_WHOLE = 99999999
# Octets of a header that TOP n 0 passes on unscreened; real ones stay under 100 KiB.
HEADER_OCTETS = 1048576
# The part of the spool that messages kept between TOP and RETR may take: one in so many.
KEPT_SHARE = 4

_NOT_DELETED = b"-ERR [SYS/TEMP] not deleted: the mail gateway could not deliver the message"
_UNREADABLE = b"-ERR [SYS/TEMP] the mail gateway cannot read what it stored, try again later"
_OK = b"+OK message follows"


class Delivery:
    """`services`: as Judge wants it, ticker, kept_octets."""

    def __init__(self, session, services):
        self._session = session
        self._services = services
        self._judge = Judge(session, services)
        self._kept = None  # Judged, after TOP: RETR of the same number usually follows
        self._undelivered = set()  # numbers that this box could not deliver: DELE is refused

    def handlers(self):
        return {c.RETR: self.retr, c.TOP: self.top, c.DELE: self.dele}

    async def retr(self):
        await self._guarded(self._retr)

    async def top(self):
        if self._session.engine.count:
            await self._guarded(self._top)
        else:
            await self._header()

    async def dele(self):
        session = self._session
        if session.engine.number in self._undelivered:
            await session.answer(False, _NOT_DELETED)
            return
        if await session.origin.ask(session.engine.outgoing):
            session.deleted += 1
        await session.answer(session.origin.engine.ok, session.origin.engine.line)

    def close(self):
        """Drops what is kept."""
        judged = self._take_kept()
        if judged is not None:
            judged.close()

    async def _guarded(self, work):
        """Does `work` with a patience of its own; a refusal is told to the client."""
        session = self._session
        number = session.engine.number
        patience = Patience(session, session.settings, self._services.ticker)
        try:
            await work(number, patience)
            self._undelivered.discard(number)
            session.engine.replied(True)
        except Refusal as refusal:
            await self._refuse(number, refusal, patience)
        except StoreError as error:
            session.record(log.ERROR, "message.unreadable", number=number, why=str(error))
            await self._refuse(number, Refusal(_UNREADABLE), patience)
        finally:
            patience.close()

    async def _refuse(self, number, refusal, patience):
        patience.close()
        if refusal.ours:
            self._undelivered.add(number)
        if self._session.in_body:
            raise Abandoned(refusal.line.decode())
        await self._session.answer(False, refusal.line)

    async def _retr(self, number, patience):
        judged = await self._whole_from_top(number)
        if judged is None:
            self.close()
            judged = await self._judge.judge(number, self._session.engine.outgoing, patience)
        try:
            await self._send(judged, judged.segments, patience)
        finally:
            judged.close()
        self._session.messages += 1

    async def _top(self, number, patience):
        lines = self._session.engine.count
        judged = self._kept
        if judged is None or judged.number != number:
            self.close()
            judged = await self._judge.judge(number, b"TOP %d %d\r\n" % (number, _WHOLE), patience)
            self._keep(judged)
        try:
            segments = judged.segments
            # A line has two octets at least: so many lines are the whole message (fetchmail).
            if lines < splice.wire_octets(segments) // 2:
                segments = top(segments, lines, judged.file.read)
            await self._send(judged, segments, patience)
        finally:
            if judged is not self._kept:
                judged.close()

    async def _send(self, judged, segments, patience):
        session = self._session
        await patience.end()
        line = judged.line if judged.untouched else _OK
        await session.send_message(None if patience.begun else line, segments, judged.file.fd)

    # -- what TOP fetched, for the RETR that usually follows

    def _keep(self, judged):
        """Keeps it if there is room."""
        size = judged.file.size
        if (self._services.kept_octets + size) * KEPT_SHARE <= self._services.spool.quota:
            self._services.kept_octets += size
            self._kept = judged

    def _take_kept(self):
        judged = self._kept
        if judged is not None:
            self._services.kept_octets -= judged.file.size
            self._kept = None
        return judged

    async def _whole_from_top(self, number):
        """The kept message if it is all of `number`: some origins cut TOP short."""
        session = self._session
        if self._kept is None or self._kept.number != number:
            return None
        if not await session.origin.ask(b"LIST %d\r\n" % number):
            return None
        words = session.origin.engine.line.split()
        if len(words) < 3 or words[2] != b"%d" % self._kept.file.octets:
            return None
        return self._take_kept()

    # -- TOP n 0

    async def _header(self):
        """The origin's own TOP n 0; what follows the header is cut off, the length is bounded."""
        session = self._session
        origin = session.origin
        await origin.send(session.engine.outgoing, c.BODY)
        await origin.event()
        if not origin.engine.ok:
            await session.answer(False, origin.engine.line)
            return
        await session.begin_body(origin.engine.line)
        body = origin.engine.body
        cut = Cut(0)
        while await origin.event() != END:
            if body.octets > HEADER_OCTETS:
                raise OriginError("a header of more than %d octets" % HEADER_OCTETS)
            stop = cut.take(body.chunk, body.chunk_start, body.chunk_end)
            await session.client.write(body.chunk, body.chunk_start, stop)
        await session.end_body()
        session.engine.replied(True)
