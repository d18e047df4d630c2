"""A whole engineer's session: the real console program on a tty, the real gate, real mail."""

import json
import os
import re
from datetime import UTC, datetime, timedelta

import mails
import pytest
from disguises import found_in
from restante.settings import exchange, text
from serial_console import Console
from served import greeted, learn, leave, offer, session, states

SECRET = b"planted-S3CRET-of-fred"
INFECTED = b"quarantine entry"


def crlf(message):
    return bytes(message).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.fixture
def consoles():
    """consoles(box) -> a Console that is ready."""
    opened = []

    def start(box):
        console = Console(box.run)
        opened.append(console)
        console.ready()
        return console

    yield start
    for console in opened:
        console.close()


def configuring(console):
    """It has the candidate."""
    console.editing()
    first = console.ask(b"configure")[0]
    assert first.startswith(b"+OK"), first
    return console


def set_lines(box):
    ok, lines = box.console("show configuration")
    assert ok.startswith("+OK"), ok
    return lines


def restart(box):
    box.gate.signal(9)
    box.gate.stop()
    box.start_gate()


# -- the dialogue


def test_a_whole_session_typed(scripted, consoles):
    box, _ = scripted(settings=["set log level warning"])
    console = consoles(box)
    assert console.ask(b"set log level debug") == [
        b"-ERR there is no candidate",
        b"type: configure",
    ]
    configuring(console)
    # Tab: the only word, what all words begin with, then all of them; ? shows without changing.
    console.type(b"set sess\t")
    console.until(rb"set sessions ")
    console.type(b"\t")
    assert b"idle-timeout" in console.until(rb"maximum[^\n]*\r\n(.*\r\n)*[^\n]*# set sessions ")
    console.type(b"max\t")
    console.until(rb"maximum ")
    console.type(b"?")
    shown = console.until(rb"# set sessions maximum ")
    assert b"VALUE" in shown and b"a number from 1 to 500; default 100; needs a restart" in shown
    assert console.ask(b"501")[0] == (
        b"-ERR 'sessions maximum' cannot be '501'; allowed: a number from 1 to 500"
    )
    assert console.ask(b"set sessions maximum 77") == [b"+OK "]
    assert console.ask(b"set screening forbid name ?x?.exe") == [b"+OK "]
    assert console.ask(b"set wan mode static") == [b"+OK "]
    assert console.ask(b"delete log level") == [b"+OK "]
    assert console.ask(b"compare") == [
        b"+OK 4 lines differ",
        b"+ set wan mode static",
        b"+ set sessions maximum 77",
        b"+ set screening forbid name ?x?.exe",
        b"- set log level warning",
    ]
    assert console.ask(b"commit") == [
        b"-ERR 'wan mode': static needs a value for 'wan address'",
        b"nothing has changed: the old configuration is in force",
    ]
    assert console.ask(b"exit")[0].startswith(b"-ERR 4 settings are changed and not committed")
    assert console.ask(b"delete wan") == [b"+OK "]
    assert console.ask(b"commit") == [
        b"+OK in force and durable",
        b"restart needed: sessions maximum",
    ]
    assert console.ask(b"save") == [b"+OK commit has saved it already"]
    history = console.ask(b"show configuration history")
    assert [line.split()[0] for line in history[2:]] == [b"0", b"1"]
    assert b" admin-" in history[2] and history[3].endswith(b" file")
    console.editing(False)
    assert console.ask(b"exit") == [b"+OK "]
    expected = ["set sessions maximum 77", "set screening mode disabled"]
    expected += ["set screening forbid name ?x?.exe"]
    assert set_lines(box) == expected
    assert "restart needed: sessions maximum" in box.console("show configuration")[0]
    assert "restart        needed for: sessions maximum" in box.status()
    restart(box)
    assert set_lines(box) == expected
    assert "restart" not in box.console("show configuration")[0]
    configuring(console)
    assert console.ask(b"rollback 1")[0] == b"+OK 3 settings differ from those in force"
    assert console.ask(b"commit")[0] == b"+OK in force and durable"
    assert set_lines(box) == ["set screening mode disabled", "set log level warning"]


