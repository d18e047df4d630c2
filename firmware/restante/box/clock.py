"""Whether the clock is right.  Pure.

A box may have no battery: it starts in 1970 or at a random time, and the internet tells it the
time later.  Its rule: a clock is trusted from the moment it is plausible, and not any more once
somebody has moved it from one plausible time to another; which of the two is wrong nobody knows,
so that holds until the next start.  A plausible clock that was wrong from the start is not found
out.
"""

from restante.version import MADE

# The same firmware is not in use so long after it was made: 20 years, in seconds.
PLAUSIBLE_SECONDS = 630720000
# What the clock may be corrected by and count as the same, in seconds.
CORRECTION_SECONDS = 3600


class ClockTrust:
    """`clock()`: seconds since 1970, UTC; `up()`: seconds since the start, never going back."""

    def __init__(self, clock, up):
        self._clock = clock
        self._up = up
        self._began = None  # the time at up() == 0, once the clock was plausible
        self.trusted()

    def trusted(self):
        """Ask now and then, so that a clock that is set is seen."""
        now = self._clock()
        if not 0 < now - MADE < PLAUSIBLE_SECONDS:
            return False
        began = now - self._up()
        if self._began is None:
            self._began = began
        return abs(began - self._began) < CORRECTION_SECONDS
