"""Records as syslog messages, and those that wait.  Also on MicroPython."""

from restante.log import records, syslog
from restante.log.ring import Ring


def test_a_message_is_as_rfc_5424_has_it():
    text = records.line("warning", "origin.unreachable", {"origin": "192.0.2.1:110", "n": 3})
    got = syslog.message("warning", "box-1", "2026-11-27T14:00:00Z", text)
    assert got == (
        b"<132>1 2026-11-27T14:00:00Z box-1 restante gate origin.unreachable - "
        b"origin.unreachable n=3 origin=192.0.2.1:110"
    )
    severities = {"error": 131, "warning": 132, "info": 134, "debug": 135}
    for level in severities:
        got = syslog.message(level, "h", "", records.line(level, "x", {}))
        assert got == b"<%d>1 - h restante gate x - x" % severities[level]


def test_a_name_that_is_too_long_for_a_msgid_is_whole_in_the_text():
    event = "e" * 40
    got = syslog.message("info", "h", "", records.line("info", event, {}))
    assert b" " + b"e" * 32 + b" - " + b"e" * 40 in got + b" "


def test_frames_count_octets():
    assert syslog.framed(b"<1>1 x") == b"6 <1>1 x"


def test_the_oldest_goes_and_is_counted():
    waiting = syslog.Waiting(3)
    assert [waiting.add(n) for n in range(5)] == [True, True, True, False, False]
    assert (len(waiting), waiting.lost) == (3, 2)
    assert [waiting.take(), waiting.take()] == [2, 3]
    assert waiting.add(9) and len(waiting) == 2
    waiting.clear()
    assert len(waiting) == 0 and waiting.lost == 2
    assert waiting.add(7) and waiting.take() == 7


def test_the_ring_gives_what_came_since():
    ring = Ring(3)
    assert ring.since(0) == (0, [])
    for n in range(5):
        ring.add("r%d" % n)
    assert ring.since(0) == (2, ["r2", "r3", "r4"])
    assert ring.since(4) == (4, ["r4"])
    assert ring.since(5) == (5, [])
