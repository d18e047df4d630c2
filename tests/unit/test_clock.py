"""Whether the clock is trusted, and what ages by it.  Also on MicroPython."""

from restante.box import clock as clocks
from restante.box.clock import (
    CORRECTION_SECONDS,
    OFF_SECONDS,
    PLAUSIBLE_SECONDS,
    RECORD_OCTETS,
    Ages,
    ClockTrust,
    Record,
)
from restante.version import MADE

NOW = MADE + 1000000
DAY = 86400


class Clock:
    def __init__(self, time, right=True):
        self.time = time
        self.seconds = 10
        self.right = right
        self.trust = ClockTrust(lambda: self.time, lambda: self.seconds, lambda: self.right)

    def passes(self, seconds):
        self.time += seconds
        self.seconds += seconds

    def trusted(self):
        return self.trust.trusted()


def test_a_clock_that_runs_is_trusted():
    clock = Clock(NOW)
    assert clock.trusted()
    clock.passes(400 * DAY)
    assert clock.trusted()


def test_times_that_cannot_be():
    for time in (0, MADE, MADE + PLAUSIBLE_SECONDS, 4294967295):
        assert not Clock(time).trusted()


def test_a_clock_without_a_battery_is_trusted_once_it_is_set():
    clock = Clock(100)
    clock.passes(60)
    assert not clock.trusted()
    clock.time = NOW
    assert clock.trusted()
    clock.passes(DAY)
    assert clock.trusted()


def test_small_corrections_are_none():
    clock = Clock(NOW)
    for by in (CORRECTION_SECONDS - 1, 2 - 2 * CORRECTION_SECONDS):
        clock.time += by
        assert clock.trusted()


def test_who_moves_the_clock_ends_the_trust():
    """FAULTS 100: a day back, ten years ahead."""
    for by in (-DAY, 3650 * DAY, CORRECTION_SECONDS, -CORRECTION_SECONDS):
        clock = Clock(NOW)
        clock.time += by
        assert not clock.trusted()
        clock.passes(DAY)
        assert not clock.trusted()
        clock.time -= by  # it was put right
        assert clock.trusted()


def test_a_clock_that_nobody_set_is_not_trusted():
    clock = Clock(NOW - DAY, right=False)
    clock.passes(60)
    assert not clock.trusted()
    clock.time += DAY  # the first answer of a time server
    clock.right = True
    assert clock.trusted()
    clock.right = False  # it lost them
    assert not clock.trusted()
    clock.passes(DAY)
    clock.right = True
    assert clock.trusted()


def ages(clock, kept):
    return Ages(lambda: clock.time, lambda: clock.seconds, kept)


def test_things_age_as_the_clock_goes():
    clock = Clock(NOW)
    one = ages(clock, None)
    assert one.now() == NOW
    clock.passes(30 * DAY)
    assert one.now() == NOW + 30 * DAY


def test_a_night_off_ages_and_a_year_off_ages_a_day():
    """DESIGN: an age grows at most by measured uptime plus one day per boot."""
    clock = Clock(NOW + DAY // 2)
    assert ages(clock, NOW).now() == NOW + DAY // 2
    clock = Clock(NOW + 365 * DAY)
    one = ages(clock, NOW)
    assert one.now() == NOW + OFF_SECONDS + 10
    clock.passes(3 * DAY)
    assert one.now() == NOW + OFF_SECONDS + 10 + 3 * DAY


def test_a_time_server_that_lies_ages_nothing():
    """FAULTS 100: ten years ahead, a day back."""
    clock = Clock(NOW)
    one = ages(clock, NOW - 60)
    clock.time += 3650 * DAY
    assert one.now() < NOW + 2 * DAY
    clock.time = NOW - DAY
    assert one.now() == NOW - DAY


def test_what_is_written_down_is_read_back():
    for record in (Record(), Record(NOW), Record(NOW, NOW - DAY)):
        octets = clocks.write(record)
        found = clocks.read(octets)
        assert (found.floor, found.aged) == (record.floor, record.aged)
        assert len(octets) <= RECORD_OCTETS


def test_a_record_that_cannot_be_is_none():
    whole = clocks.write(Record(NOW, NOW))
    for data in (b"", b"{", b"[1]", b"\xff\xfe", b"3", b"[" * RECORD_OCTETS, whole[:-4]):
        assert clocks.read(data).floor is None
    for wrong in (-1, 0, MADE, 4294967296000, "x", None, True):
        found = clocks.read(clocks.write(Record(wrong, wrong)))
        assert (found.floor, found.aged) == (None, None)


def test_at_the_start_the_clock_goes_forward_only():
    assert clocks.commands(Record(), 100) == ["date -u -s @%d" % MADE]
    assert clocks.commands(Record(NOW), MADE + 5) == ["date -u -s @%d" % NOW]
    assert clocks.commands(Record(NOW), NOW + 1) == []
    assert clocks.commands(Record(MADE - 5), MADE + 5) == []
