"""A stored message that a newer signature set finds bad.

Its rule: nobody is given it from then on; its original is durable in quarantine before a notice
takes its place under the same UIDL; who may have got it already is told, by a message of the box's
own, before that.  A power cut in between makes all of it happen again, to the same end: original
and notice are there once.  Pure: all it touches is given.
"""

from restante import log
from restante.accounts import names
from restante.collect import fetching
from restante.collect.fetching import NO_ROOM, Withheld
from restante.collect.form import PIECE_OCTETS, Stuffing
from restante.collect.judging import Judging
from restante.errors import RestanteError, ScreenUnavailable, StoreError
from restante.mail.letter import letter
from restante.mail.notice import late_lines
from restante.screening import audit
from restante.store.bodies import OpenBody, Spoiled
from restante.store.entries import bounded
from restante.store.maildrop import Evicted

UIDL_PREFIX = b"restante-late-"
_SUBJECT = "A message that you have received is bad"


class OtherSet(RestanteError):
    """The signature set in use is not the one that was asked for."""


class Late:
    """`services`: those of Judging, settings, serving."""

    def __init__(self, services):
        self._services = services
        self._judging = Judging(services)

    async def look(self, account, drop, slot, number, bundle):
        """Judges one body; `number`: of its file.  What has gone meanwhile needs no judgement, nor
        does mail of an account that is not screened.

        ScreenUnavailable, OtherSet; Withheld, StoreError: it is bad, and not replaced yet.
        """
        settings = self._services.profiles.of(account.name)
        if settings.get("screening mode") == "disabled":
            return
        try:
            fd = await drop.open_body(slot)
        except (Evicted, Spoiled):
            return
        try:
            body = OpenBody(fd, drop.size(slot), drop.octets(slot))
            report, decision = await self._judging.verdict(body, settings)
            if report is None:
                raise ScreenUnavailable("no verdict about a stored message")
            if report.bundle and bounded(report.bundle) != bundle:
                raise OtherSet("the signature set changed to " + report.bundle)
            if decision.keeps:
                drop.withhold(number)
                await self._withdraw(account, drop, slot, number, body, report, decision)
        finally:
            self._services.spool.folder.close(fd)

    async def _withdraw(self, account, drop, slot, number, body, report, decision):
        file = self._copy(body)
        try:
            uidl = names.name(drop.uidl(slot))
            subject = audit.Subject(account.name, uidl, drop.number(slot), file.octets, None)
            judged = await self._judging.formed(
                file, account.name, subject.number, uidl, report, decision
            )
            served, subject.sha = await self._judging.final(judged)
            try:
                got = drop.is_delivered(slot) or bool(self._services.serving.get(account.id))
                if got:
                    await self._tell(drop, judged.id, report, decision)
                replaced = await drop.replace(slot, number, served, served.octets)
            finally:
                served.close()
        finally:
            file.close()
        if replaced:
            self._record(subject, judged.id, report, decision, got)
            await self._leave_origin(account, drop, slot)

    def _copy(self, body):
        """A sealed spool file with the same octets.  Withheld, StoreError."""
        file = fetching.create(self._services.spool)
        try:
            buf = bytearray(PIECE_OCTETS)
            at = 0
            while at < body.size:
                n = file.read_from(body.fd, buf, at)
                file.write(buf, 0, n)
                at += n
            file.stuffed = body.size - body.octets
            file.seal()
        except StoreError as error:
            file.close()
            raise Withheld(b"", NO_ROOM, error)
        except BaseException:
            file.close()
            raise
        return file

    async def _tell(self, drop, id, report, decision):
        services = self._services
        lines = late_lines(
            *(report.sender, report.subject, decision.findings, report.found),
            *(report.bundle, id),
        )
        name = UIDL_PREFIX.decode() + id + "-" + services.quarantine.find(id).sha[:8]
        host = services.settings.get("system hostname")
        octets = letter(_SUBJECT, lines, name, host, services.clock())
        file = fetching.create(services.spool)
        try:
            stuffing = Stuffing()
            stuffing.take(octets)
            file.write(octets, 0, len(octets))
            file.stuffed = stuffing.dots
            file.seal()
            await drop.add(file, name.encode(), file.octets)
        finally:
            file.close()

    async def _leave_origin(self, account, drop, slot):
        group = account.group
        if group is None or group.quarantine_origin != "delete":
            return
        if drop.is_stored(slot) and not drop.is_deleted(slot) and not drop.is_box_owned(slot):
            await drop.take(slot)

    def _record(self, subject, id, report, decision, got):
        log.counters.add("late")
        profile = self._services.profiles.name_of(subject.account)
        fields = audit.fields(subject, report, decision, profile)
        log.record(log.WARNING, "message.late", id=id, told=got, **fields)
