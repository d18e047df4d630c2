"""_tls: sessions without a server that speaks TLS.  Runs on MicroPython only.

Those with one: native/test_tls.py and session/test_polling_tls.py.
"""

import asyncio
import errno

import _tls
from files import raises
from restante.loop import Helper
from sockets import tcp_pair

HELPER = Helper()
PIN = bytes(32)


def opened():
    """(session, our socket, the peer's)"""
    listening, ours, theirs = tcp_pair()
    listening.close()
    ours.setblocking(False)
    return _tls.client(ours.fileno(), "a.example", "/nowhere", PIN), ours, theirs


def closed(session, *socks):
    session.close()
    for sock in socks:
        sock.close()
    assert _tls.memory()[0] == 0


def refused(error, work, *arguments):
    try:
        work(*arguments)
    except error:
        return
    raise AssertionError("it was taken")


def test_what_cannot_be_a_session():
    listening, ours, theirs = tcp_pair()
    for pins in (b"x", bytes(31), bytes(33), bytes(5 * 32)):
        refused(ValueError, _tls.client, ours.fileno(), "a", "", pins)
    raises(errno.EBADF, _tls.client, 1000, "a", "", PIN)
    raises(errno.EINVAL, _tls.client, ours.fileno(), "", "", PIN)
    raises(errno.EINVAL, _tls.client, ours.fileno(), "a", "x" * 256, PIN)
    refused(TypeError, _tls.Session)
    for sock in (listening, ours, theirs):
        sock.close()
    assert _tls.memory()[0] == 0


def test_nothing_passes_before_the_handshake_is_over():
    session, ours, theirs = opened()
    assert session.write(b"secret") == _tls.BUSY and session.read(bytearray(9)) == _tls.BUSY
    assert session.handshake() == _tls.WANT_READ
    hello = theirs.recv(4096)
    assert hello[:2] == b"\x16\x03" and b"a.example" in hello and b"secret" not in hello
    assert session.write(b"secret") == _tls.BUSY
    theirs.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert session.handshake() == _tls.FAILED and session.why()[0] == 9
    # What failed stays failed.
    for result in (session.handshake(), session.result()):
        assert result == _tls.FAILED
    assert session.write(b"secret") == _tls.FAILED
    assert session.read(bytearray(9)) == _tls.FAILED
    closed(session, ours, theirs)
    raises(errno.EBADF, session.handshake)
    session.close()


def test_an_address_is_not_sent_as_a_name():
    listening, ours, theirs = tcp_pair()
    ours.setblocking(False)
    session = _tls.client(ours.fileno(), "127.0.0.1", "/nowhere", PIN)
    assert session.handshake() == _tls.WANT_READ and b"127.0.0.1" not in theirs.recv(4096)
    closed(session, ours, theirs, listening)


def test_a_peer_that_goes():
    session, ours, theirs = opened()
    theirs.close()
    assert session.handshake() in (_tls.WANT_READ, _tls.FAILED)
    assert session.handshake() == _tls.FAILED
    assert session.why()[0] in (5, 7)  # the end, or a reset
    closed(session, ours)


def test_in_the_helper_thread_and_given_up_there():
    async def run():
        session, ours, theirs = opened()
        await HELPER.handshake(session, 5000)
        assert session.result() == _tls.WANT_READ and theirs.recv(4096)[:1] == b"\x16"
        task = asyncio.create_task(HELPER.handshake(session, 5000))
        await asyncio.sleep_ms(0)
        task.cancel()
        session.close()  # wherever the thread is
        ours.close()
        theirs.close()
        # The next job of the same thread is over after it.
        other, ours, theirs = opened()
        await HELPER.handshake(other, 5000)
        closed(other, ours, theirs)

    asyncio.run(run())


def test_it_is_lent_to_one_at_a_time():
    session, ours, theirs = opened()

    async def run():
        tasks = [asyncio.create_task(HELPER.handshake(session, 5000)) for _ in range(3)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(r is None or r.errno == errno.EBUSY for r in results) and None in results

    asyncio.run(run())
    closed(session, ours, theirs)


def test_memory_has_its_bound_and_comes_back():
    made = []
    try:
        while True:
            made.append(opened())
    except OSError as error:
        assert error.errno == errno.ENOMEM
    assert 3 <= len(made) <= 8, len(made)
    for session, ours, theirs in made:
        session.close()
        ours.close()
        theirs.close()
    closed(*opened())
