"""Waiting lines: a client hears of a message that takes long, and still gets it whole.

The first worker on a message is stopped, so that the message takes a whole screening deadline.
"""

import re
import signal

import pytest
from restante_tools.lab import clients
from restante_tools.lab.dovecot import Account
from restante_tools.lab.meddler import Meddler
from restante_tools.lab.nativegate import NativeGate, Place
from restante_tools.lab.site import NativeSite, Wanted
from restante_tools.places import Places

USER, PASSWORD = "waiting", "secret"
SETTINGS = ("set delivery keep-alive 5", "set screening deadline 12")
LINES = 2  # in a deadline of 12 seconds, one every 5
WITH_HEADER, WITHOUT_HEADER = 1, 2  # numbers of the messages
MESSAGES = (b"Subject: slow\n\nslow\n" * 100_000, b"\n" + b"text without a header\n" * 100_000)


@pytest.fixture(scope="module")
def site():
    with NativeSite(Places(), Wanted([Account(USER, PASSWORD, MESSAGES)])) as built:
        yield built


@pytest.fixture(scope="module")
def gate(site):
    running = NativeGate(Place(site.box), site.places, site.folder("gate"), SETTINGS)
    running.wait_until_tested()
    yield running
    running.stop()


def slowly(site, gate, number, folder):
    """The octets of a message whose first worker was stopped, and those of the origin."""
    plan = clients.plan(USER, PASSWORD, numbers=[number])
    made = {}
    for place in (site.internet, site.office):
        keep = folder / place.role
        keep.mkdir()
        with Meddler(gate.screen.pid, signal.SIGSTOP, 1) as meddler:
            (report,) = clients.fetch(place, [{**plan, "keep": str(keep)}])
        assert "error" not in report
        made[place.role] = (keep / f"{number:05d}.wire").read_bytes()
    assert len(meddler.met) == 1
    return made["office"], made["internet"]


def test_waiting_lines_come_before_the_whole_message(site, gate, tmp_path):
    through, direct = slowly(site, gate, WITH_HEADER, tmp_path)
    waits = re.match(rb"(?:X-Restante-Wait: \d+\r\n)*", through)[0]
    assert waits.count(b"\r\n") == LINES
    assert through[len(waits) :] == direct


def test_no_line_goes_before_what_is_no_header(site, gate, tmp_path):
    through, direct = slowly(site, gate, WITHOUT_HEADER, tmp_path)
    assert through[:200] == direct[:200]
    assert through == direct
