"""Programs beside the lab: an early end is an error with the reason, a stop is certain."""

import signal
import time

import pytest
from restante_tools.errors import ToolError
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.serial import SerialLine


def soon():
    return Deadline(20, "a test", "none")


def test_an_early_end_shows_the_end_of_the_log(tmp_path):
    child = Child("talker", ["sh", "-c", "echo the reason; exit 3"], tmp_path / "log")
    soon().wait(lambda: not child.alive(), "its end")
    with pytest.raises(ToolError) as raised:
        child.check()
    assert "exit code 3" in raised.value.what
    assert "the reason" in raised.value.what


def test_a_child_that_ignores_the_signal_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("restante_tools.lab.children.GRACE_SECONDS", 0.2)
    script = "trap '' TERM; echo ready; while :; do sleep 1; done"
    child = Child("stubborn", ["sh", "-c", script], tmp_path / "log")
    soon().wait(lambda: "ready" in child.tail(), "its start")
    child.stop()
    assert not child.alive()


def test_a_signal_is_named(tmp_path):
    child = Child("victim", ["sleep", "60"], tmp_path / "log")
    child.signal(signal.SIGKILL)
    soon().wait(lambda: not child.alive(), "its end")
    with pytest.raises(ToolError, match="SIGKILL"):
        child.check()


def test_a_deadline_says_what_was_waited_for():
    began = time.monotonic()
    with pytest.raises(ToolError, match="rain: not within 0.1 s"):
        Deadline(0.1, "summer", "wait").wait(lambda: False, "rain")
    assert time.monotonic() - began < 10


def serial(tmp_path, script):
    """A serial line whose other end is a program on a unix socket."""
    path = tmp_path / "serial"
    code = (
        "import socket, sys, time\n"
        "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()\n"
        "c, _ = s.accept()\n" + script
    )
    child = Child("uart", ["python3", "-c", code, str(path)], tmp_path / "log")
    return child, SerialLine(path, soon())


def test_log_records_in_the_middle_of_a_line_are_not_seen(tmp_path):
    record = r"2025-02-03T08:00:00Z warning message.judged number=1\n"
    script = f"c.sendall(b'res{record}tante> '); c.recv(1)"
    child, line = serial(tmp_path, script)
    assert line.until("tante> ", soon()) == "res"
    line.close()
    child.stop()


def test_a_line_that_ends_is_said(tmp_path):
    child, line = serial(tmp_path, "c.sendall(b'panic'); c.close()")
    with pytest.raises(ToolError, match="panic"):
        line.expect("prompt", soon())
    line.close()
    child.stop()


def test_a_thousand_answers_octet_by_octet_do_not_hold_the_line_up(tmp_path):
    """As QEMU writes them; what was seen is not looked through anew with each octet."""
    said = "'restante> show x%d\\r\\n-ERR nothing is called x%d\\r\\nsee help\\r\\n' % (n, n)"
    script = f"[c.sendall(bytes([o])) for n in range(1000) for o in ({said}).encode()]; c.recv(1)"
    child, line = serial(tmp_path, script)
    shown = line.until("-ERR nothing is called x999", soon())
    assert shown.count("-ERR") == 999 and shown.startswith("restante> show x0\r\n")
    assert line.until("help", soon()) == "\r\nsee "
    line.close()
    child.stop()
