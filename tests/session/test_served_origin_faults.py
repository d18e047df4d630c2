"""What origins do wrong to accelerated accounts, while a client is there (FAULTS 18-28).

What they do to spiders is in test_collect.py, in pass-through in test_origin_faults.py.
"""

import itertools
import socket

import pytest
from boxes import Box
from bystander import LARGE, unnoticed
from collecting import Maildrop
from origins import CLOSE, stuffed
from served import greeted, leave, mail, offer, session, sizes, states, uidls
from talk import texts

GREETING = b"+OK ready\r\n"
MESSAGES = [mail(1), mail(2), mail(3)]
UIDLS = [b"uid-1", b"uid-2", b"uid-3"]
OTHER = b"anna"  # who is beside the fault
SETTINGS = [
    "set screening mode disabled",
    "set spool maximum 8",
    "set origin reply-timeout 5",
    "set origin connect-timeout 5",
    "set group isp rule all",
    "set group isp freshness 0",
    "set group isp listing-age 0",
]


@pytest.fixture(scope="module")
def box(signatures):
    yield from started(signatures)


@pytest.fixture
def own(signatures):
    """A box and an origin for one test that deletes."""
    yield from started(signatures)


def started(signatures):
    origin = Maildrop([LARGE, *MESSAGES[1:]])
    group = [f"set group isp servers 127.0.0.0/8:{origin.port}"]
    box = Box(origin.port, signatures, [*SETTINGS, *group], screens=False)
    box.origin = origin
    box.users = (b"user-%d" % n for n in itertools.count())
    learn(box, OTHER)
    origin.messages[:] = MESSAGES  # the large one is stored for the other session only
    yield box
    box.stop()
    origin.stop()


def learn(box, user):
    leave(session(box, user=user))
    polled = f'collect.poll account="{user.decode()} @ isp"'
    box.until(lambda: polled in box.log(), "the end of the first poll")


@pytest.fixture
def origin(box):
    """In order before and after."""
    yield box.origin
    box.origin.greeting = GREETING
    box.origin.answers.clear()
    box.origin.marked.clear()
    box.origin.messages[:] = MESSAGES
    box.origin.uidls[:] = UIDLS


@pytest.fixture
def user(box, origin):
    """Somebody whose three messages are stored."""
    name = next(box.users)
    learn(box, name)
    return name


def greet_and_close(greeting):
    def greet(connection):
        connection.sendall(greeting)
        connection.shutdown(socket.SHUT_WR)

    return greet


GREETINGS = {
    "refused": b"-ERR too many connections\r\n",
    "empty": b"\r\n",
    "other protocol": b"220 smtp.example\r\n",
    "nothing": greet_and_close(b""),
    "endless": greet_and_close(b"x" * 1000000),
    "silent": lambda connection: None,
}


@pytest.mark.parametrize("greeting", GREETINGS)
def test_a_greeting_that_is_none(box, origin, user, greeting):
    with unnoticed(box, "origin.silent", user=OTHER):
        origin.greeting = GREETINGS[greeting]
        with session(box, user=user) as talk:
            assert "served, origin offline" in states(box) and uidls(talk) == UIDLS
            assert texts(talk.fetch(b"RETR 2")[1]) == mail(2)
            leave(talk)


@pytest.mark.parametrize(
    "greeting",
    [b"+OK \x1b]0;x\x07 <bad @ stamp\r\n", b"+OK " + b"x" * 100000 + b"\r\n", b"+ok\r\n"],
    ids=["escapes", "100 KB", "lower case"],
)
def test_an_odd_greeting(box, origin, user, greeting):
    with unnoticed(box, user=OTHER) as news:
        origin.greeting = greeting
        with session(box, user=user) as talk:
            assert "served, not screened" in states(box) and uidls(talk) == UIDLS
            leave(talk)
    assert "\x1b" not in "".join(news)


def endless(row):
    def answer(connection, words):
        connection.sendall(b"+OK\r\n")
        for n in itertools.count(1, 20000):
            connection.sendall(b"".join(row % i for i in range(n, n + 20000)))

    return answer


