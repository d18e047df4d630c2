"""Accelerated accounts: learning, takeover, sessions that are served from the store."""

import pytest
from served import (
    greeted,
    learn,
    leave,
    mail,
    mails,
    offer,
    session,
    sizes,
    states,
    uidls,
)
from talk import Talk, texts


def test_the_first_login_teaches_and_the_second_is_served(accelerated):
    box, server = accelerated(mails(3))
    with session(box) as first:
        assert "transaction" in states(box) and "fred @ isp" in states(box)
        assert first.fetch(b"RETR 2")[1] == b"Subject: message 2\r\n\r\nhello 2\r\n..dot\r\n"
        leave(first)
    box.until(lambda: "collect.poll" in box.log(), "the end of the first poll")
    logins, fetched = server.logins, list(server.fetched)
    assert sorted(fetched) == [b"uid-1", b"uid-2", b"uid-2", b"uid-3"]
    with session(box) as second:
        assert "served" in states(box)
        assert second.ask(b"STAT") == b"+OK 3 %d" % sum(map(len, mails(3)))
        assert uidls(second) == [b"uid-1", b"uid-2", b"uid-3"]
        for n in (1, 2, 3):
            line, body = second.fetch(b"RETR %d" % n)
            assert line == b"+OK %d octets" % len(mail(n)) and texts(body) == mail(n)
        leave(second)
    assert server.logins == logins and server.fetched == fetched


def test_all_that_tells_octets_agrees(accelerated):
    box, server = accelerated([mail(1), mail(2, 100000), b"\r\n", b"Subject: x\r\n\r\n"])
    learn(box)
    with session(box) as talk:
        listed = sizes(talk)
        assert listed == [len(m) for m in server.drop.values()]
        assert talk.ask(b"STAT") == b"+OK 4 %d" % sum(listed)
        for n, octets in enumerate(listed, 1):
            assert talk.ask(b"LIST %d" % n) == b"+OK %d %d" % (n, octets)
            line, body = talk.fetch(b"RETR %d" % n)
            assert line == b"+OK %d octets" % octets and len(texts(body)) == octets
            assert texts(talk.fetch(b"TOP %d 99999" % n)[1]) == texts(body)
        assert talk.fetch(b"TOP 1 0")[1] == b"Subject: message 1\r\n\r\n"
        assert talk.fetch(b"TOP 1 1")[1] == b"Subject: message 1\r\n\r\nhello 1\r\n"
        assert talk.fetch(b"TOP 1 2")[1] == b"Subject: message 1\r\n\r\nhello 1\r\n..dot\r\n"
        leave(talk)


def test_an_empty_maildrop(accelerated):
    box, server = accelerated()
    learn(box)
    with session(box) as talk:
        assert talk.ask(b"STAT") == b"+OK 0 0"
        assert talk.fetch(b"LIST")[1] == b"" and talk.fetch(b"UIDL")[1] == b""
        assert talk.ask(b"RETR 1").startswith(b"-ERR")
        assert talk.ask(b"DELE 1").startswith(b"-ERR")
        leave(talk)
    assert server.logins == 2


def test_marks_numbers_and_reset(accelerated):
    box, server = accelerated(mails(3))
    learn(box)
    with session(box) as talk:
        assert talk.ask(b"DELE 2").startswith(b"+OK")
        for command in (b"DELE 2", b"RETR 2", b"TOP 2 0", b"LIST 2", b"UIDL 2", b"LIST 4"):
            assert talk.ask(command).startswith(b"-ERR"), command
        assert talk.ask(b"STAT").split()[1] == b"2" and uidls(talk) == [b"uid-1", b"uid-3"]
        assert talk.fetch(b"LIST")[1] == b"1 %d\r\n3 %d\r\n" % (len(mail(1)), len(mail(3)))
        assert talk.ask(b"UIDL 3") == b"+OK 3 uid-3"
        assert talk.ask(b"RSET").startswith(b"+OK") and talk.ask(b"NOOP").startswith(b"+OK")
        assert len(uidls(talk)) == 3
        leave(talk)
    assert len(server.drop) == 3