def test_pasted_lines_are_all_taken_and_what_is_shown_can_be_pasted(scripted, consoles):
    box, _ = scripted()
    console = consoles(box)
    users = ",".join("user%02d.of-a-long-name@example.org" % n for n in range(100))
    lines = ["configure", "set group office servers 192.0.2.1", f"set group office users {users}"]
    lines += ["set screening forbid name ?.exe,\t?.com".replace("\t", "")]
    for n in range(30):
        for word in ("infected", "encrypted", "malformed"):
            lines.append(f"set profile p{n} action {word} quarantine")
        lines.append(f'set account "u{n}* @ office" profile p{n}')
    lines += ["commit"]
    console.editing()
    console.type("".join(line + "\r\n" for line in lines).encode())
    shown = console.until(rb"\+OK in force and durable\r\n")
    assert b"-ERR" not in shown
    taken = set_lines(box)
    assert f"set group office users {users}" in taken and len(taken) == len(lines) - 2 + 1
    assert console.ready() and console.ask(b"delete group") and console.ask(b"delete account")
    assert console.ask(b"delete profile") == [b"+OK "]
    assert console.ask(b"commit")[0] == b"+OK in force and durable"
    console.type("".join(line + "\n" for line in [*taken, "commit"]).encode())
    assert b"-ERR" not in console.until(rb"\+OK in force and durable\r\n")
    assert set_lines(box) == taken
    assert exchange.read("\n".join(box.console("show configuration json")[1])) == text.read(
        "\n".join(taken).encode()
    )


def test_one_session_has_the_candidate(scripted, consoles):
    box, _ = scripted()
    one, two = consoles(box), consoles(box)
    configuring(one)
    assert one.ask(b"set log level debug") == [b"+OK "]
    refused = two.ask(b"configure")
    assert re.match(rb"-ERR admin-[0-9a-f]{8} has the candidate, idle for ", refused[0])
    assert two.ask(b"set log level error")[0] == two.ask(b"commit")[0]
    two.editing()
    assert two.ask(b"configure force")[0].startswith(b"+OK")
    assert two.ask(b"compare") == [b"+OK 0 lines differ"]
    one.editing(False)
    assert b"has the candidate" in one.ask(b"commit")[0]


def test_a_console_that_was_cut_off_leaves_nothing_half_done(scripted, consoles):
    box, _ = scripted()
    console = configuring(consoles(box))
    console.ask(b"set log level debug")
    console.close()
    assert set_lines(box) == ["set screening mode disabled"]
    restart(box)
    assert set_lines(box) == ["set screening mode disabled"]
    configuring(consoles(box))


# -- commit confirm


def test_what_nobody_confirms_goes_back_by_itself(scripted):
    box, _ = scripted(settings=["set log level info"])
    box.console("configure")
    box.console("set log level debug")
    assert box.console("commit confirm 1s")[0] == "+OK in force for 1 s"
    box.until(lambda: "configuration.rolled-back" in box.log(), "the old configuration")
    assert "set log level info" in set_lines(box)
    assert (box.data / "settings").read_text().endswith("set log level info\n")


def test_what_was_not_confirmed_is_gone_after_a_power_cut(scripted):
    """FAULTS 89, with what was only typed."""
    box, _ = scripted(settings=["set log level info"])
    before = (box.data / "settings").read_bytes()
    box.console("configure")
    box.console("set log level debug")
    assert box.console("commit confirm 10")[0] == "+OK in force for 600 s"
    assert "set log level debug" in set_lines(box)
    assert box.console("save")[0].startswith("-ERR what is in force was not confirmed")
    restart(box)
    assert "set log level info" in set_lines(box)
    assert (box.data / "settings").read_bytes() == before


def test_what_was_confirmed_stays(scripted):
    box, _ = scripted()
    box.console("configure")
    box.console("set log level debug")
    box.console("commit confirm 10")
    assert box.console("commit")[0] == "+OK in force and durable, confirmed"
    restart(box)
    assert "set log level debug" in set_lines(box)


# -- what counts at once


def test_a_session_keeps_its_policy_and_the_next_one_has_the_new(accelerated):
    message = crlf(mails.raw_infected())
    box, _ = accelerated([message], group=None, screens=True)
    old = session(box)
    assert INFECTED in old.fetch(b"RETR 1")[1]
    for line in ("configure", "set screening action infected pass", "commit"):
        assert box.console(line)[0].startswith("+OK"), line
    assert INFECTED in old.fetch(b"RETR 1")[1]
    new = session(box)
    assert INFECTED not in new.fetch(b"RETR 1")[1]
    assert INFECTED in old.fetch(b"RETR 1")[1]
    leave(old)
    leave(new)


