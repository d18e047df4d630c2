"""Logins at an origin of a group: who is believed, when the origin is asked, who is spared."""

import base64

import pytest
from served import greeted, learn, leave, mail, mails, offer, session, sizes, states, uidls
from talk import texts

TEMPORARY = b"-ERR [SYS/TEMP]"


def test_within_freshness_the_origin_is_not_asked(accelerated):
    box, server = accelerated(mails(2), group=["listing-age 3600"])
    learn(box)
    tried = len(server.tried)
    for _ in range(5):
        with session(box) as talk:
            assert uidls(talk) == [b"uid-1", b"uid-2"]
            leave(talk)
    assert len(server.tried) == tried


def test_without_freshness_each_login_is_checked_there(accelerated):
    box, server = accelerated(mails(2), group=["freshness 0", "listing-age 3600"])
    learn(box)
    tried = len(server.tried)
    for n in range(1, 4):
        with session(box) as talk:
            assert "served" in states(box)
            leave(talk)
        assert len(server.tried) == tried + n


@pytest.mark.parametrize("mechanism", ["PLAIN", "PLAIN, initial", "LOGIN"])
def test_sasl_teaches_and_is_served(accelerated, mechanism):
    box, server = accelerated(mails(1), group=["listing-age 3600"])

    def log_in():
        talk = greeted(box)
        both = base64.b64encode(b"\0fred\0secret")
        if mechanism == "PLAIN":
            assert talk.ask(b"AUTH PLAIN") == b"+ "
            line = talk.ask(both)
        elif mechanism == "LOGIN":
            assert talk.ask(b"AUTH LOGIN") == b"+ VXNlcm5hbWU6"
            assert talk.ask(base64.b64encode(b"fred")) == b"+ UGFzc3dvcmQ6"
            line = talk.ask(base64.b64encode(b"secret"))
        else:
            line = talk.ask(b"AUTH PLAIN " + both)
        assert line.startswith(b"+OK"), line
        return talk

    leave(log_in())
    box.until(lambda: "collect.poll" in box.log(), "the end of the first poll")
    assert server.said.count(b"AUTH") == 2 and b"PASS" not in server.said
    with log_in() as talk:
        assert "served" in states(box) and uidls(talk) == [b"uid-1"]
        leave(talk)
    assert server.said.count(b"AUTH") == 2


def test_sasl_that_is_cancelled_or_wrong(accelerated):
    box, server = accelerated(mails(1))
    with greeted(box) as talk:
        for answer in (b"*", b"no base64!", base64.b64encode(b"boss\0fred\0x"), b""):
            assert talk.ask(b"AUTH PLAIN") == b"+ "
            assert talk.ask(answer).startswith(b"-ERR"), answer
        assert server.tried == []
        assert offer(talk).startswith(b"+OK")


def test_a_wrong_password_is_refused_by_the_origin_and_changes_nothing(accelerated):
    box, server = accelerated(mails(1), group=["listing-age 3600"])
    learn(box)
    with greeted(box) as talk:
        assert offer(talk, b"wrong") == b"-ERR [AUTH] wrong password"
        tried = len(server.tried)
        assert offer(talk).startswith(b"+OK")  # the same session, the sealed one
        assert uidls(talk) == [b"uid-1"]
        leave(talk)
    assert len(server.tried) == tried and server.tried[-1] == b"wrong"


def test_wrong_passwords_that_the_origin_hears_are_bounded(accelerated):
    box, server = accelerated(mails(1), group=["listing-age 3600"])
    learn(box)
    for _ in range(3):
        with greeted(box) as talk:
            assert offer(talk, b"guess").startswith(b"-ERR [AUTH]")
    with greeted(box) as talk:
        assert offer(talk, b"guess").startswith(TEMPORARY)
    assert server.tried.count(b"guess") == 3
    with session(box) as talk:  # who has the right one is not locked out
        assert uidls(talk) == [b"uid-1"]


def test_a_changed_password_replaces_the_old_one(accelerated):
    box, server = accelerated(mails(1), group=["freshness 0"])
    learn(box)
    server.password = b"new"
    with session(box, b"new") as talk:
        assert "served" in states(box) and uidls(talk) == [b"uid-1"]
        leave(talk)
    with greeted(box) as talk:
        assert offer(talk, b"secret").startswith(b"-ERR [AUTH]")
    server.stop()
    with session(box, b"new") as talk:  # the new one is sealed, the old one is not tried
        assert uidls(talk) == [b"uid-1"]
    with greeted(box) as talk:
        assert offer(talk, b"secret").startswith(TEMPORARY)


