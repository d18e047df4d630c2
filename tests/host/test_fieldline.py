"""The host's end of the serial line, without a box: form, scripts, errors, the command line."""

import errno
import os
import select
import socket
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner
from restante.console import tagged
from restante_tools.errors import DEVICE_OR_TIMEOUT, USAGE, ToolError
from restante_tools.fieldline import commands, configuration, ports, script, session, wire
from restante_tools.fieldline.wire import Answer, Reader
from restante_tools.lab import attach, preflight, runs

HOSTILE = ['say "yes" \\ no', "", "\x00\x1b[2J", '{"tag":"t","crc":"', "x" * 4000]


def from_box(tag="t1", ok=True, edit=False, text="", lines=()):
    return b"".join(tagged.answer(tag.encode(), ok, edit, text, list(lines)))


# -- the form, both ends


def test_the_box_reads_what_we_write():
    line = wire.request("a-1", "show log")
    assert line.endswith(b"\r")
    assert tagged.request(line[:-1], True) == (b"a-1", b"show log")


def test_we_read_what_the_box_writes():
    whole = from_box("t1", False, True, HOSTILE[0], HOSTILE)
    answer = wire.answer(whole)
    assert (answer.tag, answer.ok, answer.edit, answer.text) == ("t1", False, True, HOSTILE[0])
    assert list(answer.lines) == [*HOSTILE[:2], "\\x00\\x1b[2J", *HOSTILE[3:]]


def test_no_damage_of_one_octet_makes_another_answer():
    whole = from_box("t1", True, False, "in force", ["- a", "+ b"])
    for at in range(len(whole) - 1):
        for other in (
            b"",
            bytes((whole[at] ^ 1,)),
            bytes((whole[at] ^ 0x80,)),
            whole[at : at + 1] * 2,
        ):
            damaged = whole[:at] + other + whole[at + 1 :]
            assert damaged == whole or wire.answer(damaged) is None, damaged


def test_any_cut_gives_the_same():
    one, two = from_box("t1", lines=HOSTILE), from_box("", text="not run: it is damaged")
    noise = b"\r\n[  1.5] kernel: something\r\n"
    data = b"\x11" + one[:-1] + two + noise + one[:40] + one[41:] + two
    whole = list(Reader().feed(data))
    kinds = [type(each) for each in whole]
    assert kinds == [Answer, Answer, bytes, type(None), Answer]
    for step in (1, 7, 100):
        reader = Reader()
        got = []
        for at in range(0, len(data), step):
            got += reader.feed(data[at : at + step])
        assert got == whole


def test_a_line_without_an_end_is_bounded():
    reader = Reader()
    events = [e for _ in range(300) for e in reader.feed(b"x" * 8192)]
    assert events and set(events) == {None} and len(reader.rest) <= wire.BUFFER_OCTETS


def test_what_may_be_run_twice():
    for command in ("show status", "set log level info", "ping", "quarantine list", " compare "):
        assert session.repeatable(command), command
    for command in ("commit", "quarantine release 7", "reboot", "shown", "commit confirm 5", ""):
        assert not session.repeatable(command), command


# -- scripts


def script_of(tmp_path, data):
    path = tmp_path / "script"
    path.write_bytes(data)
    return path


def test_a_script_is_read(tmp_path):
    data = b"# set up\r\n\r\n show status \r\n= memory\n=alarms\n! sho\n"
    one, two = script.read(script_of(tmp_path, data))
    assert (one.number, one.command, one.fails) == (3, "show status", False)
    assert one.texts == [(4, "memory"), (5, "alarms")]
    assert (two.number, two.command, two.fails) == (6, "sho", True)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"= text\nping\n", ":1: '=' stands behind"),
        (b"ping\n!\n", ":2: '!' stands in front"),
        (b"ping\npi\x80ng\n", ":2: octet 0x80"),
        (b"ping\n\x1b[A\n", ":2: octet 0x1b"),
        (b"ping\nset " + b"x" * 65536, ":2: the line is over 4200 octets"),
        (b"ping\n" * 1000000, "is over"),
    ],
)
def test_a_wrong_script_is_refused_as_a_whole(tmp_path, data, what):
    with pytest.raises(ToolError, match=what.replace("(", "\\(")) as caught:
        script.read(script_of(tmp_path, data))
    assert caught.value.code == USAGE


def test_each_octet_is_sent_or_refused(tmp_path):
    for octet in range(256):
        try:
            lines = script.read(script_of(tmp_path, b"show a" + bytes((octet,)) + b"b\n"))
        except ToolError as error:
            assert not 32 <= octet < 127 and error.code == USAGE
        else:
            assert octet in (9, 10, *range(32, 127))
            assert all(tagged.request(wire.request("t", x.command)[:-1], True) for x in lines)


def test_a_file_that_is_not_there(tmp_path):
    for read in (script.read, configuration.of_file):
        with pytest.raises(ToolError, match="cannot be read") as caught:
            read(tmp_path / "nothing")
        assert caught.value.code == USAGE


# -- ports and the command line


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.EACCES, "group dialout"),
        (errno.ENOENT, "no such device"),
        (errno.EWOULDBLOCK, "another program"),
        (errno.ECONNREFUSED, "nobody listens"),
        (errno.EIO, "not a serial line"),
    ],
)
def test_why_a_port_is_not_opened(number, cause):
    error = ports.not_opened("/dev/ttyUSB0", OSError(number, os.strerror(number)))
    assert cause in error.cause and error.hint and error.code == DEVICE_OR_TIMEOUT