def test_deletions_reach_the_origin_before_quit_is_answered(accelerated):
    box, server = accelerated(mails(3))
    learn(box)
    with session(box) as talk:
        talk.ask(b"DELE 1")
        talk.ask(b"DELE 3")
        leave(talk)
    assert list(server.drop) == [b"uid-2"]
    with session(box) as talk:
        assert uidls(talk) == [b"uid-2"]


@pytest.mark.parametrize("ending", ["close", "half"])
def test_without_quit_nothing_is_deleted(accelerated, ending):
    box, server = accelerated(mails(2))
    learn(box)
    with session(box) as talk:
        assert talk.ask(b"DELE 1").startswith(b"+OK")
        if ending == "half":
            talk.sock.shutdown(1)
            assert talk.ended()
    box.until(lambda: "served" not in states(box), "the end of the session")
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1", b"uid-2"]
    assert len(server.drop) == 2


def test_deletions_while_the_origin_is_down(accelerated):
    box, server = accelerated(mails(2))
    learn(box)
    with session(box) as talk:
        server.stop()
        talk.ask(b"DELE 2")
        leave(talk)
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1"]
        leave(talk)
    assert len(server.drop) == 2
    server.start()
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1"]
        leave(talk)
    assert len(server.drop) == 1  # whoever reads mail outside now does not see it again


def test_new_mail_that_might_be_a_deleted_message_is_listed_at_once(accelerated):
    """As long as one whose deletion nobody has confirmed, and in its place."""
    box, server = accelerated(mails(2), ["listing-age 0"])
    learn(box)
    with session(box) as talk:
        server.stop()
        talk.ask(b"DELE 2")
        leave(talk)
    del server.drop[b"uid-2"]
    server.add(mail(3))
    server.start()
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1", b"uid-3"]
        assert texts(talk.fetch(b"RETR 2")[1]) == mail(3)
        leave(talk)


def test_what_a_client_deletes_is_kept_for_the_retention_of_its_group(accelerated):
    """Also by a gate that has just started, before anybody has been at the origin."""
    box, server = accelerated(mails(2), ["retention 7"])
    learn(box)
    server.stop()
    box.gate.signal(9)
    box.gate.stop()
    box.start_gate()
    with session(box) as talk:
        talk.ask(b"DELE 1")
        leave(talk)
    assert sorted(p.suffix for p in box.data.glob("maildrops/*/*.eml")) == [".eml", ".eml"]


def test_new_mail_is_in_the_listing_at_once_and_fetched_on_demand(accelerated):
    box, server = accelerated(mails(1), group=["listing-age 0"])
    learn(box)
    server.add(mail(2))
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1", b"uid-2"]
        line, body = talk.fetch(b"RETR 2")
        assert line == b"+OK %d octets" % len(mail(2)) and texts(body) == mail(2)
        assert server.fetched.count(b"uid-2") == 1
        leave(talk)
    with session(box) as talk:
        assert texts(talk.fetch(b"RETR 2")[1]) == mail(2)
    assert server.fetched.count(b"uid-2") == 1


def test_a_young_listing_is_not_asked_for_again(accelerated):
    box, server = accelerated(mails(1), group=["listing-age 3600"])
    learn(box)
    server.add(mail(2))
    logins = server.logins
    for _ in range(3):
        with session(box) as talk:
            assert uidls(talk) == [b"uid-1"]
            leave(talk)
    assert server.logins == logins


def test_the_same_uidls_directly(accelerated):
    box, server = accelerated(mails(5), group=["listing-age 0"])
    learn(box)
    with session(box) as talk:
        talk.ask(b"DELE 2")
        leave(talk)
    server.add(mail(6, 1000))
    with session(box) as talk, Talk(server.port) as direct:
        direct.log_in()
        assert uidls(talk) == uidls(direct) == [b"uid-%d" % n for n in (1, 3, 4, 5, 6)]
        leave(talk)


