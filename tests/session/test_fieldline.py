"""`restante console run` and `restante config` as real programs on a tty: the real console program
on its other end, the real gate behind it, noise in between (faults 81, 87, 88)."""

import os
import select
import socket
import threading
import time

import pytest
import serial
import serial.rfc2217
from field import SECONDS, Field
from restante_tools.lab.controlsocket import PASSWORD

STANDARD = ["set screening mode disabled"]


@pytest.fixture
def field(scripted, tmp_path):
    opened = []

    def start(settings=(), **line):
        box, _ = scripted(settings=settings)
        opened.append(Field(box, tmp_path, **line))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


# -- console run


def test_a_script_as_expected(field):
    stand = field()
    done = stand.script(
        "# a comment", "", "show status", "= memory", "configure", "set log level debug",
        "! set log level loud", "= allowed: ", "compare", "= + set log level debug", "commit",
        "= durable", "exit",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "> commit\n+OK in force and durable\n" in done.stdout
    assert "set log level debug" in stand.settings()
    stand.works()


@pytest.mark.parametrize(
    ("lines", "where", "what"),
    [
        (["ping", "sho status", "reboot yes"], ":2: ", "'sho status' failed"),
        (["! ping", "reboot yes"], ":1: ", "'ping' must fail, but succeeded"),
        (["show status", "= memory", "= no such text", "reboot yes"], ":3: ", "'no such text'"),
    ],
)
def test_a_script_stops_at_the_first_surprise(field, lines, where, what):
    stand = field()
    done = stand.script(*lines)
    assert done.returncode == 1 and where in done.stderr and what in done.stderr
    assert "the box said:" in done.stderr and "next step:" in done.stderr
    assert not (stand.box.run / "gate" / "reboot").exists()
    stand.works()


def test_a_thousand_lines(field):
    stand = field()
    done = stand.script(
        *(f"! quarantine show x{n}\n= no held message 'x{n}'" for n in range(1000))
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("-ERR no held message") == 1000
    stand.works()


# -- config


def test_pull_diff_push(field, tmp_path):
    stand = field(settings=["set log level info", "set sessions maximum 20"])
    assert stand.tool("config", "pull").stdout.splitlines() == stand.settings()
    kept = tmp_path / "kept"
    assert stand.tool("config", "pull", str(kept)).returncode == 0
    assert kept.read_text().splitlines() == stand.settings()
    assert stand.tool("config", "diff", str(kept)).returncode == 0
    users = ",".join("user%02d.of-a-long-name@example.org" % n for n in range(100))
    wanted = [*STANDARD, "set log level debug", "set group office servers 192.0.2.1"]
    wanted += [f"set group office users {users}", "set profile p1 action infected quarantine"]
    wanted += ['set account "u* @ office" profile p1']
    file = stand.file(*wanted)
    shown = stand.tool("config", "diff", file)
    assert shown.returncode == 1
    assert shown.stdout.splitlines()[:1] == ["- set sessions maximum 20"]
    assert "- set log level info\n+ set log level debug\n" in shown.stdout
    done = stand.tool("config", "push", file)
    assert done.returncode == 0, done.stderr
    assert done.stdout == shown.stdout and "in force and durable, confirmed" in done.stderr
    assert sorted(stand.settings()) == sorted(wanted)
    again = stand.tool("config", "push", file)
    assert again.returncode == 0 and "has it already" in again.stderr
    assert stand.tool("config", "push", str(kept)).returncode == 0
    assert stand.settings() == kept.read_text().splitlines()
    stand.works()


def test_a_push_that_the_box_refuses_changes_nothing(field):
    stand = field(settings=["set log level info"])
    file = stand.file("set log level info", "set log level loud")
    done = stand.tool("config", "push", file)  # refused before anything is sent
    assert done.returncode == 2 and "line 2" in done.stderr and not stand.line.crossed["in"]
    (stand.box.data / "configurations").write_text("in the way")
    done = stand.tool("config", "push", stand.file(*STANDARD, "set log level debug"))
    assert done.returncode != 0 and "cannot be written" in done.stderr, done.stderr
    assert "the old one comes back by itself within 5 minutes" in done.stderr


def test_a_candidate_of_somebody_is_not_taken_unasked(field):
    stand = field(settings=["set log level info"])
    for line in ("configure", "set log level error"):
        assert stand.box.console(line)[0].startswith("+OK")
    file = stand.file(*STANDARD, "set log level debug")
    done = stand.tool("config", "push", file)
    assert done.returncode == 1 and "has the candidate" in done.stderr
    assert "next step:" in done.stderr and "--force" in done.stderr
    assert "set log level info" in stand.settings()
    assert stand.tool("config", "push", file, "--force").returncode == 0
    assert "set log level debug" in stand.settings()


def test_typed_changes_are_not_dropped_unasked(field):
    stand = field(settings=["set log level info"])
    assert stand.script("configure", "set log level error").returncode == 0
    file = stand.file(*STANDARD, "set log level debug")
    done = stand.tool("config", "push", file)
    assert done.returncode == 1 and "+ set log level error" in done.stderr
    assert "--discard" in done.stderr and "set log level info" in stand.settings()
    assert stand.tool("config", "push", file, "--discard").returncode == 0
    assert "set log level debug" in stand.settings()


def test_what_waits_for_a_confirmation_is_not_touched(field):
    stand = field(settings=["set log level info"])
    for line in ("configure", "set log level error", "commit confirm 10"):
        assert stand.box.console(line)[0].startswith("+OK")
    done = stand.tool("config", "push", stand.file(*STANDARD, "set log level debug"))
    assert done.returncode == 1 and "NOT CONFIRMED" in done.stderr


def test_a_cable_that_is_pulled_before_the_confirmation(field):
    stand = field(settings=["set log level info"])
    sent = bytearray()

    def pull(data):
        sent.extend(data)
        if b"commit confirm" in sent and b"exit" in sent:
            stand.line.connected = False

    stand.line.seen = pull
    done = stand.tool("config", "push", stand.file(*STANDARD, "set log level debug"))
    assert done.returncode == 4 and "nothing" not in done.stdout, done.stderr
    stand.line.seen = None
    stand.line.connected = True
    assert "NOT CONFIRMED" in stand.box.console("show configuration")[0]
    stand.box.gate.signal(9)  # as a power cut
    stand.box.gate.stop()
    stand.box.start_gate()
    assert "set log level info" in stand.settings()


@pytest.mark.parametrize("baud", [115200, 921600])
def test_at_the_speed_of_a_line(field, figures, tmp_path, baud):
    """More than a hand would keep in a file: 183 lines, one of them of 4 KB."""
    stand = field(baud=baud)
    users = ",".join("user%02d.of-a-long-name@example.org" % n for n in range(100))
    wanted = [*STANDARD, "set group office servers 192.0.2.1", f"set group office users {users}"]
    for n in range(30):
        wanted.append(f'set account "u{n}* @ office" profile p{n}')
        for kind in ("infected", "encrypted", "malformed", "unscannable"):
            wanted += [f"set profile p{n} action {kind} quarantine"]
            wanted += [f"set profile p{n} forbid name ?{n}.exe"] if kind == "infected" else []
    file = stand.file(*wanted)
    octets = sum(len(line) + 1 for line in wanted)
    for words in (("push", file), ("diff", file), ("pull", str(tmp_path / "pulled"))):
        began = time.monotonic()
        done = stand.tool("config", *words)
        assert done.returncode == 0, done.stderr
        seconds = time.monotonic() - began
        what = f"config {words[0]}, {len(wanted)} lines, {octets} octets"
        figures.append(f"{what}, {baud} baud: {seconds:.1f} s")
    assert sorted((tmp_path / "pulled").read_text().splitlines()) == sorted(wanted)
    stand.works()


# -- noise


def test_noise_never_makes_a_wrong_result(field, soak, figures):
    """Lost, flipped and doubled octets: done right, or an error that says what."""
    right = failed = again = 0
    for seed in range(20 if soak else 1):
        for rate in (0.0005, 0.003, 0.01):
            stand = field(settings=["set log level info"], rate=rate, seed=seed)
            before = stand.settings()
            wanted = [*STANDARD, "set log level debug", f"set sessions maximum {20 + seed}"]
            pulled = stand.tool("config", "pull")
            assert pulled.returncode == 4 or pulled.stdout.splitlines() == before
            done = stand.tool("config", "push", stand.file(*wanted))
            state, has = stand.box.console("show configuration")
            if done.returncode == 0:
                right += 1
                assert sorted(has) == sorted(wanted) and "NOT CONFIRMED" not in state
            else:
                failed += 1
                assert done.returncode in (1, 3, 4) and "next step:" in done.stderr, done.stderr
                assert sorted(has) in (sorted(before), sorted(wanted))
            again += stand.line.touched
            stand.works()
            stand.close()
    figures.append(f"config push over noise: {right} done, {failed} errors, {again} octets hit")
    assert right > failed


def test_a_command_is_run_once_over_noise(field):
    stand = field(rate=0.003, seed=7)
    lines = ["configure"]
    for n in range(30):
        lines += [f"set sessions maximum {n + 1}", "commit", "= durable"]
    done = stand.script(*lines)
    assert done.returncode == 0, done.stderr
    assert stand.line.touched > 5
    numbers = [
        int(row.split()[1]) for row in stand.box.console("show configuration history")[1][1:]
    ]
    assert numbers[0] - numbers[-1] == len(numbers) - 1
    log = stand.box.log()
    assert log.count("configuration.committed") in (0, 30)
    stand.works()


def test_another_program_that_writes_to_the_same_line(field):
    stand = field(settings=["set log level info"])
    stand.line.says = b'\r\n[   12.345678] usb 1-1: device "#x" not accepting address 4\r\n'
    wanted = [*STANDARD, "set log level debug"]
    done = stand.tool("config", "push", stand.file(*wanted))
    assert done.returncode == 0, done.stderr
    assert stand.settings() == wanted and stand.line.touched > 3
    assert stand.tool("config", "pull").stdout.splitlines() == wanted
    stand.line.says = b""
    stand.works()


def test_noise_that_ends_machine_mode(field):
    """Ctrl-C out of nothing: the tool comes back to machine mode and goes on."""
    stand = field()
    ends = [b"show status", b"configure", b"set log level debug"]

    def hit(data):
        if ends and ends[0] in data:
            ends.pop(0)
            os.write(stand.console.master, b"\x03")

    stand.line.seen = hit
    done = stand.script("show status", "configure", "set log level debug", "commit", "= durable")
    assert done.returncode == 0 and not ends, done.stderr
    assert "set log level debug" in stand.settings()
    stand.line.seen = None
    stand.works()


def test_a_console_that_is_killed_in_the_middle(field):
    """What may be run twice goes on; of anything else it is said that nobody knows."""
    stand = field()
    victims = [b"show status", b"quarantine release 7"]

    def kill(data):
        if victims and victims[0] in data:
            victims.pop(0)
            stand.console.process.kill()
            stand.console.process.wait()
            stand.console.start_again(stand.box.run)

    stand.line.seen = kill
    done = stand.script("ping", "show status", "= memory", "! quarantine release 7", "reboot yes")
    assert done.returncode == 4 and not victims, done.stderr
    assert "console was restarted; whether it has run 'quarantine release 7' is" in done.stderr
    assert not (stand.box.run / "gate" / "reboot").exists()
    stand.line.seen = None
    stand.works()


def test_a_push_that_is_stopped_by_hand_leaves_no_candidate(field):
    stand = field(settings=["set log level info"])
    before = stand.settings()
    kinds = ("infected", "encrypted", "malformed")
    lines = [f"set profile p{n} action {kind} quarantine" for n in range(30) for kind in kinds]
    sent = bytearray()
    process = stand.start("config", "push", stand.file(*STANDARD, *lines))

    def stop(data):
        sent.extend(data)
        if b"set profile p2 " in sent and process.poll() is None:
            stand.line.seen = None
            process.terminate()

    stand.line.seen = stop
    _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 130 and "stopped" in error
    assert stand.script("! compare", "= there is no candidate").returncode == 0
    assert stand.settings() == before
    stand.works()


# -- who asks


def logs(stand, event):
    return [row for row in stand.box.log().split("\n") if f" {event} " in row]


@pytest.mark.parametrize("rate", [0, 0.002])
def test_a_tool_logs_in_and_out_where_nobody_is(field, rate):
    stand = field(logged_in=False, rate=rate)
    before = len(logs(stand, "console.logout"))
    done = stand.script("show status", "= memory", "configure", "set log level debug", "commit")
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert "set log level debug" in stand.settings()
    assert len(logs(stand, "console.logout")) == before + 1
    stand.line.rate = 0
    stand.works()


def test_a_wrong_password_is_said_and_runs_nothing(field):
    stand = field(logged_in=False)
    wrong = stand.folder / "wrong"
    wrong.write_text("not the password\n")
    for _ in range(2):
        done = stand.tool(
            "console", "run", "--password-file", str(wrong), stand.file("reboot", name="script")
        )
        assert done.returncode == 1, done.stderr
        assert "did not let admin in: wrong user name or password" in done.stderr
        assert "not the password" not in done.stdout + done.stderr
    assert not (stand.box.run / "gate" / "reboot").exists()
    assert len(logs(stand, "console.refused")) == 2
    stand.works()


# -- other ports


class Tty(serial.Serial):
    """A pty has no modem lines."""

    cts = dsr = ri = cd = False

    def _update_dtr_state(self):
        pass

    _update_rts_state = _update_dtr_state


def serve_unix(line, folder):
    """As an emulator does; gives (port, what to close)."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "line"))
    server.listen()
    near = Tty(line.port, timeout=0)
    threading.Thread(target=carry, args=(server, near, None), daemon=True).start()
    return f"unix:{folder / 'line'}", (server, near)


def serve_rfc2217(line, folder):
    """As a terminal server does, with pyserial's own other end."""
    server = socket.create_server(("127.0.0.1", 0))
    near = Tty(line.port, timeout=0)
    threading.Thread(target=carry, args=(server, near, Manager), daemon=True).start()
    return f"rfc2217://127.0.0.1:{server.getsockname()[1]}", (server, near)


class Manager:
    """Telnet's escapes and the options of RFC 2217."""

    def __init__(self, near, peer):
        self.write = peer.sendall  # PortManager answers options with it
        self._manager = serial.rfc2217.PortManager(near, self)

    def out(self, data):
        return b"".join(self._manager.escape(data))

    def into(self, data):
        return b"".join(self._manager.filter(data))


def carry(server, near, manager):
    """One program after the other, until the server is shut down."""
    while True:
        try:
            peer, _ = server.accept()
        except OSError:
            return
        try:
            with peer:
                carry_one(peer, near, manager(near, peer) if manager else None)
        except ConnectionError:
            pass  # it left before it had read all of it: the next one may come


def carry_one(peer, near, through):
    while True:
        ready, _, _ = select.select([peer, near], [], [])
        if near in ready:
            data = near.read(4096)
            peer.sendall(through.out(data) if through else data)
        if peer in ready:
            data = peer.recv(4096)
            if not data:
                return
            near.write(through.into(data) if through else data)


@pytest.mark.parametrize("serve", [serve_unix, serve_rfc2217])
def test_a_port_that_is_no_device(field, tmp_path, serve):
    stand = field(settings=["set log level info"])
    port, opened = serve(stand.line, tmp_path)
    wanted = [*STANDARD, "set log level debug"]
    done = stand.tool("config", "push", stand.file(*wanted), port=port)
    assert done.returncode == 0, done.stderr
    assert stand.tool("config", "pull", port=port).stdout.splitlines() == wanted
    opened[0].shutdown(socket.SHUT_RDWR)
    for each in opened:
        each.close()
    stand.works()


# -- what is no box


def test_a_line_where_nothing_answers(field, tmp_path):
    stand = field()
    stand.line.connected = False
    done = stand.script("ping")
    assert done.returncode == 4 and "nothing answers" in done.stderr and "--baud" in done.stderr


def test_no_such_device_and_no_port(field):
    stand = field()
    done = stand.tool("config", "pull", port="/dev/ttyUSB99")
    assert done.returncode == 4 and "there is no such device" in done.stderr
    done = stand.tool("config", "pull", port="/dev/null")
    assert done.returncode == 4 and "not a serial line" in done.stderr
    done = stand.tool("config", "pull", port="nothing://x")
    assert done.returncode == 2 and "is no port" in done.stderr
    done = stand.tool("config", "pull", port="socket://127.0.0.1:1")
    assert done.returncode == 4 and "cannot be opened" in done.stderr


def test_a_gate_that_is_away(field):
    stand = field()
    stand.box.gate.stop()
    done = stand.script("ping")
    assert done.returncode == 1 and "the gate is not answering" in done.stderr