ENDLESS = {
    "UIDL": endless(b"%d uid\r\n"),
    "LIST": endless(b"%d 100\r\n"),
    "one line": lambda connection, words: connection.sendall(b"+OK\r\n" + b"x" * 1000000),
}


@pytest.mark.parametrize("keyword", ENDLESS)
def test_a_listing_that_never_ends(box, origin, user, keyword):
    """What was listed before is served, in the time of the listing."""
    with unnoticed(box, "listing.cached", user=OTHER):
        command = b"UIDL" if keyword == "one line" else keyword.encode()
        origin.answers[command] = ENDLESS[keyword]
        with session(box, user=user) as talk:
            assert uidls(talk) == UIDLS and sizes(talk) == [len(m) for m in MESSAGES]
            leave(talk)


@pytest.mark.parametrize("size", [b"0", b"-5", b"9223372036854775808", b"22"])
def test_a_size_that_lies(box, origin, user, size):
    """The message is as long as it is; from then on the box tells the truth."""
    new = mail(4, 1000)
    with unnoticed(box, user=OTHER):
        rows = [b"%d %d" % row for row in enumerate(map(len, MESSAGES), 1)]
        origin.answers[b"LIST"] = b"+OK\r\n" + b"\r\n".join([*rows, b"4 " + size, b".", b""])
        origin.add(b"uid-4", new)
        with session(box, user=user) as talk:
            assert len(sizes(talk)) == 4
            line, body = talk.fetch(b"RETR 4")
            assert line == b"+OK %d octets" % len(new) and texts(body) == new
            leave(talk)
        with session(box, user=user) as talk:
            assert sizes(talk)[3] == len(new) and texts(talk.fetch(b"RETR 4")[1]) == new
            leave(talk)


