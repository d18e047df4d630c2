"""Runs on the box's own interpreter: collector, accounts, maildrops, screen, as in the gate.

    collect_stand.py DATA SCREEN_SOCKET

Each line of the standard input is a JSON list: the name of a method of Stand and its arguments.
The answer is a line of JSON.  The clock is the test's: hours pass at once.
"""

import asyncio
import binascii
import gc
import json
import sys
import time

import _crypto
import _sys
from restante import log, loop, settings
from restante.accounts import state
from restante.accounts.accounts import Accounts
from restante.accounts.groups import Groups
from restante.accounts.sealed import Sealer
from restante.collect.collector import VISIT_LONGEST_S, Collector
from restante.collect.failures import LoginRefused
from restante.collect.fetching import Withheld
from restante.collect.lookup import Lookup
from restante.errors import RestanteError
from restante.relay.origin import Origin
from restante.relay.ticker import Ticker
from restante.screening.channel import Channel
from restante.screening.client import ScreenClient
from restante.settings.profiles import Profiles
from restante.store.folder import Folder
from restante.store.maildrops import Maildrops
from restante.store.quarantine import Quarantine
from restante.store.spool import Spool

MIB = 1048576
KEY = bytes(range(32))
HEADER_TIME = 1700000000


class Follower:
    """A client that waits for its message, as patience.py."""

    def follow(self, body):
        self.body = body


class Longest:
    """The longest that the loop was away."""

    def __init__(self):
        self.ms = 0

    async def run(self):
        last = time.ticks_ms()
        while True:
            await asyncio.sleep_ms(0)
            now = time.ticks_ms()
            self.ms = max(self.ms, time.ticks_diff(now, last))
            last = now


