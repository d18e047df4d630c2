"""The demonstration's result as a table for a person, and as data for a machine."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from restante_tools.lab.demo import Outcome
from restante_tools.lab.image import Image

SLOT_LIMIT = 4 * 1024 * 1024  # octets of kernel and root file system together: the smallest flash


def show(console: Console, outcome: Outcome, image: Image, boot_seconds: float) -> None:
    """Print the table, the figures below it, and the verdict on the whole."""
    table = Table(title=None, header_style="bold", pad_edge=False)
    for name in ("message", "verdict", "received through the box"):
        table.add_column(name, overflow="fold")
    for name in ("direct s", "box s"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in outcome.rows:
        table.add_row(
            row.title,
            row.verdict,
            row.judgement.received,
            f"{row.seconds_direct:.3f}",
            f"{row.seconds_through:.3f}",
            "[green]right[/]" if row.judgement.right else "[red]WRONG[/]",
        )
    console.print(table)
    for line in figures(outcome, image, boot_seconds):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def figures(outcome: Outcome, image: Image, boot_seconds: float) -> list[str]:
    """The lines below the table."""
    kernel, root = image.kernel.stat().st_size, image.root.stat().st_size
    status = outcome.status
    lines = [
        f"kernel {kib(kernel)}, root file system {kib(root)}, slot {kib(kernel + root)} "
        f"of {kib(SLOT_LIMIT)}",
        f"power-on to first banner {boot_seconds:.1f} s",
        f"memory in use {status.memory_used_kib} KiB of {status.memory_kib} KiB, "
        f"of that the gate {status.gate_kib} KiB",
        "UIDLs " + ("are the same both ways" if outcome.same_uidls else "DIFFER"),
        "fetchmail " + ("is right too" if outcome.clients_agree else "RECEIVED SOMETHING ELSE"),
    ]
    if not status.screened:
        lines.append(f"NOT SCREENED: this box passed everything on ({status.why_not})")
    right = sum(row.judgement.right for row in outcome.rows)
    lines.append(f"{right} of {len(outcome.rows)} rows are as they should be")
    return lines


def kib(octets: int) -> str:
    return f"{octets / 1024:.0f} KiB"


def data(outcome: Outcome, image: Image, boot_seconds: float) -> dict[str, Any]:
    """The same for `--json`."""
    return {
        "right": outcome.right(),
        "screened": outcome.status.screened,
        "boot_seconds": round(boot_seconds, 2),
        "kernel_octets": image.kernel.stat().st_size,
        "root_octets": image.root.stat().st_size,
        "memory_used_kib": outcome.status.memory_used_kib,
        "gate_kib": outcome.status.gate_kib,
        "same_uidls": outcome.same_uidls,
        "fetchmail_right": outcome.clients_agree,
        "messages": [
            {
                "title": row.title,
                "verdict": row.verdict,
                "received": row.judgement.received,
                "right": row.judgement.right,
                "seconds_direct": round(row.seconds_direct, 4),
                "seconds_through": round(row.seconds_through, 4),
            }
            for row in outcome.rows
        ],
    }
