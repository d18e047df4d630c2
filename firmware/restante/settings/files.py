"""Reads the settings file.  Input only.

A file that is missing means the defaults; one with an error means the defaults too, and `error`
says why: the caller shows it and raises an alarm.
"""

from restante.errors import SettingsError
from restante.settings import text
from restante.settings.values import Settings

ENOENT = 2


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
