"""Asks the screen process for verdicts.

Its rule: no answer is never "clean".  A worker that ends without a reply, is too late or says what
cannot be has died on the message; the message gets one more worker, and after the second death
the verdict `killed` (lasting).  A screen process that cannot be reached gives ScreenUnavailable
(passing), and so does a disk without room for what a message holds.  It does not look into
messages.
"""

import asyncio

from restante.compat import const
from restante.errors import NoRoom, ProtocolError, ScreenUnavailable, StoreError
from restante.screening import wire

# Messages screened at once: a worker takes 8 MiB of a 64 MiB box.  The others wait in order.
IN_FLIGHT = const(2)
# The parent kills a worker at its deadline and closes the connection; this much later, in ms, the
# parent itself counts as hung.
GRACE_MS = const(2000)
# init starts a dead screen process again within a second or two: so often and so long, in ms, a
# connection is tried.
CONNECT_TRIES = const(25)
CONNECT_PAUSE_MS = const(200)
# The parent answers a status request at once, in ms.
STATUS_MS = const(2000)
# A process looks into an offered set so long at most, in ms: it reads little, but the medium may
# be slow.
OFFER_MS = const(60000)
# The parent's own replies: numbers and two texts of 255 octets.
REPLY_OCTETS = const(640)


class ScreenClient:
    """`deaths`: workers that ended without a believable reply; `why`: the last such, in words.

    `no_room`: messages without a verdict because the disk was full.
    `distrusted`: why no verdict is believed, or "": set by the self-test.
    """

    def __init__(self, connect, settings, scratch=None, rules=None):
        """`connect()` gives a Channel or raises OSError; `scratch`: store.Scratch, or None.

        `rules(settings)`: the octets that the engine is given with a message; ValueError.
        """
        self.deaths = 0
        self.no_room = 0
        self.why = ""
        self.distrusted = ""
        self._scratch = scratch
        self._rules = rules
        self._connect = connect
        self.settings = settings
        self._slots = _Slots(IN_FLIGHT)
        self._tag = 0

    @property
    def busy(self):
        """A message is being screened."""
        return self._slots.taken > 0

    async def screen(self, f, settings=None):
        """The Report about what has `fd` and `size` and does not change.  ScreenUnavailable.

        `settings`: those of the account, if they are not everybody's.
        """
        if self.distrusted:
            raise ScreenUnavailable(self.distrusted)
        return await self.examine(f, settings or self.settings)

    async def examine(self, f, settings, kind=wire.SCREEN):
        """As screen(), whether verdicts are believed or not: for the self-test.

        `kind`: wire.TRY for the candidate's verdict.
        """
        deadline_ms = settings.get("screening deadline") * 1000
        asked = _Asked(wire.limits_of(settings), deadline_ms, self._rules_of(settings), kind)
        slot = await self._slots.take(deadline_ms + GRACE_MS)
        try:
            for _ in range(2):
                report = await self._one_worker(f, asked, slot.reply)
                if report is not None:
                    return report
            return wire.killed_report(f.size)
        except NoRoom:
            self.no_room += 1
            raise
        finally:
            self._slots.give(slot)

    def _rules_of(self, settings):
        try:
            rules = self._rules(settings) if self._rules else b""
            if len(rules) <= wire.MAX_RULES:
                return rules
            raise ValueError("rules of %d octets" % len(rules))
        except ValueError as error:  # never without rules that somebody has set
            raise ScreenUnavailable("the rules of the settings cannot be used: %s" % error)

    async def _one_worker(self, f, asked, reply):
        """The Report, or None if the worker died on it."""
        self._tag += 1
        tag = self._tag
        scratch = self._room()
        try:
            octets = scratch.octets if scratch else 0
            request = wire.screen_request(
                f.size, asked.deadline_ms, asked.limits, tag, octets, asked.rules, asked.kind
            )
            fds = (f.fd, scratch.fd) if scratch else (f.fd,)
            return await self._ask(request, fds, tag, f.size, asked.deadline_ms, reply)
        finally:
            if scratch:
                scratch.close()

    def _room(self):
        """A scratch file of its own for one worker, None if there is none to be had here."""
        if self._scratch is None:
            return None
        try:
            return self._scratch.open()
        except StoreError as error:
            raise NoRoom(str(error))

    async def _ask(self, request, fds, tag, size, deadline_ms, reply):
        channel = await self._channel()
        try:
            n = await channel.ask(request, fds, reply, deadline_ms + GRACE_MS)
            if n:
                return wire.screen_reply(memoryview(reply)[:n], tag, size)
            self._died("it ended without a reply")
        except OSError as error:
            self._died("error %s" % error.args[0])
        except ProtocolError as error:
            self._died(str(error))
        finally:
            channel.close()
        return None

    def _died(self, why):
        self.deaths += 1
        self.why = why

    async def _channel(self):
        for _ in range(CONNECT_TRIES):
            try:
                return self._connect()
            except OSError as error:
                cause = error
            await asyncio.sleep(CONNECT_PAUSE_MS / 1000)
        raise ScreenUnavailable("the screen process cannot be reached: error %s" % cause.args[0])

    async def status(self):
        """wire.Status.  ScreenUnavailable; no waiting for a restart."""
        self._tag += 1
        tag = self._tag
        return await self._ask_parent(
            wire.status_request(tag), (), STATUS_MS, lambda reply: wire.status_reply(reply, tag)
        )

    async def offer(self, fd, octets):
        """wire.SetReply: a new set, as a read-only descriptor, becomes the candidate."""
        self._tag += 1
        request = wire.offer_request(octets, OFFER_MS, self._tag)
        return await self._about_set(request, (fd,), OFFER_MS + GRACE_MS)

    async def adopt(self, number):
        """wire.SetReply: each message from now on is screened by the candidate of this number."""
        self._tag += 1
        return await self._about_set(wire.adopt_request(number, self._tag), (), STATUS_MS)

    async def withdraw(self):
        """wire.SetReply: there is no candidate any more."""
        self._tag += 1
        return await self._about_set(wire.withdraw_request(self._tag), (), STATUS_MS)

    async def _about_set(self, request, fds, ms):
        tag = self._tag
        return await self._ask_parent(
            request, fds, ms, lambda reply: wire.set_reply(reply, tag), waits=True
        )

    async def _ask_parent(self, request, fds, ms, read, waits=False):
        """What `read` makes of the reply.  ScreenUnavailable; `waits`: for a restart."""
        reply = bytearray(REPLY_OCTETS)
        try:
            channel = await self._channel() if waits else self._connect()
            try:
                n = await channel.ask(request, fds, reply, ms)
            finally:
                channel.close()
            return read(memoryview(reply)[:n])
        except OSError as error:
            raise ScreenUnavailable("the screen process: error %s" % error.args[0])
        except ProtocolError as error:
            raise ScreenUnavailable(str(error))


