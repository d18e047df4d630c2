"""What mypy knows of the box's Python: a folder of links to the pinned stubs and to nothing else.

Rule: mypy takes no folder of installed packages as its path, and there the stubs lie among
CPython's packages. So the files that the two stub packages brought are linked to build/stubs.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.sources.unpack import remove

UNIX = "micropython-unix-stubs"  # modules of the unix port, each a file
STANDARD = "micropython-stdlib-stubs"  # builtins, typing, what the others lean on: folders
FOLDERS = ("stdlib", "stubs", "_mpy_shed")


def lay_out(places: Places) -> Path:
    """build/stubs, made anew from what is installed now; firmware/mypy.ini names it."""
    folder = places.build / "stubs"
    remove(folder)
    folder.mkdir(parents=True)
    for name in [*modules(), *FOLDERS]:
        target = located(STANDARD if name in FOLDERS else UNIX, name)
        (folder / name).symlink_to(target)
    return folder


def modules() -> list[str]:
    """The modules of the unix port that are one file."""
    listed: list[PurePosixPath] = list(files_of(UNIX))
    return sorted(f.name for f in listed if len(f.parts) == 1 and f.suffix == ".pyi")


def files_of(package: str) -> list[PurePosixPath]:
    """Every file that an installed package brought."""
    try:
        files = distribution(package).files
    except PackageNotFoundError:
        files = None
    if not files:
        raise ToolError(
            f"{package} is not installed",
            "this Python is not the one that host-tools/setup made",
            "make lint",
        )
    return list(files)


def located(package: str, name: str) -> Path:
    """Where a file or folder of an installed package is."""
    return Path(str(distribution(package).locate_file(name))).resolve(strict=True)
