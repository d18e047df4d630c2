"""The command `restante`: finds the verbs of all rooms, prints errors, sets the exit code.

Rule: only this file exits. It knows no verb: each sub-package with a module `commands` brings
its own as `VERBS`, so that a new room needs no change here.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import signal
import sys

import click

import restante_tools
from restante_tools.errors import USAGE, ToolError


def verbs_of_all_rooms() -> list[click.Command]:
    """Verbs of every sub-package that has a module `commands`, in alphabetical order."""
    verbs: list[click.Command] = []
    for room in pkgutil.iter_modules(restante_tools.__path__):
        name = f"restante_tools.{room.name}.commands"
        if room.ispkg and importlib.util.find_spec(name) is not None:
            verbs.extend(importlib.import_module(name).VERBS)
    return sorted(verbs, key=lambda verb: verb.name or "")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def restante() -> None:
    """Build, run and test Restante, the POP3 screening gateway."""


def report(error: ToolError) -> None:
    """Say what went wrong, why, and what to do next, on standard error."""
    click.echo(f"restante: {error.what}", err=True)
    if error.cause:
        click.echo(f"  likely cause: {error.cause}", err=True)
    if error.hint:
        click.echo(f"  next step:    {error.hint}", err=True)


def stop_when_told(signal_number: int, _frame: object) -> None:
    """SIGTERM ends a verb as Ctrl-C does: what it started is ended too."""
    raise KeyboardInterrupt


def main() -> None:
    """Run one verb; exit 0, or the code that the error carries."""
    signal.signal(signal.SIGTERM, stop_when_told)
    for verb in verbs_of_all_rooms():
        restante.add_command(verb)
    try:
        code = restante.main(standalone_mode=False)
    except ToolError as error:
        report(error)
        sys.exit(error.code)
    except click.UsageError as error:
        error.show()
        sys.exit(USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("restante: stopped", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
