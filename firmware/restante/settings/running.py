"""The configuration in force, how another one takes its place, and how it comes back by itself.

Its rules: what cannot be applied or cannot be made durable changes nothing.  commit() is durable
when it returns.  A commit that is to be confirmed is in force and in no file: after a power cut,
or when nobody confirms, the old one is.  It waits for nothing but what it is given.
"""

from restante.errors import SettingsError

# The longest time in which a commit may be confirmed, in seconds: a day.
LONGEST_S = 86400


class Running:
    """`values` in force, `saved` what the box starts with; `until`: when it goes back, or None.

    `prepare(values)` gives a function that makes them count at once and cannot fail, and returns
    the paths that need a restart; or SettingsError.  `up()`: seconds that only grow.  `told(event,
    **fields)` records.
    """

    def __init__(self, values, kept, prepare, clock, up, told):
        self.values = values
        self.saved = values
        self.until = None
        self.restart = []  # paths whose value needs a restart to count
        self.kept = kept
        self._prepare = prepare
        self._clock = clock
        self._up = up
        self._told = told
        self._busy = False
        self._who = ""

    def left(self):
        """Seconds in which the commit can be confirmed."""
        return max(0, self.until - self._up())

    async def commit(self, values, who):
        """In force and durable; confirms what waits for it.  SettingsError, StoreError."""
        apply = self._prepared(values)
        waiting, self.until = self.until, None
        self._busy = True
        try:
            await self.kept.commit(values, self.saved, max(0, int(self._clock())), who)
        except BaseException:
            self.until = waiting
            raise
        finally:
            self._busy = False
        self.values = self.saved = values
        self.restart = apply()
        self._told("configuration.commit", who=who, restart=" ".join(self.restart))

    def try_out(self, values, who, seconds):
        """In force until confirmed by commit(), `seconds` at most.  SettingsError."""
        apply = self._prepared(values)
        self.values = values
        self.restart = apply()
        self.until = self._up() + seconds
        self._who = who
        self._told("configuration.try", who=who, seconds=seconds)

    def tick(self, now):
        """Now and then: goes back when nobody confirmed in time."""
        if self.until is None or self._up() < self.until:
            return
        try:
            apply = self._prepare(self.saved)
        except (SettingsError, MemoryError):
            return  # the next tick tries again
        self.until = None
        self.values = self.saved
        self.restart = apply()
        self._told("configuration.rolled-back", who=self._who)

    def _prepared(self, values):
        if self._busy:
            raise SettingsError(0, "another commit is under way")
        try:
            return self._prepare(values)
        except MemoryError:
            raise SettingsError(0, "there is no memory for it now")