def test_screening_that_is_turned_on_screens_the_next_session(accelerated):
    message = crlf(mails.raw_infected())
    settings = ["set screening mode disabled"]
    box, _ = accelerated([message], group=None, settings=settings, screens=True)
    old = session(box)
    for line in ("configure", "delete screening mode", "commit"):
        assert box.console(line)[0].startswith("+OK"), line
    new = session(box)
    assert INFECTED in new.fetch(b"RETR 1")[1]
    assert INFECTED not in old.fetch(b"RETR 1")[1]
    leave(old)
    leave(new)
    box.tested()  # the self-test runs by itself from now on


def test_a_time_zone_is_shown_at_once_and_again_after_a_restart(scripted):
    box, _ = scripted()
    assert clock(box).endswith("Z")
    for line in ("configure", "set time zone <+0545>-5:45", "commit"):
        assert box.console(line)[0].startswith("+OK"), line
    for _ in range(2):
        shown = datetime.fromisoformat(clock(box))
        assert shown.utcoffset() == timedelta(hours=5, minutes=45)
        assert abs(shown - datetime.now(UTC)) < timedelta(minutes=5)
        restart(box)
    assert box.log().split()[0].endswith("Z")


def clock(box):
    (row,) = [row for row in box.status() if row.startswith("clock ")]
    return row.split()[1]


def test_a_group_is_made_and_taken_away_with_sessions_open(accelerated):
    box, server = accelerated([crlf(mails.clean())], group=None)
    passing = session(box)
    box.console("configure")
    for line in (f"servers 127.0.0.0/8:{server.port}", "rule all"):
        assert box.console(f"set group isp {line}")[0].startswith("+OK")
    assert box.console("commit")[0].startswith("+OK")
    assert passing.fetch(b"RETR 1")[0].startswith(b"+OK")
    leave(passing)
    learn(box)
    served = session(box)
    assert "served" in states(box)
    box.console("delete group isp")
    assert box.console("commit")[0].startswith("+OK")
    assert served.fetch(b"RETR 1")[0].startswith(b"+OK")
    leave(served)
    after = session(box)
    assert "served" not in states(box)
    assert after.fetch(b"RETR 1")[0].startswith(b"+OK")
    leave(after)
    for line in (f"servers 127.0.0.0/8:{server.port}", "rule all"):
        box.console(f"set group isp {line}")
    assert box.console("commit")[0].startswith("+OK")
    again = session(box)  # the account is known still
    assert "served" in states(box)
    leave(again)
    assert "session.fault" not in box.log()


# -- what goes wrong


def test_a_damaged_file_is_no_reason_to_be_without_a_policy(scripted):
    box, _ = scripted()
    box.console("configure")
    for level in ("debug", "warning"):
        box.console(f"set log level {level}")
        assert box.console("commit")[0].startswith("+OK")
    path = box.data / "settings"
    path.write_bytes(path.read_bytes()[:-3])
    restart(box)
    assert "set log level warning" in set_lines(box)
    alarms = "\n".join(box.console("show alarms")[1])
    assert "configuration 3 in use; line 1: it is not as it was written" in alarms


def test_what_cannot_be_written_changes_nothing(scripted):
    box, _ = scripted(settings=["set log level info"])
    (box.data / "configurations").write_text("in the way")
    box.console("configure")
    box.console("set log level debug")
    first, _ = box.console("commit")
    assert first.startswith("-ERR") and "the configuration cannot be written" in first
    assert "set log level info" in set_lines(box)
    os.unlink(box.data / "configurations")
    assert box.console("commit")[0] == "+OK in force and durable"
    assert "set log level debug" in set_lines(box)


def test_no_secret_is_shown_compared_or_exported(accelerated):
    box, server = accelerated([crlf(mails.clean())], settings=["set log level debug"])
    server.password = SECRET
    learn(box, SECRET)
    wrong = greeted(box)
    assert offer(wrong, SECRET[::-1]).startswith(b"-ERR")
    leave(wrong)
    shown = []
    for line in (
        "configure",
        "set group isp freshness 60",
        "compare",
        "commit",
        "show configuration",
        "show configuration json",
        "show configuration history",
        "complete set group isp ",
        "complete set account ",
        "complete delete ",
        "show log",
    ):
        first, rest = box.console(line)
        assert first.startswith("+OK"), (line, first)
        shown += [first, *rest]
    kept = [p.read_text() for p in (box.data / "configurations").iterdir()]
    whole = "\n".join(shown + kept + [(box.data / "settings").read_text()])
    assert "freshness" in whole and not found_in(whole.encode(), SECRET)
    assert not found_in(whole.encode(), SECRET[::-1])
    assert json.loads("\n".join(box.console("show configuration json")[1]))["format"] == 1
