"""The collector against scripted origins: what is fetched, what is said, what is borne."""

import base64
import shutil
import signal
import socket
import tempfile
import threading
from pathlib import Path

import pytest
from collecting import MESSAGES, SECONDS, Collecting, Refused
from mails import clean, infected, shows, wire
from origins import CLOSE, stuffed
from restante_tools.lab import dovecot as dovecot_lab
from restante_tools.lab.deadline import Deadline

HASTE = ["set origin reply-timeout 5", "set origin connect-timeout 5"]
UIDLS = ["uid-1", "uid-2", "uid-3"]


def stored(messages):
    return {f"uid-{n}": stuffed(message) for n, message in enumerate(messages, 1)}


# -- the ordinary way


def test_a_maildrop_is_collected_once(collecting):
    stand, origin = collecting()
    assert stand.show()["state"] == "learning"
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)
    assert [row[:2] for row in stand.mail()] == [
        [uidl, len(m)] for uidl, m in zip(UIDLS, MESSAGES, strict=True)
    ]
    assert stand.show()["state"] == "ready"
    # Newest first, without RETR, which marks mail as seen at some origins; nothing is deleted.
    said = [line for line in origin.said if line.startswith((b"TOP", b"RETR", b"DELE"))]
    assert said == [b"TOP %d 99999999" % n for n in (3, 2, 1)]
    stand.poll()
    assert origin.count(b"TOP") == 3 and origin.count(b"PASS") == 2
    assert origin.ends == ["quit", "quit"]
    origin.add(b"uid-4", MESSAGES[0])
    origin.remove(b"uid-2")
    stand.poll()
    assert list(stand.bodies()) == ["uid-1", "uid-3", "uid-4"] and origin.count(b"TOP") == 4
    shown = stand.show()
    assert shown["spool"] == [0, 0] and shown["error"] == "" and shown["fresh"]
    assert any("collect.poll" in line and "fetched=1" in line for line in shown["log"])


