"""What clients do wrong, in pass-through and at an accelerated account alike (FAULTS 1-17)."""

import select
import socket

import pytest
from bystander import LARGE, Bystander, unnoticed
from served import greeted, learn, leave, mail, offer, session, sizes, uidls
from talk import Talk, flood_is_cut_off, reset, texts

SLOW = 100  # clients that never come to the end of a command
STORM = 500  # connections of one host at once
MESSAGES = [LARGE, mail(2), mail(3)]
WAYS = {"passed": None, "served": ["listing-age 3600"]}


@pytest.fixture(scope="module", params=WAYS)
def box(request, standing):
    group = WAYS[request.param]
    started, started.server = standing(MESSAGES, group, ["set sessions maximum 120"])
    if group is not None:
        learn(started)
    return started


@pytest.mark.parametrize("enter", [greeted, session])
def test_a_line_that_does_not_end(box, enter):
    with unnoticed(box, "client.protocol"), enter(box) as talk:
        assert flood_is_cut_off(talk, 10000000)


JUNK = (
    b"\0\0\0",
    b"\xff\xfe",
    b"US\rER x",
    b"ST\nAT",
    b"",
    b"   ",
    b"%s%n",
    b"XTND XMIT",
    b"\x1b[2J",
)


@pytest.mark.parametrize("enter", [greeted, session])
def test_junk_is_refused_and_the_session_goes_on(box, enter):
    with unnoticed(box, "session.end"), enter(box) as talk:
        for junk in JUNK:
            for line in junk.split(b"\n"):
                assert talk.ask(line).startswith(b"-ERR"), junk
        if enter is greeted:
            assert offer(talk).startswith(b"+OK")
        talk.send(b"STAT\nNOOP\n")
        assert talk.line().startswith(b"+OK 3 ") and talk.line().startswith(b"+OK")
        leave(talk)


def test_names_are_opaque(box):
    names = [b"%s%s%n", b"a/host/host/host", b'a"b\\c', b"\xff\xc3", b"y" * 490]
    with unnoticed(box):
        for name in names:
            with greeted(box) as talk:
                assert (
                    offer(talk, b"p " + name[:240] + b" ", name) == b"-ERR [AUTH] wrong password"
                )
                assert box.server.tried[-1] == b"p " + name[:240] + b" "
                assert box.server.named[-1] == name
                assert talk.ask(b"USER " + b"z" * 600).startswith(b"-ERR")
                assert offer(talk).startswith(b"+OK")  # forgives: no guessing
                leave(talk)


def test_before_a_login_nothing_is_given(box):
    with unnoticed(box, "session.end"), greeted(box) as talk:
        for command in (b"STAT", b"LIST", b"UIDL", b"RETR 2", b"TOP 2 0", b"DELE 2", b"NOOP"):
            assert talk.ask(command).startswith(b"-ERR"), command
        for command in (b"RSET", b"PASS secret", b"APOP fred 01", b"APOP"):
            assert talk.ask(command).startswith(b"-ERR"), command
        assert offer(talk).startswith(b"+OK")
        leave(talk)


def test_stls_that_is_refused_and_asked_again(box):
    """The origin has none: there is nothing to tunnel to."""
    with unnoticed(box, "session.end"), greeted(box) as talk:
        talk.send(b"STLS\r\nSTLS\r\n")
        assert talk.line().startswith(b"-ERR") and talk.line().startswith(b"-ERR")
        assert offer(talk).startswith(b"+OK")
        assert talk.ask(b"STLS").startswith(b"-ERR")
        leave(talk)


@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN"])
def test_sasl_that_is_cancelled_wrong_or_without_end(box, mechanism):
    with unnoticed(box, "client.protocol"), greeted(box) as talk:
        for answer in (b"*", b"no base64!"):
            assert talk.ask(b"AUTH " + mechanism).startswith(b"+ ")
            assert talk.ask(answer).startswith(b"-ERR"), answer
        assert talk.ask(b"AUTH " + mechanism).startswith(b"+ ")
        assert flood_is_cut_off(talk, 1000000)


