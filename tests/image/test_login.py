"""What a login costs on the box: the time and the memory of one Argon2, and who waits for it."""

import json
import subprocess
import sys
import time

import pytest
from restante_tools.lab import boxconsole, demo, network

TRIES = 3
# Asks all the time, and tells when each question was answered; the end of its input ends it.
NOOPS = """
import json, poplib, select, sys, time
box = poplib.POP3(sys.argv[1])
box.user(sys.argv[2]); box.pass_(sys.argv[3])
rows = []
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.01)[0]:
    began = time.monotonic()
    box.noop()
    rows.append((began, time.monotonic()))
box.quit()
print(json.dumps(rows))
"""


class Hand:
    """Somebody at the serial line who logs in and out."""

    def __init__(self, site, line):
        self.site = site
        self.line = line

    def deadline(self):
        return self.site.deadline(boxconsole.ANSWER_SECONDS)

    def log_out(self):
        boxconsole.log_in(self.line, self.deadline)
        self.line.write("logout\r")
        self.line.expect(boxconsole.LOGIN, self.deadline())

    def log_in(self):
        """(when the password was typed, when the answer came)"""
        self.line.write(boxconsole.USER + "\r")
        self.line.expect("password: ", self.deadline())
        began = time.monotonic()
        self.line.write(boxconsole.PASSWORD + "\r")
        self.line.expect(r"\+OK " + boxconsole.USER, self.deadline())
        ended = time.monotonic()
        self.line.expect(boxconsole.PROMPT, self.deadline())
        return began, ended


@pytest.fixture
def hand(site, serial_line, ask):
    return Hand(site, serial_line)


@pytest.fixture
def noops(site):
    """A client in the office that has logged in and asks all the time."""
    words = [sys.executable, "-c", NOOPS, network.ORIGIN, demo.USER, demo.PASSWORD]
    with subprocess.Popen(
        site.office.command(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout.readline() == "ready\n"
        yield client
        client.kill()


def test_sessions_go_on_while_a_password_is_checked(site, hand, noops, ask, figures):
    before = boxconsole.status(ask)
    times = []
    for _ in range(TRIES):
        hand.log_out()
        times.append(hand.log_in())
    output, _ = noops.communicate("x", timeout=60)
    rows = json.loads(output)
    assert noops.returncode == 0
    longest = 0.0
    for began, ended in times:
        during = [b - a for a, b in rows if began < a and b < ended]
        assert len(during) >= 3, "the loop stood still"
        longest = max(longest, *during)
    after = boxconsole.status(ask)
    assert after.gate_kib < before.gate_kib + 2048, "its 8 MiB were not given back"
    seconds = ", ".join(f"{ended - began:.2f}" for began, ended in times)
    figures.append(
        f"login: a password is checked in {seconds} s; a session's longest wait meanwhile "
        f"{longest:.2f} s; gate {before.gate_kib} KiB before, {after.gate_kib} after"
    )
