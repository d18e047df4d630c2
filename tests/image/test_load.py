"""Many clients at once: all of them correct, in the memory that the box has."""

from restante_tools.lab import boxconsole, clients

PASSWORD = "password-of-the-load"
SECONDS = 900.0


def hashes(report):
    assert "error" not in report
    return [row.get("sha256") for row in report["messages"]]


def test_twenty_clients_at_once(site, ask, load_accounts, figures):
    plans = [clients.plan(account.user, PASSWORD) for account in load_accounts]
    direct = clients.fetch(site.internet, plans, SECONDS)
    through = clients.fetch(site.office, plans, SECONDS)
    assert [hashes(report) for report in through] == [hashes(report) for report in direct]
    status = boxconsole.status(ask)
    octets = sum(row["octets"] for report in through for row in report["messages"])
    seconds = max(report["seconds"] for report in through)
    figures.append(
        f"load: {len(plans)} clients, {octets / 1e6:.0f} MB in {seconds:.1f} s; "
        f"gate {status.gate_kib} KiB, in use {status.memory_used_kib} of {status.memory_kib} KiB"
    )
