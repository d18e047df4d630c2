"""How long a client in the office waits for 20 messages of 100 KB from a mail server far away:
a line of 10 Mbit/s and 40 ms. Directly, passed on, accelerated within freshness, and accelerated
with each login checked at the origin.

Prints figures, asserts none; but a way that hands over other octets than the origin is void.
"""

from __future__ import annotations

import random
import statistics
from typing import Any

from accelerating import group, until_served
from restante_tools.lab import clients, network, preflight
from restante_tools.lab.delayer import Line
from restante_tools.lab.dovecot import Account
from restante_tools.lab.nativegate import NativeGate, Place
from restante_tools.lab.site import FarSite, Wanted
from restante_tools.places import Places
from rich.console import Console
from rich.table import Table

USER, PASSWORD = "anna", "secret"
MESSAGES, OCTETS = 20, 100_000
RUNS = 5  # of each way; the median counts
SERVERS = f"{network.ORIGIN}:{network.POP3_PORT}"
WAYS = {
    "directly": None,
    "passed on": [],
    "accelerated, login fresh": group(SERVERS),
    "accelerated, login checked": group(SERVERS, "freshness 0"),
}


def maildrop() -> Account:
    generator = random.Random("far")
    rows = [generator.randbytes(36).hex().encode() for _ in range(OCTETS // 74)]
    text = b"Subject: far\nMessage-ID: <%d@example.org>\n\n" + b"\n".join(rows) + b"\n"
    return Account(USER, PASSWORD, [text % n for n in range(MESSAGES)])


def session(site: FarSite) -> dict[str, Any]:
    """One client in the office that takes the whole maildrop."""
    (report,) = clients.fetch(site.office, [clients.plan(USER, PASSWORD)])
    if "error" in report or len(report["messages"]) != MESSAGES:
        raise SystemExit(f"void: {report.get('error', 'messages are missing')}")
    return report


def seconds(site: FarSite, wanted: list[str]) -> float:
    """The median of some sessions."""
    took = []
    for _ in range(RUNS):
        report = session(site)
        if [row.get("sha256") for row in report["messages"]] != wanted:
            raise SystemExit("void: other octets than the origin's")
        took.append(report["seconds"])
    return statistics.median(took)


def measured(site: FarSite, name: str, wanted: list[str]) -> float:
    settings = WAYS[name]
    if settings is None:
        site.redirect_to(None)
        return seconds(site, wanted)
    folder = site.folder(name.replace(", ", "-").replace(" ", "-"))
    gate = NativeGate(Place(site.box), site.places, folder, settings, frozen=True)
    try:
        site.redirect_to(network.GATE_PORT)
        if settings:
            until_served(gate, lambda: session(site), 1)
        return seconds(site, wanted)
    finally:
        gate.stop()


def main() -> None:
    preflight.check(image=False, goal="bench")
    table = Table(title=f"{MESSAGES} messages of {OCTETS // 1000} KB over 10 Mbit/s, 40 ms")
    table.add_column("way")
    for name in ("seconds", "times as fast as directly"):
        table.add_column(name, justify="right")
    with FarSite(Places(), Wanted([maildrop()]), Line()) as site:
        site.redirect_to(None)
        wanted = [row["sha256"] for row in session(site)["messages"]]
        direct = 0.0
        for name in WAYS:
            took = measured(site, name, wanted)
            direct = direct or took
            table.add_row(name, f"{took:.3f}", f"{direct / took:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
