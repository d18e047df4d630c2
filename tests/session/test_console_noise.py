"""A console after line noise, pastes and escape sequences (faults 87, 88): it works, and nothing
was run that nobody typed.  The real gate and screen process, the real console program on a tty.

A sample here; `--soak` plays many sequences.  A sequence that went wrong says its seed.
"""

import os
import random
import re
import select
import time

import mails
import pytest
from console_noise import SORTS, pieces
from serial_console import Console
from talk import Talk

SAMPLE, SOAK = 1, 60  # sequences
SECONDS = 60
# What a terminal may get: printable ASCII, line ends, the rubbing out and the bell of the editor.
HARMLESS = set(range(32, 127)) | {7, 8, 10, 13}
SUBJECT = b"\x1b[2J\x1b]0;owned\x07 \x9b31m \xe2\x80\xae \x00\x08\x7f"


@pytest.fixture
def stand(scripted):
    message = bytes(mails.infected()).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    hostile = re.sub(rb"(?m)^Subject: [^\r]*", lambda _: b"Subject: " + SUBJECT, message, count=1)
    box, _ = scripted([hostile], screens=True)
    with Talk(box.port) as talk:
        talk.log_in()
        talk.fetch(b"RETR 1")
        talk.ask(b"QUIT")
    console = Console(box.run)
    console.ready()
    yield box, console
    console.close()


def drain(console):
    """Reads until nothing comes for a while."""
    end = time.monotonic() + SECONDS
    while select.select([console.master], [], [], 0.2)[0]:
        console.seen += os.read(console.master, 65536)
        assert time.monotonic() < end, "it never ends: %r" % console.seen[-300:]


def works(console):
    """A hand finds a prompt, whatever was typed before; gives all that was shown till then."""
    shown = b""
    end = time.monotonic() + SECONDS
    while True:
        console.type(b"\x03")
        drain(console)
        shown += console.seen
        if console.seen.endswith(console.login):  # the noise was a logout, or an exit
            console.seen = b""
            shown += console.log_in()
        console.seen = b""
        console.type(b"\x03\x15ping\r")
        drain(console)
        shown += console.seen
        if re.search(
            rb"[>#] (\^C\r\n\S+[>#] )?ping\r\n\+OK ?(\[edit\] )?\r\n\S+[>#] $", console.seen
        ):
            console.seen = b""
            return shown
        assert time.monotonic() < end, console.seen[-300:]


def test_whatever_comes_over_the_line_the_console_works_afterwards(stand, soak, figures):
    box, console = stand
    before = box.console("show configuration")
    octets = 0
    for seed in range(SOAK if soak else SAMPLE):
        source = random.Random(f"console {seed}")
        try:
            for piece in pieces(source, SORTS):
                console.type(piece)
                octets += len(piece)
                shown = works(console)
                assert set(shown) <= HARMLESS, set(shown) - HARMLESS
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        assert not (box.run / "gate" / "reboot").exists(), f"seed {seed}"
        assert not (box.run / "gate" / "factory-reset").exists(), f"seed {seed}"
    figures.append(f"console: {octets} octets of noise")
    assert box.console("show configuration") == before
    assert console.process.poll() is None


def test_escape_sequences_of_a_subject_do_not_reach_the_terminal(stand):
    _, console = stand
    for command in (b"show log", b"quarantine list", b"quarantine show 1", b"support bundle"):
        console.type(command + b"\r")
        shown = console.ready()
        assert set(shown) <= HARMLESS, command
    assert b"owned" in b"".join(console.ask(b"quarantine show 1"))
