"""Who a tool is at a box's console: the user and the password, wherever they come from.

Rule: a password comes from a file, the environment or the terminal with echo off; it is never an
argument, and no message shows it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from restante_tools.errors import FAILED, USAGE, ToolError

USER = "RESTANTE_CONSOLE_USER"
PASSWORD = "RESTANTE_CONSOLE_PASSWORD"
FIRST_USER = "admin"
GIVEN = "restante_tools.fieldline.login"  # where a command keeps its options
# Words of the box: firmware/restante/control/door.py.
DENIED = "log in first"
NOBODY = "login none"
SECRET = "*"
NONE_YET = "no password is set yet"
WRONG = "wrong user name or password"

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Credentials:
    """What the box is told."""

    user: str
    password: str = field(repr=False)

    def command(self) -> str:
        return f"{SECRET}login {self.user} {self.password}"


def keep(ctx: click.Context, option: click.Parameter, value: object) -> None:
    ctx.meta.setdefault(GIVEN, {})[option.name] = value


def options(command: Command) -> Command:
    """--user and --password-file of a verb; it need not know of them."""
    user = click.option(
        "--user",
        envvar=USER,
        default=FIRST_USER,
        show_default=True,
        expose_value=False,
        callback=keep,
        help=f"Who logs in at the box; or in the environment as {USER}.",
    )
    file = click.option(
        "--password-file",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=keep,
        help=f"Its first line is the password; else {PASSWORD} in the environment, else a prompt.",
    )
    return user(file(command))


def credentials() -> Credentials:
    """Of the verb that runs; ToolError if there is nobody to ask for the password."""
    ctx = click.get_current_context(silent=True)
    given = ctx.meta.get(GIVEN, {}) if ctx else {}
    user = str(given.get("user") or FIRST_USER)
    password = found(given.get("password_file"), user)
    if not password or not all(32 <= ord(c) < 127 for c in password):
        raise ToolError(
            "the password is empty or not printable ASCII",
            "the file or the variable is not what it should be",
            f"look at --password-file or {PASSWORD}",
            USAGE,
        )
    return Credentials(user, password)


def found(file: Path | None, user: str) -> str:
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(
                f"{file} cannot be read: {error}", "", "check its name and rights", USAGE
            ) from error
        return lines[0] if lines else ""
    if PASSWORD in os.environ:
        return os.environ[PASSWORD]
    if not sys.stdin.isatty():
        raise ToolError(
            f"the box asks for the password of {user}",
            "nobody is logged in at its console, and nobody can be asked for it here",
            f"--password-file FILE, or the environment variable {PASSWORD}",
            USAGE,
        )
    return str(click.prompt(f"password of {user} at the box", hide_input=True, err=True))


def refused(user: str, text: str, lines: tuple[str, ...]) -> ToolError:
    """Why the box did not let us in."""
    said = ", ".join([text, *lines])
    if text == NONE_YET:
        return ToolError(
            "the box has no password yet",
            "nobody has logged in at it since it was made or reset",
            "set one: restante console PORT, then log in as admin",
            FAILED,
        )
    return ToolError(
        f"the box did not let {user} in: {said}",
        "another password or user" if text == WRONG else "see what it said",
        "try again; a lost password: firmware/restante/console/README.md",
        FAILED,
    )
