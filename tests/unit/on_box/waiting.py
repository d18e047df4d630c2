"""loop.readable and loop.writable.  Runs on MicroPython only."""

import asyncio
import errno
import time

import _sys
from restante import loop
from sockets import unix_pair


async def late(awaitable, ms):
    """The wait must end with ETIMEDOUT, not before `ms` from now."""
    start = time.ticks_ms()
    try:
        await awaitable
    except OSError as error:
        assert error.errno == errno.ETIMEDOUT
        assert time.ticks_diff(time.ticks_ms(), start) >= ms - 1
        return
    raise AssertionError("in time")


def test_ready_at_once():
    async def run():
        _, client, server = unix_pair("ready")
        await loop.writable(client, 1000)
        _sys.write(client, b"x", 0, 1)
        await loop.readable(server, 1000)
        await loop.readable(server, 0)

    asyncio.run(run())


def test_deadlines_in_any_order():
    async def run():
        _, a, b = unix_pair("order")
        _, c, d = unix_pair("order2")
        await asyncio.gather(
            late(loop.readable(a, 60), 60),
            late(loop.readable(b, 20), 20),
            late(loop.readable(c, 40), 40),
            late(loop.readable(d, 0), 0),
        )

    asyncio.run(run())


def test_reader_that_is_late_leaves_the_writer_waiting():
    async def run():
        _, client, server = unix_pair("both")
        while _sys.write(client, bytes(4096), 0, 4096) is not None:
            pass
        writer = asyncio.create_task(writes(client))
        await late(loop.readable(client, 20), 20)
        assert not writer.done()
        reader = asyncio.create_task(late(loop.readable(client, 1000), 1000))
        await asyncio.sleep_ms(0)
        reader.cancel()
        await asyncio.sleep_ms(0)
        while _sys.read(server, bytearray(4096), 0, 4096) is not None:
            pass
        assert await writer == "written"

    async def writes(fd):
        await loop.writable(fd, 5000)
        return "written"

    asyncio.run(run())


def test_cancelled_wait_is_forgotten():
    async def run():
        _, client, server = unix_pair("cancel")
        task = asyncio.create_task(late(loop.readable(server, 5000), 5000))
        await asyncio.sleep_ms(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert not loop._watch.waits
        assert not asyncio.core._io_queue.map
        _sys.write(client, b"x", 0, 1)
        await loop.readable(server, 1000)

    asyncio.run(run())


def test_end_of_the_peer_wakes():
    async def run():
        _, client, server = unix_pair("end")
        _sys.close(client)
        await loop.readable(server, 1000)
        assert _sys.read(server, bytearray(1), 0, 1) == 0

    asyncio.run(run())


def test_many_waits():
    async def run():
        pairs = [unix_pair("many%d" % n)[1:] for n in range(100)]
        tasks = [asyncio.create_task(loop.readable(b, 5000)) for _, b in pairs]
        await asyncio.sleep_ms(0)
        for a, _ in pairs:
            _sys.write(a, b"x", 0, 1)
        for task in tasks:
            await task
        assert not loop._watch.waits

    asyncio.run(run())


def test_deadline():
    deadline = loop.Deadline(10000)
    assert 9000 < deadline.left() <= 10000
    assert loop.Deadline(-1).left() == 0
    assert loop.Deadline(1 << 62).left() <= loop.LONGEST_MS


def test_new_event_loop():
    test_deadlines_in_any_order()
    asyncio.new_event_loop()
    test_deadlines_in_any_order()
