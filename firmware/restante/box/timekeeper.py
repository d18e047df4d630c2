"""The gate's side of the time: whether it is trusted, and what of it outlives a restart."""

import _sys

from restante.box import clock
from restante.box.places import SYNCHRONISED
from restante.compat import const

# Between two writings, in s: an hour's ageing is lost at most, and flash wears a little.
KEEP_S = const(3600)


def synchronised(run):
    """A function that says whether the time service does: by a file where only root can write."""
    path = run + "/" + SYNCHRONISED

    def asked():
        try:
            _sys.stat(path)
        except OSError:
            return False
        return True

    return asked


def always():
    """For a hardware clock that is trusted as it is."""
    return True


class Timekeeper:
    """`file`: read() -> octets, async replace(octets); see ClockTrust for the rest.

    `past()`: times that are past for sure, in s since 1970.
    """

    def __init__(self, file, seconds, up, synchronised, past):
        self._file = file
        self.seconds = seconds
        self._up = up
        self._past = past
        self._next = 0
        self.trusted = clock.ClockTrust(seconds, up, synchronised).trusted
        self._ages = clock.Ages(seconds, up, clock.read(file.read()).aged)

    def now(self):
        """Seconds since 1970, or None while the clock is not trusted."""
        return int(self.seconds()) if self.trusted() else None

    def aged(self):
        """The time by which things get old, or None while the clock is not trusted."""
        return self._ages.now() if self.trusted() else None

    async def keep(self):
        """Writes down what is due.  Whether it did; StoreError."""
        if not self.trusted() or self._up() < self._next:
            return False
        self._next = self._up() + KEEP_S
        floor = max([self.now()] + [time for time in self._past() if clock.plausible(time)])
        await self._file.replace(clock.write(clock.Record(floor, self.aged())))
        return True
