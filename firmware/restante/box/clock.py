"""Whether the clock is right, and by which time things get old.  Pure.

A box may have no battery: it starts in 1970 or at a random time, and the internet tells it the
time later.  Its rules: a clock is trusted while its source says that it is right and it is
plausible, and not any more once somebody has moved it from one such time to another; which of
the two is wrong nobody knows, so that holds until the next start.  And a source may lie: nothing
gets older than the box ran, plus a day for each time that it was off.
"""

import json

from restante.version import MADE

# The same firmware is not in use so long after it was made: 20 years, in seconds.
PLAUSIBLE_SECONDS = 630720000
# What the clock may be corrected by and count as the same, in seconds.
CORRECTION_SECONDS = 3600
# What things age by at most while the box is off: a weekend's mail is not deleted by one wrong
# answer of a time server.
OFF_SECONDS = 86400
# Of the file below.
RECORD_OCTETS = 128


def plausible(time):
    """Whether the clock of this firmware can show it, in s since 1970."""
    return 0 < time - MADE < PLAUSIBLE_SECONDS


class ClockTrust:
    """`clock()`: seconds since 1970, UTC; `up()`: seconds since the start, never going back;
    `synchronised()`: whether the source of the time says that the clock is right."""

    def __init__(self, clock, up, synchronised):
        self._clock = clock
        self._up = up
        self._synchronised = synchronised
        self._began = None  # the time at up() == 0, once the clock was right
        self.trusted()

    def trusted(self):
        """Ask now and then, so that a clock that is set is seen."""
        now = self._clock()
        if not plausible(now) or not self._synchronised():
            return False
        began = now - self._up()
        if self._began is None:
            self._began = began
        return abs(began - self._began) < CORRECTION_SECONDS


class Ages:
    """The time by which things get old.

    `kept`: what it was when it was written down last, in an earlier run of the box; None: it was
    not, so that there is nothing yet that could be old.
    """

    def __init__(self, clock, up, kept):
        self._clock = clock
        self._up = up
        # What was up before somebody asks is a few seconds.
        self._began = None if kept is None else kept + OFF_SECONDS

    def now(self):
        """In s since 1970, never later than the clock.  Only while the clock is trusted."""
        if self._began is None:
            self._began = self._clock() - self._up()
        return int(min(self._clock(), self._began + self._up()))


class Record:
    """What outlives a restart; times in s since 1970, None: not known."""

    def __init__(self, floor=None, aged=None):
        self.floor = floor  # it is later than this
        self.aged = aged  # Ages.now()


def write(record):
    """The octets of the file."""
    return (json.dumps({"aged": record.aged, "floor": record.floor}) + "\n").encode()


def read(data):
    """The Record; what cannot be read or cannot be is not known."""
    try:
        found = json.loads(bytes(data[:RECORD_OCTETS]).decode())
        times = [found["floor"], found["aged"]]
    except (ValueError, KeyError, TypeError):  # UnicodeError is a ValueError
        return Record()
    return Record(*[t if isinstance(t, int) and plausible(t) else None for t in times])


def commands(record, now):
    """Lines for a shell: the clock is set forward to what is past for sure, never back."""
    floor = MADE if record.floor is None else max(MADE, record.floor)
    return [] if now >= floor else ["date -u -s @%d" % floor]
