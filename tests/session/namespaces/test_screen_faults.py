"""The screen process killed, stopped and starved: in the middle of a message and between two.

What must hold each time: no bad mail passes, the message is held, marked or refused as configured,
the next one is screened, and other sessions go on.
"""

import os
import random
import signal
import threading
from pathlib import Path

import pytest
from restante_tools.lab import boxconsole, clients, maildrop
from restante_tools.lab.dovecot import Account
from restante_tools.lab.meddler import Meddler
from restante_tools.lab.nativegate import NativeGate, Place
from restante_tools.lab.site import NativeSite, Wanted
from restante_tools.places import Places

USER, PASSWORD = "faults", "secret"
LARGE, SMALL, BAD = 1, 2, 3  # numbers of the messages in the maildrop
LARGE_OCTETS = 20_000_000  # a worker is busy with it for long enough to be met
DEADLINE = "set screening deadline 1"  # the shortest: a hung worker is killed after a second
NOTICE_OCTETS = 4096  # more than a notice ever says
EVERY = 1000  # workers: more than any message gets


def messages():
    generator = random.Random("faults")
    rows = b"".join(generator.randbytes(36).hex().encode() + b"\n" for _ in range(10_000))
    large = b"Subject: large\n\n" + rows * (LARGE_OCTETS // len(rows))
    bad = maildrop.infected_attachment().stored
    return [large, b"Subject: small\n\nsmall\n", bad]


@pytest.fixture(scope="module")
def site():
    with NativeSite(Places(), Wanted([Account(USER, PASSWORD, messages())])) as built:
        yield built


@pytest.fixture(scope="module")
def direct(site):
    (report,) = clients.fetch(site.internet, [clients.plan(USER, PASSWORD)])
    return {row["number"]: row["sha256"] for row in report["messages"]}


@pytest.fixture(scope="module")
def deny(site):
    """A gate with fail mode deny."""
    gate = NativeGate(Place(site.box), site.places, site.folder("deny"), [DEADLINE])
    gate.wait_until_tested()
    yield gate
    gate.stop()


def retrieve(site, number, keep):
    """One message through the gate: its row, and its octets if there are any."""
    plan = clients.plan(USER, PASSWORD, numbers=[number], keep=str(keep))
    (report,) = clients.fetch(site.office, [plan])
    assert "error" not in report
    (row,) = report["messages"]
    path = keep / f"{number:05d}.wire"
    return row, path.read_bytes() if path.exists() else b""


def assert_next_is_screened(site, direct, keep):
    row, octets = retrieve(site, BAD, keep)
    assert b"Signature: Eicar" in octets
    row, octets = retrieve(site, SMALL, keep)
    assert row["sha256"] == direct[SMALL]


def assert_held(ask, octets):
    assert b"Restante" in octets
    assert len(octets) < NOTICE_OCTETS
    assert "killed" in [entry.verdict for entry in boxconsole.quarantine(ask)]


def empty_quarantine(ask):
    for entry in boxconsole.quarantine(ask):
        boxconsole.must(ask, f"quarantine delete {entry.ident}")


def test_every_worker_killed_in_the_middle_holds_the_message(site, deny, direct, tmp_path):
    empty_quarantine(deny.ask)
    with Meddler(deny.screen.pid, signal.SIGKILL, EVERY) as meddler:
        _, octets = retrieve(site, LARGE, tmp_path)
    assert len(meddler.met) == 2, "one worker, and one more try"
    assert_held(deny.ask, octets)
    assert_next_is_screened(site, direct, tmp_path)


def test_one_worker_killed_in_the_middle_is_made_good(site, deny, direct, tmp_path):
    with Meddler(deny.screen.pid, signal.SIGKILL, 1) as meddler:
        row, _ = retrieve(site, LARGE, tmp_path)
    assert len(meddler.met) == 1
    assert row["sha256"] == direct[LARGE]


def test_every_worker_stopped_in_the_middle_holds_the_message(site, deny, direct, tmp_path):
    empty_quarantine(deny.ask)
    with Meddler(deny.screen.pid, signal.SIGSTOP, EVERY) as meddler:
        _, octets = retrieve(site, LARGE, tmp_path)
    assert len(meddler.met) == 2
    assert_held(deny.ask, octets)
    assert_next_is_screened(site, direct, tmp_path)


def test_other_sessions_go_on_while_a_worker_hangs(site, deny, direct, tmp_path):
    results = []
    with Meddler(deny.screen.pid, signal.SIGSTOP, EVERY):
        hanging = threading.Thread(
            target=lambda: results.append(retrieve(site, LARGE, tmp_path)[1])
        )
        hanging.start()
        talk = clients.talk(site.office, [f"USER {USER}", f"PASS {PASSWORD}", "STAT", "QUIT"])
        still_hanging = hanging.is_alive()
        hanging.join()
    assert still_hanging
    assert [line[:3] for line in talk["said"]] == ["+OK"] * 5
    assert b"Restante" in results[0]
    assert_next_is_screened(site, direct, tmp_path)


def test_a_process_that_is_gone_refuses_and_comes_back(site, deny, direct, tmp_path):
    os.kill(deny.screen.pid, signal.SIGKILL)
    deny.screen.stop()
    for number in (LARGE, SMALL, BAD):
        row, octets = retrieve(site, number, tmp_path)
        assert row["error"].startswith("-ERR [SYS/TEMP]")
        assert octets == b""
    assert boxconsole.status(deny.ask).why_not
    deny.start_screen()
    assert_next_is_screened(site, direct, tmp_path)


def test_a_process_that_restarts_in_time_is_not_noticed(site, deny, direct, tmp_path):
    os.kill(deny.screen.pid, signal.SIGKILL)
    deny.screen.stop()
    results = []
    waiting = threading.Thread(target=lambda: results.append(retrieve(site, SMALL, tmp_path)[0]))
    waiting.start()
    deny.start_screen()
    waiting.join()
    assert results[0]["sha256"] == direct[SMALL]


def test_a_process_that_is_stopped_between_two_passes_nothing(site, deny, direct, tmp_path):
    os.kill(deny.screen.pid, signal.SIGSTOP)
    try:
        row, octets = retrieve(site, BAD, tmp_path)
    finally:
        os.kill(deny.screen.pid, signal.SIGCONT)
    assert row.get("error", "").startswith("-ERR [SYS/TEMP]") or b"Restante" in octets
    assert maildrop.eicar() not in octets
    assert_next_is_screened(site, direct, tmp_path)


@pytest.mark.parametrize("limit", ["--data", "--as"])
def test_starved_of_memory_it_is_never_silently_wrong(site, deny, direct, tmp_path, limit):
    """As little memory as the process can start with: none is left for a worker's needs."""
    least = memory_of(deny.screen.pid, {"--data": "VmData:", "--as": "VmPeak:"}[limit])
    deny.screen.stop()
    deny.start_screen([f"{limit}={least}"])
    try:
        row, octets = retrieve(site, LARGE, tmp_path)
        assert row.get("sha256") == direct[LARGE] or b"Restante" in octets or "error" in row
        row, octets = retrieve(site, BAD, tmp_path)
        assert "error" in row or b"Restante" in octets
    finally:
        deny.screen.stop()
        deny.start_screen()
    assert_next_is_screened(site, direct, tmp_path)


def memory_of(pid, name):
    """A figure of a process's memory in octets."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith(name)]
    return int(line.split()[1]) * 1024


def test_fail_mode_allow_delivers_marked(site, direct, tmp_path):
    settings = [DEADLINE, "set screening fail-mode allow"]
    gate = NativeGate(
        Place(site.box, "0.0.0.0:11001"), site.places, site.folder("allow"), settings
    )
    try:
        gate.wait_until_tested()
        site.redirect_to(11001)
        with Meddler(gate.screen.pid, signal.SIGKILL, EVERY) as meddler:
            _, octets = retrieve(site, LARGE, tmp_path)
        assert len(meddler.met) == 2
        assert octets.startswith(b"X-Restante-Verdict:")
        assert len(octets) > LARGE_OCTETS * 0.9
        assert_next_is_screened(site, direct, tmp_path)
    finally:
        gate.stop()
        site.redirect_to(11000)
