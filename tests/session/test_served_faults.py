"""What clients do wrong in sessions that are served from the store (FAULTS 1-17)."""

import socket

import pytest
from served import greeted, learn, leave, mail, mails, offer, session, sizes, states, uidls
from talk import texts

RESIDENT_KIB = 4096  # that a fault may cost


@pytest.fixture
def box(accelerated):
    started, started.server = accelerated(mails(3), group=["listing-age 3600"])
    learn(started)
    return started


@pytest.fixture
def other(box):
    """A served session that is open during the fault and works after it."""
    with session(box) as talk:
        yield talk
        assert texts(talk.fetch(b"RETR 2")[1]) == mail(2)
        leave(talk)


def alone(box):
    """True when only the other session is left."""
    return box.console("show sessions")[0].startswith("+OK 1 ")


def test_ten_megabytes_without_line_end(box, other):
    before = box.resident_kib()
    with session(box) as talk:
        try:
            for _ in range(200):
                talk.send(b"A" * 50000)
            while talk.more():
                continue
        except (BrokenPipeError, ConnectionResetError):
            assert talk.data[:4] in (b"-ERR", b"")
    assert box.resident_kib() - before < RESIDENT_KIB
    box.until(lambda: alone(box), "the end of the session")


def test_junk_and_odd_numbers(box, other):
    with session(box) as talk:
        for junk in (b"\0\0", b"\xff\xfe", b"RE\rTR 1", b"", b"%s%n", b"XTND XMIT", b"RETR"):
            assert talk.ask(junk).startswith(b"-ERR"), junk
        for word in (b"0", b"-1", b"2147483648", b"4294967297", b"1 2", b"x", b"1.0", b"4"):
            for keyword in (b"RETR", b"DELE", b"LIST", b"UIDL"):
                assert talk.ask(keyword + b" " + word).startswith(b"-ERR"), (keyword, word)
        assert talk.fetch(b"RETR 002")[1] is not None
        assert texts(talk.fetch(b"TOP 1 2147483648")[1]) == mail(1)
        assert talk.ask(b"TOP 1 -1").startswith(b"-ERR") and talk.ask(b"TOP 1").startswith(b"-ERR")
        leave(talk)
    assert len(box.server.drop) == 3


def test_fifty_commands_in_one_segment(box, other):
    commands = [*([b"STAT", b"LIST 1", b"UIDL 2", b"RETR 3"] * 12), b"QUIT"]
    with session(box) as talk:
        talk.send(b"".join(command + b"\r\n" for command in commands))
        for command in commands:
            assert talk.line().startswith(b"+OK"), command
            if command == b"RETR 3":
                assert texts(talk.body()) == mail(3)
        assert talk.ended()


STEPS = (b"UIDL\r\n", b"RETR 2\r\n", b"TOP 1 1\r\n", b"DELE 1\r\n", b"RSET\r\n", b"DELE 3\r\n")


@pytest.mark.parametrize("ending", ["close", "reset", "half"])
def test_an_end_at_every_step(box, other, ending):
    for steps in range(len(STEPS) + 1):
        with session(box) as talk:
            for step in STEPS[:steps]:
                talk.send(step)
                talk.line()
            if ending == "reset":
                linger = b"\1\0\0\0\0\0\0\0"
                talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            elif ending == "half":
                talk.sock.shutdown(socket.SHUT_WR)
                while talk.more():
                    continue
    box.until(lambda: alone(box), "the end of the sessions")
    assert len(uidls(other)) == 3 and len(box.server.drop) == 3


def test_commands_before_a_half_close_are_all_answered(box, other):
    with greeted(box) as talk:
        talk.send(b"USER fred\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n")
        talk.sock.shutdown(socket.SHUT_WR)
        assert [talk.line()[:3] for _ in range(4)] == [b"+OK"] * 4
    assert list(box.server.drop) == [b"uid-2", b"uid-3"]


def test_a_client_that_stops_reading(accelerated):
    big = mail(1, 20000000)
    box, _ = accelerated([big, mail(2)])
    learn(box)
    with session(box) as lazy, session(box) as other:
        lazy.send(b"RETR 1\r\n")
        assert lazy.line() == b"+OK %d octets" % len(big)
        for _ in range(50):
            assert texts(other.fetch(b"RETR 2")[1]) == mail(2)
        assert box.resident_kib() < 16384
        assert texts(lazy.body()) == big
        leave(lazy)


def test_an_origin_that_locks_its_maildrop(accelerated):
    box, server = accelerated(mails(2), group=["freshness 0", "listing-age 0"])
    server.locks = True
    learn(box)
    server.add(mail(3, 1000))
    for _ in range(3):
        with session(box) as talk:
            assert "served" in states(box) and len(uidls(talk)) == 3 == len(sizes(talk))
            assert texts(talk.fetch(b"RETR 3")[1]) == mail(3, 1000)
            leave(talk)
    with session(box) as talk:
        # The box leaves the maildrop to others while the client does nothing.
        box.until(lambda: server.open == 0, "QUIT of the visit")
        with greeted(box) as second:
            assert offer(second).startswith(b"+OK")
        talk.ask(b"DELE 1")
        leave(talk)
    assert b"uid-1" not in server.drop


def test_a_spider_makes_room_for_a_client(accelerated):
    box, server = accelerated(mails(2), group=["freshness 0", "listing-age 0"])
    learn(box)
    held = []
    server.locks = True
    server.add(mail(3, 1000))
    server.hold = lambda: held.append(1) or box.until(lambda: len(held) > 1, "the client")
    with session(box) as talk:
        leave(talk)  # the new message is the spider's
    box.until(lambda: held, "the spider in the middle of a message")
    with session(box) as talk:
        assert len(uidls(talk)) >= 2
        held.append(2)
        leave(talk)


def test_a_mailbox_that_loses_a_message_at_the_origin(accelerated):
    box, server = accelerated(mails(3), group=["listing-age 0"])
    learn(box)
    with session(box) as early:
        del server.drop[b"uid-2"]
        with session(box) as talk:
            assert uidls(talk) == [b"uid-1", b"uid-3"]
            leave(talk)
        assert early.ask(b"UIDL 2") == b"+OK 2 uid-2"
        assert early.ask(b"RETR 2").startswith(b"-ERR")
        assert early.ask(b"DELE 2").startswith(b"+OK")
        assert texts(early.fetch(b"RETR 3")[1]) == mail(3)
        leave(early)
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1", b"uid-3"]


def test_a_quirk_at_quit_does_not_undo_the_deletions(accelerated):
    box, server = accelerated(mails(3), group=["listing-age 3600"])
    learn(box)
    with session(box) as talk:
        server.alike = True
        assert talk.ask(b"DELE 1").startswith(b"+OK")
        leave(talk)
    assert len(server.drop) == 3
    assert "deletions.later" in box.log()
