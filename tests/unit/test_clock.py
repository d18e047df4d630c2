"""Whether the clock is trusted.  Also on MicroPython."""

from restante.box.clock import CORRECTION_SECONDS, PLAUSIBLE_SECONDS, ClockTrust
from restante.version import MADE

NOW = MADE + 1000000
DAY = 86400


class Clock:
    def __init__(self, time):
        self.time = time
        self.seconds = 10
        self.trust = ClockTrust(lambda: self.time, lambda: self.seconds)

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