class Stand:
    def __init__(self, data, socket):
        helper = loop.Helper()
        self.now = 0  # seconds since the start
        self.pace = 0  # seconds that pass whenever somebody looks at the clock
        self.settings = settings.load(data + "/settings")
        assert not self.settings.error, self.settings.error
        self.folder = Folder(data)
        self.groups = Groups(self.settings)
        self.spool = Spool(self.folder, self.settings.get("spool maximum") * MIB)
        self.helper = helper
        self.accounts = Accounts(
            self.groups, self.folder, helper, self.clock, self.up, Sealer(_crypto, KEY)
        )
        maximum = self.settings.get("mail maximum") * MIB
        self.maildrops = Maildrops(self.folder, helper, self.clock, self.spool, maximum)
        self.quarantine = Quarantine(
            self.folder, helper, self.clock, self.settings.get("quarantine maximum") * MIB
        )
        self.screen = ScreenClient(lambda: Channel(socket), self.settings)
        self.profiles = Profiles(self.settings)
        self.ticker = Ticker()
        self.account = None
        self.visit = None
        self.origins = []
        self.collector = Collector(self)
        log.start(log.DEBUG, self.clock)

    # -- services of the collector

    def clock(self):
        return HEADER_TIME + self.now

    def up(self):
        self.now += self.pace
        return self.now

    def aged(self):
        return self.clock()

    def origin(self, address, port):
        return Origin(address, port, self.settings)

    # -- what a test asks for

    async def start(self):
        await self.accounts.start()
        await self.maildrops.start()
        await self.quarantine.start()
        self.running = asyncio.create_task(self.collector.run())
        await asyncio.sleep_ms(0)

    async def stop(self):
        self.running.cancel()
        try:
            await self.running
        except asyncio.CancelledError:
            return len(self.collector._seats)

    async def learn(self, port, user="fred", password="secret", how=state.LOGIN_USER):
        group = self.groups.all()[0]
        self.account = await self.accounts.learned(
            group, user.encode(), password.encode(), ("127.0.0.1", port), how
        )
        self.collector.poke(self.account)
        return self.account.id

    async def poll(self):
        """Time passes until one visit of a spider has been made; the seconds that it took."""
        began = self.now
        await self.begin()
        await self.go_on()
        return self.now - began

    def _spiders(self):
        seats = self.collector._seats.values()
        return [seat.task for seat in seats if seat.task is not None] or None

    async def hours(self, n, poke=0):
        """So many hours pass; the moments, in seconds, when a spider was sent."""
        moments = []
        end = self.now + n * 3600
        while self.now < end:
            self.now += 1
            if poke and self.now % poke == 0:
                self.collector.poke(self.account)
            self.ticker.tick(0)
            tasks = self._spiders()
            if tasks:
                moments.append(self.now)
                for task in tasks:
                    await task
        return moments

    async def begin(self):
        """Sends a spider and does not wait for it."""
        while self._spiders() is None:
            self.now += 1
            self.ticker.tick(0)

    async def too_long(self):
        """The longest time for a visit passes."""
        self.now += VISIT_LONGEST_S + 1
        self.ticker.tick(0)
        await self.go_on()

    async def turn(self):
        """A client comes: the ms until it may go to the origin, and whether a spider is left."""
        start = time.ticks_ms()
        async with self.collector.turn(self.account):
            ms = time.ticks_diff(time.ticks_ms(), start)
            left = self._spiders() is not None
            self.now += 7200
            self.ticker.tick(0)
            return ms, left or self._spiders() is not None

    async def crowd(self, port, users):
        """So many users are learned and due; how many spiders are sent at once."""
        for n in range(users):
            await self.learn(port, "user%d" % n)
        for _ in range(5):
            self.now += 1
            self.ticker.tick(0)
        return len(self._spiders())

    async def erase(self):
        await self.accounts.erase(self.account, "test")

    async def retention(self):
        """What a maildrop keeps, in seconds, once it was listed for a client."""

        async def work(drop):
            return drop.retention, drop.quota

        return await self._with_drop(work)

    async def go_on(self):
        """Waits for the spider that is on its way."""
        for task in self._spiders() or ():
            await task

    async def enter(self, ms=10000):
        self.visit = await self.collector.enter(self.account, ms)
        return True

    async def refresh(self):
        return await self._with_drop(self.visit.refresh)

    async def weigh(self):
        """A refresh: its ms, the longest that nobody else got a turn, octets that stay, heap."""
        await self._with_drop(self._nothing)
        gc.collect()
        before = gc.mem_alloc()
        longest = Longest()
        task = asyncio.create_task(longest.run())
        start = time.ticks_ms()
        drop = await self.maildrops.open(self.account.id)
        await self.visit.refresh(drop)
        ms = time.ticks_diff(time.ticks_ms(), start)
        task.cancel()
        gc.collect()
        self.maildrops.release(drop)
        return ms, longest.ms, gc.mem_alloc() - before, drop.count

    async def _nothing(self, drop):
        return None

    async def depart(self):
        return await self._with_drop(self.visit.depart)

    async def fetch(self, uidl, client=True):
        async def work(drop):
            patience = Follower() if client else None
            await self.visit.fetch(drop, drop.find(uidl.encode()), patience)

        return await self._with_drop(work)

    async def leave(self):
        return await self.visit.leave()

    async def delete(self, *uidls):
        async def work(drop):
            await drop.delete([drop.find(uidl.encode()) for uidl in uidls])

        return await self._with_drop(work)

    async def delivered(self, *uidls):
        async def work(drop):
            for uidl in uidls:
                drop.delivered(drop.find(uidl.encode()))

        return await self._with_drop(work)

    async def left_mail(self):
        self.collector.left_mail(self.account)

    async def _with_drop(self, work):
        drop = await self.maildrops.open(self.account.id)
        try:
            return await work(drop)
        finally:
            self.maildrops.release(drop)

    async def look_up(self, path, port):
        """Looks at the names of the groups once; what is known of them then."""
        await Lookup(self.groups, self.up, path, port).look()
        group = self.groups.all()[0]
        return {name: sorted(group.addresses(name)) for name in group.names()}

    async def set_free(self, octets):
        """So many octets are free on the data partition, as far as anybody is told."""
        self.folder.free = lambda: octets

    async def set_pace(self, seconds):
        self.pace = seconds

    async def show(self):
        account = self.account
        return {
            "state": state.STATE_NAMES[account.state],
            "why": account.why,
            "error": account.last_error,
            "alert": account.alert,
            "fresh": self.accounts.fresh(account),
            "grace": self.accounts.in_grace(account),
            "polled": account.polled,
            "next": account.next_poll - self.clock(),
            "capabilities": [line.decode() for line in account.group.capabilities or ()],
            "counts": {
                name: log.counters.get(name) for name in ("polls", "collected", "collect_failures")
            },
            "spool": (self.spool.files, self.spool.used),
            "log": log.ring.lines(),
            "alarms": [name for name, _, _ in log.alarms.active()],
            "quarantine": [
                (entry.record.account, entry.record.uidl) for entry in self.quarantine.entries()
            ],
        }

    async def mail(self):
        """{uidl: [octets, body or None, box-owned]} of what a session sees, newest last."""

        async def work(drop):
            found = []
            for slot in drop.slots():
                body = await self._body(drop, slot) if drop.is_stored(slot) else None
                uidl = drop.uidl(slot).decode()
                found.append((uidl, drop.octets(slot), body, drop.is_box_owned(slot)))
            return found

        return await self._with_drop(work)

    async def _body(self, drop, slot):
        fd = await drop.open(slot)
        try:
            data = bytearray(_sys.fsize(fd))
            assert self.folder.read(fd, data, 0) == len(data)
        finally:
            _sys.close(fd)
        return binascii.b2a_base64(data).decode().strip()


async def serve(stand):
    await stand.start()
    while True:
        try:
            await loop.readable(0, loop.LONGEST_MS)
        except OSError:
            continue
        line = sys.stdin.readline()
        if not line:
            return
        words = json.loads(line)
        try:
            answer = {"answer": await getattr(stand, words[0])(*words[1:])}
        except (RestanteError, ValueError) as error:
            answer = {"error": type(error).__name__, "text": str(error)}
            if isinstance(error, (LoginRefused, Withheld)):
                answer["line"] = error.line.decode()
        print(json.dumps(answer))


asyncio.run(serve(Stand(*sys.argv[1:])))
