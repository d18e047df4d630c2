"""Which account is visited when, and by whom: spiders, and sessions of clients.

Its rule: one visit an account; a client's session has priority, and a spider that polls makes room
within TURN_MS.  It tells accounts.py what the origin said of a password.  How a spider polls is
spider.py's, how a visit goes visit.py's, when the next one is due schedule.py's.
"""

import asyncio
import os

from restante import log, loop
from restante.accounts import state
from restante.accounts.groups import ACCELERATE
from restante.collect import failures, login
from restante.collect.failures import LoginRefused
from restante.collect.schedule import CHANCES, MORE, Schedule
from restante.collect.seat import Seat
from restante.collect.spider import Spider
from restante.collect.visit import Visit
from restante.compat import const
from restante.errors import OriginError, QuirkError

# A spider's visit is cut off after so many seconds, whatever it is at: a message of 48 MiB at
# 1 Mbit/s takes 400.
VISIT_LONGEST_S = const(900)
# For a spider to end when a client comes, in ms; then its connection is closed.
TURN_MS = const(1000)
# Between two looks at which accounts there are, in s; poke() adds one at once.
ACCOUNTS_S = const(60)

_NO_PASSWORD = b"-ERR [SYS/TEMP] the mail gateway does not know the password any more"
_FORGOTTEN = "the password is not known any more; the next login of a mail program brings it back"


