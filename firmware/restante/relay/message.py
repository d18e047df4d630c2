"""RETR, TOP and DELE in pass-through: fetch, judge, keep, deliver (README.md: a message's way).

Its rule: nothing of a message is sent before its verdict; nothing replaced or held is sent before
its original is durable in quarantine; what could not be delivered here is not deleted there.  It
does not know how a message is judged, nor what a notice says.
"""

from restante import log
from restante.errors import OriginError, ScreenUnavailable, StoreError
from restante.log.alarms import SCREENING, STORE
from restante.mail import splice
from restante.pop3 import commands as c
from restante.pop3.events import END
from restante.relay import login
from restante.relay.cut import Cut, top
from restante.relay.endings import Abandoned
from restante.relay.patience import Patience
from restante.screening import policy, verdicts
from restante.store.entries import Record

# TOP of a whole message: fetchmail asks so too, so every origin knows it.  Unlike RETR it does not
# count as "fetched" at origins that then hide the message.
_WHOLE = 99999999
# Octets of a header that TOP n 0 passes on unscreened; real ones stay under 100 KiB.
HEADER_OCTETS = 1048576
# Octets of a message that are read and thrown away to keep the session, when the spool is full.
DRAIN_OCTETS = 67108864

_REFUSED = b"-ERR [SYS/TEMP] the message was not screened, try again later"
_FULL = b"-ERR [SYS/TEMP] the mail gateway has no room for the message, try again later"
_NOT_KEPT = b"-ERR [SYS/TEMP] the original cannot be put in quarantine now, try again later"
_NOT_DELETED = b"-ERR [SYS/TEMP] not deleted: the mail gateway could not deliver the message"
_OK = b"+OK message follows"


class Judged:
    """A message in the spool with what is to be sent in its place."""

    def __init__(self, number, line, file, segments, untouched):
        self.number = number
        self.line = line  # the origin's +OK
        self.file = file
        self.segments = segments
        self.untouched = untouched


class Refusal(Exception):
    """The client is told `line`; the session goes on."""

    def __init__(self, line):
        super().__init__(line)
        self.line = line


