"""The collector's bounds: toward providers that refuse, toward clients, in time and octets."""

import signal
import socket
import threading

import pytest
from collecting import HASTE, MESSAGES, SECONDS, UIDLS, Refused, stored
from origins import CLOSE, stuffed
from restante_tools.lab.deadline import Deadline

# -- refusals of a login

CASES = {
    "AUTH": (b"-ERR [AUTH] no", "refused the stored password", False),
    "IN-USE": (b"-ERR [IN-USE] locked", "in use", True),
    "LOGIN-DELAY": (b"-ERR [LOGIN-DELAY] 600", "more time between", True),
    "SYS/TEMP": (b"-ERR [SYS/TEMP] later", "passing problem", True),
    "SYS/PERM": (b"-ERR [SYS/PERM] suspended", "ask the provider", True),
    "ALERT": (b"-ERR ALERT: your quota\x1b is full", "passing problem", True),
    "bare": (b"-ERR wrong secret", "without saying why", True),
}


@pytest.mark.parametrize("name", CASES)
def test_only_a_proof_ends_what_the_password_is_good_for(collecting, name):
    line, words, grace = CASES[name]
    stand, origin = collecting(answers={b"PASS": line + b"\r\n"})
    stand.poll()
    shown = stand.show()
    assert words in shown["error"] and shown["grace"] is grace
    assert shown["alert"] == ("your quota? is full" if name == "ALERT" else "")
    assert "secret" not in "".join(shown["log"]) and b"secret" not in stand.octets_written()
    with pytest.raises(Refused) as refused:
        stand.enter()
    assert refused.value.kind == "LoginRefused" and "secret" not in refused.value.line
    assert refused.value.line[:9] == line.decode()[:9] or name == "bare"


@pytest.mark.parametrize("name", CASES)
def test_bounds_toward_a_provider_that_refuses(collecting, name):
    """A day of it, with clients that come all the time: logins are counted at the origin."""
    line, _, _ = CASES[name]
    stand, origin = collecting(answers={b"PASS": line + b"\r\n"})
    moments = stand.hours(24, 600)
    assert len(moments) == origin.count(b"PASS") > 3
    for i in range(len(moments) - 4):
        assert moments[i + 4] - moments[i] >= 3600
    if name in ("AUTH", "bare", "SYS/PERM"):
        assert len(moments) <= 10
    origin.answers.clear()
    assert stand.hours(25) and stand.bodies() == stored(MESSAGES)
    assert stand.show()["grace"] and stand.show()["error"] == ""


def test_bounds_toward_a_provider_that_answers(collecting):
    stand, origin = collecting()
    moments = stand.hours(6, 60)
    assert len(moments) == origin.count(b"PASS")
    for i in range(len(moments) - 12):
        assert moments[i + 12] - moments[i] >= 3600
    # Without pokes: the interval, a little more or less.
    moments = stand.hours(6)
    gaps = [b - a for a, b in zip(moments[2:], moments[3:], strict=False)]
    assert gaps and min(gaps) >= 270 and len(set(gaps)) > 3


def test_login_delay_is_respected(collecting):
    capa = b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nLOGIN-DELAY 900\r\nEXPIRE 60\r\n.\r\n"
    stand, _ = collecting(answers={b"CAPA": capa})
    moments = stand.hours(6, 60)
    assert len(moments) > 10
    assert all(b - a >= 900 for a, b in zip(moments, moments[1:], strict=False))
    assert "LOGIN-DELAY 900" in stand.show()["capabilities"]


@pytest.mark.parametrize("greeting", [b"-ERR too many connections\r\n", b"220 smtp\r\n", b""])
def test_greetings_that_refuse_say_nothing_of_the_password(collecting, greeting):
    def greet(connection):
        connection.sendall(greeting)
        if not greeting:
            connection.shutdown(1)

    stand, origin = collecting(greeting=greet)
    moments = stand.hours(3)
    shown = stand.show()
    assert 3 <= len(moments) <= 12 and origin.count(b"PASS") == 0
    assert shown["error"] and shown["grace"]


def test_an_origin_that_is_away_comes_back(collecting):
    stand, origin = collecting()
    stand.poll()
    port = origin.port
    origin.stop()
    moments = stand.hours(2)
    assert 4 <= len(moments) <= 12
    assert "connection refused" in stand.show()["error"]
    assert stand.bodies() == stored(MESSAGES)
    assert port == origin.port


def test_so_many_at_once(collecting):
    settings = ["set collect concurrency 2", *HASTE]
    stand, origin = collecting(settings=settings, greeting=lambda connection: None)
    assert stand.crowd(origin.port, 5) == 2
    stand.go_on()
    assert len(origin.ends) + len(origin._open) == 2


def test_an_erased_account_is_not_visited(collecting):
    stand, origin = collecting()
    stand.poll()
    stand.erase()
    assert stand.hours(2) == [] and origin.count(b"PASS") == 1


