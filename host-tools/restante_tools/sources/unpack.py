"""Unpacked source trees, each as it is built: Debian's patches applied, or only chosen ones.

Rule: a tree carries the fingerprint of what it was made from; with another one it is made anew,
under a temporary name. Builds never write into these trees.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run
from restante_tools.progress import step
from restante_tools.sources.fetch import require_space
from restante_tools.sources.lock import FILES_KIND, FOREIGN_KINDS, Package

DEADLINE = 600  # seconds: the kernel's 1.5 GB on a slow disk
MARK = ".restante-fingerprint"
SPACE_TO_UNPACK = {"linux-source-6.12": 2_000_000_000}  # bytes; others are below 100 MB
SPACE_OTHERWISE = 200_000_000

# Debian's own changes are taken as a whole, except where they tie the source to Debian's build:
# MicroPython's make it use the system's mbedTLS and take its version from debian/changelog.
CHOSEN_PATCHES = {
    "micropython": (
        "0007-py-mkrules.mk-Workaround-missing-submodules-dir.patch",
        "0008-extmod-modtls_mbedtls.c-Decrease-the-mbedTLS-DEBUG-l.patch",
    )
}


def tree_of(places: Places, package: Package) -> Path:
    """The unpacked source of `package`, made if it is not there yet."""
    tree = places.sources / package.name
    fingerprint = package.fingerprint() + "\n"
    mark = tree / MARK
    if mark.exists() and mark.read_text(encoding="utf-8") == fingerprint:
        return tree
    needed = SPACE_TO_UNPACK.get(package.name, SPACE_OTHERWISE)
    require_space(places.sources, needed, f"unpacking {package.name}")
    with step(f"unpacking {package.name}"):
        fresh = places.sources / f".part-{package.name}"
        remove(fresh)
        log = places.log / "sources.log"
        if package.kind == "source":
            unpack_source(places, package, fresh, log)
        elif package.kind in FOREIGN_KINDS or package.kind == FILES_KIND:
            unpack_files(places, package, fresh, log)
        else:
            unpack_carried(places, package, fresh, log)
        (fresh / MARK).write_text(fingerprint, encoding="utf-8")
        remove(tree)
        fresh.rename(tree)
    return tree


def unpack_source(places: Places, package: Package, fresh: Path, log: Path) -> None:
    """Unpack a Debian source package; its hashes were checked when it was fetched."""
    description = next(name for name in package.files if name.endswith(".dsc"))
    command: list[str | Path] = ["dpkg-source", "--no-check", "--no-copy"]
    patches = CHOSEN_PATCHES.get(package.name)
    if patches is not None:
        command.append("--skip-patches")
    command += ["--extract", places.downloads / description, fresh]
    run(command, log, deadline=DEADLINE)
    for patch in patches or ():
        file = fresh / "debian" / "patches" / patch
        run(
            ["patch", "--strip=1", "--forward", f"--input={file}"],
            log,
            folder=fresh,
            deadline=DEADLINE,
        )


def unpack_carried(places: Places, package: Package, fresh: Path, log: Path) -> None:
    """Unpack the source archive that a binary package (linux-source) carries."""
    archive = next(name for name in package.files if name.endswith(".deb"))
    carrier = places.sources / f".part-{package.name}-deb"
    remove(carrier)
    try:
        run(["dpkg-deb", "--extract", places.downloads / archive, carrier], log, deadline=DEADLINE)
        inside = sorted((carrier / "usr" / "src").glob("linux-source-*.tar.xz"))
        if len(inside) != 1:
            raise ToolError(
                f"{archive} does not carry one source archive",
                "Debian changed the layout of the package",
                "look into the package with dpkg-deb --contents",
            )
        fresh.mkdir(parents=True)
        run(
            ["tar", "--extract", "--strip-components=1", "--file", inside[0], "-C", fresh],
            log,
            deadline=DEADLINE,
        )
    finally:
        remove(carrier)


def unpack_files(places: Places, package: Package, fresh: Path, log: Path) -> None:
    """Unpack a binary package as Debian built it; nothing of it runs."""
    archive = next(name for name in package.files if name.endswith(".deb"))
    run(["dpkg-deb", "--extract", places.downloads / archive, fresh], log, deadline=DEADLINE)


def remove(folder: Path) -> None:
    """Delete a folder with all in it, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
