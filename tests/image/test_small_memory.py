"""Half the memory, factory settings: the image boots, formats its data, serves five clients."""

import pytest
from restante_tools.lab import boxconsole, clients, preflight
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places

CLIENTS = 5
MEMORY_MB = 32


@pytest.fixture(scope="module")
def small(load_accounts, figures):
    preflight.check(image=True)
    wanted = Wanted(load_accounts[:CLIENTS], memory=MEMORY_MB)
    with ImageSite(Places(), wanted) as built:
        seconds = built.boot()
        figures.append(f"{MEMORY_MB} MB, first boot: power-on to first banner {seconds:.1f} s")
        yield built


def test_five_clients_at_once_in_half_the_memory(small, load_accounts, figures):
    plans = [clients.plan(account.user, account.password) for account in load_accounts[:CLIENTS]]
    direct = clients.fetch(small.internet, plans)
    through = clients.fetch(small.office, plans)
    for here, there in zip(direct, through, strict=True):
        assert "error" not in there
        rows = [row.get("sha256") for row in there["messages"]]
        assert rows == [row["sha256"] for row in here["messages"]]
    line = small.box.serial(small.deadline(boxconsole.ANSWER_SECONDS))
    ask = boxconsole.over_serial(line, lambda: small.deadline(boxconsole.ANSWER_SECONDS))
    status = boxconsole.status(ask)
    line.close()
    assert status.screened, status.why_not
    figures.append(
        f"{MEMORY_MB} MB: {CLIENTS} clients; gate {status.gate_kib} KiB, "
        f"in use {status.memory_used_kib} of {status.memory_kib} KiB"
    )


def test_what_was_written_outlives_the_power(small):
    """Switched off and on again: the data partition is found, not formatted anew."""
    before = small.box.serial_log.read_text(encoding="utf-8", errors="replace")
    assert before.count("the data partition is new") == 1
    small.box.stop()
    small.boot()
    after = small.box.serial_log.read_text(encoding="utf-8", errors="replace")
    assert after.count("the data partition is new") == 1
