"""Profiles, decision records, self-test and scratch, on the real gate and screen process."""

import hashlib
import os
import re
import signal

import mails
import pytest
from boxes import compile_signatures
from restante_tools.lab.meddler import Meddler
from served import greeted, learn, leave, offer, session

EVERY = 1000  # workers: more than any message gets
INFECTED = b"quarantine entry"


def crlf(message):
    return bytes(message).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def records(box, event="message.judged"):
    """[{field: value}] of the records of an event."""
    found = []
    for line in box.log().split("\n"):
        if f" {event} " in line:
            pairs = re.findall(r' (\w+)=("[^"]*"|\S*)', line)
            found.append({name: value.strip('"') for name, value in pairs})
    return found


def other_set(tmp_path, name):
    """A set that finds nothing of what the self-test sends."""
    source = tmp_path / f"{name}.hdb"
    source.write_text("%032x:1000:Nothing\n" % 1)
    compile_signatures(tmp_path / f"{name}.sig", source, name=name, factory=False)
    return tmp_path / f"{name}.sig"


# -- profiles

PROFILES = [
    "set profile open action infected pass",
    "set profile off mode disabled",
    "set profile hard action infected block",
    'set account "anna @ isp" profile open',
    'set account "b* @ isp" profile off',
    "set group isp profile hard",
]


def test_each_account_of_a_group_has_its_profile(accelerated):
    message = crlf(mails.raw_infected())
    box, server = accelerated([message], group=["rule none"], settings=PROFILES, screens=True)
    for user, said in ((b"anna", b""), (b"bert", b""), (b"fred", INFECTED)):
        server.user = user
        talk = greeted(box)
        assert offer(talk, user=user).startswith(b"+OK"), user
        body = talk.fetch(b"RETR 1")[1]
        assert (INFECTED in body) == bool(said), user
        leave(talk)
    rows = {row["account"].split()[0]: row for row in records(box)}
    assert [rows[u]["profile"] for u in ("anna", "bert", "fred")] == ["open", "off", "hard"]
    assert [rows[u]["verdict"] for u in ("anna", "bert", "fred")] == [
        "infected",
        "none",
        "infected",
    ]
    assert [rows[u]["action"] for u in ("anna", "bert", "fred")] == ["pass", "pass", "block"]
    shown = box.console("show profile")[1]
    assert "  for group isp" in shown and "  for account b* @ isp" in shown


def test_a_profile_screens_where_nobody_else_is_screened(accelerated):
    message = crlf(mails.raw_infected())
    settings = [
        "set screening mode disabled",
        "set profile on mode enabled",
        'set account "fred @ isp" profile on',
    ]
    box, server = accelerated([message], group=["rule none"], settings=settings, screens=True)
    for user, found in ((b"anna", False), (b"fred", True)):
        server.user = user
        talk = greeted(box)
        assert offer(talk, user=user).startswith(b"+OK")
        assert (INFECTED in talk.fetch(b"RETR 1")[1]) == found
        leave(talk)


# -- the record of a decision


def test_both_ways_write_the_same_record(accelerated):
    messages = [crlf(mails.clean("one")), crlf(mails.raw_infected())]
    through, _ = accelerated(messages, group=["rule none"], screens=True)
    with session(through) as talk:
        for n in (1, 2):
            talk.fetch(b"RETR %d" % n)
        leave(talk)
    ahead, _ = accelerated(messages, screens=True)
    learn(ahead)
    ahead.until(lambda: len(records(ahead)) >= 2, "both messages to be judged")
    passed, collected = ({row["number"]: row for row in records(b)} for b in (through, ahead))
    for number in ("1", "2"):
        assert passed[number].keys() == collected[number].keys()
        for field in passed[number].keys() - {"uidl"}:
            assert passed[number][field] == collected[number][field], field
    assert collected["1"]["uidl"] == "uid-1" and collected["2"]["uidl"] == "uid-2"
    # Asked of the origin only for what does not pass as it is.
    assert passed["1"]["uidl"] == "" and passed["2"]["uidl"] == "uid-2"
    assert passed["2"]["signature"] == "Eicar-Test" and passed["2"]["bundle"] == "factory"
    wire = messages[0].replace(b"\r\n.", b"\r\n..")
    assert passed["1"]["sha256"] == hashlib.sha256(wire).hexdigest()
    (held,) = [row for row in through.console("quarantine show 1")[1] if "sha" in row.lower()][:1]
    assert passed["2"]["sha256"][:8] in held.replace(" ", "")