@pytest.mark.parametrize("how", [2, 3], ids=["PLAIN", "LOGIN"])
def test_it_logs_in_as_the_user_does(collecting, how):
    heard = []

    def auth(connection, words):
        if words[1] == b"LOGIN":
            for prompt in (b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"):
                connection.sendall(b"+ " + prompt + b"\r\n")
                heard.append(base64.b64decode(connection.recv(1000)))
        else:
            connection.sendall(b"+ \r\n")
            heard.append(base64.b64decode(connection.recv(1000)))
        connection.sendall(b"+OK\r\n")

    stand, origin = collecting(login=("fred", "secret", how), answers={b"AUTH": auth})
    stand.poll()
    assert heard == ([b"\0fred\0secret"] if how == 2 else [b"fred", b"secret"])
    assert stand.bodies() == stored(MESSAGES) and origin.count(b"USER") == 0


def test_names_and_passwords_are_opaque_octets(collecting):
    stand, origin = collecting(login=(" Fréd%s/a#b ", "pass wörd  "))
    stand.poll()
    login = [line for line in origin.said if line.startswith((b"USER", b"PASS"))]
    assert login == ["USER  Fréd%s/a#b ".encode(), "PASS pass wörd  ".encode()]


def test_deletions_are_made_at_the_origin(collecting):
    stand, origin = collecting()
    stand.poll()
    stand.delete("uid-1", "uid-3")
    stand.poll()
    assert origin.uidls == [b"uid-2"] and list(stand.bodies()) == ["uid-2"]
    assert [line for line in origin.said if line.startswith(b"DELE")] == [b"DELE 1", b"DELE 3"]


def test_a_deletion_that_is_refused_stops_no_other_and_is_tried_again(collecting):
    stand, origin = collecting(answers={(b"DELE", 1): b"-ERR [SYS/TEMP] not now\r\n"})
    stand.poll()
    stand.delete("uid-1", "uid-2")
    stand.poll()
    assert origin.uidls == [b"uid-1", b"uid-3"] and list(stand.bodies()) == ["uid-3"]
    origin.answers.clear()
    stand.poll()
    assert origin.uidls == [b"uid-3"]


@pytest.mark.parametrize("answer", [b"-ERR not removed\r\n", CLOSE, lambda c, w: None])
def test_a_quit_that_fails_is_made_good(collecting, answer):
    stand, origin = collecting(settings=HASTE, answers={b"QUIT": answer})
    stand.poll()
    stand.delete("uid-2")
    stand.poll()
    origin.marked.clear()
    origin.answers.clear()
    stand.poll()
    assert origin.uidls == [b"uid-1", b"uid-3"]
    assert list(stand.bodies()) == ["uid-1", "uid-3"]


def test_numbers_of_another_visit_are_never_used(collecting):
    """Between two visits the numbers have moved: the right message is deleted."""
    stand, origin = collecting()
    stand.poll()
    stand.delete("uid-3")
    origin.remove(b"uid-1")
    stand.enter()
    stand.depart()
    assert stand.leave() is True
    assert origin.uidls == [b"uid-2"]


# -- screening


def test_what_is_bad_is_replaced_before_it_is_stored(collecting):
    bad = infected().replace(b"\n", b"\r\n")
    stand, origin = collecting([bad, *MESSAGES], screens=True)
    stand.poll()
    bodies = stand.bodies()
    assert not shows(bodies["uid-1"]) and b"removed by the mail gateway" in bodies["uid-1"]
    octets = {row[0]: row[1] for row in stand.mail()}
    unstuffed = (b"\n" + bodies["uid-1"]).replace(b"\n.", b"\n")[1:]
    assert octets["uid-1"] == len(unstuffed)
    assert bodies["uid-2"] == stuffed(MESSAGES[0])
    shown = stand.show()
    assert shown["quarantine"] == [["fred @ mail", "uid-1"]]
    assert origin.count(b"DELE") == 0 and shown["spool"] == [0, 0]


def test_quarantine_policy_deletes_the_origins_copy(collecting):
    bad = infected().replace(b"\n", b"\r\n")
    settings = ["set group mail quarantine-origin delete"]
    stand, origin = collecting([*MESSAGES, bad], settings, screens=True)
    stand.poll()
    assert origin.uidls == [b"uid-1", b"uid-2", b"uid-3"]
    assert len(stand.show()["quarantine"]) == 1
    stand.poll()
    assert list(stand.bodies()) == [*UIDLS, "uid-4"] and not shows(stand.bodies()["uid-4"])


def test_the_origins_copy_goes_only_after_the_original_is_in_quarantine(collecting):
    """FAULTS 27: also if a power cut, or a lost QUIT, comes in between."""
    bad = infected().replace(b"\n", b"\r\n")
    seen = []

    def dele(connection, words):
        folder = stand.data / "quarantine"
        files = [path.read_bytes() for path in folder.glob("*.eml")]
        kept = b'"op": "keep"' in (folder / "journal").read_bytes()
        seen.append((files == [stuffed(bad)], kept))
        if len(seen) == 1:
            return CLOSE
        origin.marked.add(int(words[1]))
        connection.sendall(b"+OK\r\n")
        return None

    settings = ["set group mail quarantine-origin delete"]
    stand, origin = collecting([bad], settings, screens=True, answers={b"DELE": dele})
    stand.poll()
    assert origin.uidls == [b"uid-1"] and seen == [(True, True)]
    stand.kill()
    stand.start()
    stand.learn(origin.port)
    stand.poll()
    assert origin.uidls == [] and seen == [(True, True)] * 2
    assert len(stand.show()["quarantine"]) == 1 and list(stand.bodies()) == ["uid-1"]


def test_with_a_full_quarantine_nothing_is_deleted_at_the_origin(collecting):
    bad = (infected() + b"x" * 70 + b"\n").replace(b"\n", b"\r\n")
    big = bad + (b"x" * 70 + b"\r\n") * 130000
    settings = ["set group mail quarantine-origin delete", "set quarantine maximum 8"]
    stand, origin = collecting([big, *MESSAGES], settings, screens=True)
    for _ in range(2):
        stand.poll()
    assert origin.uidls == [b"uid-1", b"uid-2", b"uid-3", b"uid-4"] and not origin.count(b"DELE")
    shown = stand.show()
    assert shown["quarantine"] == [] and "store" in shown["alarms"]
    assert stand.bodies()["uid-1"] is None


def test_without_a_verdict_nothing_is_stored_and_it_is_tried_again(collecting):
    stand, origin = collecting(screens=True)
    stand.screen.stop()
    stand.poll()
    assert set(stand.bodies().values()) == {None} and origin.count(b"TOP") == 1
    shown = stand.show()
    assert "not screened" in shown["error"] and "screening" in shown["alarms"]
    stand.start_screen()
    stand.poll()
    assert stand.bodies() == stored(MESSAGES) and stand.show()["error"] == ""


# -- modes


def test_mode_collect_empties_the_origin(collecting):
    stand, origin = collecting(settings=["set group mail mode collect"])
    stand.poll()
    assert origin.uidls == [] and stand.bodies() == stored(MESSAGES)
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)


