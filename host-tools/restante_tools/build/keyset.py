"""The key set that goes into the image: whose bundles the box will trust.

Rule: it is an input of the image, as the sources are: the same set gives the same image. A
publisher names its own by a variable; without one, a build folder has throw-away keys, made once.
"""

from __future__ import annotations

import os
from pathlib import Path

from restante_tools.build import cache
from restante_tools.bundles import publisher
from restante_tools.bundles.making import key_set
from restante_tools.errors import USAGE, ToolError
from restante_tools.places import Places
from restante_tools.progress import say
from restante_tools.sources.unpack import remove

VARIABLE = "RESTANTE_KEYS"  # names a publisher's key set file


def factory_keys(places: Places, target: Path) -> Path:
    """Check the key set of this build and copy it to `target`."""
    chosen = os.environ.get(VARIABLE)
    source = Path(chosen) if chosen else throw_away(places)
    if not source.is_file():
        raise ToolError(
            f"{source} is not there",
            f"{VARIABLE} names a file that is missing",
            "name the file `keys` that `restante keys create` made, or unset the variable",
            USAGE,
        )
    key_set(source)
    return cache.install(source, target)


def throw_away(places: Places) -> Path:
    """The key set of keys without a password in the build folder; made if it is not there."""
    folder = places.keys
    if not (folder / publisher.SET).exists():
        fresh = folder.with_name(f".{folder.name}-{os.getpid()}")
        remove(fresh)
        publisher.create(fresh, publisher.COUNTS, publisher.ROOT_THRESHOLD, publisher.no_password)
        remove(folder)
        fresh.rename(folder)
        say(f"keys: made in {folder}, without passwords: for development only")
    return folder / publisher.SET
