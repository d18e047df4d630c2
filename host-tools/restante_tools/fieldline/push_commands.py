"""Verbs `signatures push`, `firmware push`, `keys push`: a bundle to a box on a serial line."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from restante.update import manifest as manifests

from restante_tools.bundles.commands import keys
from restante_tools.errors import OK
from restante_tools.fieldline import login, pushing
from restante_tools.fieldline.opening import PORT, baud_option, opened
from restante_tools.fieldline.pushing import Offered
from restante_tools.fieldline.session import Session
from restante_tools.fieldline.transfer import Transfer
from restante_tools.progress import octets, say
from restante_tools.signatures.commands import signatures

FASTEST = 921600

FILE = click.Path(path_type=Path)
bundle_argument = click.argument("bundle", type=FILE)
port_argument = click.argument("port", required=False, envvar=PORT)
speed_option = click.option(
    "--speed",
    default=FASTEST,
    show_default=True,
    type=click.IntRange(300),
    help="The highest speed to agree on with the box for the transfer.",
)
Command = Callable[..., int]


def line_options(command: Command) -> Command:
    return login.options(baud_option(speed_option(command)))


def send(session: Session, bundle: Offered, most: int) -> None:
    """The bundle is on the box, not yet installed."""
    size = len(bundle.data)
    began = time.monotonic()
    with octets(f"send {bundle.path.name}", size) as shown:
        transfer = Transfer(session, bundle.data, shown.reach, shown.say, most)
        transfer.run()
    if transfer.started_at:
        say(f"{transfer.started_at:,} octets of it were there already")
    seconds = time.monotonic() - began
    sent = size - transfer.started_at
    say(f"{sent:,} octets in {seconds:.1f} s, {sent / seconds:,.0f} a second")


def push(
    offered: Sequence[Offered], port: str | None, baud: int, most: int, force: bool = False
) -> int:
    """The smallest of what fits is sent and installed."""
    with opened(port, baud) as line, Session(line) as session:
        bundle = pushing.chosen(offered, pushing.state_of(session), force)
        if bundle is None:
            say(f"{offered[0].path}: the box has it already")
            return OK
        if len(offered) > 1:
            say(f"{bundle.path}: {len(bundle.data):,} octets, the smallest that fits")
        send(session, bundle, most)
        for each in pushing.install(session, bundle, force):
            say(each)
    return OK


@signatures.command("push")
@bundle_argument
@port_argument
@click.option(
    "--delta",
    "deltas",
    multiple=True,
    type=FILE,
    help="A delta beside BUNDLE; the smallest that fits what the box has is sent.",
)
@click.option("--force", is_flag=True, help="Also what was rolled back, or the kept previous one.")
@line_options
def push_signatures(
    bundle: Path, port: str | None, deltas: tuple[Path, ...], force: bool, baud: int, speed: int
) -> int:
    """Send BUNDLE, signatures or a delta, to the box on PORT and install it.

    A transfer that broke off goes on where it was. Exit: 0 in use, 1 the box refuses it, 2 usage,
    3 not sound or not for this box, 4 no box.
    """
    kinds = (manifests.SIGNATURES, manifests.DELTA)
    offered = [pushing.read(path, kinds) for path in (bundle, *deltas)]
    return push(offered, port, baud, speed, force)


@click.group()
def firmware() -> None:
    """Firmware of a box, over its serial line."""


@firmware.command("push")
@bundle_argument
@port_argument
@line_options
def push_firmware(bundle: Path, port: str | None, baud: int, speed: int) -> int:
    """Send BUNDLE, firmware, to the box on PORT and install it."""
    return push([pushing.read(bundle, (manifests.FIRMWARE,))], port, baud, speed)


@keys.command("push")
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=FILE)
@click.option("--port", envvar=PORT, help=f"As of console; or in the environment as {PORT}.")
@line_options
def push_keys(bundles: tuple[Path, ...], port: str | None, baud: int, speed: int) -> int:
    """Send key sets to the box on PORT, one after the other; those that it had are left out."""
    offered = [pushing.read(path, (manifests.KEYS,)) for path in bundles]
    with opened(port, baud) as line, Session(line) as session:
        for bundle in sorted(offered, key=lambda each: int(each.manifest.epoch)):
            state = pushing.state_of(session)
            if bundle.manifest.epoch <= state.epoch:
                say(f"{bundle.path}: the box has keys of epoch {state.epoch} already")
                continue
            pushing.chosen([bundle], state, False)
            send(session, bundle, speed)
            for each in pushing.install(session, bundle, False):
                say(each)
    return OK


VERBS: list[click.Command] = [firmware]
