"""The values that the programs ask for: what a text sets over the defaults.  Pure."""

from restante.screening.verdicts import ACTION_NAMES, CLEAN, NAMES, PASS
from restante.settings import text
from restante.settings.tree import defaults, find, groups


class Settings:
    def __init__(self, explicit=None, error=None, entry=None):
        self.explicit = explicit or {}  # what the file sets
        self.error = error  # SettingsError of a refused file, or None
        self.entry = entry  # kept.Entry of what is in force, or None: a file put there by hand
        self._values = defaults()
        self._values.update(self.explicit)
        self._groups = groups(self.explicit)

    def get(self, path):
        """The typed value; KeyError for a path that the tree does not have."""
        if path in self._values:
            return self._values[path]
        words = path.split(" ")
        setting = find(path)
        if setting is None or words[1] not in self._groups:
            raise KeyError(path)
        return setting.default

    @property
    def refusal(self):
        """What is in force instead of a refused file, and why it was refused; "" if none was."""
        if not self.error:
            return ""
        instead = "configuration %d" % self.entry.number if self.entry else "DEFAULTS"
        return "%s in use; %s" % (instead, self.error)

    def groups(self):
        """Names of the groups that are set, sorted."""
        return list(self._groups)

    def action(self, verdict):
        """The action code (screening/verdicts.py) set for a verdict code."""
        if verdict == CLEAN:
            return PASS
        return ACTION_NAMES.index(self._values["screening action " + NAMES[verdict]])

    def write(self):
        """Canonical text of what is set."""
        return text.write(self.explicit)
