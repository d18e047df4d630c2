"""A Maildir: how a message is put into one and read from it without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from restante_tools.errors import ToolError

PARTS = ("new", "tmp", "cur")
TRIES = 100  # a session of a server changes names once
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
    for _ in range(TRIES):
        # In the order in which a server moves them: none is missed, and one that is seen twice is
        # not there any more under its first name.
        files = [path for part in ("new", "cur") for path in (folder / part).iterdir()]
        try:
            return [path.read_bytes() for path in sorted(files, key=lambda path: path.name)]
        except FileNotFoundError:
            continue
    raise ToolError(
        f"{folder} changes all the time", "a server writes into it", "look at the server's log"
    )