def test_a_revoked_password_stops_and_has_no_grace(accelerated):
    box, server = accelerated(mails(1), group=["freshness 0"])
    learn(box)
    server.password = b"new"
    with greeted(box) as talk:
        assert offer(talk).startswith(b"-ERR [AUTH]")
    server.stop()
    with greeted(box) as talk:
        assert offer(talk).startswith(TEMPORARY)


def test_two_clients_one_with_the_old_password(accelerated):
    box, server = accelerated(mails(1), group=["listing-age 3600"])
    learn(box)
    server.password = b"new"
    with session(box, b"new") as talk:
        leave(talk)
    for _ in range(2):
        with greeted(box) as old:
            assert offer(old).startswith(b"-ERR [AUTH]")
        with session(box, b"new") as talk:
            assert "served" in states(box)
            leave(talk)
    assert server.tried.count(b"new") == 1


def test_the_origin_is_down(accelerated):
    box, server = accelerated(mails(2), group=["freshness 0", "listing-age 0"])
    learn(box)
    server.stop()
    with session(box) as talk:
        assert "served, origin offline" in states(box)
        assert uidls(talk) == [b"uid-1", b"uid-2"]
        assert talk.fetch(b"RETR 1")[1] is not None
        leave(talk)
    with greeted(box) as talk:
        assert offer(talk, b"other").startswith(TEMPORARY)
        assert offer(talk, user=b"nobody").startswith(TEMPORARY)


def test_without_grace_nothing_is_served_while_the_origin_is_down(accelerated):
    box, server = accelerated(mails(1), group=["freshness 0", "offline-grace 0"])
    learn(box)
    server.stop()
    with greeted(box) as talk:
        assert offer(talk).startswith(TEMPORARY)
    server.start()
    with session(box) as talk:
        leave(talk)


@pytest.mark.parametrize(
    "refusal",
    [
        b"-ERR [IN-USE] locked",
        b"-ERR [LOGIN-DELAY] slowly",
        b"-ERR [SYS/TEMP] later",
        b"-ERR ALERT: the server moves at noon",
    ],
)
def test_a_refusal_that_says_nothing_of_the_password(accelerated, refusal):
    box, server = accelerated(mails(1), group=["freshness 0"])
    learn(box)
    server.refusal = refusal
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1"]
        leave(talk)
    with greeted(box) as talk:
        assert offer(talk, b"other") == refusal
    if b"ALERT" in refusal:
        assert "the server moves at noon" in box.log()


def test_a_bare_refusal_counts(accelerated):
    box, server = accelerated(mails(1), group=["freshness 0"])
    learn(box)
    server.refusal = b"-ERR no"
    with greeted(box) as talk:
        assert offer(talk) == b"-ERR no"
    server.stop()
    with greeted(box) as talk:
        assert offer(talk).startswith(TEMPORARY)


def test_a_silent_origin_is_not_waited_for(accelerated):
    box, server = accelerated(mails(1), group=["freshness 0", "listing-age 0"])
    learn(box)
    server.silent = True
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1"]


def test_who_is_not_wanted_passes_through(accelerated):
    box, server = accelerated(mails(1), group=["rule listed", "users anna"])
    for _ in range(2):
        with session(box) as talk:
            assert "transaction" in states(box) and "fred @ isp" in states(box)
            assert uidls(talk) == [b"uid-1"]
            leave(talk)
    assert server.logins == 2


def test_the_rule_learn_only_learns(accelerated):
    box, server = accelerated(mails(1), group=["rule learn"])
    for _ in range(2):
        with session(box) as talk:
            assert "transaction" in states(box)
            leave(talk)
    assert server.logins == 2


def test_an_account_that_cannot_be_accelerated_passes_through(accelerated):
    box, server = accelerated(mails(2), group=["listing-age 0"])
    learn(box)
    server.alike = True
    with session(box) as talk:  # what is known is served once more
        assert "served" in states(box) and uidls(talk) == [b"uid-1", b"uid-2"]
        leave(talk)
    with session(box) as talk:
        assert "transaction" in states(box) and uidls(talk) == [b"alike", b"alike"]
        leave(talk)
    first, lines = box.console("show accounts")
    assert "passing" in "\n".join(lines)


