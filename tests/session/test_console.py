"""The console on a real tty (a pty) with the real control room: both run on our MicroPython.

The gate's place is taken by control_stand.py, whose sessions and quarantine show hostile text.
"""

import os
import re
import select
import signal
import termios
import time
from pathlib import Path

from serial_console import SECONDS, Console

SECRET = b"planted-S3CRET"
# What a terminal may get: printable ASCII, line ends, the rubbing out and the bell of the editor.
HARMLESS = set(range(32, 127)) | {7, 8, 10, 13}
# asm-generic/termbits.h numbers, as CPython names them.
INPUT, LOCAL = 0, 3


def alive(console):
    return console.ask(b"ping") == [b"+OK "]


def test_banner_names_box_version_ipv6_and_alarms(stand):
    stand.kill()
    stand.start("--alarm")
    console = Console(stand.run)
    try:
        banner = console.ready()
    finally:
        console.close()
    assert re.search(rb"Restante \d+\.\d+", banner)
    assert b"IPv6 is not forwarded" in banner
    assert b"ALARM          tunnel: STLS by 192.0.2.9" in banner
    assert set(banner) <= HARMLESS


def test_commands(console, stand):
    console.ready()
    lines = console.ask(b"show status")
    assert lines[0] == b"+OK status" and any(line.startswith(b"memory ") for line in lines)
    assert console.ask(b"sho status")[0].startswith(b"-ERR")
    assert console.ask(b"quarantine release 8")[0].startswith(b"-ERR no held message")
    assert console.ask(b"quarantine release 7 force") == [
        b"+OK 7 is delivered at the account's next session as restante-7-1-ab"
    ]
    assert any(b"stand.release forced=True id=7" in line for line in console.ask(b"show log"))
    assert not (stand.run / "gate" / "reboot").exists()
    assert console.ask(b"reboot yes")[0].startswith(b"+OK")
    assert (stand.run / "gate" / "reboot").exists()
    assert console.ask(b"factory-reset")[0].startswith(b"-ERR")
    assert not (stand.run / "gate" / "factory-reset").exists()
    assert console.ask(b"factory-reset yes")[0].startswith(b"+OK")
    assert (stand.run / "gate" / "factory-reset").exists()


def test_nothing_from_mail_reaches_the_terminal_raw_and_no_secret_is_shown(console):
    console.ready()
    for command in (
        b"show status",
        b"show sessions",
        b"show log",
        b"show alarms",
        b"quarantine list",
        b"quarantine show 7",
    ):
        console.type(command + b"\r")
        shown = console.until(re.escape(console.prompt))
        assert set(shown) <= HARMLESS, command
        assert SECRET not in shown
    assert b"[withheld]" in b"".join(console.ask(b"show log"))


def test_every_octet_value_and_line_noise(console):
    console.ready()
    noise = bytes(range(256)) + bytes(reversed(range(256)))
    console.type(noise + b"\r" + noise * 20 + b"\x15\x1bx\r")
    console.type(b"\x15show status\r")
    assert set(console.until(rb"alarms +none")) <= HARMLESS
    console.ready()
    assert alive(console)


def test_a_line_of_64_kilobytes_is_refused_as_a_whole(console, stand):
    console.ready()
    console.type(b"reboot yes" + b" " * 65536 + b"\r")
    console.until(rb"-ERR not run: the line is over 4200 octets\r\n")
    console.ready()
    assert alive(console)
    assert not (stand.run / "gate" / "reboot").exists()


def test_a_thousand_pasted_lines_are_all_run_in_order(console):
    console.ready()
    console.type(b"".join(b"quarantine show x%d\n" % n for n in range(1000)))
    shown = console.until(rb"-ERR no held message 'x999'")
    assert re.findall(rb"-ERR no held message 'x(\d+)'", shown) == [b"%d" % n for n in range(1000)]


def test_a_paste_over_the_bound_is_forgotten_to_its_end(console, stand):
    console.ready()
    console.type(b"self-test\r")  # waits for an hour in the stand
    stand.heard("self-test")
    console.type(b"reboot yes\r" * 20000)
    shown = console.until(rb"all of it is forgotten\r\n")
    console.type(b"reboot yes\r" * 100 + b"\x03")
    shown += console.ready()
    assert shown.count(b"-ERR") == 1 and b"given up" in shown
    assert alive(console)
    assert not (stand.run / "gate" / "reboot").exists()


def test_ctrl_c_gives_up_a_command_and_forgets_what_was_typed_ahead(console, stand):
    console.ready()
    console.type(b"self-test\r")
    console.until(rb"self-test\r\n")
    console.type(b"reboot yes\r\x03")
    console.until(rb"\^C\r\n-ERR given up")
    console.ready()
    assert alive(console)
    assert not (stand.run / "gate" / "reboot").exists()


def test_the_gate_may_come_and_go(console, stand):
    console.ready()
    assert alive(console)
    stand.kill()
    assert console.ask(b"show status")[0].startswith(b"-ERR the gate is not answering")
    stand.start()
    assert alive(console)


def test_a_gate_that_stops_in_the_middle_of_an_answer(console, stand):
    console.ready()
    console.type(b"self-test\r")
    stand.heard("self-test")
    stand.kill()
    assert b"-ERR the gate is not answering: it broke off" in console.ready()


def test_modes_of_the_tty_come_back_when_init_resets_them(console):
    console.ready()
    ours = termios.tcgetattr(console.master)
    assert not ours[LOCAL] & (termios.ECHO | termios.ICANON | termios.ISIG)
    assert not ours[INPUT] & termios.IXON
    sane = [*ours]
    sane[INPUT] |= termios.ICRNL | termios.IXON
    sane[LOCAL] |= termios.ECHO | termios.ICANON | termios.ISIG
    termios.tcsetattr(console.master, termios.TCSANOW, sane)
    end = time.monotonic() + SECONDS
    while termios.tcgetattr(console.master)[LOCAL] & (termios.ECHO | termios.ICANON):
        assert time.monotonic() < end
        select.select([], [], [], 0.01)
    assert termios.tcgetattr(console.master) == ours
    assert alive(console)


def test_it_ends_with_its_line(console):
    console.ready()
    os.close(console.master)
    console.master = None
    assert console.process.wait(SECONDS) == 0


def test_it_has_no_rights(console):
    console.ready()
    text = Path(f"/proc/{console.process.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in text.splitlines())
    assert fields["NoNewPrivs"].strip() == "1" and fields["Seccomp"].strip() == "2"
    assert fields["CapEff"].strip() == "0" * 16
    if os.getuid() == 0:
        assert fields["Uid"].split() == ["102"] * 4 and fields["Groups"].split() == []


def test_a_killed_console_leaves_a_line_that_the_next_one_can_use(console, stand):
    console.ready()
    console.type(b"half a comm")
    console.until(rb"half a comm")
    console.process.send_signal(signal.SIGKILL)
    console.process.wait()
    console.start_again(stand.run)
    console.ready()
    assert alive(console)
