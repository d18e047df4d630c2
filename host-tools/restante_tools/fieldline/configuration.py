"""The configuration of a box in the field: read it, compare it with a file, make it the file's.

Rule: a box has the old configuration or the file's, as a whole; which one is said. A push is
tried out first (`commit confirm`) and confirmed over a line that was opened anew: a change
that cuts the engineer off goes back by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from restante.errors import SettingsError
from restante.settings import compare as firmware_compare
from restante.settings import kept as firmware_kept
from restante.settings import text as firmware_text

from restante_tools.errors import FAILED, USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.fieldline.session import Session
from restante_tools.fieldline.wire import Answer

# The box's Python carries no types.
compare: Any = firmware_compare
kept: Any = firmware_kept
text: Any = firmware_text

Values = dict[str, Any]
UNCONFIRMED = "NOT CONFIRMED"
OLD_STAYS = "the old configuration is in force, nothing has changed"


def of_file(file: Path) -> Values:
    """The values of a settings file, checked as the box would."""
    try:
        _, values = kept.opened(file.read_bytes())
    except OSError as error:
        raise ToolError(
            f"{file} cannot be read: {error.strerror}", "", "check its name", USAGE
        ) from error
    except SettingsError as error:
        raise ToolError(
            f"{file}: {error}", "the box would refuse it too", "correct the file", USAGE
        ) from error
    return dict(values)


def of_box(session: Session) -> tuple[Values, str]:
    """The values in force, and what the box says of them."""
    answer = must(session, "show configuration")
    try:
        return dict(text.read("".join(row + "\n" for row in answer.lines).encode())), answer.text
    except SettingsError as error:
        raise ToolError(
            f"what the box shows cannot be read: {error}",
            "its firmware is not of the version of this program",
            "use the program of that version; show configuration at its console",
            VERIFICATION_FAILED,
        ) from error


def written(values: Values) -> str:
    """The lines that set them."""
    return str(text.write(values))


def differences(old: Values, new: Values) -> list[str]:
    return list(compare.differences(old, new))


def must(session: Session, command: str) -> Answer:
    """Ask; ToolError unless the answer is good."""
    answer = session.ask(command)
    if not answer.ok:
        said = "".join("\n    " + row for row in str(answer).split("\n"))
        hint = next((row for row in answer.lines if row.startswith("type: ")), "")
        raise ToolError(f"the box refused {command!r}:{said}", "", hint or "see what it said")
    return answer


def changes(old: Values, new: Values) -> list[str]:
    """The commands that make the candidate of the old configuration the new one."""
    gone = [f"delete {text.written(path)}" for path in old if path not in new]
    rows = text.rows({path: v for path, v in new.items() if path not in old or old[path] != v})
    return gone + [text.line(path, kind, new[path]) for path, kind in rows]


def not_waiting(state: str) -> None:
    """ToolError if a change waits for its confirmation: what goes back then is not ours to say."""
    if UNCONFIRMED in state:
        raise ToolError(
            f"the box waits for a confirmation: {state}",
            "somebody tries a configuration out, or a push was cut off",
            "wait until it has gone back, or commit it at the console; then push again",
        )


def begin(session: Session, force: bool, discard: bool) -> None:
    """Have a candidate that is as what is in force."""
    first = session.ask("configure force" if force else "configure")
    if not first.ok:
        raise ToolError(
            f"the box refused 'configure': {first.text}",
            "somebody is changing settings, or a console was cut off in the middle of it",
            "wait, or take the candidate and discard it: --force",
        )
    left = must(session, "compare")
    if left.lines and not discard:
        raise ToolError(
            "the candidate at the box has changes that nobody committed:"
            + "".join("\n    " + row for row in left.lines),
            "somebody typed them, or a push was cut off",
            "commit or discard them at the console, or push with --discard",
        )
    must(session, "discard")


def load(session: Session, old: Values, new: Values, line: Callable[[str], None]) -> None:
    """Make the candidate the new configuration, and see that it is; else there is none."""
    try:
        for command in changes(old, new):
            line(command)
            must(session, command)
        wanted, has = differences(old, new), list(must(session, "compare").lines)
        if has != wanted:
            raise ToolError(
                "the candidate is not what was sent:" + "".join("\n    " + row for row in has),
                "somebody changed it at the same time",
                "push again",
                VERIFICATION_FAILED,
            )
    except ToolError as error:
        raise dropped(session, error) from error
    except KeyboardInterrupt:
        with suppress(ToolError):
            leave(session)
        raise


def try_out(session: Session, minutes: int) -> Answer:
    """In force, but not durable; who is cut off by it waits. Gives what the box says of it."""
    try:
        answer = must(session, f"commit confirm {minutes}")
    except ToolError as error:
        if error.code == FAILED:  # the box itself has said so
            raise dropped(session, error) from error
        raise open_end(error, minutes) from error
    try:
        must(session, "exit")
    except ToolError as error:
        raise open_end(error, minutes) from error
    return answer


def open_end(error: ToolError, minutes: int) -> ToolError:
    """The error, where the new configuration may be in force without being confirmed."""
    return ToolError(
        f"{error.what}\nthe new configuration is not confirmed: if it is in force, "
        f"the old one comes back by itself within {minutes} minutes",
        error.cause,
        "wait so long, then push again",
        error.code,
    )


def confirm(session: Session, new: Values) -> Answer:
    """Durable, and seen to be what was wanted."""
    answer = must(session, "commit")
    values, state = of_box(session)
    if values != new or UNCONFIRMED in state:
        raise ToolError(
            "the box does not have what was sent",
            "somebody changed it at the same time",
            "restante config diff FILE",
            VERIFICATION_FAILED,
        )
    return answer


def leave(session: Session) -> None:
    """No candidate stays behind."""
    must(session, "discard")
    must(session, "exit")


def dropped(session: Session, error: ToolError) -> ToolError:
    """The error, once the candidate is gone; it says so if it could not be taken away."""
    try:
        leave(session)
    except ToolError as second:
        what = f"{error.what}\nand the candidate could not be discarded: {second.what}"
        hint = "look at it: restante console; configure, compare, discard"
        return ToolError(
            what, OLD_STAYS + ", unless somebody commits the candidate", hint, error.code
        )
    return ToolError(error.what, error.cause or OLD_STAYS, error.hint, error.code)
