"""The factory set of signatures for the image, compiled by the project's own compiler."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.processes import run

SUFFIXES = (".hdb", ".hsb", ".ndb")
BUILT = "1735689600"  # 2025-01-01: a fixed moment, so that the same set gives the same file
NAME = "factory"
NAME_DIGITS = 8  # of a hash of the signatures: another set has another name
DEADLINE = 60  # seconds; a dozen signatures take less than one


def factory_set(places: Places, target: Path) -> Path:
    """Compile board/common/signatures/ to `target`; a line that is refused fails the build."""
    room = places.board / "common" / "signatures"
    sources = sorted(file for file in room.glob("*") if file.suffix in SUFFIXES)
    if not sources:
        raise ToolError(
            f"{room} holds no signatures",
            "the checkout is incomplete",
            "git status, then restore the folder",
        )
    run(
        [
            *(sys.executable, "-m", "restante_tools", "signatures", "compile", "--strict"),
            *("--name", name_of(sources), "--built", BUILT, "--output", target),
            *(file.relative_to(places.repository) for file in sources),
        ],
        places.log / "image.log",
        folder=places.repository,
        deadline=DEADLINE,
    )
    return target


def name_of(sources: list[Path]) -> str:
    """The set's name, by which a box knows that stored mail must be judged again."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources))
    return f"{NAME}-{digest.hexdigest()[:NAME_DIGITS]}"
