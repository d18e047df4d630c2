"""Fetch, judge, keep: from a command to what may be sent in its place.

Its rule: nothing replaced or held is given out before its original is durable in quarantine.  It
sends nothing to the client, and it does not know how a message is judged or what a notice says.
"""

from restante import log
from restante.errors import OriginError, ScreenUnavailable, StoreError
from restante.limits import BODY_CHUNK_OCTETS
from restante.log.alarms import SCREENING, STORE
from restante.mail import splice
from restante.pop3 import commands as c
from restante.pop3.events import END
from restante.relay import login
from restante.screening import policy, verdicts
from restante.store.entries import Record

# Octets of a message that are read and thrown away to keep the session, when the spool is full.
DRAIN_OCTETS = 67108864

_REFUSED = b"-ERR [SYS/TEMP] the message was not screened, try again later"
_FULL = b"-ERR [SYS/TEMP] the mail gateway has no room for the message, try again later"
_TOO_LARGE = b"-ERR [SYS/PERM] the message is larger than the mail gateway's 'spool maximum'"
_NOT_KEPT = b"-ERR [SYS/TEMP] the original cannot be put in quarantine now, try again later"


class Refusal(Exception):
    """The client is told `line`; the session goes on.  `ours`: the origin had no part in it."""

    def __init__(self, line, ours=True):
        super().__init__(line)
        self.line = line
        self.ours = ours


class Judged:
    """A message in the spool with what is to be sent in its place.  close() it."""

    def __init__(self, number, line, file, segments, untouched):
        self.number = number
        self.line = line  # the origin's +OK
        self.file = file
        self.segments = segments  # splice.py
        self.untouched = untouched

    def close(self):
        self.file.close()


class Judge:
    """`services`: settings, spool, quarantine, screen, clock."""

    def __init__(self, session, services):
        self._session = session
        self._services = services

    async def judge(self, number, command, patience):
        """Fetches message `number` with `command` and judges it: Judged.  Refusal, OriginError."""
        try:
            file = self._services.spool.create()
        except StoreError as error:
            raise self._refusal(number, _FULL, error)
        try:
            line = await self._fetch(number, command, file, patience)
            report, decision = await self._decide(file)
            self._record(number, file, report, decision)
            if decision.action == policy.REFUSE:
                raise self._refusal(number, _REFUSED, decision.reason)
            id = await self._keep(number, file, report, decision)
            segments = splice.segments(decision, report, file.size, id, file.read)
        except BaseException:
            file.close()
            raise
        return Judged(number, line, file, segments, decision.action == verdicts.PASS)

    async def _fetch(self, number, command, file, patience):
        """The message to the spool; the origin's +OK."""
        origin = self._session.origin
        await origin.send(command, c.BODY)
        await origin.event()
        line = origin.engine.line
        if not origin.engine.ok:
            raise Refusal(line, ours=False)
        body = origin.engine.body
        patience.follow(body)
        try:
            while await origin.event() != END:
                file.write(body.chunk, body.chunk_start, body.chunk_end)
        except StoreError as error:
            alone = file.size + BODY_CHUNK_OCTETS > self._services.spool.quota
            refusal = self._refusal(number, _TOO_LARGE if alone else _FULL, error)
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
        """(report or None, decision)."""
        try:
            report = await self._services.screen.screen(file)
        except ScreenUnavailable as error:
            log.counters.add("no_verdict")
            log.alarms.set(SCREENING, str(error))
            log.record(log.ERROR, "screen.unavailable", error=str(error))
            report = None
        return report, policy.decide(report, self._services.settings)

    async def _keep(self, number, file, report, decision):
        """The id of the entry that holds the original, "" if nothing is to be held."""
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
            raise self._refusal(number, _NOT_KEPT, error)
        return entry.id

    async def _uidl(self, number):
        """The message's UIDL, "" if the origin does not say it."""
        origin = self._session.origin
        if not await origin.ask(b"UIDL %d\r\n" % number):
            return ""
        words = origin.engine.line.split()
        return login.name(words[2]) if len(words) == 3 else ""

    def _refusal(self, number, line, why):
        log.counters.add("refused")
        self._session.record(log.WARNING, "message.refused", number=number, why=str(why))
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


def action_name(action):
    return "refuse" if action == policy.REFUSE else verdicts.ACTION_NAMES[action]