class Delivery:
    """`services`: settings, spool, quarantine, screen, ticker, kept_room."""

    def __init__(self, session, services):
        self._session = session
        self._services = services
        self._kept = None  # Judged, after TOP: RETR of the same number usually follows
        self._undelivered = set()  # numbers that this box could not deliver: DELE is refused

    # -- commands

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
        await session.origin.ask(session.engine.outgoing)
        await session.answer(session.origin.engine.ok, session.origin.engine.line)

    def close(self):
        if self._kept is not None:
            self._services.kept_octets -= self._kept.file.size
            self._kept.file.close()
            self._kept = None

    # -- the way of a message

    async def _guarded(self, work):
        session = self._session
        number = session.engine.number
        patience = Patience(session, self._services.settings, self._services.ticker)
        try:
            await work(patience)
            self._undelivered.discard(number)
            session.engine.replied(True)
        except Refusal as refusal:
            patience.close()
            if patience.begun:
                raise Abandoned(refusal.line.decode())
            await session.answer(False, refusal.line)
        finally:
            patience.close()

    async def _retr(self, patience):
        judged = await self._same_as_kept()
        if judged is None:
            self.close()
            judged = await self._judge(self._session.engine.outgoing, patience)
        try:
            await self._send(judged, judged.segments, patience)
            self._session.messages += 1
        finally:
            judged.file.close()

    async def _top(self, patience):
        engine = self._session.engine
        judged = self._kept
        if judged is None or judged.number != engine.number:
            self.close()
            judged = await self._judge(b"TOP %d %d\r\n" % (engine.number, _WHOLE), patience)
            self._keep(judged)
        try:
            await self._send(
                judged, top(judged.segments, engine.count, judged.file.read), patience
            )
        finally:
            if judged is not self._kept:
                judged.file.close()

    def _keep(self, judged):
        """For a RETR that follows, if there is room; a quarter of the spool is."""
        size = judged.file.size
        if self._services.kept_octets + size <= self._services.spool.quota // 4:
            self._services.kept_octets += size
            self._kept = judged

    async def _same_as_kept(self):
        """What TOP fetched, if it is the whole message: some origins cut TOP short."""
        session = self._session
        judged = self._kept
        if judged is None or judged.number != session.engine.number:
            return None
        if not await session.origin.ask(b"LIST %d\r\n" % judged.number):
            return None
        words = session.origin.engine.line.split()
        if len(words) < 3 or words[2] != b"%d" % judged.file.octets:
            return None
        self._services.kept_octets -= judged.file.size
        self._kept = None
        return judged

    async def _send(self, judged, segments, patience):
        session = self._session
        await patience.end()
        line = judged.line if judged.untouched else _OK
        await session.send_message(None if patience.begun else line, segments, judged.file.fd)

    async def _judge(self, command, patience):
        """Fetches and judges; Judged, whose file the caller closes.  Refusal."""
        session = self._session
        number = session.engine.number
        try:
            file = self._services.spool.create()
        except StoreError as error:
            raise self._not_delivered(number, _FULL, error)
        try:
            line = await self._fetch(command, file)
            report, decision = await self._decide(file)
            self._record(number, file, report, decision)
            if decision.action == policy.REFUSE:
                raise self._not_delivered(number, _REFUSED, None)
            id = await self._quarantine(number, file, report, decision)
            segments = splice.segments(decision, report, file.size, id, file.read)
        except BaseException:
            file.close()
            raise
        untouched = decision.action == verdicts.PASS
        return Judged(number, line, file, segments, untouched)

    async def _fetch(self, command, file):
        """The message to the spool; the origin's +OK.  Refusal, OriginError."""
        origin = self._session.origin
        await origin.send(command, c.BODY)
        await origin.event()
        line = origin.engine.line
        if not origin.engine.ok:
            raise Refusal(line)
        body = origin.engine.body
        try:
            while await origin.event() != END:
                file.write(body.chunk, body.chunk_start, body.chunk_end)
        except StoreError as error:
            refusal = self._not_delivered(self._session.engine.number, _FULL, error)
            await self._drain(origin)
            raise refusal
        file.stuffed = file.size - body.octets
        file.seal()
        return line

    async def _drain(self, origin):
        """Reads the rest of a message that has no place, so that the session can go on."""
        body = origin.engine.body
        start = body.octets
        while await origin.event() != END:
            if body.octets - start > DRAIN_OCTETS:
                raise OriginError("the message is larger than the mail gateway can hold")

    async def _decide(self, file):
        try:
            report = await self._services.screen.screen(file)
        except ScreenUnavailable as error:
            log.counters.add("no_verdict")
            log.alarms.set(SCREENING, str(error))
            log.record(log.ERROR, "screen.unavailable", error=str(error))
            report = None
        return report, policy.decide(report, self._services.settings)

    async def _quarantine(self, number, file, report, decision):
        """The id of the entry that holds the original, "" if nothing is to be held.  Refusal."""
        if not decision.keeps:
            return ""
        record = Record(
            self._session.account,
            decision.verdict,
            decision.action,
            uidl=await self._uidl(number),
            number=number,
            sender=report.sender,
            subject=report.subject,
            signature=decision.signature,
            part=decision.part,
            bundle=report.bundle,
        )
        try:
            entry = await self._services.quarantine.keep(file, record)
        except StoreError as error:
            log.alarms.set(STORE, str(error))
            raise self._not_delivered(number, _NOT_KEPT, error)
        return entry.id

    async def _uidl(self, number):
        """The message's UIDL, "" if the origin does not say it."""
        origin = self._session.origin
        if not await origin.ask(b"UIDL %d\r\n" % number):
            return ""
        words = origin.engine.line.split()
        return login.name(words[2]) if len(words) == 3 else ""

    def _not_delivered(self, number, line, error):
        self._undelivered.add(number)
        log.counters.add("refused")
        log.record(
            log.WARNING,
            "message.refused",
            account=self._session.account,
            number=number,
            why=str(error or line[len(b"-ERR [SYS/TEMP] ") :].decode()),
        )
        return Refusal(line)

    def _record(self, number, file, report, decision):
        counters = log.counters
        if report is not None:
            counters.screened(file.octets, self._services.clock())
        if decision.verdict == verdicts.INFECTED:
            counters.add("infected")
        if decision.action == verdicts.MARK:
            counters.add("marked")
        elif decision.keeps:
            counters.add("held" if decision.whole else "replaced")
        log.record(
            log.INFO if decision.action == verdicts.PASS else log.WARNING,
            "message.judged",
            account=self._session.account,
            number=number,
            octets=file.octets,
            verdict="none" if decision.verdict is None else verdicts.NAMES[decision.verdict],
            signature=decision.signature,
            part=decision.part,
            bundle=report.bundle if report else "",
            action=action_name(decision.action),
            would=action_name(decision.would),
        )

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


def action_name(action):
    return "refuse" if action == policy.REFUSE else verdicts.ACTION_NAMES[action]
