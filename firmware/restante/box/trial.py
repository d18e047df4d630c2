"""A firmware on trial: when it is proven, and when the box is to be started again.  Pure.

`now` is in seconds since the kernel started, so that a restart of the program changes nothing.
Who asks whether the box is healthy, and what that means, is programs/slots.py's.
"""

from restante.compat import const

# Healthy without a break for so long: fifteen rounds of the warden's questions, so that programs
# that start, answer once and die (the warden kills after 15 s of silence) do not count.
HEALTHY_S = const(30)
# Not healthy so long after the start: the box starts again, which takes one of the tries.  A slow
# board's start, the self-test and a grown data partition are over in a quarter of that.
LEAVE_S = const(300)
# Between two questions.
ASK_S = const(2)

PROVEN = "proven"
LEAVE = "leave"


class Trial:
    def __init__(self, healthy=HEALTHY_S, leave=LEAVE_S):
        self._healthy = healthy
        self._leave = leave
        self.since = None  # of the first of the healthy answers in a row
        self.why = "not asked yet"  # it is not healthy

    def answered(self, why, now):
        """`why`: it is not healthy, "" if it is.  PROVEN, LEAVE or None."""
        self.why = why
        if why:
            self.since = None
            return LEAVE if now >= self._leave else None
        if self.since is None:
            self.since = now
        return PROVEN if now - self.since >= self._healthy else None
