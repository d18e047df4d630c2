"""Verbs `ready`, `run`, `stop`: the demonstration and its end; its serial line, for `console`."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from restante_tools.errors import FAILED, OK, VERIFICATION_FAILED, ToolError
from restante_tools.lab import attach, boxconsole, demo, maildrop, network, preflight, runs, table
from restante_tools.lab.site import ImageSite, Wanted, remove_scratch
from restante_tools.places import Places
from restante_tools.progress import step


def end_as_by_hand(number: int, frame: FrameType | None) -> None:
    """SIGTERM and SIGHUP end as Ctrl-C does: everything is taken down."""
    raise KeyboardInterrupt


@click.command()
def ready() -> None:
    """Say what `run` lacks on this machine; `make run` asks before it builds for minutes."""
    preflight.check(image=True)


@click.command()
@click.option("--expect", type=click.Choice(["screened", "relay"]), default="screened")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON on standard output.")
@click.option("--memory", default=64, show_default=True, help="Memory of the box in MB.")
@click.option(
    "--boot",
    type=click.Choice(["kernel", "u-boot"]),
    default="kernel",
    show_default=True,
    help="What QEMU starts: slot A's kernel at once, or U-Boot, which chooses the slot.",
)
def run(expect: str, as_json: bool, memory: int, boot: str) -> int:
    """Boot the image between two namespaces and fetch a maildrop through it.

    Builds nothing: `make run` does that first. --expect relay: the image does not screen.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_as_by_hand)
    u_boot = boot == "u-boot"
    preflight.check(image=True, u_boot=u_boot)
    mails = maildrop.demonstration()
    wanted = Wanted([demo.account(mails)], memory=memory, u_boot=u_boot)
    with ImageSite(Places(), wanted) as site:
        outcome, seconds = demonstrate(site, mails)
        console = Console(width=None if sys.stdout.isatty() else 118)
        if as_json:
            click.echo(json.dumps(table.data(outcome, site.image, seconds), indent=2))
        else:
            table.show(console, outcome, site.image, seconds)
        if outcome.status.screened != (expect == "screened"):
            raise unexpected(expect)
        if preflight.on_terminal() and not as_json:
            stay(site, console)
    return OK if outcome.right() else FAILED


def demonstrate(site: ImageSite, mails: list[maildrop.Mail]) -> tuple[demo.Outcome, float]:
    """Read the maildrop directly and through the box, and ask the box about it."""
    with step("fetch directly, in the internet"):
        direct = demo.read_maildrop(site, site.internet, "direct")
    with step(f"boot the box with {site.wanted.memory} MB") as shown:
        boot = site.boot()
        shown.done_as(f"first banner {boot:.1f} s after power-on")
    with step("fetch through the box, in the office"):
        through = demo.read_maildrop(site, site.office, "through")
    with step("ask the box"):
        line = site.box.serial(site.deadline(boxconsole.ANSWER_SECONDS))
        try:
            ask = boxconsole.over_serial(line, lambda: site.deadline(boxconsole.ANSWER_SECONDS))
            return demo.compare(mails, direct, through, ask), boot
        finally:
            line.close()


def unexpected(expect: str) -> ToolError:
    if expect == "screened":
        return ToolError(
            "the box does not screen: what it passed on is not what this is about",
            "the image has no screen process, or it does not start",
            "read the serial log; for a relay only: restante run --expect relay",
            VERIFICATION_FAILED,
        )
    return ToolError(
        "the box screens, but only a relay was expected",
        "--expect relay was given for an image that screens",
        "leave the option out",
        VERIFICATION_FAILED,
    )


def stay(site: ImageSite, console: Console) -> None:
    """Leave the box up until Ctrl-C or `restante stop`."""
    tool = Path(sys.argv[0]).resolve()
    inside = f"ip netns exec {site.office.name}"
    for text in (
        "",
        "The box stays up.",
        f"  its console:        {tool} console      (leave it with Ctrl-])",
        f"  a client of yours:  {inside} COMMAND",
        f'     for example:     {inside} python3 -c "import poplib; '
        f"print(poplib.POP3('{network.ORIGIN}').welcome)\"",
        f"     the maildrop:    {network.ORIGIN} port 110, user {demo.USER}, "
        f'password "{demo.PASSWORD}"',
        f"  logs:               {site.logs}",
        "  end it:             Ctrl-C here, or make stop",
    ):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        console.print("switching off", highlight=False)


@click.command()
def stop() -> None:
    """End the boxes that `run` of this checkout left up, and remove leftovers of killed runs."""
    preflight.check_root("stop")
    ended = runs.stop_all()
    remove_scratch(Places())
    click.echo(f"ended: {', '.join(ended)}" if ended else "nothing was running")


def attach_to_running() -> None:
    """`restante console` without a port: this terminal at the console of the running box."""
    preflight.check_root()
    running = [facts["serial"] for _, facts in runs.alive() if "serial" in facts]
    if not running:
        raise ToolError("no box is running", "it was not started, or has ended", "make run")
    click.echo("(attached; Ctrl-] leaves)", err=True)
    attach.attach(Path(running[-1]))


VERBS: list[click.Command] = [ready, run, stop]
