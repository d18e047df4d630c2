"""Pass-through on this machine: sessions and MB a second of the gate, beside Dovecot directly and
nginx's mail proxy, which screens nothing. All on loopback, in one run, one after the other.

Prints figures, asserts none; but a way that hands over other octets than the origin is void.
"""

import os
import random
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

from restante_tools.lab import clients, fetch, rates
from restante_tools.lab.dovecot import Account, Dovecot, Plan
from restante_tools.lab.mailproxy import MailProxy
from restante_tools.lab.nativegate import NativeGate, Place
from restante_tools.places import Places
from rich.console import Console
from rich.table import Table

SECONDS = 5.0  # of each measurement: hundreds of sessions
USERS, MESSAGES, OCTETS = 4, 20, 75_000  # clients at once, and what each of them fetches
PASSWORD = "secret"
HOST = "127.0.0.1"
UNSCREENED = ("set screening mode disabled",)


def accounts():
    """Maildrops of 20 messages of 75 KB, and as many empty ones."""
    full = []
    for number in range(USERS):
        generator = random.Random(f"bench {number}")
        rows = [generator.randbytes(36).hex().encode() for _ in range(OCTETS // 74)]
        text = b"Subject: bench\n\n" + b"\n".join(rows) + b"\n"
        full.append(Account(f"full{number}", PASSWORD, [text] * MESSAGES))
    return full + [Account(f"empty{number}", PASSWORD, []) for number in range(USERS)]


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def ways(stack, folder):
    """Name -> port of each way to the maildrops, and the gates among them."""
    origin = free_port()
    server = Dovecot(Plan(folder / "dovecot", HOST, origin), accounts())
    stack.callback(server.stop)
    ports, gates = {"Dovecot directly": origin}, {}
    ports["nginx mail proxy"] = free_port()
    proxy = MailProxy(folder / "nginx", HOST, ports["nginx mail proxy"], (HOST, origin))
    stack.callback(proxy.stop)
    for name, settings in (("gate, not screening", UNSCREENED), ("gate, screening", ())):
        ports[name] = free_port()
        place = Place(None, f"{HOST}:{ports[name]}", f"{HOST}:{origin}")
        gates[name] = NativeGate(place, Places(), folder / name.replace(", ", "-"), settings)
        stack.callback(gates[name].stop)
    return ports, gates


def hashes(port):
    """What one session through this port hands over."""
    plan = clients.plan("full0", PASSWORD, host=HOST, port=port)
    (report,) = fetch.together([plan])
    if "error" in report:
        raise SystemExit(f"void: {report['error']}")
    return [row.get("sha256") for row in report["messages"]]


def measured(port, kind, messages):
    users = tuple(f"{kind}{number}" for number in range(USERS))
    return rates.measure(rates.Target(HOST, port, users, PASSWORD, messages), SECONDS)


def main():
    table = Table(title=f"{USERS} clients at once, sessions of {MESSAGES} messages of 75 KB")
    for name in ("way", "sessions/s", "MB/s", "of direct", "empty sessions/s", "gate KiB"):
        table.add_column(name, justify="left" if name == "way" else "right")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="restante-bench-")))
        if os.geteuid() == 0:
            folder.chmod(0o755)  # the maildrops belong to another user
        ports, gates = ways(stack, folder)
        wanted = hashes(ports["Dovecot directly"])
        direct = None
        for name, port in ports.items():
            if hashes(port) != wanted:
                raise SystemExit(f"void: {name} hands over other octets than Dovecot")
            full, empty = measured(port, "full", MESSAGES), measured(port, "empty", 0)
            direct = direct or full
            table.add_row(
                name,
                f"{full.sessions_a_second:.1f}",
                f"{full.megabytes_a_second:.1f}",
                f"{full.megabytes_a_second / direct.megabytes_a_second:.2f}",
                f"{empty.sessions_a_second:.1f}",
                f"{gates[name].memory_kib()}" if name in gates else "",
            )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
