"""Settings of the box: `load(path)` gives the typed values that the programs ask for.

Reads one file and nothing else.  A file that is missing means the defaults; one with an error
means the defaults too, and `error` says why: the caller shows it and raises an alarm.
"""

from restante.errors import SettingsError
from restante.settings import text
from restante.settings.tree import BY_PATH, defaults
from restante.screening.verdicts import ACTION_NAMES, CLEAN, NAMES, PASS

ENOENT = 2


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


def load(path):
    try:
        with open(path, "rb") as f:
            # One octet more than allowed is enough to see that it is too long.
            return Settings(text.read(f.read(text.FILE_OCTETS + 1)))
    except SettingsError as error:
        return Settings(error=error)
    except OSError as error:
        if error.args[0] == ENOENT:
            return Settings()
        return Settings(error=SettingsError(0, "%s cannot be read: %s" % (path, error)))


def help_text(path):
    """(help, what is allowed) of one setting."""
    setting = BY_PATH[path]
    return setting.help, setting.kind.allowed
