"""monitor log, ping, show interfaces, support bundle: the real gate, the real console on a tty."""

import hashlib
import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from noisy_line import NoisyLine
from restante_tools.lab import planted
from serial_console import Console
from talk import Talk

HOST_TOOLS = Path(__file__).resolve().parents[2] / "host-tools"
ALLOWED = Path("/proc/sys/net/ipv4/ping_group_range")
GATE_GROUP = 100
SECONDS = 120


@pytest.fixture
def box(scripted):
    made, _ = scripted([b"Subject: x\r\n\r\nbody\r\n"], settings=["set log level debug"])
    return made


@pytest.fixture
def console(box):
    opened = Console(box.run)
    opened.ready()
    yield opened
    opened.close()


# -- monitor log


def event(box):
    box.console("alarm acknowledge")


def test_records_come_while_it_runs_and_any_key_ends_it(console, box):
    for key in (b"\x03", b"\x1b[A", b"\xff"):
        console.type(b"monitor log info\r")
        console.until(rb"\+OK records as they come; any key ends it\r\n")
        event(box)
        shown = console.until(rb"alarm\.acknowledged count=\d\r\n")
        assert b"debug" not in shown
        console.type(key)
        console.until(rb"\+OK the end\r\n")
        console.ready()
        assert console.ask(b"ping") == [b"+OK "]


def test_what_ended_it_is_no_command_however_long_it_is(console, box):
    console.type(b"monitor log\r")
    console.until(rb"any key ends it\r\n")
    console.type(b"reboot yes\r" * 500)
    console.until(rb"\+OK the end\r\n")
    console.ready()
    assert console.ask(b"ping") == [b"+OK "]
    assert not (box.run / "gate" / "reboot").exists()


def test_it_does_not_start_in_the_middle_of_a_paste(console):
    console.type(b"monitor log\rping\r")
    console.until(rb"-ERR not run: more lines wait behind it\r\n")
    console.until(rb"ping\r\n\+OK \r\n")


def test_a_wrong_level_is_refused(console):
    assert console.ask(b"monitor log loud")[0] == b"-ERR 'loud' is no level"
    assert console.ask(b"monitor log info more")[0].startswith(b"-ERR")


def test_a_slow_line_loses_records_and_says_how_many(console, box):
    console.type(b"monitor log\r")
    console.until(rb"any key ends it\r\n")
    for _ in range(1000):  # nobody reads the tty meanwhile: it is full after some
        event(box)
    shown = console.until(rb"\((\d+) records are not shown: they came too fast\)\r\n")
    lost = int(re.search(rb"\((\d+) records are not", shown)[1])
    assert 0 < lost < 2000
    console.type(b"q")
    console.ready()


def test_the_gate_may_come_and_go_meanwhile(console, box):
    console.type(b"monitor log\r")
    console.until(rb"any key ends it\r\n")
    box.gate.signal(9)
    box.gate.stop()
    console.until(rb"the gate is not answering")
    box.start_gate()
    console.until(rb"-ERR log in first")  # a gate that was started again knows of no login
    console.until(re.escape(console.prompt))
    assert console.ask(b"show version")[0].startswith(b"+OK")


def test_log_after_is_bounded_and_goes_on(box):
    for _ in range(120):
        event(box)
    first, lines = box.console("log after 0 info")
    number, lost = (int(word) for word in first.split()[1:])
    assert len(lines) <= 50 and number > 0
    assert box.console("log after end")[1] == []
    total = int(box.console("log after end")[0].split()[1])
    # It leaves no record of itself, not even at level debug.
    assert int(box.console("log after end")[0].split()[1]) == total
    assert len(box.console("show log 3")[1]) == 3
    for bad in ("0", "x", "-1", "99999"):
        assert box.console("show log " + bad)[0].startswith("-ERR")


# -- show, ping


def test_show_version_and_interfaces(box):
    first, lines = box.console("show version")
    assert re.fullmatch(r"\+OK Restante \d+\.\d+\.\d+", first)
    assert any(line.startswith("kernel") and "Linux version" in line for line in lines)
    _, lines = box.console("show interfaces")
    (row,) = [line for line in lines if line.startswith("lo ")]
    assert "127.0.0.1" in row and re.search(r"\d+/\d+", row)
    assert any(line.startswith("gateway ") for line in lines)


def may_ping():
    low, high = (int(word) for word in ALLOWED.read_text().split())
    group = GATE_GROUP if os.getuid() == 0 else os.getgid()
    return low <= group <= high