def never(connection, words):
    connection.sendall(b"+OK\r\nSubject: x\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536 + b"\r\n")


def broken(connection, words):
    connection.sendall(b"+OK\r\nSubject: x\r\n\r\nhalf a li")
    return CLOSE


def stalled(connection, words):
    connection.sendall(b"+OK\r\nSubject: x\r\n\r\nhalf a li")


@pytest.mark.parametrize("answer", [never, broken, stalled])
def test_a_message_that_does_not_end(box, origin, user, answer):
    """Nothing of it is given out; the session goes on, and later it is fetched whole."""
    new = mail(4, 1000)
    with unnoticed(box, "message.refused", user=OTHER):
        origin.add(b"uid-4", new)
        origin.answers[(b"TOP", 4)] = origin.answers[(b"RETR", 4)] = answer
        with session(box, user=user) as talk:
            assert talk.ask(b"RETR 4").startswith(b"-ERR [SYS/")
            assert texts(talk.fetch(b"RETR 3")[1]) == mail(3)
            origin.answers.clear()
            assert texts(talk.fetch(b"RETR 4")[1]) == new
            leave(talk)


def octet_by_octet(connection, words):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for octet in b"+OK\r\n" + stuffed(b"a\r\n.\r\n.x\r\n\r\n") + b".\r\n":
        connection.sendall(bytes([octet]))


BODIES = {
    "lone dot": (b"+OK\r\nbefore\r\n.\r\nafter\r\n.\r\n", b"before\r\n"),
    "only LF": (b"+OK\nlf\n..only\n.\n", b"lf\r\n.only\r\n"),
    "dots": (b"+OK\r\n..\r\n...\r\n..x\r\n.\r\n", b".\r\n..\r\n.x\r\n"),
    "empty": (b"+OK\r\n.\r\n", b""),
    "split": (octet_by_octet, b"a\r\n.\r\n.x\r\n\r\n"),
}


@pytest.mark.parametrize("name", BODIES)
def test_an_odd_body(box, origin, user, name):
    answer, message = BODIES[name]
    with unnoticed(box, user=OTHER):
        origin.add(b"uid-4", message)
        origin.answers[(b"TOP", 4)] = origin.answers[(b"RETR", 4)] = answer
        with session(box, user=user) as talk:
            line, body = talk.fetch(b"RETR 4")
            assert line == b"+OK %d octets" % len(message) and texts(body) == message
            assert texts(talk.fetch(b"RETR 3")[1]) == mail(3)
            leave(talk)


@pytest.mark.parametrize(
    "rows", [b"1 a\r\n2 a\r\n3 c\r\n", b"1 a\r\n2 b\xe4\r\n3 c\r\n"], ids=["twice", "8-bit"]
)
def test_uidls_that_are_duplicate_or_illegal(box, origin, user, rows):
    """What is known is served once more; then the origin's own listing, passed on."""
    with unnoticed(box, user=OTHER) as news:
        origin.answers[b"UIDL"] = b"+OK\r\n" + rows + b".\r\n"
        with session(box, user=user) as talk:
            assert uidls(talk) == UIDLS
            leave(talk)
        with session(box, user=user) as talk:
            assert talk.fetch(b"UIDL")[1] == rows
            leave(talk)
    name = f'"{user.decode()} @ isp"'
    assert sum("collect.unsuited" in line and name in line for line in news) == 1


def test_all_uidls_changed(own):
    """The new ones are shown, nothing that was deleted comes back, nothing is fetched twice."""
    box, origin, user = own, own.origin, b"fred"
    learn(box, user)
    with unnoticed(box, user=OTHER):
        origin.answers[b"DELE"] = b"-ERR [SYS/TEMP] not now\r\n"
        with session(box, user=user) as talk:
            talk.ask(b"DELE 2")
            leave(talk)
        origin.uidls[:] = [b"new-1", b"new-2", b"new-3"]
        with session(box, user=user) as talk:
            assert b"new-2" not in uidls(talk)
            leave(talk)
        origin.answers.clear()
        box.until(lambda: b"new-2" not in origin.uidls, "the deletion under its new UIDL")
        with session(box, user=user) as talk:
            assert uidls(talk) == [b"new-1", b"new-3"]
            assert texts(talk.fetch(b"RETR 2")[1]) == mail(3)
            leave(talk)


@pytest.mark.parametrize(
    "answer",
    [b"-ERR some messages were not removed\r\n", CLOSE, lambda connection, words: None],
    ids=["refused", "closed", "silent"],
)
def test_a_quit_that_fails_is_made_good(own, answer):
    box, origin, user = own, own.origin, b"fred"
    learn(box, user)
    with unnoticed(box, "deletions.later", user=OTHER):
        origin.answers[b"QUIT"] = answer
        with session(box, user=user) as talk:
            talk.ask(b"DELE 2")
            leave(talk)
        origin.marked.clear()  # a session that did not end well deletes nothing
        origin.answers.clear()
        with session(box, user=user) as talk:
            assert uidls(talk) == [b"uid-1", b"uid-3"]
            leave(talk)
        box.until(lambda: origin.uidls == [b"uid-1", b"uid-3"], "the deletion")


@pytest.mark.parametrize(
    "refusal",
    [b"[IN-USE] locked", b"[LOGIN-DELAY] 60", b"[SYS/TEMP] later", b"ALERT: the \x1bserver moves"],
)
def test_a_refusal_that_says_nothing_of_the_password(box, origin, user, refusal):
    with unnoticed(box, "login.not-taken", user=OTHER) as news:
        origin.answers[b"PASS"] = b"-ERR " + refusal + b"\r\n"
        with session(box, user=user) as talk:
            assert uidls(talk) == UIDLS and texts(talk.fetch(b"RETR 2")[1]) == mail(2)
            leave(talk)
    assert "\x1b" not in "".join(news)
    assert sum("login.alert" in line for line in news) == refusal.startswith(b"ALERT")


def test_a_refusal_of_the_password(box, origin, user):
    with unnoticed(box, "session.end", user=OTHER):
        origin.answers[b"PASS"] = b"-ERR [AUTH] no\r\n"
        with greeted(box) as talk:
            assert offer(talk, user=user) == b"-ERR [AUTH] no"
            origin.answers[b"PASS"] = b"-ERR [SYS/TEMP] later\r\n"
            assert offer(talk, user=user) == b"-ERR [SYS/TEMP] later"
            leave(talk)
