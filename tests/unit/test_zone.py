"""Time zones: the C library of this machine is asked what the clock on the wall shows."""

import os
import random
import time
from datetime import datetime

import pytest
from restante.control import moments
from restante.settings.zone import DAY, Zone, days

ZONES = [
    "UTC0",
    "JST-9",
    "<+0545>-5:45",
    "NST3:30NDT,M3.2.0,M11.1.0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "<-03>3<-02>,M3.5.0/-1,M10.5.0/0",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "EET-2EEST,M3.4.4/50,M10.4.4/50",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
]
FIRST, LAST = 1735689600, 4102444800  # 2025 to 2100


@pytest.fixture
def wall():
    """wall(zone) -> a function: seconds east of Greenwich, by the C library."""
    before = os.environ.get("TZ")

    def of(zone):
        os.environ["TZ"] = zone
        time.tzset()
        return lambda at: time.localtime(at).tm_gmtoff

    yield of
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("text", ZONES)
def test_the_same_as_the_c_library(text, wall):
    there, ours = wall(text), Zone(text)
    chance = random.Random(text)
    moments_in_time = [chance.randint(FIRST, LAST) for _ in range(500)]
    for year in range(2025, 2099):
        moments_in_time += changes(there, year)
    for at in moments_in_time:
        assert ours.offset(at) == there(at), at


def changes(there, year):
    """The last second before and the first after each change of a year, and its ends."""
    begin, end = days(year, 1) * DAY, days(year + 1, 1) * DAY
    for low in range(begin, end, 10 * DAY):
        high = min(low + 10 * DAY, end)
        if there(low) == there(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if there(middle) == there(low) else (low, middle)
        yield from (low, high)
    yield from (begin, end - 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UTC",
        "AB3",
        "3",
        "<>3",
        "<A>3",
        "<CET-1",
        "CET-25",
        "CET-1:60",
        "CET-1:0:0:0",
        "CET--1",
        "CET-1 ",
        "CET-1,M3.5.0,M10.5.0",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST,J60,J300",
        "CET-1CEST,59,300",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0,M1.1.1",
        "Europe/Berlin",
        "CET-" + "0" * 60,
    ],
)
def test_what_is_no_zone(text):
    with pytest.raises(ValueError):
        Zone(text)


def test_the_console_shows_the_wall_and_says_how_far_from_greenwich():
    winter, summer = 1767225600, 1782864000
    try:
        for zone, texts in (
            ("UTC0", ("2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z")),
            (ZONES[4], ("2026-01-01T01:00:00+01:00", "2026-07-01T02:00:00+02:00")),
            (ZONES[3], ("2025-12-31T20:30:00-03:30", "2026-06-30T21:30:00-02:30")),
        ):
            moments.takes({"time zone": zone}, None)
            shown = moments.stamp(winter), moments.stamp(summer)
            assert shown == texts
            assert [datetime.fromisoformat(t).timestamp() for t in shown] == [winter, summer]
    finally:
        moments.takes({"time zone": "UTC0"}, None)
