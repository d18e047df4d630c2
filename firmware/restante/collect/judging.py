"""From a fetched message to what is served: screen, decide, keep, splice.

Its rule: nothing replaced or held is given out before its original is durable in quarantine.  It
sends nothing to anybody, and it does not know how a message is judged or what a notice says.
"""

import asyncio

from restante import log
from restante.collect import fetching
from restante.collect.fetching import NO_ROOM, NO_VERDICT, Withheld
from restante.collect.form import Stuffing, pieces
from restante.errors import ScreenUnavailable, StoreError
from restante.log.alarms import SCREENING, STORE
from restante.mail import splice
from restante.screening import policy, verdicts
from restante.store.entries import Record
from restante.store.faults import store_error

_REFUSED = b"-ERR [SYS/TEMP] the message was not screened, try again later"
_NOT_KEPT = b"-ERR [SYS/TEMP] the original cannot be put in quarantine now, try again later"
_NOT_FORMED = b"-ERR [SYS/TEMP] the mail gateway has no room for the message, try again later"


class Judged:
    """`file` holds the original; `segments` (splice.py) are what is served."""

    def __init__(self, file, segments, untouched, id, bundle):
        self.file = file
        self.segments = segments
        self.untouched = untouched
        self.id = id  # of the quarantine entry that holds the original, or ""
        self.held = bool(id)
        self.bundle = bundle  # the signature set that judged it, "" if none did


class Judging:
    """`services`: settings, spool, quarantine, screen, clock; for final() also helper."""

    def __init__(self, services):
        self._services = services

    async def judge(self, file, account, number, uidl):
        """Judged, about a sealed spool file.  Withheld.

        `account` and `uidl` are texts; `uidl()` is awaited, and only for what is kept.
        """
        report, decision = await self.verdict(file)
        self._record(file, account, number, report, decision)
        if decision.action == policy.REFUSE:
            raise Withheld(_REFUSED, NO_VERDICT, decision.reason)
        return await self.formed(file, account, number, uidl, report, decision)

    async def formed(self, file, account, number, uidl, report, decision):
        """What a decision makes of a message: Judged.  Withheld."""
        id = ""
        if decision.keeps:
            id = await self._keep(file, account, number, await uidl(), report, decision)
        segments = splice.segments(decision, report, file.size, id, file.read)
        untouched = decision.action == verdicts.PASS
        return Judged(file, segments, untouched, id, report.bundle if report else "")

    async def final(self, judged):
        """(sealed SpoolFile of what is served, SHA-256 of the original).  Withheld, StoreError.

        The file is the original's if it is untouched, else a new one: the caller closes both.
        """
        try:
            sha = await self._services.helper.sha256(judged.file.fd)
        except OSError as error:
            raise store_error("hashing a fetched message", error)
        if judged.untouched:
            return judged.file, sha
        file = fetching.create(self._services.spool)
        try:
            await _write(file, judged)
        except StoreError as error:
            file.close()
            raise Withheld(_NOT_FORMED, NO_ROOM, error)
        except BaseException:
            file.close()
            raise
        return file, sha

    async def verdict(self, file):
        """(report or None, decision) about what has `fd` and `size`."""
        settings = self._services.settings
        if settings.get("screening mode") == "disabled":
            return None, policy.decide(None, settings)
        try:
            report = await self._services.screen.screen(file)
        except ScreenUnavailable as error:
            log.counters.add("no_verdict")
            log.alarms.set(SCREENING, str(error))
            log.record(log.ERROR, "screen.unavailable", error=str(error))
            report = None
        return report, policy.decide(report, settings)

    async def _keep(self, file, account, number, uidl, report, decision):
        """The id of the entry that holds the original."""
        record = Record(
            account,
            decision.verdict,
            decision.action,
            uidl=uidl,
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
            raise Withheld(_NOT_KEPT, NO_ROOM, error)
        return entry.id

    def _record(self, file, account, number, report, decision):
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
            account=account,
            number=number,
            octets=file.octets,
            verdict="none" if decision.verdict is None else verdicts.NAMES[decision.verdict],
            signature=decision.signature,
            part=decision.part,
            bundle=report.bundle if report else "",
            action=action_name(decision.action),
            would=action_name(decision.would),
        )


async def _write(file, judged):
    """The spliced form into `file`; other sessions get their turn after each piece."""
    stuffing = Stuffing()
    for piece in pieces(judged.segments, judged.file.read):
        stuffing.take(piece)
        file.write(piece, 0, len(piece))
        await asyncio.sleep_ms(0)
    file.stuffed = stuffing.dots
    file.seal()


def action_name(action):
    return "refuse" if action == policy.REFUSE else verdicts.ACTION_NAMES[action]
