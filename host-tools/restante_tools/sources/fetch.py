"""Fetching the locked packages: from the cache, else from the machine's mirror.

Rule: a file counts only when its hash is right. A version that the mirror no longer has is
replaced by the suite's newest one of the same upstream series; that is said and remembered.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.places import Places
from restante_tools.progress import say, step
from restante_tools.sources.apt import PrivateApt
from restante_tools.sources.lock import FOREIGN_KINDS, Lock, Package, read, sha256_of
from restante_tools.sources.mirror import machine_mirrors

SPACE_TO_FETCH = 500_000_000  # bytes: 170 MB of packages, 100 MB of lists, and room to move


def taken(places: Places, names: list[str] | None = None) -> dict[str, Package]:
    """The packages as they lie verified in the downloads folder, fetched where missing."""
    lock = read(places.lock)
    wanted = names or sorted(lock.packages)
    found: dict[str, Package] = {}
    missing: list[Package] = []
    for name in wanted:
        package = lock.packages[name]
        stand_in = replacement(places, package)
        if is_here(places, package):
            found[name] = package
        elif stand_in is not None and is_here(places, stand_in):
            found[name] = stand_in
        else:
            missing.append(package)
    if missing:
        found.update(fetch(places, lock, missing))
    return found


def is_here(places: Places, package: Package) -> bool:
    """Whether every file of the package is in the downloads folder, with the right hash."""
    return bool(package.files) and all(
        (places.downloads / name).exists() and sha256_of(places.downloads / name) == digest
        for name, digest in package.files.items()
    )


def fetch(places: Places, lock: Lock, missing: list[Package]) -> dict[str, Package]:
    """Fetch packages from the machine's mirror into the downloads folder."""
    require_space(places.cache, SPACE_TO_FETCH, "fetching the sources")
    places.downloads.mkdir(parents=True, exist_ok=True)
    apt = opened_suite(places, lock.suite, missing)
    found: dict[str, Package] = {}
    for package in missing:
        with step(f"fetching {package.name}") as shown:
            found[package.name] = fetch_one(places, apt, package)
            shown.done_as(found[package.name].version)
    return found


def opened_suite(places: Places, suite: str, packages: Iterable[Package]) -> PrivateApt:
    """A private apt with the lists that these packages need, from the first mirror that answers.

    A mirror need not carry the box's architecture as long as nothing of it is wanted.
    """
    foreign = sorted({package.kind for package in packages} & FOREIGN_KINDS)
    apt = PrivateApt(places.work / "apt", places.log / "sources.log")
    with step(f"reading the lists of {suite}"):
        refused: ToolError | None = None
        for mirror in machine_mirrors():
            apt.set_up(mirror, suite, foreign)
            try:
                apt.update()
                return apt
            except ToolError as error:
                refused = error
        assert refused is not None
        raise refused


def fetch_one(places: Places, apt: PrivateApt, package: Package) -> Package:
    """Fetch one package, or its stand-in; returns what was really taken."""
    versions = apt.versions(package.name, package.kind)
    version = chosen(package, versions)
    with tempfile.TemporaryDirectory(dir=places.downloads, prefix=".part-") as folder:
        apt.download(package.name, package.kind, version, Path(folder))
        files = {file.name: sha256_of(file) for file in sorted(Path(folder).iterdir())}
        if version == package.version and package.files and files != package.files:
            raise ToolError(
                f"{package.name} {version} is not what the lock file names",
                "the archive serves other bytes under the same version, or the lock is damaged",
                "compare host-tools/sources.lock with git; do not build from this mirror",
                VERIFICATION_FAILED,
            )
        for file in sorted(Path(folder).iterdir()):
            file.replace(places.downloads / file.name)
    got = replace(package, version=version, files=files)
    if version != package.version:
        remember_replacement(places, package, got)
        say(f"  {package.name} {package.version} is gone from the mirror: taking {version}")
    return got


def chosen(package: Package, versions: list[str]) -> str:
    """The locked version if the suite has it, else the newest of the series."""
    if package.version in versions:
        return package.version
    for version in versions:
        if package.in_series(version):
            return version
    raise ToolError(
        f"the mirror has no {package.name} {package.version} and none of the series "
        f"{package.series}",
        f"the suite now carries {', '.join(versions) or 'nothing by that name'}",
        "fetch a newer checkout of this repository, or build with a filled cache",
    )


def replacement(places: Places, package: Package) -> Package | None:
    """What was taken instead of the locked version at an earlier time, if anything."""
    note = note_of(places, package)
    if not note.exists():
        return None
    try:
        return Package(**json.loads(note.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return None  # a damaged note only costs a look at the mirror


def remember_replacement(places: Places, locked: Package, got: Package) -> None:
    """Keep a note, so that the next run needs no mirror."""
    note_of(places, locked).write_text(json.dumps(asdict(got), indent=1), encoding="utf-8")


def note_of(places: Places, locked: Package) -> Path:
    """Where a replacement of this locked version is noted."""
    version = locked.version.replace(":", "%3a")
    return places.downloads / f"{locked.name}_{version}.replaced.json"


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """ToolError unless the file system of `folder` has `needed` bytes free."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ToolError(
            f"{purpose} needs {needed / 1e9:.1f} GB free at {folder}, there are {free / 1e9:.1f}",
            "the disk is full",
            "free some space, or set RESTANTE_CACHE to a folder elsewhere",
        )
