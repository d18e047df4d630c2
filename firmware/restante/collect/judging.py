"""From a fetched message to what is served: screen, decide, keep, splice.

Its rule: nothing replaced or held is given out before its original is durable in quarantine.  It
sends nothing to anybody, and it does not know how a message is judged or what a notice says.
"""

import asyncio

from restante import log
from restante.collect import fetching
from restante.collect.fetching import NO_ROOM, NO_VERDICT, Withheld
from restante.collect.form import Stuffing, pieces
from restante.errors import NoRoom, ScreenUnavailable, StoreError
from restante.log.alarms import SCREENING, STORE
from restante.mail import splice
from restante.screening import audit, policy, verdicts
from restante.store.entries import Record
from restante.store.faults import store_error

_REFUSED = b"-ERR [SYS/TEMP] the message was not screened, try again later"
_NOT_KEPT = b"-ERR [SYS/TEMP] the original cannot be put in quarantine now, try again later"
_NOT_FORMED = b"-ERR [SYS/TEMP] the mail gateway has no room for the message, try again later"


class Judged:
    """`file` holds the original; `segments` (splice.py) are what is served."""

    def __init__(self, file, segments, untouched, id, bundle, sha=None):
        self.file = file
        self.segments = segments
        self.untouched = untouched
        self.id = id  # of the quarantine entry that holds the original, or ""
        self.held = bool(id)
        self.bundle = bundle  # the signature set that judged it, "" if none did
        self.sha = sha  # of the original, or None


class Judging:
    """`services`: profiles, spool, quarantine, screen, clock, helper."""

    def __init__(self, services):
        self._services = services
        self._profiles = services.profiles  # a session and a visit keep those they began with

    async def judge(self, file, account, number, uidl, group="", known=""):
        """Judged, about a sealed spool file.  Withheld.

        `account` and `uidl` are texts; `uidl()` is awaited, and not for what passes as it is: then
        the record says `known`.  `group`: for an account that is not known.
        """
        settings = self._profiles.of(account, group)
        hashing = asyncio.create_task(self._hash(file))  # beside the screening
        try:
            report, decision = await self.verdict(file, settings)
            sha = await hashing
        finally:
            await _end(hashing)
        said = known
        if not said and (decision.action, decision.would) != (verdicts.PASS, verdicts.PASS):
            said = await uidl()
        subject = audit.Subject(account, said, number, file.octets, sha)
        self._record(subject, report, decision, self._profiles.name_of(account, group))
        if decision.action == policy.REFUSE:
            raise Withheld(_REFUSED, NO_VERDICT, decision.reason)
        judged = await self.formed(file, account, number, said, report, decision)
        judged.sha = sha
        return judged

    async def _hash(self, file):
        """SHA-256 of the wire form, None if it cannot be had now."""
        try:
            return await self._services.helper.sha256(file.fd)
        except OSError:
            return None

    async def formed(self, file, account, number, uidl, report, decision):
        """What a decision makes of a message: Judged.  Withheld."""
        id = ""
        if decision.keeps:
            id = await self._keep(file, account, number, uidl, report, decision)
        segments = splice.segments(decision, report, file.size, id, file.read)
        untouched = decision.action == verdicts.PASS
        return Judged(file, segments, untouched, id, report.bundle if report else "")

    async def final(self, judged):
        """(sealed SpoolFile of what is served, SHA-256 of the original).  Withheld, StoreError.

        The file is the original's if it is untouched, else a new one: the caller closes both.
        """
        sha = judged.sha or await self._hash_or_raise(judged.file)
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

    async def _hash_or_raise(self, file):
        try:
            return await self._services.helper.sha256(file.fd)
        except OSError as error:
            raise store_error("hashing a fetched message", error)

    async def verdict(self, file, settings):
        """(report or None, decision) about what has `fd` and `size`; `settings`: its account's."""
        if settings.get("screening mode") == "disabled":
            return None, policy.decide(None, settings)
        try:
            report = await self._services.screen.screen(file, settings)
        except ScreenUnavailable as error:
            full = isinstance(error, NoRoom)
            log.counters.add("no_verdict")
            if full:
                log.counters.add("no_room")
            log.alarms.set(STORE if full else SCREENING, str(error))
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

    def _record(self, subject, report, decision, profile):
        counters = log.counters
        if report is not None:
            counters.screened(subject.octets, self._services.clock())
        if decision.verdict == verdicts.INFECTED:
            counters.add("infected")
        if decision.action == verdicts.MARK:
            counters.add("marked")
        elif decision.keeps:
            counters.add("held" if decision.whole else "replaced")
        level = log.INFO if decision.action == verdicts.PASS else log.WARNING
        log.record(level, "message.judged", **audit.fields(subject, report, decision, profile))


async def _end(task):
    """Returns when it is over, one way or the other."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return


async def _write(file, judged):
    """The spliced form into `file`; other sessions get their turn after each piece."""
    stuffing = Stuffing()
    for piece in pieces(judged.segments, judged.file.read):
        stuffing.take(piece)
        file.write(piece, 0, len(piece))
        await asyncio.sleep_ms(0)
    file.stuffed = stuffing.dots
    file.seal()