def test_what_the_origin_dropped_after_our_retr_is_still_delivered(accelerated):
    """Gmail does so: the account is in pass-through then, and the box has what was lost."""
    box, server = accelerated(mails(2), group=["listing-age 0", "fetch retr"])
    learn(box)
    del server.drop[b"uid-1"]
    leave(session(box))  # here it is noticed
    with session(box) as talk:
        assert "transaction" in states(box)
        assert uidls(talk) == [b"uid-2", b"uid-1"] and len(sizes(talk)) == 2
        line, body = talk.fetch(b"RETR 2")
        assert texts(body) == mail(1) and line == b"+OK %d octets" % len(mail(1))
        leave(talk)
    with session(box) as talk:
        assert talk.ask(b"DELE 2").startswith(b"+OK")
        leave(talk)
    with session(box) as talk:
        assert uidls(talk) == [b"uid-2"]
        leave(talk)
    assert "drops what was fetched" in "\n".join(box.console("show account fred @ isp")[1])


def test_apop_and_other_mechanisms_pass_through(accelerated):
    box, server = accelerated(mails(1))
    server.greeting = b"+OK ready <1896.697170952@dbc.example>"
    with greeted(box) as talk:
        assert talk.ask(b"APOP fred 0123").startswith(b"-ERR")
        assert talk.ask(b"AUTH CRAM-MD5").startswith(b"-ERR")
        assert b"APOP" in server.said
    server.silent = True
    with greeted(box) as talk:  # greeted by the box: there is no stamp
        assert talk.ask(b"APOP fred 0123").startswith(b"-ERR")


def test_no_secret_in_log_or_data(accelerated):
    box, server = accelerated(mails(1), group=["freshness 0"], settings=["set log level debug"])
    server.password = b"hush-hush-hush"
    learn(box, b"hush-hush-hush")
    with greeted(box) as talk:
        assert offer(talk, b"wrong-wrong-wrong").startswith(b"-ERR")
        both = base64.b64encode(b"\0fred\0wrong-wrong-wrong")
        assert talk.ask(b"AUTH PLAIN " + both).startswith(b"-ERR")
    with session(box, b"hush-hush-hush") as talk:
        leave(talk)
    seen = box.log().encode() + box.gate.log.read_bytes()
    seen += b"".join(p.read_bytes() for p in box.data.rglob("*") if p.is_file())
    for secret in (b"hush-hush-hush", b"wrong-wrong-wrong"):
        forms = [base64.b64encode(b"x" * n + secret)[4:-4] for n in range(3)]
        for form in (secret, secret.hex().encode(), *forms):
            assert form not in seen


def test_a_killed_gate_serves_what_it_served(accelerated):
    box, server = accelerated(mails(3), group=["listing-age 0"])
    learn(box)
    with session(box) as talk:
        talk.ask(b"DELE 2")
        leave(talk)
    with session(box) as talk:
        talk.ask(b"DELE 3")
        box.gate.signal(9)
        box.gate.stop()
        server.stop()
    box.start_gate()
    with session(box) as talk:
        assert uidls(talk) == [b"uid-1", b"uid-3"]
        assert talk.fetch(b"RETR 2")[1] is not None
        leave(talk)


def test_without_a_device_key_all_passes_through(accelerated):
    box, server = accelerated(mails(1))
    box.gate.stop()
    (box.run / "device-key").unlink()
    box.start_gate()
    for _ in range(2):
        with session(box) as talk:
            assert "transaction" in states(box)
            leave(talk)
    assert "acceleration" in "\n".join(box.console("show status")[1])
    assert server.logins == 2


def test_a_store_that_cannot_be_opened_stops_no_mail(accelerated):
    box, server = accelerated(mails(1))
    learn(box)
    box.gate.stop()
    (box.data / "maildrops").rename(box.data / "away")
    (box.data / "maildrops").write_text("no folder")
    box.start_gate()
    with session(box) as talk:
        assert "transaction" in states(box) and uidls(talk) == [b"uid-1"]
        leave(talk)
    assert "acceleration" in "\n".join(box.console("show status")[1])
    box.gate.stop()
    (box.data / "maildrops").unlink()
    (box.data / "away").rename(box.data / "maildrops")
    box.start_gate()
    with session(box) as talk:
        assert "served" in states(box) and uidls(talk) == [b"uid-1"]
