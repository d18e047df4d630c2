"""A Maildir: how a message is put into one and read from it without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PARTS = ("new", "tmp", "cur")
FIRST_SECOND = 1_700_000_000  # in names; a server numbers messages by them


def make(folder: Path) -> Iterator[Path]:
    """A new Maildir; the folders made."""
    for part in PARTS:
        (folder / part).mkdir(parents=True)
        yield folder / part
    yield folder


def deliver(folder: Path, number: int, message: bytes) -> Path:
    """The message as the `number`-th that ever came: seconds.unique.host by convention."""
    name = f"{FIRST_SECOND + number}.M{number}.restante"
    part = folder / "tmp" / name
    part.write_bytes(message)
    return part


def accept(part: Path) -> None:
    """From now on a server sees it."""
    part.rename(part.parent.parent / "new" / part.name)


def messages(folder: Path) -> list[bytes]:
    """Contents in the order of their names, the server's flags left out."""
    files = [path for part in ("new", "cur") for path in (folder / part).iterdir()]
    return [path.read_bytes() for path in sorted(files, key=lambda path: path.name)]