@pytest.mark.parametrize("seen", ["left", "delivered"])
def test_mode_collect_is_not_for_who_leaves_mail(collecting, seen):
    stand, origin = collecting(settings=["set group mail mode collect"])
    if seen == "left":
        stand.left_mail()
    else:
        origin.answers[b"TOP"] = origin.answers[b"RETR"] = b"-ERR not now\r\n"
        stand.poll()
        stand.delivered("uid-1")
        origin.answers.clear()
    stand.poll()
    assert origin.count(b"DELE") == 0
    shown = stand.show()
    assert "mode collect is not applied" in shown["error"]
    assert any("collect.mirrors" in line for line in shown["log"])


def test_retr_where_the_group_says_so(collecting):
    stand, origin = collecting(settings=["set group mail fetch retr"])
    stand.poll()
    assert origin.count(b"TOP") == 0 and origin.count(b"RETR") == 3
    assert stand.bodies() == stored(MESSAGES)


def test_what_vanishes_after_our_own_retr_is_kept(collecting):
    """An origin that drops what was retrieved."""
    stand, origin = collecting(settings=["set group mail fetch retr"])
    stand.poll()
    origin.remove(b"uid-2")
    stand.poll()
    shown = stand.show()
    assert shown["state"] == "passing" and "drops what was fetched" in shown["why"]
    assert stand.bodies() == stored(MESSAGES)
    assert [row[0] for row in stand.mail() if row[3]] == ["uid-2"]


# -- quirks of origins


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({b"UIDL": b"-ERR unknown\r\n"}, "does not answer UIDL"),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 a\r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 \r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\n2\r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 b\xe4\r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 " + b"b" * 71 + b"\r\n3 c\r\n.\r\n"}, ""),
        ({b"UIDL": b"+OK\r\n1 a\r\nx b\r\n3 c\r\n.\r\n"}, "no message number"),
        ({b"UIDL": b"+OK\r\n1 a\r\n2 b\r\n.\r\n"}, "do not name the same messages"),
        ({b"LIST": b"+OK\r\n1 9\r\n2 9\r\n.\r\n"}, "do not name the same messages"),
    ],
    ids=[
        "none",
        "duplicate",
        "blank",
        "missing",
        "8-bit",
        "long",
        "no-number",
        "fewer",
        "list-fewer",
    ],
)
def test_listings_that_cannot_be_relied_on(collecting, answers, why):
    stand, origin = collecting(answers=answers)
    stand.poll()
    shown = stand.show()
    assert shown["state"] == "passing" and why in shown["why"] and shown["why"]
    assert origin.count(b"TOP") == 0 and stand.mail() == []
    assert stand.hours(5) == [] and origin.count(b"PASS") == 1


@pytest.mark.parametrize(
    "answers",
    [
        {b"CAPA": b"-ERR what?\r\n"},
        {
            b"UIDL": b"+OK 77 messages\r\n1 uid-1\r\n2 uid-2  \r\n3\tuid-3\r\n.\r\n".replace(
                b"\t", b" "
            )
        },
        {b"LIST": b"+OK\r\n1 21 more words\r\n2 26\r\n3 5020\r\n.\r\n"},
        {b"TOP": lambda c, w: c.sendall(b"+OK\n" + stuffed(MESSAGES[int(w[1]) - 1]) + b".\r\n")},
    ],
    ids=["no CAPA", "blanks", "more words", "LF after +OK"],
)
def test_oddities_that_must_work(collecting, answers):
    stand, _ = collecting(answers=answers)
    stand.poll()
    assert list(stand.bodies()) == UIDLS and None not in stand.bodies().values()


@pytest.mark.parametrize("answer", [b"+OK\r\n.\r\n", b"-ERR no messages\r\n"])
def test_an_empty_maildrop(collecting, answer):
    stand, _ = collecting([], answers={b"UIDL": answer, b"LIST": answer})
    stand.poll()
    assert stand.show()["state"] == "ready" and stand.mail() == []


@pytest.mark.parametrize("size", [b"0", b"-5", b"9223372036854775808", b"22", b"x", b""])
def test_sizes_that_lie(collecting, size):
    """TOP proves nothing then: only a client's own RETR fetches such a message."""
    rows = b"+OK\r\n1 " + size + b"\r\n2 26\r\n3 5020\r\n.\r\n"
    stand, origin = collecting(answers={b"LIST": rows})
    stand.poll()
    stand.poll()
    assert origin.count(b"RETR") == 0 and origin.count(b"TOP 1 ") == 1
    assert [k for k, body in stand.bodies().items() if body is None] == ["uid-1"]
    assert "only a part" in stand.show()["error"] or stand.show()["error"] == ""
    stand.enter()
    stand.fetch("uid-1")
    stand.leave()
    assert stand.bodies() == stored(MESSAGES)
    assert stand.mail()[0][1] == len(MESSAGES[0]) and origin.count(b"RETR") == 1


