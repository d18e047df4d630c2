"""Two builds in two folders give the same bytes: no path and no date enters the image."""

from __future__ import annotations

import shutil
from pathlib import Path

from restante_tools.build.keyset import factory_keys
from restante_tools.build.targets import Build
from restante_tools.bundles import publisher
from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.places import Places
from restante_tools.progress import say
from restante_tools.sources.lock import sha256_of
from restante_tools.sources.unpack import remove

# Longer than the build folder's own name, so that a path which got in also changes the layout.
ELSEWHERE = "verify/another-place"
COPIED = ("board", "firmware", "host-tools/sources.lock")
ALWAYS = frozenset({"busybox", "micropython"})


def verify(places: Places, board: str, with_kernel: bool) -> None:
    """Build everything but the toolchain a second time, elsewhere; ToolError if a file differs.

    The first time is the ordinary build; its parts may come from the cache.
    """
    room = places.build / ELSEWHERE
    remove(room)
    other = second(places, room)
    first = hashes(Build(places, board), with_kernel)
    parts = ALWAYS | {"kernel"} if with_kernel else ALWAYS
    again = hashes(Build(other, board, anew=parts), with_kernel)
    differing = [name for name in first if first[name] != again[name]]
    if differing:
        raise ToolError(
            f"two builds differ in {', '.join(differing)}",
            "a path, a date or an order of files got into the result",
            f"compare {places.output(board)} and {other.output(board)}, as with diffoscope",
            VERIFICATION_FAILED,
        )
    for name, digest in sorted(first.items()):
        say(f"{name}: the same twice, sha256 {digest}")
    remove(room)


def second(places: Places, folder: Path) -> Places:
    """A copy of what is built, in a folder of its own; downloads, toolchain, keys are shared."""
    repository = folder / "repository"
    for name in COPIED:
        source, target = places.repository / name, repository / name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    other = Places(folder / "build", repository, shared_cache=places.cache)
    # The key set is an input. Only the public set: nothing is signed there.
    factory_keys(places, other.keys / publisher.SET)
    return other


def hashes(build: Build, with_kernel: bool) -> dict[str, str]:
    """Make what must not differ; file name to SHA-256."""
    say(f"building in {build.places.build}")
    files = [build.rootfs(), build.output / "restante", build.output / "busybox", *build.boot()]
    if with_kernel:
        files.append(build.kernel())
    return {file.name: sha256_of(file) for file in files}
