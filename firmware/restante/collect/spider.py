"""A spider's visit: one poll of an account, from its maildrop's opening to QUIT.

Its rule: it makes room for clients, at the origin, in the spool and on the data partition; one
message that cannot be had does not stop the others.  When it is sent is collector.py's, what a
visit does visit.py's.
"""

from restante import log
from restante.collect import failures
from restante.collect.failures import LoginRefused
from restante.collect.fetching import CUT_SHORT, NO_ROOM, NO_VERDICT, TOO_LARGE, Withheld
from restante.collect.schedule import DONE, MORE
from restante.compat import const
from restante.errors import OriginError, QuirkError, StoreError
from restante.log.alarms import STORE

# It says QUIT after so many seconds, when the message in hand is done (RFC 1939: it holds the
# maildrop's lock as long as it is there).
VISIT_S = const(60)
# Between two times that a maildrop is tidied: retention counts days.
HOUSE_S = const(3600)
# Octets that stay free for sessions of clients on the data partition: spiders stop first.
SPIDER_RESERVE_OCTETS = const(4194304)
# Spiders stop when sessions of clients have filled one so many-th of the spool.
SPOOL_SHARE = const(2)
MIB = const(1048576)

_NO_ROOM = "no room on the data partition: mail is not collected ahead of time until there is"


class Spider:
    """`services`: maildrops, settings, spool, clock, up, aged.

    `govern(account, drop)`, `enter(seat)`: the collector's; the latter gives a Visit that is
    logged in.
    """

    def __init__(self, services, govern, enter):
        self._services = services
        self._govern = govern
        self._enter = enter

    async def poll(self, seat):
        """Polls once; DONE, MORE or a kind of failure.  Raises nothing but what cancels it."""
        account = seat.account
        try:
            return await self._poll_once(seat)
        except LoginRefused as error:
            return self._failed(account, error.kind, str(error))
        except OriginError as error:
            return self._failed(account, failures.UNREACHABLE, str(error))
        except QuirkError as error:
            return self._failed(account, failures.PERMANENT, str(error))
        except StoreError as error:
            log.alarms.set(STORE, str(error))
            return self._failed(account, failures.UNREACHABLE, str(error))
        except Exception as error:  # noqa: BLE001 (MemoryError, a fault of ours: only it ends)
            log.record(log.ERROR, "collect.fault", account=account.name, trace=log.trace(error))
            return self._failed(account, failures.UNREACHABLE, "a fault of the mail gateway")

    def _failed(self, account, kind, why):
        account.last_error = why
        log.counters.add("collect_failures")
        log.record(log.WARNING, "collect.failed", account=account.name, why=why)
        return kind

    async def _poll_once(self, seat):
        account = seat.account
        services = self._services
        drop = await services.maildrops.open(account.id)
        try:
            self._govern(account, drop)
            await self._keep_house(seat, drop)
            visit = await self._enter(seat)
            try:
                return await self._collect(visit, drop, seat)
            finally:
                visit.close()
        finally:
            services.maildrops.release(drop)

    async def _keep_house(self, seat, drop):
        now = self._services.up()
        if now >= seat.house_at:
            seat.house_at = now + HOUSE_S
            await drop.keep_house(self._services.aged())

    async def _collect(self, visit, drop, seat):
        account = seat.account
        before = log.counters.get("collected")
        account.last_error = ""
        await visit.refresh(drop)
        await visit.depart(drop)
        how = await self._fetch(visit, drop, seat)
        await visit.depart(drop)
        await visit.leave()
        account.polled = self._services.clock()
        log.counters.add("polls")
        log.record(
            log.INFO,
            "collect.poll",
            account=account.name,
            messages=drop.count,
            fetched=log.counters.get("collected") - before,
            more=how == MORE,
        )
        return how

    async def _fetch(self, visit, drop, seat):
        """Newest first, within the budget; DONE, or MORE if the time is over."""
        settings = self._services.settings
        budget = settings.get("collect budget") * MIB
        budget += sum([drop.octets(slot) for slot in seat.skipped])
        await drop.reveal([slot for slot in drop.hidden() if slot in seat.skipped])
        until = seat.began + VISIT_S
        for slot in drop.wanted(budget):
            if slot in seat.skipped:
                continue
            if seat.turns or self._services.up() >= until:
                return MORE
            if not self._has_room(seat.account, drop.octets(slot)):
                return DONE
            if not await self._fetch_one(visit, drop, slot, seat):
                return DONE
        return DONE

    async def _fetch_one(self, visit, drop, slot, seat):
        """False if the next message would fare no better."""
        try:
            await visit.fetch(drop, slot)
        except Withheld as withheld:
            await self._withheld(seat, drop, slot, withheld)
            return withheld.cause not in (NO_ROOM, NO_VERDICT)
        except StoreError as error:
            # What was deleted before is still made true by QUIT.
            await self._withheld(seat, drop, slot, Withheld(b"", NO_ROOM, error))
            return False
        except OriginError:
            seat.broke(slot)
            raise
        return True

    async def _withheld(self, seat, drop, slot, withheld):
        account = seat.account
        account.last_error = "message %s: %s" % (drop.uidl(slot).decode(), withheld)
        if withheld.cause in (CUT_SHORT, TOO_LARGE):
            seat.skip(slot)
        if withheld.cause == NO_ROOM:
            log.alarms.set(STORE, str(withheld))
        log.record(
            log.WARNING,
            "collect.withheld",
            account=account.name,
            uidl=drop.uidl(slot),
            why=str(withheld),
        )
        if withheld.cause != NO_VERDICT:
            await self._show(drop, slot)

    async def _show(self, drop, slot):
        """A message that cannot be had is not hidden, whatever it may be."""
        try:
            await drop.reveal([slot])
        except StoreError as error:
            log.alarms.set(STORE, str(error))

    def _has_room(self, account, octets):
        """Whether a spider may fetch so much: sessions of clients need room too."""
        spool = self._services.spool
        try:
            free = spool.folder.free()
        except OSError:
            free = 0
        if free >= SPIDER_RESERVE_OCTETS + 2 * octets:
            # A spool in use is no fault: it is tried again at the next poll.
            return spool.used * SPOOL_SHARE <= spool.quota
        account.last_error = _NO_ROOM
        log.alarms.set(STORE, _NO_ROOM)
        log.record(log.WARNING, "collect.full", account=account.name, free=free)
        return False
