"""Records, ring, counters, alarms: escapes, bounds, no secrets.  Also on MicroPython."""

from restante import log
from restante.log import records
from restante.log.alarms import Alarms
from restante.log.counters import Counters
from restante.log.ring import Ring

SECRET = "hunter2-S3CRET"


def printable(text):
    return all(32 <= ord(c) < 127 for c in text)


def test_line_has_level_event_and_sorted_fields():
    line = records.line("info", "session.open", {"origin": "192.0.2.1:110", "id": 7, "tls": None})
    assert line == "info session.open id=7 origin=192.0.2.1:110 tls=None"


def test_no_planted_secret_is_shown():
    names = (
        "password",
        "Password",
        "user_password",
        "pass",
        "digest",
        "secret",
        "token",
        "auth",
        "private_key",
        "sasl_response",
        "challenge",
        "command_line",
        "argument",
        "credentials",
    )
    for name in names:
        for value in (SECRET, SECRET.encode(), [SECRET], {"x": SECRET}):
            assert SECRET not in records.line("info", "x", {name: value}), name


def test_login_commands_keep_their_keyword_only():
    for command in ("PASS %s", "pass %s", " Pass %s", "APOP user %s", "AUTH PLAIN %s"):
        line = records.line("debug", "x", {"text": command % SECRET})
        assert SECRET not in line and "[withheld]" in line
        assert SECRET not in records.line("debug", "x", {"text": (command % SECRET).encode()})
    assert "USER" in records.line("debug", "x", {"text": "USER alice"})
    assert "passage" in records.line("debug", "x", {"text": "passage 5"})


def test_control_characters_are_escaped():
    for code in list(range(256)) + [0x202E, 0x1F600]:
        line = records.line("info", "x", {"subject": "a" + chr(code) + "b"})
        assert printable(line)
        if code < 256:
            assert printable(records.line("info", "x", {"subject": bytes([code])}))
    assert "\\x1b[2J" in records.line("info", "x", {"subject": "\x1b[2J"})
    assert "\\u{202e}" in records.line("info", "x", {"subject": "\u202e"})


def test_values_and_records_are_bounded():
    assert len(records.escaped("x" * 10**5)) == records.VALUE_OCTETS + 3
    assert len(records.escaped("x" * records.VALUE_OCTETS)) == records.VALUE_OCTETS
    many = {"field%d" % n: "\x00" * 1000 for n in range(100)}
    assert len(records.line("info", "x", many)) <= records.RECORD_OCTETS


def test_quotes_cannot_forge_a_field():
    line = records.line("info", "x", {"subject": 'a" admin="yes'})
    assert line.count('"') == 2


def test_stamp():
    assert records.stamp(0) == "1970-01-01T00:00:00Z"
    assert records.stamp(951782400) == "2000-02-29T00:00:00Z"
    assert records.stamp(1709164799.9) == "2024-02-28T23:59:59Z"
    assert records.stamp(2147483648) == "2038-01-19T03:14:08Z"
    assert records.stamp(4294967296) == "2106-02-07T06:28:16Z"


def test_ring_keeps_the_newest_and_counts_the_lost():
    ring = Ring(3)
    assert ring.lines() == [] and ring.lost == 0
    for n in range(1, 4):
        ring.add(str(n))
    assert ring.lines() == ["1", "2", "3"] and ring.lost == 0
    ring.add("4")
    assert ring.lines() == ["2", "3", "4"] and ring.lost == 1 and ring.total == 4


def test_counters():
    counters = Counters()
    assert counters.last_screened is None
    counters.add("tunnels")
    counters.add("tunnels", 2)
    counters.screened(1000, 5)
    assert counters.get("tunnels") == 3
    assert (counters.get("messages"), counters.get("octets")) == (1, 1000)
    assert counters.last_screened == 5
    try:
        counters.add("no such")
    except KeyError:
        return
    raise AssertionError("an unknown counter was accepted")


def test_alarms_count_and_stay_until_acknowledged():
    told = []
    alarms = Alarms()
    alarms.keep([], told.append)
    alarms.set("tunnel", "STLS by \x1b[2J")
    alarms.set("tunnel", "again")
    assert alarms.active() == [("tunnel", "again", 2)]
    assert told == [["tunnel STLS by \\x1b[2J"]]  # not told for a mere count
    assert alarms.acknowledge() == 1 and alarms.active() == []
    assert told[-1] == [] and alarms.acknowledge() == 0 and len(told) == 2


def test_alarms_outlive_a_restart():
    told = []
    first = Alarms()
    first.keep([], told.append)
    first.set("store", "journal, octet 5: unreadable")
    second = Alarms()
    second.keep(told[-1] + ["nonsense", "", "tunnel"], told.append)
    names = [(name, count) for name, _, count in second.active()]
    assert names == [("tunnel", 0), ("store", 0)]
    second.set("store", "again")
    assert second.active()[1] == ("store", "again", 1)


def test_an_alarm_of_an_unknown_name_is_an_error_of_the_caller():
    try:
        Alarms().set("no such", "x")
    except KeyError:
        return
    raise AssertionError("accepted")


def test_record_respects_the_level_and_shows_what_is_urgent():
    shown = []
    before = log.ring.total
    log.start("warning", lambda: 0, shown.append)
    try:
        log.record(log.INFO, "quiet")
        log.record(log.WARNING, "loud", password=SECRET)
        log.record("no such level", "odd")
    finally:
        log.start()
    assert log.ring.total == before + 2
    assert shown == [
        "1970-01-01T00:00:00Z warning loud password=[withheld]",
        "1970-01-01T00:00:00Z no such level odd",
    ]


def test_console_that_takes_nothing_is_counted_and_harms_nobody():
    def broken(text):
        raise OSError(5)

    before = log.counters.get("log_lost")
    log.start("info", None, broken)
    try:
        log.record(log.ERROR, "x")
    finally:
        log.start()
    assert log.counters.get("log_lost") == before + 1
    assert log.ring.lines()[-1] == "error x"
