"""Verb `settings`: the reference page, and settings files to JSON and back.

Rule: what a setting is says the firmware's tree; nothing of it is repeated here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from restante.errors import SettingsError
from restante.settings import exchange as firmware_exchange
from restante.settings import kept as firmware_kept
from restante.settings import reference as firmware_reference
from restante.settings import text as firmware_text

from restante_tools.errors import FAILED, OK, ToolError
from restante_tools.places import REPOSITORY

# The box's Python carries no types.
exchange: Any = firmware_exchange
kept: Any = firmware_kept
reference: Any = firmware_reference
text: Any = firmware_text

REFERENCE = REPOSITORY / "firmware" / "restante" / "settings" / "REFERENCE.md"
HINT = "each line is: set PATH VALUE; REFERENCE.md has all paths"

file_argument = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.group()
def settings() -> None:
    """The settings of the box: reference page, check, JSON."""


@settings.command("reference")
@click.option("--write", is_flag=True, help="Write the page; without it, only compare.")
def reference_page(write: bool) -> int:
    """Compare REFERENCE.md with the tree of settings, or write it anew."""
    page = reference.page()
    if write:
        REFERENCE.write_text(page, encoding="utf-8")
        return OK
    if REFERENCE.exists() and REFERENCE.read_text(encoding="utf-8") == page:
        return OK
    click.echo(f"{REFERENCE} is not what the tree says: restante settings reference --write")
    return FAILED


@settings.command()
@file_argument
def check(file: Path) -> None:
    """Say whether the box would take a settings FILE; errors name the line."""
    _of_text(file)


@settings.command("export")
@file_argument
def to_json(file: Path) -> None:
    """Print a settings FILE as JSON."""
    click.echo(exchange.write(_of_text(file)), nl=False)


@settings.command("import")
@file_argument
def from_json(file: Path) -> None:
    """Print a JSON FILE as the lines that set it, to paste after `configure` or to keep."""
    try:
        values = exchange.read(file.read_text(encoding="utf-8", errors="replace"))
    except SettingsError as error:
        raise ToolError(
            f"{file}: {error}", "the file is not as `export` writes it", HINT
        ) from error
    click.echo(text.write(values), nl=False)


def _of_text(file: Path) -> dict[str, object]:
    try:
        _, values = kept.opened(file.read_bytes())
    except SettingsError as error:
        raise ToolError(f"{file}: {error}", "the box would refuse it too", HINT) from error
    return dict(values)


VERBS: list[click.Command] = [settings]
