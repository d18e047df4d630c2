"""Finished parts, kept by the key over their inputs.

Rule: a part is made in a temporary folder and renamed when complete, so a half-made one is never
found, and two builds at once cannot disturb each other. Deleting the cache costs time only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from restante_tools.places import Places
from restante_tools.progress import say
from restante_tools.sources.unpack import remove

Make = Callable[[Path], None]


def part(places: Places, name: str, key: str, make: Make, use_cache: bool = True) -> Path:
    """The folder of part `name`: from the cache, or filled by `make(folder)` and kept.

    Without `use_cache` the part is always made, in the build folder, and not kept.
    """
    if not use_cache:
        folder = places.work / "parts" / name
        remove(folder)
        folder.mkdir(parents=True)
        make(folder)
        return folder
    finished = places.cache / "parts" / f"{name}-{key}"
    if finished.is_dir():
        say(f"{name}: from the cache")
        return finished
    fresh = places.cache / "parts" / f".part-{name}-{os.getpid()}"
    remove(fresh)
    fresh.mkdir(parents=True)
    try:
        make(fresh)
        try:
            fresh.rename(finished)
        except OSError:
            if not finished.is_dir():  # another build was faster with the same part
                raise
    finally:
        remove(fresh)
    forget_older(places, name, keep=finished)
    return finished


PARTS_KEPT = 4  # of each name: going back and forth between branches needs no rebuild


def forget_older(places: Places, name: str, keep: Path) -> None:
    """Delete all but the newest parts of this name."""
    digits = len(keep.name) - len(name) - 1
    found = [
        folder
        for folder in (places.cache / "parts").glob(f"{name}-*")
        if len(folder.name) == len(name) + 1 + digits and folder != keep
    ]
    found.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in found[PARTS_KEPT - 1 :]:
        remove(folder)


def install(source: Path, target: Path) -> Path:
    """Copy a finished file to where users look for it, under a temporary name first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copy2(source, fresh)
    fresh.replace(target)
    return target