class Candidate:
    """A ScreenClient of which the self-test gets the candidate's verdicts."""

    def __init__(self, screen):
        self._screen = screen

    async def examine(self, f, settings):
        return await self._screen.examine(f, settings, wire.TRY)


class _Asked:
    """What the settings say of one message."""

    def __init__(self, limits, deadline_ms, rules, kind):
        self.kind = kind
        self.limits = limits
        self.deadline_ms = deadline_ms
        self.rules = rules


class _Slot:
    """The right to one worker, with room for its reply."""

    def __init__(self):
        self.reply = bytearray(wire.REPLY_OCTETS + 1)


class _Waiter:
    def __init__(self):
        self.event = asyncio.Event()
        self.slot = None


class _Slots:
    """So many at once, the others in the order in which they came."""

    def __init__(self, n):
        self._free = [_Slot() for _ in range(n)]
        self._waiters = []
        self._count = n

    @property
    def taken(self):
        return self._count - len(self._free)

    async def take(self, ms):
        """A slot; ScreenUnavailable if none is free within `ms`."""
        if self._free and not self._waiters:
            return self._free.pop()
        waiter = _Waiter()
        self._waiters.append(waiter)
        try:
            await asyncio.wait_for(waiter.event.wait(), ms / 1000)
        except asyncio.TimeoutError:
            if waiter.slot is None:
                self._waiters.remove(waiter)
                raise ScreenUnavailable("too many messages wait to be screened")
        except BaseException:
            self._leave(waiter)
            raise
        return waiter.slot

    def _leave(self, waiter):
        if waiter.slot is None:
            self._waiters.remove(waiter)
        else:
            self.give(waiter.slot)

    def give(self, slot):
        if self._waiters:
            waiter = self._waiters.pop(0)
            waiter.slot = slot
            waiter.event.set()
        else:
            self._free.append(slot)
