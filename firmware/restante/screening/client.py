"""Asks the screen process for verdicts.

Its rule: no answer is never "clean".  A worker that ends without a reply, is too late or says what
cannot be has died on the message; the message gets one more worker, and after the second death
the verdict `killed` (lasting).  A screen process that cannot be reached gives ScreenUnavailable
(passing).  It does not look into messages.
"""

import asyncio

from restante.compat import const
from restante.errors import ProtocolError, ScreenUnavailable
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


class ScreenClient:
    """`deaths`: workers that ended without a believable reply; `why`: the last such, in words."""

    def __init__(self, connect, settings):
        """`connect()` gives a Channel or raises OSError."""
        self.deaths = 0
        self.why = ""
        self._connect = connect
        self._settings = settings
        self._slots = _Slots(IN_FLIGHT)
        self._tag = 0

    @property
    def busy(self):
        """A message is being screened."""
        return self._slots.taken > 0

    async def screen(self, f):
        """The Report about what has `fd` and `size` and does not change.  ScreenUnavailable."""
        deadline_ms = self._settings.get("screening deadline") * 1000
        slot = await self._slots.take(deadline_ms + GRACE_MS)
        try:
            for _ in range(2):
                report = await self._one_worker(f, deadline_ms, slot.reply)
                if report is not None:
                    return report
            return wire.killed_report(f.size)
        finally:
            self._slots.give(slot)

    async def _one_worker(self, f, deadline_ms, reply):
        """The Report, or None if the worker died on it."""
        self._tag += 1
        tag = self._tag
        request = wire.screen_request(f.size, deadline_ms, wire.limits_of(self._settings), tag)
        channel = await self._channel()
        try:
            n = await channel.ask(request, f.fd, reply, deadline_ms + GRACE_MS)
            if n:
                return wire.screen_reply(memoryview(reply)[:n], tag, f.size)
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
        reply = bytearray(512)
        try:
            channel = self._connect()
            try:
                n = await channel.ask(wire.status_request(tag), -1, reply, STATUS_MS)
            finally:
                channel.close()
            return wire.status_reply(memoryview(reply)[:n], tag)
        except OSError as error:
            raise ScreenUnavailable("the screen process: error %s" % error.args[0])
        except ProtocolError as error:
            raise ScreenUnavailable(str(error))


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
