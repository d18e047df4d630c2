"""Verb `flash`: an image onto a card in this machine, or over a serial line onto a box's medium.

Rule: nothing is written before the image was seen to be whole, the medium to be the right one, and
what will be lost was shown and agreed to.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from restante_tools.errors import OK, USAGE, ToolError
from restante_tools.fieldline import ports
from restante_tools.flash import devices, image, medium, overline, table, writing
from restante_tools.flash.boards import BOARDS
from restante_tools.flash.devices import Disk
from restante_tools.flash.image import Image
from restante_tools.flash.table import Range
from restante_tools.flash.uboot import UBoot
from restante_tools.progress import say, transfer

LARGEST_KEYS = overline.LARGEST_KEYS
CATCH_SECONDS = 60.0  # for the engineer to switch the box on
LIST = "restante flash --list"


@click.command()
@click.argument("file", metavar="IMAGE", required=False, type=click.Path(path_type=Path))
@click.argument("device", required=False, type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="Show the media of this machine.")
@click.option("--json", "as_json", is_flag=True, help="The list, or the result, for programs.")
@click.option("--yes", is_flag=True, help="Do not ask before everything on it is lost.")
@click.option("--force-fixed", is_flag=True, help="Also a disk that is not removable.")
@click.option("--file", "plain", is_flag=True, help="DEVICE is a plain file, made if need be.")
@click.option("--whole", is_flag=True, help="Write every octet of the image, zeros too.")
@click.option("--serial", "port", help="A box at U-Boot's prompt instead of DEVICE: its line.")
@click.option("--board", default="virt", show_default=True, type=click.Choice(sorted(BOARDS)))
@click.option("--baud", type=click.IntRange(300), help="Speed of that line; else the board's.")
@click.option("--fast", type=click.IntRange(300), help="Another speed for the image's octets.")
def flash(
    file: Path | None,
    device: Path | None,
    listing: bool,
    as_json: bool,
    yes: bool,
    force_fixed: bool,
    plain: bool,
    whole: bool,
    port: str | None,
    board: str,
    baud: int | None,
    fast: int | None,
) -> int:
    """Write IMAGE to DEVICE and read it back; without arguments, show what DEVICE may be.

    IMAGE may be an .xz. With --serial PORT the medium is the box's own: the box is at U-Boot's
    prompt, or is switched on now. Exit: 0 written and verified, 2 refused, 3 not as written or a
    damaged image, 4 the medium, the line or the box failed.
    """
    if listing or file is None:
        show_list(as_json, force_fixed)
        return OK
    if (port is None) == (device is None):
        raise ToolError("name a DEVICE, or a line with --serial", "", LIST, USAGE)
    with image.opened(file, whole) as opened:
        say(
            f"{file}: {opened.octets:,} octets, {opened.written:,} of them are written "
            f"({opened.mapped_by})"
        )
        if port is not None:
            over_line(opened, port, board, baud or BOARDS[board].baud, fast or 0, yes, as_json)
        elif plain:
            assert device is not None
            to_file(opened, device, yes, as_json)
        else:
            assert device is not None
            to_disk(opened, device, yes, force_fixed, as_json)
    return OK


# -- the list


def show_list(as_json: bool, fixed_too: bool) -> None:
    disks = devices.of_machine()
    shown = [disk for disk in disks if disk.octets and (disk.removable or fixed_too)]
    if as_json:
        rows = [{**asdict(disk), "why_not": devices.why_not(disk, 0, fixed_too)} for disk in shown]
        click.echo(json.dumps(rows, indent=2))
        return
    for disk in shown:
        click.echo(str(disk))
        for line in devices.lost(disk):
            click.echo(line)
        for reason in devices.why_not(disk, 0, fixed_too):
            click.echo(f"  not to be written: {reason}")
    hidden = sum(1 for disk in disks if disk.octets and not disk.removable)
    if not shown:
        say("no removable medium is in this machine: put the card in, or plug its reader in")
    if hidden and not fixed_too:
        say(f"({hidden} fixed disks are not shown; --force-fixed shows them)")


# -- a card


def to_disk(opened: Image, device: Path, yes: bool, fixed_too: bool, as_json: bool) -> None:
    disk = chosen(device, opened.octets, fixed_too)
    agree(f"{disk}\nwill be written. What is on it is lost:", devices.lost(disk), disk.kname, yes)
    old = old_keys(Path(disk.path))
    with medium.block_device(Path(disk.path), disk.octets) as target:
        put(opened, target, old, as_json)


def chosen(device: Path, needed: int, fixed_too: bool) -> Disk:
    """The disk of that name, if nothing speaks against it."""
    try:
        real = device.resolve(strict=True)
        mode = real.stat().st_mode
    except OSError as error:
        raise ToolError(
            f"{device}: {error.strerror}", "it is not plugged in", LIST, USAGE
        ) from error
    if not stat.S_ISBLK(mode):
        hint = f"{LIST}; --file if you want to write to a plain file"
        raise ToolError(f"{device} is no block device", "", hint, USAGE)
    disks = devices.of_machine()
    disk = next((each for each in disks if each.path == str(real)), None)
    if disk is None:
        owner = devices.owner(disks, real.name)
        raise ToolError(
            f"{device} is no whole disk",
            "it is a partition, or something above one" if owner else "",
            f"its disk is {owner.path}" if owner else LIST,
            USAGE,
        )
    reasons = devices.why_not(disk, needed, fixed_too)
    if reasons:
        raise ToolError(
            f"{disk} is not written to: {'; '.join(reasons)}", "another one was meant", LIST, USAGE
        )
    return disk


def agree(what: str, lines: list[str], word: str, yes: bool) -> None:
    """Show what will be lost; go on only if the user types the name."""
    for line in (what, *lines):
        click.echo(line, err=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise ToolError("nobody is there to agree", "the input is no terminal", "--yes", USAGE)
    if click.prompt(f"Type {word!r} to go on", err=True, default="", show_default=False) != word:
        raise ToolError("nothing was written", "another word was typed", LIST, USAGE)


def old_keys(path: Path) -> list[Range]:
    """Where the box that this medium served before has its key, by the table that is on it."""
    try:
        with path.open("rb") as file:
            found = table.read(file).named(overline.KEYS)
    except (OSError, table.NoTableError):
        return []  # whatever is wrong with it is said when it is opened for writing
    return [found] if found is not None and 0 < found.octets <= LARGEST_KEYS else []


def to_file(opened: Image, path: Path, yes: bool, as_json: bool) -> None:
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise ToolError(f"{path} is no plain file", "", "leave --file out for a device", USAGE)
    if path.exists() and os.path.samefile(path, opened.path):
        raise ToolError(f"{path} is the image itself", "", "name another file", USAGE)
    old = []
    if path.exists() and path.stat().st_size:
        agree(f"{path} is written over.", [], path.name, yes)
        old = old_keys(path)
    with medium.plain_file(path, opened.octets) as target:
        put(opened, target, old, as_json)


def put(opened: Image, target: medium.Medium, old: list[Range], as_json: bool) -> None:
    began = time.monotonic()
    with both(opened.written) as (wrote, compared):
        verified = writing.write(opened, target, old, wrote, compared)
    if as_json:
        click.echo(
            json.dumps([{**asdict(each.range), "sha256": each.sha256} for each in verified])
        )
    for each in verified:
        say(f"  {each.range.offset:>12,} to {each.range.end:>12,}  sha256 {each.sha256}")
    say(
        f"written and read back in {time.monotonic() - began:.1f} s: "
        f"{len(verified)} ranges are as in the image"
    )


@contextmanager
def both(octets: int) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """One bar over writing and reading back: they take about the same time each."""
    with transfer("write and read back", 2 * octets) as advance:
        yield advance, advance


# -- a box at its serial line


def over_line(
    opened: Image, port: str, board: str, baud: int, fast: int, yes: bool, as_json: bool
) -> None:
    with ports.open_port(port, baud) as line:
        box = UBoot(line, BOARDS[board], baud, fast)
        box.catch(CATCH_SECONDS, say)
        for command in box.board.prepare:
            box.run(command)
        job = overline.OverLine(box, opened)
        job.check_size()
        where = f"{box.board.medium} {box.board.number}"
        listed = box.run(f"part list {where}").split("\n")[1:]
        shown = [f"  {row}" for row in listed if row.strip()]
        agree(
            f"{where} of the box at {port} will be written. U-Boot says of it:", shown, where, yes
        )
        work(job, box, opened, baud, fast, as_json)


def work(
    job: overline.OverLine, box: UBoot, opened: Image, baud: int, fast: int, as_json: bool
) -> None:
    with transfer("compare", opened.written) as compared:
        plan = job.plan(compared)
    octets = plan.octets(opened)
    speed = fast or baud
    say(
        f"{plan.equal:,} octets are there already; {octets:,} go over the line, "
        f"{overline.line_seconds(octets, speed):.0f} s at {speed} baud (computed)"
    )
    began, before = time.monotonic(), box.line.octets
    with transfer("send", octets) as sent:
        try:
            job.carry_out(plan, sent)
        except KeyboardInterrupt as error:
            raise ToolError(
                "stopped: the box's medium is incomplete and does not start",
                "you stopped it",
                "run the same command again: it goes on where it broke off",
                writing.STOPPED,
            ) from error
    seconds, carried = time.monotonic() - began, box.line.octets - before
    with transfer("verify", opened.written) as compared:
        job.verify(compared)
    figures = {
        "image_octets": opened.octets,
        "written": opened.written - plan.equal,
        "sent": octets,
        "on_the_line": carried,
        "repeated": box.repeated,
        "seconds": round(seconds, 1),
    }
    if as_json:
        click.echo(json.dumps(figures))
    say(
        f"written and read back in {seconds:.1f} s; {carried:,} octets on the line both ways, "
        f"{box.repeated} repeated; start the box: type `reset` at its prompt"
    )


VERBS: list[click.Command] = [flash]
