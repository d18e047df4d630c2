"""The values that the programs ask for: what a text sets over the defaults.  Pure."""

from restante.screening.verdicts import ACTION_NAMES, CLEAN, NAMES, PASS
from restante.settings import text
from restante.settings.tree import defaults


class Settings:
    def __init__(self, explicit=None, error=None):
        self.explicit = explicit or {}  # what the file sets
        self.error = error  # SettingsError of a refused file, or None
        self._values = defaults()
        self._values.update(self.explicit)

    def get(self, path):
        """The typed value; KeyError for a path that the tree does not have."""
        return self._values[path]

    def action(self, verdict):
        """The action code (screening/verdicts.py) set for a verdict code."""
        if verdict == CLEAN:
            return PASS
        return ACTION_NAMES.index(self._values["screening action " + NAMES[verdict]])

    def write(self):
        """Canonical text of what is set."""
        return text.write(self.explicit)