def test_two_sessions_have_a_snapshot_each(accelerated):
    box, _ = accelerated(mails(3))
    learn(box)
    with session(box) as one, session(box) as two:
        one.ask(b"DELE 2")
        leave(one)
        assert two.ask(b"RETR 2") == b"-ERR deleted by another session"
        assert two.ask(b"STAT").split()[1] == b"3"
        for n in (1, 3):
            assert texts(two.fetch(b"RETR %d" % n)[1]) == mail(n)
        assert two.ask(b"DELE 2").startswith(b"+OK")
        leave(two)
    with session(box) as three:
        assert uidls(three) == [b"uid-1", b"uid-3"]


def test_exclusive(accelerated):
    box, _ = accelerated(mails(1), group=["exclusive yes"])
    learn(box)
    with session(box) as one:
        with greeted(box) as two:
            assert offer(two, b"wrong").startswith(b"-ERR [AUTH]")
            assert offer(two).startswith(b"-ERR [IN-USE]")
        leave(one)
    with session(box) as three:
        leave(three)


def test_login_interval(accelerated):
    box, server = accelerated(mails(1), group=["login-interval 3600"])
    learn(box)
    with greeted(box) as talk:
        assert b"LOGIN-DELAY 3600\r\n" in talk.fetch(b"CAPA")[1]
        assert offer(talk).startswith(b"-ERR [LOGIN-DELAY]")
    assert server.tried == [b"secret"] * 2


def test_capabilities_are_the_same_in_both_states(accelerated):
    box, _ = accelerated(mails(1))
    learn(box)
    with greeted(box) as talk:
        before = talk.fetch(b"CAPA")[1]
        assert offer(talk).startswith(b"+OK")
        after = talk.fetch(b"CAPA")[1]
    assert before == after
    assert set(before.split(b"\r\n")[:-1]) == {
        b"TOP",
        b"UIDL",
        b"USER",
        b"SASL PLAIN LOGIN",
        b"RESP-CODES",
        b"PIPELINING",
    }


def test_pipelined_in_one_segment_and_octet_by_octet(accelerated):
    box, _ = accelerated(mails(2))
    learn(box)
    words = b"USER fred,PASS secret,STAT,LIST 1,RETR 2,DELE 1,RSET,QUIT,"
    commands = words.replace(b",", b"\r\n")
    for pieces in ([commands], [bytes([octet]) for octet in commands]):
        with greeted(box) as talk:
            for piece in pieces:
                talk.send(piece)
            lines = [talk.line() for _ in range(5)]
            assert [line[:3] for line in lines] == [b"+OK"] * 5
            assert lines[4] == b"+OK %d octets" % len(mail(2)) and texts(talk.body()) == mail(2)
            assert [talk.line()[:3] for _ in range(3)] == [b"+OK"] * 3 and talk.ended()


def test_commands_in_the_wrong_state(accelerated):
    box, _ = accelerated(mails(1))
    learn(box)
    with session(box) as talk:
        for command in (b"USER fred", b"PASS x", b"AUTH PLAIN", b"APOP a b", b"STLS", b"UTF8"):
            assert talk.ask(command).startswith(b"-ERR"), command
        assert talk.ask(b"LANG").startswith(b"-ERR")
        leave(talk)


def test_ten_thousand_messages(accelerated):
    count = 10000
    box, server = accelerated([b"\r\n"] * count, group=["listing-age 3600"])
    leave(session(box))
    box.until(lambda: "collect.ready" in box.log(), "the first complete listing")
    with session(box) as talk:
        assert talk.ask(b"STAT") == b"+OK %d %d" % (count, 2 * count)
        assert uidls(talk) == list(server.drop)
        assert sizes(talk) == [2] * count
        leave(talk)
    assert box.resident_kib() < 32768
