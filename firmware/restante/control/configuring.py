"""The configuration commands: show configuration, configure, set, delete, compare, commit, ...

Pure: the Running configuration comes in, (ok, text, lines) go out.  Its rule: there is one
candidate; who began it has it until exit, and nobody else changes it meanwhile.
"""

from restante.control.moments import stamp
from restante.control.tables import duration, table
from restante.errors import SettingsError
from restante.settings import exchange, text
from restante.settings.candidate import Candidate
from restante.settings.compare import changed, differences
from restante.settings.running import LONGEST_S

MINUTE = 60
TIMES = "allowed: minutes, such as 5, or seconds, such as 30s; a day at most"
_FIRST = "type: configure"


class Configuring:
    """`running`: settings.running.Running; `up()`: seconds that only grow."""

    def __init__(self, running, up):
        self._running = running
        self._up = up
        self._candidate = None
        self._owner = ""
        self._used = 0  # when the owner last did something with it

    def edits(self, who):
        """Whether this session has the candidate."""
        return self._candidate is not None and self._owner == who

    @property
    def names(self):
        """Paths whose names may be completed."""
        return self._candidate.values if self._candidate else self._running.values

    def show(self, form=None):
        values = self._running.values
        body = exchange.write(values) if form else text.write(values)
        return True, self._state(), body.split("\n")[:-1]

    def _state(self):
        running = self._running
        out = "%d settings" % len(running.values)
        if running.until is not None:
            out += "; NOT CONFIRMED, goes back in %d s" % running.left()
        if running.restart:
            out += "; restart needed: " + ", ".join(running.restart)
        return out

    def history(self):
        rows = []
        entries = self._running.kept.entries()
        for n in range(len(entries)):
            when = stamp(entries[n].time) if entries[n].time else "unknown"
            rows.append((n + self._first(), entries[n].number, when, entries[n].who))
        lines = table(("rollback", "number", "time", "who"), rows, 40) if rows else []
        return True, "%d configurations are kept" % len(rows), lines

    def _first(self):
        """The number of the newest kept one: 0 if it is what is in force."""
        running = self._running
        return 0 if running.until is None and running.kept.current is not None else 1

    def waits(self):
        """[(name, text)] of what somebody still has to do."""
        out = []
        if self._running.until is not None:
            out.append(("settings", "NOT CONFIRMED: they go back in %d s" % self._running.left()))
        if self._running.restart:
            out.append(("restart", "needed for: " + ", ".join(self._running.restart)))
        return out

    def configure(self, who, force=None):
        if self._candidate is not None and self._owner != who and not force:
            return False, self._taken(), ["type: configure force, which discards that candidate"]
        if not self.edits(who):
            self._candidate = Candidate(self._running.values)
            self._owner = who
        self._used = self._up()
        return True, "the candidate is yours; nothing counts before commit", []

    def _taken(self):
        idle = duration(self._up() - self._used)
        return "%s has the candidate, idle for %s" % (self._owner, idle)

    def _not_yours(self, who):
        """The refusal of who does not have the candidate, or None."""
        if self.edits(who):
            self._used = self._up()
            return None
        if self._candidate is not None:
            return False, self._taken(), ["type: configure force, which discards that candidate"]
        return False, "there is no candidate", [_FIRST]

    def set(self, who, line):
        return self._not_yours(who) or self._edited(self._candidate.set, line)

    def delete(self, who, line):
        return self._not_yours(who) or self._edited(self._candidate.delete, line)

    def _edited(self, change, line):
        try:
            change(line)
        except SettingsError as error:
            return False, error.text, []
        return True, "", []

    def compare(self, who):
        refused = self._not_yours(who)
        if refused:
            return refused
        lines = differences(self._running.values, self._candidate.values)
        return True, "%d lines differ" % len(lines), lines

    async def commit(self, who):
        """Also who has no candidate may confirm a commit that waits for it."""
        waiting = self._running.until is not None
        if not self.edits(who) and (not waiting or self._candidate is not None):
            return self._not_yours(who)
        values = self._running.values
        if self.edits(who):
            self._used = self._up()
            values = dict(self._candidate.values)
        if values == self._running.saved and not waiting:
            return True, "nothing has changed", []
        try:
            Candidate(values).check()
            await self._running.commit(values, who)
        except SettingsError as error:
            return self._not_applied(error)
        return True, "in force and durable" + (", confirmed" if waiting else ""), self._restart()

    def try_out(self, who, seconds):
        refused = self._not_yours(who)
        if refused:
            return refused
        try:
            self._candidate.check()
            self._running.try_out(dict(self._candidate.values), who, seconds)
        except SettingsError as error:
            return self._not_applied(error)
        lines = ["type commit to keep it; after a restart, too, the old one is in force"]
        return True, "in force for %d s" % seconds, self._restart() + lines

    def _not_applied(self, error):
        return False, error.text, ["nothing has changed: the old configuration is in force"]

    def _restart(self):
        paths = self._running.restart
        return ["restart needed: " + ", ".join(paths)] if paths else []

    def rollback(self, who, n):
        """The nth configuration before the one in force becomes the candidate."""
        refused = self._not_yours(who)
        if refused:
            return refused
        entries = self._running.kept.entries()
        at = n - self._first()
        if n == 0:
            self._candidate = Candidate(self._running.values)
        elif at < len(entries):
            try:
                values = self._running.kept.values(entries[at])
            except SettingsError as error:
                return False, "configuration %d: %s" % (entries[at].number, error), []
            self._candidate = Candidate(values)
        else:
            return False, "no configuration %d is kept" % n, ["type: show configuration history"]
        lines = changed(self._running.values, self._candidate.values)
        return (
            True,
            "%d settings differ from those in force" % len(lines),
            ["type: compare, commit"],
        )

    def discard(self, who):
        refused = self._not_yours(who)
        if refused:
            return refused
        self._candidate = Candidate(self._running.values)
        return True, "the candidate is as what is in force", []

    def leave(self, who):
        if not self.edits(who):
            return True, "there was no candidate to leave", []
        lines = changed(self._running.values, self._candidate.values)
        if lines:
            why = "%d settings are changed and not committed" % len(lines)
            return False, why, ["type: commit, or discard"]
        self._candidate = None
        return True, "", []

    def save(self):
        if self._running.until is not None:
            why = "what is in force was not confirmed: it goes back in %d s" % self._running.left()
            return False, why, ["type: commit"]
        return True, "commit has saved it already", []


def seconds_of(word):
    """Seconds of `5` (minutes) or `30s`, or None."""
    digits, unit = (word[:-1], 1) if word.endswith("s") else (word, MINUTE)
    if not digits.isdigit() or len(digits) > 5 or not 0 < int(digits) * unit <= LONGEST_S:
        return None
    return int(digits) * unit
