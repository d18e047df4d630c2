"""Slows down whoever guesses passwords, and spares the origin.  Pure: time comes in.

Its rule: the first few failures of a source cost nothing, because a mail program with an old
password is no attack.  After them the source gets one try at the origin per STEP, however many
sessions it opens; who would wait longer than LONGEST is refused here.  A success forgives.
"""

from restante.compat import const

# Failures of one source within WINDOW that cost nothing.
FREE = const(3)
# Between two tries of a source after that, in ms.
STEP_MS = const(4000)
# The longest a try may have to wait for its turn, in ms: well below the 60 s of mail programs.
LONGEST_MS = const(20000)
# After so long without a failure a source is forgotten, in ms.
WINDOW_MS = const(900000)
# Sources that are remembered: a branch office has fewer machines; the oldest is forgotten.
SOURCES = const(256)


class Guesses:
    """`difference(a, b)` and `later(a, ms)` for times in ms, since ticks wrap."""

    def __init__(self, difference, later):
        self._difference = difference
        self._later = later
        self._sources = {}  # address: [failures, last failure, next turn]

    def wait(self, address, now):
        """ms that a try of this source waits for its turn, which it then has; -1: refuse it."""
        source = self._sources.get(address)
        if source is None or source[0] < FREE:
            return 0
        if self._difference(now, source[1]) > WINDOW_MS:
            del self._sources[address]
            return 0
        ms = max(0, self._difference(source[2], now))
        if ms > LONGEST_MS:
            return -1
        source[2] = self._later(now, ms + STEP_MS)
        return ms

    def failed(self, address, now):
        source = self._sources.get(address)
        if source is None:
            if len(self._sources) >= SOURCES:
                del self._sources[self._oldest(now)]
            source = self._sources[address] = [0, now, now]
        source[0] += 1
        source[1] = now
        if source[0] == FREE:
            source[2] = self._later(now, STEP_MS)

    def succeeded(self, address):
        self._sources.pop(address, None)

    def _oldest(self, now):
        return max(self._sources, key=lambda a: self._difference(now, self._sources[a][1]))