@pytest.mark.parametrize(
    "top",
    [
        b"+OK\r\nSubject: one\r\n.\r\n",
        b"+OK\r\n+OK\r\n" + MESSAGES[0] + b".\r\n",
        b"-ERR unknown command\r\n",
    ],
    ids=["cut", "double", "none"],
)
def test_top_that_gives_not_all(collecting, top):
    stand, origin = collecting(answers={(b"TOP", 1): top})
    stand.poll()
    assert (
        stand.bodies()["uid-1"] is None and stand.bodies()["uid-2"] and origin.count(b"RETR") == 0
    )
    stand.enter()
    with pytest.raises(Refused) as refused:
        stand.fetch("uid-1", False)
    assert refused.value.line.startswith("-ERR [SYS/TEMP]")
    stand.fetch("uid-1")
    stand.leave()
    assert stand.bodies()["uid-1"] == stuffed(MESSAGES[0])


def test_one_message_that_is_refused_does_not_stop_the_rest(collecting):
    stand, origin = collecting(answers={(b"TOP", 2): b"-ERR [SYS/TEMP] damaged\r\n"})
    stand.poll()
    assert [k for k, body in stand.bodies().items() if body is None] == ["uid-2"]
    origin.answers.clear()
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)


@pytest.mark.parametrize("keyword", [b"UIDL", b"LIST", b"CAPA"])
def test_listings_that_never_end(collecting, keyword):
    def endless(connection, words):
        connection.sendall(b"+OK\r\n")
        n = 0
        while True:
            rows = [b"%d %d\r\n" % (i, i) for i in range(n + 1, n + 20001)]
            connection.sendall(b"".join(rows))
            n += 20000

    stand, _ = collecting(answers={keyword: endless})
    stand.poll()
    shown = stand.show()
    assert shown["state"] != "ready" and shown["error"] and stand.mail() == []


def test_ten_thousand_messages_are_no_list_in_memory(collecting):
    count = 10000
    uidls = b"".join(b"%d %032x\r\n" % (n, n) for n in range(1, count + 1))
    sizes = b"".join(b"%d %d\r\n" % (n, 1000 + n) for n in range(1, count + 1))
    answers = {b"UIDL": b"+OK\r\n" + uidls + b".\r\n", b"LIST": b"+OK\r\n" + sizes + b".\r\n"}
    stand, _ = collecting(answers=answers)
    stand.enter()
    ms, longest, octets, listed = stand.weigh()
    print(f"{count} messages: {ms} ms, others waited {longest} ms at most, {octets} octets stay")
    assert listed == count and octets < 1.2 * 1048576
    again = stand.weigh()
    assert again[2] < 100000 and again[3] == count


def test_a_body_that_breaks_off_is_fetched_again(collecting):
    def broken(connection, words):
        connection.sendall(b"+OK\r\nSubject: x\r\n\r\nhalf a li")
        return CLOSE

    stand, origin = collecting(answers={(b"TOP", 2): broken})
    stand.poll()
    assert [k for k, body in stand.bodies().items() if body] == ["uid-3"]
    assert "closed the connection" in stand.show()["error"]
    origin.answers.clear()
    stand.poll()
    assert stand.bodies() == stored(MESSAGES) and stand.show()["spool"] == [0, 0]


