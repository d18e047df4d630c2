"""Commands that go out together (RFC 2449 §6.6, RULES R17), and origins that do not keep to it."""

import pytest
from collecting import MESSAGES
from origins import CLOSE, stuffed

HASTE = ["set origin reply-timeout 5"]
PIPELINES = {b"CAPA": b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\npipelining\r\n.\r\n"}
BODIES = {f"uid-{n}": stuffed(message) for n, message in enumerate(MESSAGES, 1)}
UIDL = b"+OK\r\n1 uid-1\r\n2 uid-2\r\n3 uid-3\r\n.\r\n"
LIST = (
    b"+OK\r\n" + b"".join(b"%d %d\r\n" % (n, len(m)) for n, m in enumerate(MESSAGES, 1)) + b".\r\n"
)


def silent(connection, words):
    """The command was read; its answer comes with that of the next one."""


def in_octets(octets):
    def answer(connection, words):
        for at in range(len(octets)):
            connection.sendall(octets[at : at + 1])

    return answer


def test_the_second_command_does_not_wait_for_the_first_answer(collecting):
    both = {b"USER": silent, b"PASS": b"+OK\r\n+OK\r\n", b"UIDL": silent, b"LIST": UIDL + LIST}
    stand, _ = collecting(answers={**PIPELINES, **both})
    stand.poll()
    assert stand.bodies() == BODIES and stand.show()["state"] == "ready"


def test_without_an_offer_one_command_at_a_time(collecting):
    stand, origin = collecting(answers={b"USER": b"-ERR no\r\n"})
    stand.poll()
    assert origin.count(b"USER") == 1 and origin.count(b"PASS") == 0


def test_answers_cut_anywhere(collecting):
    cut = {b"USER": silent, b"PASS": in_octets(b"+OK\r\n+OK\r\n")}
    cut |= {b"UIDL": silent, b"LIST": in_octets(UIDL + LIST)}
    stand, _ = collecting(answers={**PIPELINES, **cut})
    stand.poll()
    assert stand.bodies() == BODIES


def test_a_refused_name_is_what_counts(collecting):
    refusals = {b"USER": b"-ERR [SYS/TEMP] busy\r\n", b"PASS": b"-ERR [AUTH] USER first\r\n"}
    refusals[b"STAT"] = b"-ERR log in first\r\n"
    stand, origin = collecting(answers={**PIPELINES, **refusals})
    stand.poll()
    assert "a passing problem" in stand.show()["error"]
    assert origin.count(b"PASS") == 1


def test_a_refused_listing_of_an_empty_maildrop(collecting):
    stand, _ = collecting([], answers={**PIPELINES, b"UIDL": b"-ERR\r\n", b"LIST": b"-ERR\r\n"})
    stand.poll()
    assert stand.show()["state"] == "ready" and stand.mail() == []


@pytest.mark.parametrize(
    "answers",
    [
        {b"USER": b"+OK\r\n+OK\r\n"},
        {b"USER": b"+OK\r\n+OK\r\n", b"PASS": b"-ERR [AUTH] wrong\r\n"},
        {b"USER": b"-ERR\r\n"},
        {b"PASS": b"+OK\r\n+OK\r\n"},
        {b"STAT": b"+OK\r\n"},
        {b"LIST": LIST + b"+OK\r\n"},
    ],
    ids=["USER", "wrong", "no name", "PASS", "STAT", "LIST"],
)
def test_answers_out_of_step_are_believed_by_nobody(collecting, answers):
    stand, origin = collecting(settings=HASTE, answers={**PIPELINES, **answers})
    stand.poll()
    assert any(words in stand.show()["error"] for words in ("not those to", "more than was asked"))
    assert stand.mail() == [] or b"LIST" in answers
    assert origin.count(b"RETR") == origin.count(b"DELE") == 0
    origin.answers = dict(PIPELINES)
    stand.hours(1)
    assert stand.bodies() == BODIES


def test_an_origin_that_closes_after_a_wrong_password(collecting):
    refused = {b"PASS": b"-ERR [AUTH] wrong\r\n", b"STAT": CLOSE}
    stand, origin = collecting(answers={**PIPELINES, **refused})
    stand.poll()
    assert "refused the stored password" in stand.show()["error"]
    assert not stand.show()["fresh"] and origin.count(b"STAT") == 1


def test_an_origin_that_drops_the_second_command_is_asked_one_at_a_time(collecting):
    for second in (silent, CLOSE):
        for first, dropped in ((b"USER", b"PASS"), (b"UIDL", b"LIST")):
            stand, origin = collecting(settings=HASTE, answers={**PIPELINES, dropped: second})
            stand.poll()
            assert stand.show()["error"] and stand.mail() == []
            origin.answers = {**PIPELINES, first: b"-ERR [SYS/TEMP] no\r\n"}
            said = origin.count(dropped)
            stand.hours(1)
            assert origin.count(dropped) == said
            origin.answers = dict(PIPELINES)
            stand.hours(1)
            assert stand.bodies() == BODIES