def test_a_maildrop_is_kept_as_the_group_says(collecting):
    stand, _ = collecting(settings=["set group mail retention 3", "set group mail quota 5"])
    stand.enter()
    stand.refresh()
    assert stand.retention() == [3 * 86400, 5 << 20]


# -- bounds of a visit, and clients


def test_a_large_maildrop_is_collected_in_visits_of_a_minute(collecting):
    many = [b"Subject: %d\r\n\r\nx\r\n" % n for n in range(100)]
    stand, origin = collecting(many)
    stand.set_pace(3)  # each look at the clock takes three seconds
    stand.poll()
    first = [body for body in stand.bodies().values() if body]
    assert 5 <= len(first) <= 25 and origin.ends == ["quit"]
    assert list(stand.bodies().values())[-1]  # the newest came first
    while None in stand.bodies().values():
        stand.poll()
    assert origin.count(b"TOP") == 100 and set(origin.ends) == {"quit"}
    assert origin.count(b"PASS") > 4


def test_a_budget_a_poll(collecting):
    large = [b"Subject: %d\r\n\r\n" % n + (b"y" * 998 + b"\r\n") * 600 for n in range(3)]
    stand, origin = collecting(large, settings=["set collect budget 1"])
    stand.poll()
    assert origin.count(b"TOP") == 1 and stand.bodies()["uid-3"]
    assert stand.poll() >= 270
    assert origin.count(b"TOP") == 2


def stalled(connection, words):
    """Answers the half of it and then nothing."""
    connection.sendall(b"+OK\r\nSubject: x\r\n\r\nhalf")


def test_a_client_has_priority(collecting):
    stand, origin = collecting(answers={(b"TOP", 2): stalled})
    stand.begin()
    Deadline(SECONDS, "the spider", "see its log").wait(lambda: origin.count(b"TOP 2 "), "TOP 2")
    ms, spider = stand.turn()
    assert ms < 3000 and spider is False
    assert [k for k, body in stand.bodies().items() if body] == ["uid-3"]
    assert stand.show()["spool"] == [0, 0]
    origin.answers.clear()
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)


def test_a_client_does_not_wait_for_the_screen(collecting):
    stand, origin = collecting(screens=True)
    stand.screen.signal(signal.SIGSTOP)
    stand.begin()
    Deadline(SECONDS, "the spider", "see its log").wait(lambda: origin.count(b"TOP 3 "), "TOP 3")
    ms, spider = stand.turn()
    assert ms < 3000 and spider is False and stand.show()["spool"] == [0, 0]
    stand.screen.signal(signal.SIGCONT)
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)


def test_one_client_after_the_other_at_the_origin(collecting):
    stand, origin = collecting()
    stand.enter()
    with pytest.raises(Refused) as refused:
        stand.enter(300)
    assert "too long" in str(refused.value) and origin.count(b"PASS") == 1
    stand.refresh()
    assert list(stand.bodies()) == UIDLS


def trickling(connection, words):
    """An octet now and then, for ever."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"+OK\r\n")
    ended = threading.Event()
    while not ended.wait(0.02):
        connection.sendall(b"x")


def test_a_visit_has_an_end_whatever_the_origin_does(collecting):
    stand, origin = collecting(answers={(b"TOP", 2): trickling})
    stand.begin()
    Deadline(SECONDS, "the spider", "see its log").wait(lambda: origin.count(b"TOP 2 "), "TOP 2")
    stand.too_long()
    assert [k for k, body in stand.bodies().items() if body] == ["uid-3"]
    assert "closed the connection" in stand.show()["error"]


def test_a_message_that_breaks_every_visit_stops_the_others_no_more(collecting):
    stand, _ = collecting(answers={(b"TOP", 3): lambda connection, words: CLOSE})
    for _ in range(3):
        stand.poll()
    assert [k for k, body in stand.bodies().items() if body is None] == ["uid-3"]


def test_a_client_at_the_origin_refreshes_and_fetches(collecting):
    stand, origin = collecting()
    stand.enter()
    stand.refresh()
    assert stand.show()["state"] == "ready" and list(stand.bodies()) == UIDLS
    stand.fetch("uid-2")
    assert stand.leave() is True
    assert stand.bodies()["uid-2"] == stuffed(MESSAGES[1])
    assert origin.count(b"TOP") == 1 and origin.ends == ["quit"]


def test_entering_has_a_deadline(collecting):
    stand, _ = collecting(greeting=lambda connection: None)
    with pytest.raises(Refused) as refused:
        stand.enter(300)
    assert refused.value.kind == "OriginError" and "too long" in str(refused.value)


def test_after_a_power_cut_it_goes_on(collecting):
    stand, origin = collecting(answers={(b"TOP", 1): stalled})
    stand.send("poll")
    Deadline(SECONDS, "the spider", "see its log").wait(lambda: origin.count(b"TOP 1 "), "TOP 1")
    stand.kill()
    origin.answers.clear()
    stand.start()
    stand.learn(origin.port)
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)
    assert origin.count(b"TOP") == 4
