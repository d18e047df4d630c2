"""The README's transcript: from a new box to accelerated accounts, typed at the real
`restante console` on QEMU's serial line."""

import re
from pathlib import Path

import pytest
from restante_tools.lab import boxconsole, clients, network, preflight
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.dovecot import Account
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places
from window import Terminal

README = Path(__file__).resolve().parents[2] / "README.md"
TYPED = re.compile(r"(restante login: |new password: |once more: |restante[>#] )(.*)")
HIDDEN = "(typed, not shown)"
MOST_LINES = 10  # that an engineer types
READY_SECONDS = 60.0  # until a spider has been there
MAIL = b"Subject: the first one\n\nkept before it is asked for\n"


def transcript():
    """Lines of the README's block that begins with `restante console`, without the indent."""
    lines = README.read_text(encoding="utf-8").split("    $ restante console /dev/ttyUSB0\n")[1]
    return [line[4:] for line in lines.split("\n\n")[0].splitlines()]


def test_ten_lines_are_enough():
    assert 0 < sum(bool(TYPED.match(line)) for line in transcript()) <= MOST_LINES


@pytest.fixture(scope="module")
def box():
    preflight.check(image=True)
    account = Account("anna", boxconsole.PASSWORD, [MAIL])
    with ImageSite(Places(), Wanted([account])) as built:
        built.boot()
        terminal = Terminal(f"unix:{built.box.serial_path}")
        try:
            typed(terminal, transcript())
        finally:
            terminal.close()
        yield built


def typed(terminal, lines):
    """Types what was typed, and finds what was said, in its order."""
    for line in lines:
        found = TYPED.match(line)
        if found is None:
            terminal.until(re.escape(line.encode()) + rb"\r")
            continue
        prompt, words = found.groups()
        terminal.until(re.escape(prompt.encode()))
        words = boxconsole.PASSWORD if words == HIDDEN else words
        terminal.type(words.encode() + b"\r")


def test_a_login_teaches_and_mail_is_collected(box):
    def served():
        """A mail program that looks now and then; the box looks the new name up meanwhile."""
        (report,) = clients.fetch(box.office, [clients.plan("anna", boxconsole.PASSWORD)])
        assert "error" not in report and len(report["messages"]) == 1
        return " ready " in "\n".join(boxconsole.once(box, "show accounts").lines)

    deadline = Deadline(READY_SECONDS, "no spider was there", "read the serial log")
    deadline.wait(served, "the account")


def test_it_is_saved(box):
    before = boxconsole.once(box, "show configuration").lines
    assert "set group isp servers " + network.ORIGIN_NAME in before
    box.box.stop()
    box.boot()
    assert boxconsole.once(box, "show configuration").lines == before
