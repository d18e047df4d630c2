"""The relay's parts that have a clock or a socket: deadlines, waiting lines, own addresses."""

import asyncio
import gc
import socket
from time import ticks_add, ticks_ms

import _sys
from restante import loop
from restante.accounts.groups import Groups
from restante.inet import sockaddr
from restante.pop3.dots import Body
from restante.relay import destination
from restante.relay.endings import ClientGone
from restante.relay.leg import Leg, stream_socket
from restante.relay.message import Delivery
from restante.relay.origin import Origin
from restante.relay.patience import Patience
from restante.relay.session import Session
from restante.relay.ticker import Ticker
from restante.settings import load

SESSION_OCTETS = 24576  # DESIGN's budget for a session in the gate
DEFAULTS = load("/nonexistent")
LONG_MS = 20000  # for what must happen at once


def connecting_to(port):
    leg = Leg(stream_socket(), "near", ClientGone)
    leg.within(LONG_MS, "the connection")
    return leg, leg.connect(sockaddr("127.0.0.1", port))


async def legs():
    """Two connected legs."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(sockaddr("127.0.0.1", 0))
    listening.listen(1)
    near, connected = connecting_to(_sys.sockname(listening.fileno())[1])
    await connected
    far = Leg(listening.accept()[0], "far", ClientGone)
    listening.close()
    near.within(LONG_MS, "all")
    far.within(LONG_MS, "all")
    return near, far


def run(test):
    async def with_legs():
        near, far = await legs()
        try:
            await test(near, far)
        finally:
            near.close()
            far.close()

    asyncio.run(with_legs())


async def lost(awaitable, text):
    try:
        await awaitable
    except ClientGone as error:
        assert text in str(error), error
        return
    raise AssertionError("not lost: " + text)


def test_a_late_read_is_lost():
    async def test(near, far):
        near.within(30, "its next command")
        await lost(near.read(bytearray(10)), "near: its next command took too long")

    run(test)


def test_trickling_octets_do_not_move_a_fixed_deadline():
    async def trickle(far):
        for _ in range(100):
            await far.write(b"x")
            await asyncio.sleep_ms(10)

    async def test(near, far):
        trickling = asyncio.create_task(trickle(far))

        async def read_all():
            while True:
                await near.read(bytearray(1))

        near.within(100, "a command")
        await lost(read_all(), "a command took too long")
        near.each_within(500, "a body")
        for _ in range(60):
            assert await near.read(bytearray(1)) == 1
        trickling.cancel()

    run(test)


def test_a_peer_that_takes_nothing_is_lost():
    async def test(near, far):
        async def write_for_ever():
            piece = bytearray(16384)
            while True:
                await near.write(piece)

        near.each_within(50, "taking what it asked for")
        await lost(write_for_ever(), "taking what it asked for took too long")

    run(test)


def test_a_peer_that_has_gone():
    async def test(near, far):
        far.shutdown()
        assert await near.read(bytearray(10)) == 0

        async def write():
            for _ in range(3):
                await near.write(b"x" * 100)

        await lost(write(), "near: it closed the connection")

    run(test)


def test_nobody_listens():
    async def test(near, far):
        leg, connected = connecting_to(free_port())
        await lost(connected, "near: connection refused")
        leg.close()

    run(test)


def free_port():
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.bind(sockaddr("127.0.0.1", 0))
    port = _sys.sockname(probe.fileno())[1]
    probe.close()
    return port


def test_unread_octets_are_dropped_within_a_bound():
    async def test(near, far):
        await far.write(b"plaintext")
        await loop.readable(near._fd, LONG_MS)
        near.drop_unread(bytearray(4))
        await far.write(b"after")
        room = bytearray(10)
        assert await near.read(room) == 5 and room[:5] == b"after"

    run(test)


class Waiting:
    """A session as Patience sees it."""

    def __init__(self, client):
        self.client = client
        self.in_body = False
        self.ended = False

    def shutdown(self):
        self.ended = True


def body_of(data):
    body = Body()
    body.take(bytearray(data), 0, len(data))
    return body


async def said(near, far):
    """What `near` has said to `far` until now: all that arrives before a mark."""
    await near.write(b"\0")
    text = b""
    room = bytearray(1000)
    while not text.endswith(b"\0"):
        n = await far.read(room)
        assert n, text
        text += bytes(room[:n])
    return text[:-1]


def test_waiting_lines():
    async def test(near, far):
        session = Waiting(near)
        ticker = Ticker()
        patience = Patience(session, DEFAULTS, ticker)
        start = ticks_ms()
        ticker.tick(ticks_add(start, 60000))
        assert await said(near, far) == b"" and not patience.begun  # the origin has not said +OK
        patience.follow(body_of(b"Subject: x\r\n"))
        for n in range(1, 4):
            ticker.tick(ticks_add(start, 60000 + 13000 * n))
            first = b"+OK message follows\r\n" if n == 1 else b""
            assert await said(near, far) == first + b"X-Restante-Wait: %d\r\n" % n
            ticker.tick(ticks_add(start, 60000 + 13000 * n + 1000))
            assert await said(near, far) == b""
        assert patience.begun and session.in_body and not session.ended
        ticker.tick(ticks_add(start, 301000))
        assert session.ended and await said(near, far) == b""
        patience.close()
        patience.close()
        ticker.tick(ticks_add(start, 400000))

    run(test)


def test_no_waiting_lines_before_what_is_no_header_field():
    async def test(near, far):
        for head in (b"From me Mon Jan\r\n", b"\r\n", b"no colon\r\n", b" folded: x\r\n", b""):
            session = Waiting(near)
            ticker = Ticker()
            patience = Patience(session, DEFAULTS, ticker)
            patience.follow(body_of(head) if head else Body())
            ticker.tick(ticks_add(ticks_ms(), 100000))
            assert await said(near, far) == b"" and not patience.begun, head
            patience.close()

    run(test)


def test_own_addresses():
    assert destination.is_own(("127.0.0.9", 110), ("10.0.0.1", 11000))
    assert destination.is_own(("10.0.0.1", 11000), ("10.0.0.1", 11000))
    assert not destination.is_own(("192.0.2.1", 110), ("10.0.0.1", 11000))


class Services:
    settings = DEFAULTS
    profiles = None
    groups = Groups(DEFAULTS)
    note = ""
    quarantine = None
    spool = None
    ticker = None
    guesses = None

    def next_id(self):
        return 1

    def delivery(self, session):
        return Delivery(session, self)

    def origin(self, address, port):
        return Origin(address, port, DEFAULTS)


def connected(services, sock, place):
    session = Session(services, sock, "192.0.2.9", place, place)
    session.origin = services.origin(*place)
    return session


def test_memory_of_a_session():
    services = Services()
    place = ("192.0.2.1", 110)
    socks = [socket.socket() for _ in range(11)]
    sessions = [connected(services, socks[0], place)]
    gc.collect()
    before = gc.mem_alloc()
    for sock in socks[1:]:
        sessions.append(connected(services, sock, place))
    gc.collect()
    each = (gc.mem_alloc() - before) // 10
    for session in sessions:
        session.close()
    assert each < SESSION_OCTETS, each