def test_a_message_that_never_ends_is_larger_than_the_spool(collecting):
    def endless(connection, words):
        connection.sendall(b"+OK\r\nSubject: x\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536 + b"\r\n")

    stand, _ = collecting(settings=["set spool maximum 8"], answers={(b"TOP", 3): endless})
    stand.poll()
    assert "larger than the mail gateway can hold" in stand.show()["error"]
    assert stand.show()["spool"] == [0, 0]


def test_a_message_larger_than_the_spool_stays_listed(collecting):
    large = b"Subject: large\r\n\r\n" + b"x" * 70 * 1 + (b"y" * 998 + b"\r\n") * 9000
    stand, origin = collecting([MESSAGES[0], large], settings=["set spool maximum 8"])
    stand.poll()
    stand.poll()
    assert [k for k, body in stand.bodies().items() if body is None] == ["uid-2"]
    assert origin.count(b"TOP 2 ") == 1
    stand.enter()
    with pytest.raises(Refused) as refused:
        stand.fetch("uid-2")
    assert refused.value.line.startswith("-ERR [SYS/PERM]")


def test_a_full_disk_stops_spiders_first(collecting):
    """Nothing new is fetched, what was deleted is still deleted at the origin."""
    stand, origin = collecting()
    stand.poll()
    stand.delete("uid-1")
    origin.add(b"uid-4", b"Subject: four\r\n\r\nx\r\n")
    stand.set_free(3 << 20)
    stand.poll()
    shown = stand.show()
    assert origin.count(b"TOP") == 3 and origin.uidls == [b"uid-2", b"uid-3", b"uid-4"]
    assert "no room" in shown["error"] and "store" in shown["alarms"] and shown["state"] == "ready"
    stand.set_free(1 << 30)
    stand.poll()
    assert stand.bodies()["uid-4"] and stand.show()["error"] == ""


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


def test_real_dovecot(signatures, dovecot):
    """TOP works, LIST is right, DELE and QUIT delete."""
    messages = [clean(f"message {n}") for n in range(20)] + [infected()]
    port = dovecot(messages)
    stand = Collecting(signatures)
    try:
        stand.learn(port)
        stand.poll()
        bodies = list(stand.bodies().values())
        assert bodies[:-1] == [wire(m) for m in messages[:-1]]
        assert not shows(bodies[-1])
        uidls = list(stand.bodies())
        stand.delete(uidls[0])
        stand.poll()
        assert list(stand.bodies()) == uidls[1:]
        stand.enter()
        stand.refresh()
        stand.leave()
        assert list(stand.bodies()) == uidls[1:] and stand.show()["error"] == ""
    finally:
        stand.close()


class NameServer:
    """Answers each query with what `answer(query octets)` gives; None: silence."""

    def __init__(self, answer):
        self.asked = []
        self._answer = answer
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.port = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        with self._sock:
            while True:
                octets, peer = self._sock.recvfrom(600)
                if not octets:
                    return
                self.asked.append(octets)
                for answer in self._answer(octets):
                    self._sock.sendto(answer, peer)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(SECONDS)


def addresses_of(asked, *addresses):
    head = asked[:2] + b"\x81\x80\0\1" + bytes((0, len(addresses))) + b"\0\0\0\0" + asked[12:]
    rows = [b"\xc0\x0c\0\1\0\1\0\0\0\x64\0\4" + bytes(a) for a in addresses]
    return head + b"".join(rows)


@pytest.mark.parametrize("case", ["good", "after a lie", "silent", "refused"])
def test_host_names_are_looked_up(collecting, case):
    def answer(asked):
        good = addresses_of(asked, (192, 0, 2, 1), (192, 0, 2, 7))
        wrong = bytes((asked[0] ^ 1,)) + good[1:]
        refused = good[:3] + b"\x85" + good[4:]
        return {"good": [good], "after a lie": [wrong, good], "silent": [], "refused": [refused]}[
            case
        ]

    server = NameServer(answer)
    stand, _ = collecting(servers="pop.example.net,127.0.0.1/32")
    path = stand.folder / "resolv.conf"
    path.write_text("nameserver 127.0.0.1\n")
    known = stand.look_up(str(path), server.port)
    server.stop()
    found = ["192.0.2.1", "192.0.2.7"] if case in ("good", "after a lie") else []
    assert known == {"pop.example.net": found}
    assert all(b"\3pop\7example\3net\0\0\1\0\1" in asked for asked in server.asked)
    assert any("lookup.failed" in line for line in stand.show()["log"]) is (not found)


@pytest.mark.parametrize("way", ["top", "retr"])
def test_what_a_real_server_marks_as_seen(signatures, way):
    folder = Path(tempfile.mkdtemp(prefix="restante-dovecot-"))
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    plan = dovecot_lab.Plan(folder / "server", "127.0.0.1", port)
    users = [dovecot_lab.Account("fred", "secret", [clean("one"), clean("two")])]
    server = dovecot_lab.Dovecot(plan, users)
    stand = Collecting(signatures, [f"set group mail fetch {way}"], screens=False)
    try:
        stand.learn(plan.port)
        stand.poll()
        assert None not in stand.bodies().values() and len(stand.bodies()) == 2
        flags = [p.name.partition(":2,")[2] for p in folder.rglob("*/cur/*")]
        flags += ["" for p in folder.rglob("*/new/*")]
        assert len(flags) == 2 and ("S" in "".join(flags)) is (way == "retr")
    finally:
        stand.close()
        server.stop()
        shutil.rmtree(folder)