STEPS = (b"CAPA\r\n", b"USER fred\r\n", b"PASS secret\r\n", b"RETR 2\r\n", b"DELE 2\r\n")
SASL = (b"AUTH LOGIN\r\n", b"ZnJlZA==\r\n", b"c2VjcmV0\r\n")
ENDINGS = {
    "close": lambda talk: talk.sock.close(),
    "reset": reset,
    "half": lambda talk: talk.sock.shutdown(socket.SHUT_WR) or talk.more(),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("steps", [STEPS, SASL], ids=["USER", "AUTH"])
def test_an_end_at_every_step_of_a_login(box, steps, ending):
    with unnoticed(box) as news:
        for count in range(len(steps) + 1):
            with greeted(box) as talk:
                for step in steps[:count]:
                    talk.send(step)
                    talk.line()
                ENDINGS[ending](talk)
    assert sum("session.end" in line for line in news) == len(steps) + 1
    assert len(box.server.drop) == 3


def test_a_deletion_said_twice_and_taken_back(box):
    with unnoticed(box, "session.end"), session(box) as talk:
        assert talk.ask(b"DELE 3").startswith(b"+OK")
        for command in (b"DELE 3", b"RETR 3", b"TOP 3 0", b"LIST 3", b"UIDL 3"):
            assert talk.ask(command).startswith(b"-ERR"), command
        assert talk.ask(b"RSET").startswith(b"+OK")
        assert texts(talk.fetch(b"RETR 3")[1]) == mail(3)
        leave(talk)
    assert len(box.server.drop) == 3


def test_a_hundred_clients_that_never_finish_a_command(box):
    """Each octet is one more try to stay; that it moves no deadline shows in on_box/relay.py."""
    with unnoticed(box, kib=8192):
        slow = [greeted(box) for _ in range(SLOW)]
        for octet in b"USER fre":
            for talk in slow:
                talk.send(bytes([octet]))
        with session(box) as talk:
            assert len(uidls(talk)) == len(sizes(talk)) == 3
            assert texts(talk.fetch(b"RETR 2")[1]) == mail(2)
            leave(talk)
        for talk in slow:
            assert not select.select([talk.sock], [], [], 0)[0]
            talk.sock.close()


def test_a_storm_of_connections(box):
    """Each is greeted or politely refused; the log does not name each that is refused."""
    with unnoticed(box, "session.refused", kib=8192):
        talks = [Talk(box.port) for _ in range(STORM)]
        lines = [talk.line() for talk in talks]
        refused = [line for line in lines if line.startswith(b"-ERR [SYS/TEMP]")]
        assert sum(line.startswith(b"+OK") for line in lines) == STORM - len(refused) == 119
        for talk in talks:
            talk.sock.close()
    with session(box) as talk:
        leave(talk)


def test_two_sessions_on_one_maildrop(box):
    with unnoticed(box), session(box) as one, session(box) as two:
        assert one.ask(b"DELE 2").startswith(b"+OK")
        assert len(uidls(two)) == 3 and texts(two.fetch(b"RETR 2")[1]) == mail(2)
        assert one.ask(b"RSET").startswith(b"+OK")
        leave(one)
        leave(two)
    assert len(box.server.drop) == 3


@pytest.mark.parametrize("way", WAYS)
def test_password_guessing(accelerated, way):
    """A source is slowed down; beside it somebody is served."""
    box, server = accelerated(MESSAGES, WAYS[way])
    if WAYS[way] is not None:
        learn(box)
    with Bystander(box.port) as other:
        for _ in range(3):
            with greeted(box) as talk:
                assert offer(talk, b"guess") == b"-ERR [AUTH] wrong password"
        talks = [greeted(box) for _ in range(7)]
        for talk in talks:
            talk.send(b"USER fred\r\nPASS guess\r\n")
            assert talk.line() == b"+OK"
        # Five turns of 4 s; who would wait longer is refused at once, without the origin.
        for talk in talks[5:]:
            assert b"too many wrong passwords from your computer" in talk.line()
        if way == "served":
            assert b"too many wrong passwords for this account" in talks[0].line()
        else:
            assert talks[0].line() == b"-ERR [AUTH] wrong password"
        assert server.tried.count(b"guess") == (3 if way == "served" else 4)
        log = box.log()
        assert log.count("login.delayed") == 5 and "guess" not in log
        other.finish()
        for talk in talks:
            talk.sock.close()


@pytest.mark.parametrize("user", [b"fred", b"nobody"])
def test_many_guesses_at_once(accelerated, user):
    """The origin hears three of them, also if all come before it has answered the first."""
    box, server = accelerated(MESSAGES, WAYS["served"])
    learn(box)
    with unnoticed(box):
        talks = [greeted(box) for _ in range(20)]
        for talk in talks:
            talk.send(b"USER %s\r\nPASS guess\r\n" % user)
        for talk in talks:
            assert talk.line() == b"+OK"
        lines = [talk.line() for talk in talks]
        assert lines.count(b"-ERR [AUTH] wrong password") == 3
        assert sum(line.startswith(b"-ERR [SYS/TEMP]") for line in lines) == 17
        for talk in talks:
            talk.sock.close()
    assert server.tried.count(b"guess") == 3
