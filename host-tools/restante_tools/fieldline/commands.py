"""Verbs `console` and `config`: a box on a serial line, by hand, by script, as a whole.

Rule: without a port `console` is the console of the box that `run` left up; the others need one.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from restante_tools.errors import FAILED, OK, ToolError
from restante_tools.fieldline import (
    configuration,
    login,
    ports,
    push_commands,
    script,
    support,
    terminal,
)
from restante_tools.fieldline.opening import PORT, baud_option, opened, port_option
from restante_tools.fieldline.session import ANSWER_SECONDS, Session
from restante_tools.fieldline.wire import Answer
from restante_tools.lab.commands import attach_to_running
from restante_tools.progress import say, step

SETTING_SECONDS = 30.0  # of one line: the box takes milliseconds, and seconds when it writes

file_argument = click.argument("file", type=click.Path(path_type=Path))


class PortOrVerb(click.Group):
    """`console PORT` beside `console run`: what is no verb is a port."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "attach", attach, args


@click.group(
    cls=PortOrVerb,
    invoke_without_command=True,
    context_settings={"ignore_unknown_options": True},
    subcommand_metavar="[PORT [--baud N] | run FILE | support [PORT] -o FILE]",
)
@click.pass_context
def console(ctx: click.Context) -> None:
    """This terminal at a box's serial console. Ctrl-] leaves.

    PORT: a device such as /dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT, unix:PATH.
    Without it, the one in the environment (RESTANTE_PORT); else the box that `restante run` left
    up.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(attach, port=os.environ.get(PORT))


@click.command()
@click.argument("port", required=False, envvar=PORT)
@baud_option
def attach(port: str | None = None, baud: int = ports.BAUD) -> None:
    """A terminal at PORT."""
    if not port:
        attach_to_running()
        return
    with ports.open_port(port, baud, flow=True) as line:
        click.echo(f"(attached to {port}; Ctrl-] leaves)", err=True)
        terminal.attach(line)


@console.command("run")
@login.options
@file_argument
@port_option
@baud_option
def run_file(file: Path, port: str | None, baud: int) -> int:
    """Send the lines of FILE to the box; stop at the first answer that surprises.

    A line must succeed. `! line` must fail. `= text` behind a line: its answer has that text.
    `# ...` is a comment. Exit: 0 all as expected, 1 a surprise, 2 the file is wrong, 4 no box.
    """
    lines = script.read(file)
    with opened(port, baud) as line, Session(line, ANSWER_SECONDS) as session:
        script.run(file, lines, session.ask, click.echo)
    say(f"{file}: {len(lines)} lines, all as expected")
    return OK


@console.command("support")
@login.options
@click.argument("port", required=False, envvar=PORT)
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where it is written; for its owner's eyes, since it names accounts.",
)
@baud_option
def support_bundle(port: str | None, file: Path, baud: int) -> int:
    """Fetch the box's support bundle: versions, state, configuration, records; no secrets."""
    with opened(port, baud) as line, Session(line, ANSWER_SECONDS) as session:
        text = support.fetch(session.ask)
    support.write(text, file)
    lines = text.count("\n")
    say(f"{file}: {lines} lines, checked")
    return OK


@click.group()
def config() -> None:
    """The configuration of a box, over its serial line."""


@config.command()
@login.options
@click.argument("file", type=click.Path(path_type=Path), required=False)
@port_option
@baud_option
def pull(file: Path | None, port: str | None, baud: int) -> int:
    """Write what is in force to FILE, or print it."""
    with opened(port, baud) as line, Session(line, SETTING_SECONDS) as session:
        values, state = configuration.of_box(session)
    if configuration.UNCONFIRMED in state:
        say(f"note: {state}")
    if file is None:
        click.echo(configuration.written(values), nl=False)
        return OK
    new = file.with_name(file.name + ".new")
    new.write_text(configuration.written(values), encoding="ascii")
    new.replace(file)
    say(f"{file}: {len(values)} settings")
    return OK


@config.command()
@login.options
@file_argument
@port_option
@baud_option
def diff(file: Path, port: str | None, baud: int) -> int:
    """Print what `push` would change: - the box has it, + FILE has it. Exit 1 if they differ."""
    wanted = configuration.of_file(file)
    with opened(port, baud) as line, Session(line, SETTING_SECONDS) as session:
        values, state = configuration.of_box(session)
    if configuration.UNCONFIRMED in state:
        say(f"note: {state}")
    lines = configuration.differences(values, wanted)
    for each in lines:
        click.echo(each)
    return FAILED if lines else OK


@config.command()
@login.options
@file_argument
@port_option
@baud_option
@click.option(
    "--confirm",
    "minutes",
    default=5,
    show_default=True,
    type=click.IntRange(1, 1440),
    help="Minutes after which an unconfirmed change goes back by itself.",
)
@click.option("--force", is_flag=True, help="Take the candidate from another session.")
@click.option("--discard", is_flag=True, help="Drop changes that nobody committed.")
def push(file: Path, port: str | None, baud: int, minutes: int, force: bool, discard: bool) -> int:
    """Make FILE the box's configuration, durable; on any failure the old one stays or comes back.

    What FILE does not set is at its default afterwards.
    """
    new = configuration.of_file(file)
    with opened(port, baud) as line, Session(line, SETTING_SECONDS) as session:
        old, state = configuration.of_box(session)
        configuration.not_waiting(state)
        configuration.begin(session, force, discard)
        todo = configuration.changes(old, new)
        if not todo:
            configuration.leave(session)
            say(f"{file}: the box has it already")
            return OK
        with step(f"load {len(todo)} lines", len(todo)) as shown:
            configuration.load(session, old, new, shown.line)
        for each in configuration.differences(old, new):
            click.echo(each)
        tried = configuration.try_out(session, minutes)
    confirmed = confirm_anew(file, port, baud, new, minutes)
    say(f"{file}: {confirmed.text}")
    for row in tried.lines:
        if row.startswith("restart needed"):
            say(row)
    return OK


def confirm_anew(
    file: Path, port: str | None, baud: int, new: configuration.Values, minutes: int
) -> Answer:
    """Over a line that was opened anew: who can do that was not cut off."""
    try:
        with opened(port, baud) as line, Session(line, SETTING_SECONDS) as session:
            return configuration.confirm(session, new)
    except ToolError as error:
        known = (
            "the new configuration is not confirmed"
            if error.code == FAILED  # the box itself has said so
            else "whether the new configuration is confirmed is not known; if not"
        )
        raise ToolError(
            f"{error.what}\n{known}: the old one comes back by itself within {minutes} minutes",
            error.cause,
            f"wait so long, then: restante config diff {file}",
            error.code,
        ) from error


VERBS: list[click.Command] = [console, config, *push_commands.VERBS]
