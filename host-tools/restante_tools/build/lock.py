"""One build at a time in one build folder: a second one waits, then finds everything made."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError
from restante_tools.places import Places
from restante_tools.progress import say

LONGEST_WAIT = 3600  # seconds: a whole first build on a slow machine
PAUSE = 0.5  # seconds between two tries


@contextmanager
def build_lock(places: Places) -> Iterator[None]:
    """Hold the build folder's lock; it is released also when this process is killed."""
    places.build.mkdir(parents=True, exist_ok=True)
    with (places.build / "lock").open("w") as file:
        end = time.monotonic() + LONGEST_WAIT
        told = False
        while not taken(file.fileno()):
            if not told:
                say("another build is running in this folder, waiting for it")
                told = True
            if time.monotonic() > end:
                raise ToolError(
                    f"another build holds {file.name} for more than {LONGEST_WAIT} s",
                    "it hangs, or the machine is very busy",
                    f"see who holds it: fuser {file.name}",
                    DEVICE_OR_TIMEOUT,
                )
            time.sleep(PAUSE)
        yield


def taken(descriptor: int) -> bool:
    """Whether the lock could be taken now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
