"""The verb `restante sources`: fetch, list and update what is built into the box."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import click

from restante_tools.places import Places
from restante_tools.progress import say
from restante_tools.sources.fetch import opened_suite, taken
from restante_tools.sources.lock import Lock, read, sha256_of, text_of


@click.command()
@click.option("--update", is_flag=True, help="Lock the suite's current versions.")
def sources(update: bool) -> None:
    """Fetch all sources of the lock file, verified, from the machine's Debian mirror."""
    places = Places()
    if update:
        update_lock(places)
    for name, package in sorted(taken(places).items()):
        say(f"{name} {package.version} ({package.licence})")


def update_lock(places: Places) -> None:
    """Write the lock file anew with the suite's newest version of each package's series."""
    lock = read(places.lock)
    apt = opened_suite(places, lock.suite, lock.packages.values())
    packages = {}
    places.downloads.mkdir(parents=True, exist_ok=True)
    for name, package in lock.packages.items():
        versions = [v for v in apt.versions(name, package.kind) if package.in_series(v)]
        version = versions[0] if versions else package.version
        with tempfile.TemporaryDirectory(dir=places.downloads, prefix=".part-") as folder:
            apt.download(name, package.kind, version, Path(folder))
            files = {file.name: sha256_of(file) for file in sorted(Path(folder).iterdir())}
            for file in sorted(Path(folder).iterdir()):
                file.replace(places.downloads / file.name)
        packages[name] = replace(package, version=version, files=files)
    places.lock.write_text(text_of(Lock(lock.suite, packages)), encoding="utf-8")
    say(f"wrote {places.lock.name}")


VERBS: list[click.Command] = [sources]