# -- the self-test


def test_it_runs_at_the_start_and_what_it_finds_wrong_stops_delivery(
    scripted, signatures, tmp_path
):
    message = mails.clean("one")
    box, _ = scripted([crlf(message)], screens=True)
    box.tested()
    assert any("16 checks passed" in row for row in box.status())
    box.use_signatures(other_set(tmp_path, "nothing"))
    box.until(lambda: any("FAILED" in row for row in box.status()), "the self-test to fail")
    assert "self-test" in "\n".join(box.console("show alarms")[1])
    with session(box) as talk:
        assert talk.ask(b"RETR 1").startswith(b"-ERR [SYS/TEMP]")
        leave(talk)
    box.use_signatures(signatures)
    first, rows = box.console("self-test")
    assert first.startswith("+OK 16 checks passed"), rows
    with session(box) as talk:
        assert talk.fetch(b"RETR 1")[1] == mails.wire(message)
        leave(talk)


def test_with_fail_mode_allow_mail_is_marked_meanwhile(scripted, tmp_path):
    box, _ = scripted([crlf(mails.clean("one"))], ["set screening fail-mode allow"], screens=True)
    box.tested()
    box.use_signatures(other_set(tmp_path, "nothing"))
    box.until(lambda: any("FAILED" in row for row in box.status()), "the self-test to fail")
    with session(box) as talk:
        assert talk.fetch(b"RETR 1")[1].startswith(b"X-Restante-Verdict: none")
        leave(talk)


# -- a worker that is killed twice


def killing_all(box):
    return Meddler(box.screen.pid, signal.SIGKILL, EVERY)


@pytest.mark.parametrize("way", ["passed through", "collected"])
def test_killed_twice_is_a_notice_under_its_uidl_and_the_original_is_held(accelerated, way):
    big = crlf(mails.big(20000000))
    group = ["rule none"] if way == "passed through" else ["listing-age 0"]
    box, server = accelerated(
        [big, crlf(mails.clean("two"))],
        group=group,
        settings=["set spool maximum 200", "set quarantine maximum 200"],
        screens=True,
    )
    box.tested()
    with killing_all(box):
        with session(box) as talk:
            if way == "passed through":
                body = talk.fetch(b"RETR 1")[1]
                assert b"ended twice" in body and len(body) < 4096
            leave(talk)
        box.until(
            lambda: any("killed" in row for row in box.console("show quarantine")[1]),
            "the message in quarantine",
        )
        if (
            way == "collected"
        ):  # a session would end the spider's visit before the notice is stored
            box.until(lambda: "collect.poll" in box.log(), "the end of the poll")
    with session(box) as talk:
        assert talk.ask(b"UIDL 1").split()[2] == b"uid-1"
        if way == "collected":
            body = talk.fetch(b"RETR 1")[1]
            assert b"ended twice" in body and len(body) < 4096
        leave(talk)
    # On a busy machine a worker on the other message may have been met, too.
    killed = [r for r in records(box) if r["verdict"] == "killed" and r["uidl"] == "uid-1"]
    assert [row["action"] for row in killed] == ["quarantine"]
    kept = list((box.data / "quarantine").glob("*.eml"))
    assert max(path.stat().st_size for path in kept) >= len(big)
    assert list(server.drop)[0] == b"uid-1"


# -- the scratch


def test_no_scratch_file_is_left_and_none_has_a_name(scripted):
    box, _ = scripted([crlf(mails.clean("one"))], screens=True)
    box.tested()
    with session(box) as talk:
        talk.fetch(b"RETR 1")
        leave(talk)
    assert list((box.data / "spool").iterdir()) == []
    folder = f"/proc/{box.gate.pid}/fd"
    links = [os.readlink(f"{folder}/{n}") for n in os.listdir(folder)]
    assert not [link for link in links if "/spool/" in link]
