"""Reads the settings file.  Input only; what is taken when it cannot be read is found.py's."""

import os

from restante.settings import found, kept, text
from restante.settings.values import Settings


def load(path):
    """Settings; its `error` says why something else is in force than the file."""
    folder = path[: path.rfind("/") + 1]

    def read(name):
        with open(path if name == kept.CURRENT else folder + name, "rb") as f:
            # One octet more than allowed is enough to see that it is too long.
            return f.read(text.FILE_OCTETS + 1)

    values, error, entry = found.newest(read, lambda name: os.listdir(folder + name), path)
    return Settings(values, error=error, entry=entry)
