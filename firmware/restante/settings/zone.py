"""A time zone as POSIX writes it (IEEE Std 1003.1, 8.3, TZ): `CET-1CEST,M3.5.0,M10.5.0/3`.  Pure.

Standard time, hours west of Greenwich; then summer time, one hour more unless it says otherwise,
and from when to when: month, week (5: the last), day of the week (0: Sunday), at 02:00 unless
`/HOUR` follows.  Days that are counted through the year (`J60`, `59`) are not taken: no country of
today needs them.
"""

from restante.compat import const

UTC = "UTC0"
# Octets; the longest of the zones that there are has 47.
ZONE_OCTETS = const(60)
HOUR = const(3600)
DAY = const(86400)
# A zone is at most so many hours from Greenwich, a change at most a week from its day's midnight
# (RFC 8536 §3.3.1).
OFFSET_HOURS = const(24)
CHANGE_HOURS = const(167)
_CHANGE = 2 * HOUR
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_IN_BRACKETS = _LETTERS + "0123456789+-"
_DIGITS = "0123456789"


class Zone:
    """ValueError for what is no zone."""

    def __init__(self, text=UTC):
        if len(text) > ZONE_OCTETS:
            raise ValueError(text)
        names, _, rule = text.partition(",")
        rest = _after_name(names)
        west, rest = _seconds(rest, OFFSET_HOURS)
        self._standard = self._summer = -west
        self._changes = None
        if not rest:
            if rule:
                raise ValueError(text)
            return
        rest = _after_name(rest)
        self._summer += HOUR
        if rest:
            west, rest = _seconds(rest, OFFSET_HOURS)
            self._summer = -west
        first, _, second = rule.partition(",")
        if rest or not second:
            raise ValueError(text)
        self._changes = (_Change(first), _Change(second))

    def offset(self, at):
        """Seconds east of Greenwich at this moment, in seconds since 1970 (UTC)."""
        if self._changes is None:
            return self._standard
        year = _year((at + self._standard) // DAY)
        begin = self._changes[0].of(year) - self._standard
        end = self._changes[1].of(year) - self._summer
        if begin < end:
            summer = begin <= at < end
        else:  # south of the equator
            summer = not end <= at < begin
        return self._summer if summer else self._standard


class _Change:
    """`M3.5.0/2`"""

    def __init__(self, text):
        day, slash, time = text.partition("/")
        parts = day[1:].split(".")
        if day[:1] != "M" or len(parts) != 3:
            raise ValueError(text)
        self._month = _number(parts[0], 1, 12)
        self._week = _number(parts[1], 1, 5)
        self._day = _number(parts[2], 0, 6)
        self._time = _CHANGE
        if slash:
            self._time, rest = _seconds(time, CHANGE_HOURS)
            if rest:
                raise ValueError(text)

    def of(self, year):
        """Seconds since 1970, as if the clock there showed UTC."""
        first = days(year, self._month)
        found = first + (self._day - first - 4) % 7 + 7 * (self._week - 1)
        after = days(year + self._month // 12, self._month % 12 + 1)
        if found >= after:
            found -= 7
        return found * DAY + self._time


def days(year, month):
    """From 1970-01-01 to the first of a month; the year begins in March here."""
    year -= month <= 2
    month = (month + 9) % 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 - 719468


def _year(day):
    year = 1970 + day // 365
    while days(year, 1) > day:
        year -= 1
    return year


def _after_name(text):
    """What follows a name: three letters or more, or `<+0330>`."""
    if text[:1] == "<":
        name, closed, rest = text[1:].partition(">")
        fits = closed and all([c in _IN_BRACKETS for c in name])
    else:
        n = 0
        while n < len(text) and text[n] in _LETTERS:
            n += 1
        name, rest, fits = text[:n], text[n:], True
    if not fits or len(name) < 3:
        raise ValueError(text)
    return rest


def _seconds(text, most):
    """(of `[+-]hh[:mm[:ss]]`, what follows)"""
    sign = -1 if text[:1] == "-" else 1
    n = start = int(text[:1] in ("-", "+") and text != "")
    while n < len(text) and text[n] in ":" + _DIGITS:
        n += 1
    parts = text[start:n].split(":")
    if len(parts) > 3:
        raise ValueError(text)
    found = HOUR * _number(parts[0], 0, most)
    for at, part in enumerate(parts[1:]):
        found += _number(part, 0, 59) * (1 if at else 60)
    return sign * found, text[n:]


def _number(text, low, high):
    if not 0 < len(text) <= 3 or not all([c in _DIGITS for c in text]):
        raise ValueError(text)
    if not low <= int(text) <= high:
        raise ValueError(text)
    return int(text)