def test_a_device_that_goes_away(tmp_path):
    near, far = os.openpty()
    with ports.open_port(os.ttyname(far)) as port:
        assert port.read() == b""
        os.close(far)
        os.close(near)
        with pytest.raises(ToolError, match="is gone"):
            port.read()


class Scripted:
    """A port whose other end answers each write that has `to` in it with the same octets."""

    name = "/dev/ttyUSB7"
    opened: ClassVar[list] = []  # sockets, closed by the fixture `quick`

    def __init__(self, *answers):
        self._answers = answers  # (to, octets)
        self._near, self._far = socket.socketpair()
        self.opened += (self._near, self._far)
        self.written = b""

    def write(self, data):
        self.written += data
        for to, octets in self._answers:
            if to in data:
                self._far.sendall(octets(data) if callable(octets) else octets)

    def read(self):
        ready, _, _ = select.select([self._near], [], [], 0.01)
        return self._near.recv(4096) if ready else b""


ENTERED = from_box("", text="terminal json", lines=["session console-1"])
LEFT = from_box("", text="terminal text")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(session, "ENTER_SECONDS", (0.05, 0.05))
    monkeypatch.setattr(session, "QUIET_SECONDS", 0.02)
    monkeypatch.setattr(session, "LEAVE_SECONDS", 0.05)
    monkeypatch.setattr(session, "AGAIN_SECONDS", 0.05)
    yield
    while Scripted.opened:
        Scripted.opened.pop().close()


@pytest.mark.parametrize(
    ("octets", "what", "cause"),
    [
        (b"", "nothing answers", "cable"),
        (b"\r\nbox login: ", "asks for a login", "nobody is logged in"),
        (b"\r\nPassword: ", "asks for a login", "nobody is logged in"),
        (b"\xf8\x80\x00\xe6\x1e\x9f" * 9, "no console of a box", "wrong speed"),
        (b"\r\n=> ", "no console of a box", "boot loader"),
        (b"-bash: terminal: command not found\r\n$ ", "no console of a box", "another program"),
    ],
)
def test_what_is_no_console(quick, octets, what, cause):
    with pytest.raises(ToolError, match=what) as caught, session.Session(Scripted((b"", octets))):
        pass
    assert cause in caught.value.cause and caught.value.code == DEVICE_OR_TIMEOUT


def test_an_old_answer_is_not_taken_for_the_new_one(quick):
    old = from_box("1234abcd-1", text="old")

    def answered(data):
        tag = data[1:].partition(b":")[0].decode()
        return old + from_box(tag, text="new")

    port = Scripted((b"terminal json", ENTERED), (b"#", answered), (b"terminal text", LEFT))
    with session.Session(port) as box:
        assert box.ask("show status").text == "new"


def test_a_box_that_goes_silent(quick):
    port = Scripted((b"terminal json", ENTERED))
    with session.Session(port, 0.3) as box, pytest.raises(ToolError, match="no answer to 'ping'"):
        box.ask("ping")
    assert 1 < port.written.count(b" ping\r") < 10


def test_a_line_that_always_damages(quick):
    port = Scripted((b"terminal json", ENTERED), (b"#", from_box("", False, text="not run: x")))
    with session.Session(port) as box, pytest.raises(ToolError, match="did not come through"):
        box.ask("ping")
    assert port.written.count(b" ping\r") == session.DAMAGED_TRIES + 1


def test_without_a_port_it_is_the_running_box(monkeypatch):
    attached = []
    monkeypatch.delenv("RESTANTE_PORT", raising=False)
    monkeypatch.setattr(preflight, "check_root", lambda *_: None)
    monkeypatch.setattr(attach, "attach", attached.append)
    monkeypatch.setattr(
        runs, "alive", lambda: [("a", {"serial": "/x/1"}), ("b", {"serial": "/x/2"})]
    )
    assert CliRunner().invoke(commands.console, []).exit_code == 0
    assert attached == [Path("/x/2")]
    monkeypatch.setattr(runs, "alive", list)
    assert "no box is running" in str(CliRunner().invoke(commands.console, []).exception)


def test_a_port_or_a_verb(monkeypatch, tmp_path):
    opened = []

    def open_port(name, baud=ports.BAUD, flow=False):
        opened.append((name, baud))
        raise ToolError("no line", "", "")

    monkeypatch.setattr(ports, "open_port", open_port)
    file = str(script_of(tmp_path, b"ping\n"))
    for words in (
        ["/dev/a"],
        ["/dev/a", "--baud", "921600"],
        ["--baud", "921600", "/dev/a"],
        ["run", file, "--port", "/dev/a"],
    ):
        assert str(CliRunner().invoke(commands.console, words).exception) == "no line", words
    CliRunner().invoke(commands.console, [], env={"RESTANTE_PORT": "/dev/e"})
    CliRunner().invoke(commands.config, ["pull"], env={"RESTANTE_PORT": "/dev/e"})
    fast, slow = ("/dev/a", 921600), ("/dev/a", 115200)
    assert opened == [slow, fast, fast, slow, ("/dev/e", 115200), ("/dev/e", 115200)]
    monkeypatch.delenv("RESTANTE_PORT", raising=False)
    caught = CliRunner().invoke(commands.config, ["pull"]).exception
    assert "no port" in str(caught) and caught.code == USAGE