@pytest.fixture
def pings():
    """The kernel lets the gate ping while this test runs."""
    if may_ping():
        yield
        return
    assert os.getuid() == 0, "net.ipv4.ping_group_range has no group of ours"
    before = ALLOWED.read_text()
    ALLOWED.write_text("100 100")
    yield
    ALLOWED.write_text(before)


def test_ping(box, pings):
    first, lines = box.console("ping 127.0.0.1 2")
    assert re.fullmatch(r"\+OK 127\.0\.0\.1: 2 of 2 answered, \d+\.\d to \d+\.\d ms", first), first
    assert [re.fullmatch(r"\d: \d+\.\d ms", line) is not None for line in lines] == [True] * 2
    assert box.console("ping") == ("+OK", [])
    for words in ("127.0.0.1 0", "127.0.0.1 21", "127.0.0.1 x", "127.0.0.1 1 1"):
        assert box.console("ping " + words)[0].startswith("-ERR"), words
    first, _ = box.console("ping 999.1.1.1 1")
    assert first.startswith("-ERR '999.1.1.1' cannot be looked up: "), first


def test_a_ping_is_given_up_and_the_next_one_runs(console, box, pings):
    console.type(b"ping 127.0.0.1 20\r")
    console.until(rb"20\r\n")
    console.type(b"\x03")
    console.until(rb"-ERR given up")
    console.ready()
    assert b"1 of 1 answered" in console.ask(b"ping 127.0.0.1 1")[0]


def test_sessions_go_on_while_it_pings(box, pings):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(box.console("ping 127.0.0.1 3")))
    thread.start()
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"RETR 1")[1].startswith(b"Subject: x")
        assert talk.ask(b"QUIT").startswith(b"+OK")
    assert answers == []
    thread.join(SECONDS)
    assert "3 of 3" in answers[0][0]


# -- support bundle


def test_support_bundle(scripted):
    box, _ = scripted(settings=["set sessions maximum 7"])
    with Talk(box.port) as talk:
        talk.line()
        talk.ask(b"USER fred")
        talk.ask(b"PASS " + planted.PASSWORD.encode())
    for n in range(300):
        box.console("account restore %s %d" % ("x" * 100, n))
    first, lines = box.console("support bundle")
    assert first == "+OK support bundle"
    titles = [line[3:] for line in lines if line.startswith("== ")]
    assert titles == [
        *("version", "status", "signatures", "interfaces", "filter", "memory", "alarms"),
        *("counters", "sessions", "configuration", "configurations", "log"),
    ]
    text = "".join(line + "\n" for line in lines[:-1])
    assert lines[-1] == "sha256 " + hashlib.sha256(text.encode()).hexdigest()
    assert len(text) < 100_000 and "lines are left out" in text
    assert "set sessions maximum 7" in lines, text[:3000]
    assert "299 of xxx" in text, text[-600:]
    assert planted.shown(text.encode(), planted.PASSWORD) == []
    assert planted.shown(text.encode(), (box.run / "device-key").read_bytes()) == []


def restante(*words, port):
    return subprocess.run(
        [sys.executable, "-m", "restante_tools", *words],
        env={**os.environ, "PYTHONPATH": str(HOST_TOOLS), "RESTANTE_PORT": port},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_the_largest_one_passes_the_console(scripted, tmp_path):
    """Its heap is as on the box (serial_console.py): the answer has to fit there as a whole."""
    lines = [f'set account "user-{n:03d}-{"x" * 150}@192.0.2.1:110" profile p' for n in range(100)]
    box, _ = scripted(settings=["set profile p fail-mode deny", *lines])
    for n in range(200):
        box.console("account restore %s %d" % ("x" * 100, n))
    console = Console(box.run)
    console.ready()
    line = NoisyLine(console.master)
    file = tmp_path / "bundle"
    try:
        done = restante("console", "support", line.port, "-o", str(file), port="")
        assert done.returncode == 0, done.stderr
    finally:
        line.close()
        console.close()
    assert file.stat().st_size > 55_000 and file.read_text().count("lines are left out") == 1


def test_the_host_fetches_it_over_a_noisy_line(console, box, tmp_path):
    line = NoisyLine(console.master, rate=0.0002, seed=7)
    file = tmp_path / "bundle"
    try:
        done = restante("console", "support", "-o", str(file), port=line.port)
        assert done.returncode == 0, done.stderr
        assert line.crossed["out"] > 5000
    finally:
        line.close()
    text, _, check = file.read_text().rpartition("sha256 ")
    assert check == hashlib.sha256(text.encode()).hexdigest() + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "== configuration\n" in text
