"""The support bundle of a box: fetched over its line, checked, written.

Rule: what is written is what the box said, to the octet; a bundle without a right check is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from restante_tools.errors import FAILED, VERIFICATION_FAILED, ToolError
from restante_tools.fieldline.wire import Answer

COMMAND = "support bundle"
CHECK = "sha256 "  # firmware/restante/control/support.py


def fetch(ask: Callable[[str], Answer]) -> str:
    """The text of the bundle, its check at the end."""
    answer = ask(COMMAND)
    if not answer.ok:
        raise ToolError(
            f"the box gave no support bundle: {answer.text}",
            "it is starting, or its firmware has none",
            "restante console, then: show version",
            FAILED,
        )
    text = "".join(line + "\n" for line in answer.lines[:-1])
    last = answer.lines[-1] if answer.lines else ""
    if last != CHECK + hashlib.sha256(text.encode("ascii")).hexdigest():
        raise ToolError(
            "the support bundle is damaged: its SHA-256 is wrong",
            "it was changed on the way, in a way that the line's own check did not see",
            "fetch it again",
            VERIFICATION_FAILED,
        )
    return text + last + "\n"


def write(text: str, file: Path) -> None:
    """The old file or the new one, at any moment; for its owner's eyes: it names accounts."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(0o600)
    new.write_text(text, encoding="ascii")
    new.replace(file)
