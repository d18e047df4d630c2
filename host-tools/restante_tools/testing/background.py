"""The image is built, niced, while native tests run; image tests wait for it.

They wait by running the same build again: `restante build` holds a lock on the build folder, and
the second run finds everything made, or fails with the same error.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from restante_tools.places import Places
from restante_tools.progress import say
from restante_tools.testing.stages import restante

END_SECONDS = 10  # a build that is told to end has this long


@contextmanager
def background_build(places: Places, target: str) -> Iterator[None]:
    """Build `target` beside what the body does; end the build if the body ends first."""
    log = places.log / f"background-{target}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"{target}: building in the background, log {log}")
    with log.open("w") as out:
        build = subprocess.Popen(
            restante("build", target),
            cwd=places.repository,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            if build.poll() is None:
                build.terminate()
                build.wait(END_SECONDS)