class Collector:
    """`services`: accounts, groups, maildrops, settings, spool, quarantine, screen, helper, clock,
    up, aged, ticker, origin(address, port)."""

    def __init__(self, services):
        self._services = services
        self._schedule = Schedule()
        self._spider = Spider(services, self.govern, self._enter_as_spider)
        self._seats = {}  # account id: Seat
        self._accounts_at = 0
        self._running = False

    # -- what others ask for

    async def run(self):
        """Polls what is due, until it is cancelled; then no visit is left."""
        self._running = True
        self._services.ticker.add(self)
        try:
            await asyncio.Event().wait()
        finally:
            self._running = False
            self._services.ticker.remove(self)
            await self._end()

    def poke(self, account):
        """Poll it as soon as the bounds allow."""
        self._plan(account)
        if self._services.accounts.fresh(account):
            self._schedule.forgive(account.id)
        self._schedule.poke(account.id, self._services.up())

    def left_mail(self, account):
        """A session in pass-through ended with QUIT and left mail that it had retrieved."""
        self._seat(account).leaves_mail = True

    def govern(self, account, drop):
        """What the group's settings want of a maildrop; call it after each open()."""
        group = account.group
        seat = self._seat(account)
        drop.quota = group.quota
        drop.retention = group.retention
        drop.keep_vanished = group.fetch == "retr" and (seat.first or bool(seat.retrieved))

    def turn(self, account):
        """`async with`: a client's session has priority at this account's origin."""
        return _Turn(self._seat(account))

    async def enter(self, account, ms):
        """A visit for a client's session, logged in within `ms`.  LoginRefused, OriginError."""
        try:
            return await asyncio.wait_for_ms(self._enter_in_turn(account), ms)
        except asyncio.TimeoutError:
            raise OriginError("the mail server took too long to log in")

    async def _enter_in_turn(self, account):
        seat = self._seat(account)
        while seat.visit is not None:
            await seat.vacated.wait()
        return await self._enter(seat, spider=False)

    def adopt(self, account, origin):
        """A visit around a connection that a client's session has logged in."""
        self._schedule.login(account.id, self._services.up(), spider=False)
        return self._visit(self._seat(account), origin)

    @property
    def busy(self):
        """A spider polls, or a client's session is at an origin."""
        return any(seat.task is not None or seat.turns for seat in self._seats.values())

    # -- what a visit tells

    async def listed(self, visit, drop):
        """A whole listing was applied."""
        account = visit.account
        seat = self._seat(account)
        if seat.task is None:
            self._schedule.refreshed(account.id, self._services.up(), _chance())
        lost = [s for s in seat.retrieved if drop.is_box_owned(s) and not drop.number(s)]
        seat.retrieved = set()
        seat.first = False
        seat.collects = self._may_collect(seat, drop)
        if lost:
            raise QuirkError("the mail server drops what was fetched: %d messages" % len(lost))
        if account.state == state.LEARNING and account.usable:
            await self._services.accounts.became(account, state.READY)
            log.record(log.INFO, "collect.ready", account=account.name, messages=drop.count)

    async def unsuited(self, visit, error):
        """The origin's listing cannot be relied on: the account is in pass-through from now on."""
        account = visit.account
        account.last_error = str(error)
        log.record(log.WARNING, "collect.unsuited", account=account.name, why=str(error))
        await self._services.accounts.became(account, state.PASSING, str(error))

    def left(self, visit):
        seat = self._seat(visit.account)
        if seat.visit is visit:
            seat.visit = None
            seat.vacated.set()

    def _may_collect(self, seat, drop):
        """Whether what is stored is deleted at the origin at once (mode collect)."""
        account = seat.account
        if account.group.mode != "collect":
            return False
        if seat.leaves_mail or any(drop.is_delivered(slot) for slot in drop.slots()):
            if not seat.warned:
                seat.warned = True
                log.record(log.WARNING, "collect.mirrors", account=account.name, why=_LEAVES)
            account.last_error = _LEAVES
            return False
        return True

    # -- once a second

    def tick(self, ms):
        now = self._services.up()
        if now >= self._accounts_at:
            self._accounts_at = now + ACCOUNTS_S
            self._take_accounts()
        for seat in self._seats.values():
            if seat.task is not None and now - seat.began > VISIT_LONGEST_S and seat.visit:
                seat.visit.shutdown()
        most = self._services.settings.get("collect concurrency")
        busy = [key for key, seat in self._seats.items() if seat.turns or seat.visit]
        while self._running and self._schedule.running < most:
            key = self._schedule.due(now, busy)
            if key is None:
                return
            if _is_polled(self._seats[key].account):
                self._begin(self._seats[key], now)
            else:
                self._schedule.remove(key)

    def _take_accounts(self):
        wanted = {}
        for account in self._services.accounts.all():
            if _is_polled(account):
                wanted[account.id] = account
        for key in self._schedule.keys():
            if key not in wanted:
                self._schedule.remove(key)
        for account in wanted.values():
            self._plan(account)

    def _plan(self, account):
        if _is_polled(account):
            now = self._services.up()
            self._schedule.add(account.id, account.group.interval, now, _chance())
            self._seat(account)
            self._tell_next(account)

    def _tell_next(self, account):
        ahead = self._schedule.next(account.id) - self._services.up()
        account.next_poll = self._services.clock() + max(0, ahead)

    def _seat(self, account):
        seat = self._seats.get(account.id)
        if seat is None:
            seat = self._seats[account.id] = Seat(account, asyncio.Event(), asyncio.Event())
        seat.account = account
        return seat

    # -- spiders

    def _begin(self, seat, now):
        self._schedule.began(seat.account.id)
        seat.began = now
        seat.done.clear()
        seat.task = asyncio.create_task(self._poll(seat))

    async def _poll(self, seat):
        account = seat.account
        how = MORE  # cancelled: a client has come, it goes on afterwards
        try:
            how = await self._spider.poll(seat)
        finally:
            now = self._services.up()
            seat.task = None
            seat.done.set()
            self._schedule.ended(account.id, now, how, _chance())
            if account.id in self._schedule.keys():
                self._tell_next(account)

    # -- logging in

    async def _enter_as_spider(self, seat):
        return await self._enter(seat, spider=True)

    def _visit(self, seat, origin):
        visit = Visit(self._services, seat.account, origin, seat, self)
        if seat.visit is None:
            seat.visit = visit
            seat.vacated.clear()
        return visit

    async def _enter(self, seat, spider):
        """Connects and logs in with the sealed password; the Visit.  LoginRefused, OriginError."""
        account = seat.account
        if account.place is None:
            raise OriginError("it is not known where the user logs in")
        visit = self._visit(seat, self._services.origin(*account.place))
        try:
            await self._log_in(visit, spider)
        except BaseException:
            visit.close()
            raise
        return visit

    async def _log_in(self, visit, spider):
        services = self._services
        account = visit.account
        group = account.group
        greeting = await login.greet(visit.origin)
        group.stamp = login.has_stamp(greeting)
        if spider:
            group.capabilities = await login.capabilities(visit.origin)
            self._schedule.delay(account.id, login.login_delay(group.capabilities))
            log.record(log.DEBUG, "collect.login", account=account.name)
        password = services.accounts.password(account)
        if password is None:
            raise LoginRefused(failures.TEMPORARY, _NO_PASSWORD, _FORGOTTEN)
        self._schedule.login(account.id, services.up(), spider)
        try:
            await login.log_in(visit.origin, group, account.user, password, account.how)
        except LoginRefused as refused:
            account.alert = failures.alert(refused.line) or account.alert
            await self._judge_password(account, password, refused.kind)
            raise
        await self._judge_password(account, password, failures.BUSY)

    async def _judge_password(self, account, password, kind):
        """BUSY: it was right.  A newer one that was learned meanwhile is not meant."""
        accounts = self._services.accounts
        if not accounts.same(account, password):
            return
        if kind == failures.BUSY:
            await accounts.confirmed(account)
        elif kind == failures.WRONG_PASSWORD:
            await accounts.refused(account)

    # -- the end

    async def _end(self):
        tasks = [seat.task for seat in self._seats.values() if seat.task is not None]
        await loop.end(tasks)


class _Turn:
    def __init__(self, seat):
        self._seat = seat

    async def __aenter__(self):
        seat = self._seat
        seat.turns += 1
        try:
            if seat.task is not None:
                await self._make_room(seat)
        except BaseException:
            seat.turns -= 1
            raise

    async def _make_room(self, seat):
        task = seat.task
        try:
            await asyncio.wait_for_ms(seat.done.wait(), TURN_MS)
        except asyncio.TimeoutError:
            # What the store began it carries to its end; the rest is fetched again.
            if seat.task is task:
                task.cancel()
                await seat.done.wait()

    async def __aexit__(self, kind, error, trace):
        self._seat.turns -= 1


_LEAVES = (
    "mode collect is not applied: a mail program of this account leaves its mail at the mail"
    " server, and would miss there what is collected"
)


def _is_polled(account):
    return (
        account.state != state.PASSING
        and account.usable
        and account.place is not None
        and account.group.wants(account.user) == ACCELERATE
    )


def _chance():
    octets = os.urandom(2)
    return (octets[0] << 8 | octets[1]) * CHANCES >> 16
