"""Accelerated accounts with real screening, a real Dovecot, slow origins and released mail."""

import re
import socket

import mails
import pytest
from boxes import Box
from served import leave, mail, session, sizes, states, uidls
from talk import Talk, texts


@pytest.fixture
def behind_dovecot(signatures, dovecot):
    """behind_dovecot(messages, group=[…]) -> (box, port of Dovecot)."""
    started = []

    def start(messages, group=()):
        port = dovecot(messages)
        lines = [f"servers 127.0.0.0/8:{port}", "rule all", *group]
        started.append(Box(port, signatures, [f"set group isp {line}" for line in lines]))
        return started[-1], port

    yield start
    for box in started:
        box.stop()


def learn(box):
    leave(session(box))
    box.until(lambda: "collect.poll" in box.log(), "the end of the first poll")


def test_dovecot_through_the_box_and_directly(behind_dovecot):
    originals = [mails.clean("one"), mails.big(300000), mails.clean("three", "x\n")]
    box, port = behind_dovecot(originals, ["listing-age 0"])
    learn(box)
    with session(box) as talk, Talk(port) as direct:
        assert "served" in states(box)
        direct.log_in()
        assert uidls(talk) == uidls(direct) and sizes(talk) == sizes(direct)
        for n in (1, 2, 3):
            assert talk.fetch(b"RETR %d" % n)[1] == direct.fetch(b"RETR %d" % n)[1]
            assert talk.fetch(b"TOP %d 3" % n)[1] == direct.fetch(b"TOP %d 3" % n)[1]
        leave(talk)
        leave(direct)
    with session(box) as talk:
        talk.ask(b"DELE 2")
        leave(talk)
    with session(box) as talk, Talk(port) as direct:
        direct.log_in()
        assert uidls(talk) == uidls(direct) and len(uidls(talk)) == 2


def test_what_is_infected_is_served_cleaned_under_its_uidl(behind_dovecot):
    box, port = behind_dovecot([mails.clean(), mails.infected()])
    learn(box)
    with session(box) as talk, Talk(port) as direct:
        direct.log_in()
        assert uidls(talk) == uidls(direct)
        line, body = talk.fetch(b"RETR 2")
        assert not mails.shows(body) and b"quarantine entry" in body
        octets = len(texts(body))
        assert line == b"+OK %d octets" % octets and sizes(talk)[1] == octets
        assert talk.ask(b"LIST 2") == b"+OK 2 %d" % octets
        assert texts(talk.fetch(b"TOP 2 99999")[1]) == texts(body)
        leave(talk)
    assert "fred @ isp" in "\n".join(box.console("quarantine list")[1])


def test_a_released_original_is_delivered_once(behind_dovecot):
    box, _ = behind_dovecot([mails.infected()])
    learn(box)
    id = re.search(r"^(\d+) ", "\n".join(box.console("quarantine list")[1]), re.M)[1]
    assert box.console(f"quarantine release {id} force")[0].startswith("+OK")
    with session(box) as talk:
        assert talk.ask(b"STAT").split()[1] == b"2"
        assert uidls(talk)[1].startswith(b"restante-") and len(sizes(talk)) == 2
        line, body = talk.fetch(b"RETR 2")
        assert mails.shows(body) and line == b"+OK %d octets" % len(texts(body))
        assert talk.ask(b"DELE 2").startswith(b"+OK") and len(uidls(talk)) == 1
        talk.sock.close()
    with session(box) as talk:  # no QUIT: it is still there
        assert len(uidls(talk)) == 2
        talk.ask(b"DELE 2")
        leave(talk)
    with session(box) as talk:
        assert len(uidls(talk)) == 1
        leave(talk)


def test_without_the_screen_process_what_is_stored_is_served(behind_dovecot):
    box, _ = behind_dovecot([mails.clean()])
    learn(box)
    box.stop_screen()
    with session(box) as talk:
        assert talk.fetch(b"RETR 1")[1] == mails.wire(mails.clean())
        leave(talk)


def test_a_client_that_waits_for_a_slow_origin_is_kept(accelerated):
    settings = ["set delivery keep-alive 5"]
    box, server = accelerated([mail(1)], group=["listing-age 0"], settings=settings)
    learn(box)
    server.add(mail(2, 1000))
    with session(box) as talk:
        server.hold = lambda: wait_for(talk, b"X-Restante-Wait")
        line, body = talk.fetch(b"RETR 2")
        assert line == b"+OK message follows"
        waits, rest = re.match(rb"((?:X-Restante-Wait: \d+\r\n)+)(.*)", body, re.S).groups()
        assert waits.startswith(b"X-Restante-Wait: 1\r\n") and texts(rest) == mail(2, 1000)
        assert talk.ask(b"NOOP").startswith(b"+OK")
        leave(talk)
    with session(box) as talk:
        line, body = talk.fetch(b"RETR 2")
        assert texts(body) == mail(2, 1000) and line == b"+OK %d octets" % len(mail(2, 1000))


def wait_for(talk, text):
    """Returns when the client has got it; it is left for the client to read."""
    while text not in talk.sock.recv(1000, socket.MSG_PEEK):
        continue


def test_what_is_not_stored_cannot_be_had_without_the_origin(accelerated):
    box, server = accelerated([mail(1)], group=["listing-age 0"])
    learn(box)
    server.add(mail(2, 1000))
    with session(box) as talk:
        assert len(uidls(talk)) == 2
        server.stop()
        assert talk.ask(b"RETR 2").startswith(b"-ERR [SYS/TEMP]")
        assert texts(talk.fetch(b"RETR 1")[1]) == mail(1)
        leave(talk)
    server.start()
    with session(box) as talk:
        assert texts(talk.fetch(b"RETR 2")[1]) == mail(2, 1000)


def test_many_sessions_at_once(accelerated):
    box, server = accelerated([mail(n, 200000) for n in range(1, 4)])
    learn(box)
    talks = [session(box) for _ in range(50)]
    for talk in talks:
        talk.send(b"RETR 1\r\nRETR 2\r\nRETR 3\r\nQUIT\r\n")
    for talk in talks:
        for n in (1, 2, 3):
            assert talk.line().startswith(b"+OK") and texts(talk.body()) == mail(n, 200000)
        assert talk.line().startswith(b"+OK") and talk.ended()
        talk.sock.close()
    assert server.logins == 2
