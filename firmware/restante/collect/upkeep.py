"""What is done in the background: the quarantine's retention, and judging again.

When the screen process has another signature set, stored bodies and held originals are judged
again, one at a time.  Its rule: it waits for spiders, clients and messages in passage, for a
while; how far it got is durable, so that it goes on after a restart.  What is found is late.py's.
"""

import asyncio

from restante import log, loop
from restante.collect.fetching import Withheld
from restante.collect.late import Late, OtherSet
from restante.compat import const
from restante.errors import RestanteError, ScreenUnavailable, StoreError
from restante.log.alarms import STORE
from restante.screening.verdicts import NAMES
from restante.store.bodies import OpenBody
from restante.store.entries import bounded

# Between two looks at which set the screen process has, in s.
LOOK_S = const(10)
# Between two looks at a maildrop when no newer set has come, and at the retention, in s.
HOUSE_S = const(3600)
# After something bad could not be replaced, for lack of room or by a fault of the medium, in s.
RETRY_S = const(600)
# Bodies between two records of how far it got: so many are judged again after a power cut.
BATCH = const(32)
# Between two messages, in ms, and how often it waits so long while others are busy: 5 s.
PAUSE_MS = const(50)
PAUSES = const(100)

_HELD = "quarantine"  # no account id


class Upkeep:
    """`services`: those of Late; watch, signatures, age, accounts, off, maildrops, collector,
    ticker, up, timekeeper."""

    def __init__(self, services):
        self._services = services
        self._late = Late(services)
        self._bundle = ""
        self._due = {}  # account id, or _HELD: when it is looked at next
        self._house_at = 0
        self._next = 0
        self._task = None

    async def run(self):
        """Until it is cancelled; then nothing is under way."""
        self._services.ticker.add(self)
        try:
            await asyncio.Event().wait()
        finally:
            self._services.ticker.remove(self)
            if self._task is not None:
                await loop.end([self._task])

    def tick(self, ms):
        self._services.timekeeper.trusted()  # it must see when somebody sets the clock
        if self._task is None and self._services.up() >= self._next:
            self._task = asyncio.create_task(self._round())

    async def _round(self):
        try:
            await self._tidy()
            await self._judge_again()
        except (ScreenUnavailable, OtherSet) as error:
            log.record(log.INFO, "upkeep.later", why=str(error))
        except RestanteError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 (MemoryError, a fault of ours: the next round)
            log.record(log.ERROR, "upkeep.fault", trace=log.trace(error))
        finally:
            self._next = self._services.up() + LOOK_S
            self._task = None

    def _failed(self, error):
        log.alarms.set(STORE, str(error))
        log.record(log.WARNING, "upkeep.failed", why=str(error))

    async def _tidy(self):
        if await self._services.timekeeper.keep():
            log.record(log.INFO, "clock.kept")
        now = self._services.up()
        if now >= self._house_at:
            self._house_at = now + HOUSE_S
            await self._services.quarantine.keep_house()

    async def _judge_again(self):
        services = self._services
        bundle = await self._set_in_use()
        if not bundle:
            return
        if bundle != self._bundle:
            # A set that finds nothing must not judge.
            await services.watch.begun()
            if bounded(services.watch.bundle) != bundle:
                await services.watch.run()
            self._bundle = bundle
            self._due = {}
        if not services.off:
            for account in services.accounts.everything():
                if self._is_due(account.id):
                    stuck = await self._maildrop(account, bundle)
                    self._due[account.id] = services.up() + (RETRY_S if stuck else HOUSE_S)
        if self._is_due(_HELD):
            await self._held(bundle)
            self._due[_HELD] = services.up() + HOUSE_S

    async def _set_in_use(self):
        """Its name, "" if nothing is to be judged now."""
        if "enabled" not in self._services.profiles.modes():
            return ""
        status = await self._services.screen.status()
        self._services.signatures.noticed(status)
        self._services.age.noticed(status.bundle, status.built)
        return bounded(status.bundle)

    def _is_due(self, key):
        return self._services.up() >= self._due.get(key, 0)

    # -- stored bodies

    async def _maildrop(self, account, bundle):
        """True if something bad could not be replaced."""
        services = self._services
        drop = await services.maildrops.open(account.id)
        try:
            if account.group is not None:
                services.collector.govern(account, drop)
            await drop.again.begin(bundle)
            return await self._bodies(account, drop, bundle)
        finally:
            services.maildrops.release(drop)

    async def _bodies(self, account, drop, bundle):
        stuck = False
        at = 0
        while True:
            batch = await drop.again.waiting(BATCH, at)
            if not batch:
                break
            for number, slot in batch:
                if not await self._body(account, drop, slot, number, bundle):
                    stuck = True
            at = batch[-1][0] + 1
            if not stuck:
                await drop.again.judged(at - 1)
        if not stuck:
            await drop.again.finished()
        return stuck

    async def _body(self, account, drop, slot, number, bundle):
        await self._give_way()
        try:
            await self._late.look(account, drop, slot, number, bundle)
        except (Withheld, StoreError) as error:
            self._failed(error)
            return False
        return True

    # -- held originals

    async def _held(self, bundle):
        quarantine = self._services.quarantine
        outcomes = []
        for entry in quarantine.entries():
            if entry.bundle == bundle or entry.damaged:
                continue
            await self._give_way()
            try:
                fd = quarantine.open(entry)
            except StoreError:
                continue  # deleted meanwhile, or told by the quarantine
            outcomes.append((entry.id, await self._verdict(entry, fd, bundle), bundle))
            if len(outcomes) == BATCH:
                await quarantine.judged(outcomes)
                outcomes = []
        await quarantine.judged(outcomes)

    async def _verdict(self, entry, fd, bundle):
        try:
            body = OpenBody(fd, entry.size, entry.octets)
            settings = self._services.profiles.of(entry.record.account)
            report = await self._services.screen.screen(body, settings)
        finally:
            self._services.spool.folder.close(fd)
        if report.bundle and bounded(report.bundle) != bundle:
            raise OtherSet("the signature set changed to " + report.bundle)
        if report.verdict != entry.now:
            now = NAMES[report.verdict]
            log.record(log.INFO, "quarantine.judged", id=entry.id, now=now, bundle=bundle)
        return report.verdict

    async def _give_way(self):
        for _ in range(PAUSES):
            await asyncio.sleep_ms(PAUSE_MS)
            if not self._services.screen.busy and not self._services.collector.busy:
                return
