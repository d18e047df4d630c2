"""`restante signatures push`, `firmware push`, `keys push`: real tool, console, gate and screen.

The line between them is as fast as both ends' speeds say (paced_line.py).  FAULTS 61, 62, 65, 67,
69, 80, 81.
"""

import random
import re
import signal
import time

import pytest
from field import SECONDS
from restante_tools.errors import (
    DEVICE_OR_TIMEOUT,
    FAILED,
    OK,
    USAGE,
    VERIFICATION_FAILED,
    ToolError,
)
from restante_tools.fieldline import ports, session, speed, transfer
from test_installing import make
from test_set_swap import sets as compiled  # noqa: F401 (a fixture)

FAST, OWN = 921600, 115200
STOPPED = 130
CONTENT = random.Random(1).randbytes(60_000)  # arrives, and is no set of signatures


@pytest.fixture(scope="session")
def sets(compiled):  # noqa: F811
    return {name: path.read_bytes() for name, path in compiled.items()}


def refused_by_the_box(done):
    return done.returncode == FAILED and "the box says: not installed" in done.stderr


def wait(stand, condition, what):
    stand.box.until(condition, what)


def change(stand, box, baud):
    """A busy machine may miss the three seconds in which a speed must be proved: then again."""
    wait(stand, lambda: speed.change(box, baud), f"{baud} Bd")


def test_the_whole_set_then_the_delta_that_fits_then_nothing(bench, sets):
    stand = bench()
    whole = stand.bundle("one.rstb", sets["knows-0"], 1)
    done = stand.push(whole)
    assert done.returncode == OK, done.stderr
    assert f"runs at {FAST} Bd" in done.stderr and "set-1 is in use" in done.stderr
    assert stand.line.speeds == [OWN, FAST, OWN] and stand.box.in_use() == "knows-0"
    two = (sets["knew-1"], 2)
    others = [stand.bundle("two.rstb", *two)]
    for name, base in (("other", b"x" * 64 + sets["knows-0"]), ("fits", sets["knows-0"])):
        made = stand.bundle(f"{name}.rstb", *two, kind="signatures-delta", base=base)
        others += ["--delta", made]
    done = stand.push(*others)
    assert done.returncode == OK, done.stderr
    assert "fits.rstb" in done.stderr and "the smallest that fits" in done.stderr
    assert stand.box.in_use() == "knew-1"
    before = stand.line.crossed["in"]
    done = stand.push(*others)
    assert done.returncode == OK and "has it already" in done.stderr
    assert stand.line.crossed["in"] - before < 1000
    stand.works()


def test_what_the_box_would_refuse_is_said_before_it_is_sent(bench, sets):
    """FAULTS 69; tests/host/test_pushing.py has the other reasons."""
    stand = bench()
    wrong = {"hardware": "pi"}
    done = stand.push(stand.bundle("wrong.rstb", sets["knows-0"], 1, **wrong))
    assert done.returncode == VERIFICATION_FAILED and "made for hardware pi" in done.stderr
    assert "next step:" in done.stderr and stand.line.crossed["in"] < 1000


def test_what_only_the_box_knows_is_said_in_its_words(bench, sets):
    """FAULTS 61."""
    stand = bench()
    done = stand.push(stand.bundle("stranger.rstb", sets["knows-0"], 1, make.STRANGER))
    assert done.returncode == VERIFICATION_FAILED, done.stderr
    assert "the box says: not installed: no signature of a key that this box knows" in done.stderr


def test_cut_off_and_gone_on_with(bench):
    """FAULTS 80: the cable, the tool and the gate go; the next push begins where it ended."""
    stand = bench(cut_at=40_000)
    file = stand.bundle("x.rstb", CONTENT, 1)
    process = stand.start("signatures", "push", file)
    wait(stand, lambda: not stand.line.connected, "the cut")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)
    assert process.returncode == STOPPED
    stand.line.cut_at, stand.line.connected = None, True
    stand.box.gate.stop()
    stand.box.start_gate()
    done = stand.push(file)
    assert refused_by_the_box(done), done.stderr
    there = int(re.search(r"(\d+),(\d+) octets of it were there", done.stderr)[1]) * 1000
    assert 15_000 <= there <= 40_000


def test_a_console_and_a_gate_that_are_started_again_while_it_is_sent(bench):
    stand = bench()
    file = stand.bundle("x.rstb", CONTENT, 1)
    process = stand.start("signatures", "push", file)
    line = stand.line
    wait(stand, lambda: line.crossed["in"] > 20_000, "a part of it")
    stand.console.process.kill()
    stand.console.process.wait()
    stand.console.start_again(stand.box.run)
    sent = line.crossed["in"]
    wait(stand, lambda: line.crossed["in"] > sent + 20_000, "more of it")
    stand.box.gate.stop()
    stand.box.start_gate()
    _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == FAILED and "the box says: not installed" in error, error


def test_one_octet_in_a_hundred_is_damaged(bench, figures, soak):
    """FAULTS 81."""
    most = FAST if soak else OWN
    stand = bench(rate=0.01)
    path = stand.folder / "keys-2"
    path.write_bytes(make.of_keys("keys-2", *make.ROOTS[:2]))
    began = time.monotonic()
    done = stand.tool("keys", "push", str(path), "--speed", str(most))
    assert done.returncode == OK, done.stderr
    assert stand.box.shown()["keys"] == "epoch 2"
    figures.append(
        f"push: {path.stat().st_size} octets at 1 % damage: {time.monotonic() - began:.1f} s, "
        f"{stand.line.crossed['in']:,} octets sent"
    )


def test_a_cable_that_bears_less(bench, sets):
    stand = bench(bears=230400)
    done = stand.push(stand.bundle("one.rstb", sets["knows-0"], 1))
    assert done.returncode == OK, done.stderr
    assert f"does not run at {FAST} Bd" in done.stderr and "runs at 230400 Bd" in done.stderr
    assert stand.line.speeds[-2:] == [230400, OWN]
    stand.works()


def test_firmware_arrives_and_a_box_without_slots_says_so(bench):
    stand = bench()
    parts = {"kind": "firmware", "version": "0.2.0", "hardware": "virt"}
    file = stand.bundle("f.rstb", CONTENT, 1, make.FIRMWARE, **parts)
    done = stand.tool("firmware", "push", file)
    assert refused_by_the_box(done) and "program for firmware" in done.stderr, done.stderr
    assert "60," in done.stderr.split(" octets in ")[0]
    assert stand.push(file).returncode == USAGE


def test_keys_one_after_the_other(bench):
    stand = bench()
    files = []
    for name, signers in (("keys-2", make.ROOTS[:2]), ("keys-3", make.ROOTS[1:4])):
        path = stand.folder / name
        path.write_bytes(make.of_keys(name, *signers))
        files.insert(0, str(path))
    done = stand.tool("keys", "push", *files)
    assert done.returncode == OK, done.stderr
    assert "keys of epoch 2 are in use" in done.stderr
    assert stand.box.shown()["keys"] == "epoch 3"
    done = stand.tool("keys", "push", *files)
    assert done.returncode == OK and "has keys of epoch 3 already" in done.stderr


# -- the speed, by itself


@pytest.fixture
def joined(bench):
    """(stand, Session) in machine mode, in this process."""
    stand = bench()
    with ports.open_port(stand.line.port) as port, session.Session(port) as box:
        yield stand, box


def box_speed(stand):
    return stand.line.box.speed()


def test_a_fast_line_that_goes_dead_is_slow_again_by_itself(joined):
    stand, box = joined
    change(stand, box, FAST)
    assert box_speed(stand) == FAST
    assert box.ask("show status").ok
    stand.line.connected = False
    began = time.monotonic()
    wait(stand, lambda: box_speed(stand) == OWN, "the line's own speed")
    assert time.monotonic() - began > 5
    stand.line.connected = True
    assert box.port.speed == FAST
    box.rejoin()
    assert box.port.speed == OWN and box.ask("ping").ok


def test_a_new_speed_that_is_not_proved_is_given_back(joined):
    stand, box = joined
    assert box.ask("terminal speed 460800").ok
    wait(stand, lambda: box_speed(stand) == 460800, "the new speed")
    wait(stand, lambda: box_speed(stand) == OWN, "the line's own speed")
    assert box.ask("ping").ok


@pytest.mark.parametrize("octet", [b"\x03", b"\x00"])
def test_ctrl_c_and_break_give_the_speed_back(joined, octet):
    stand, box = joined
    change(stand, box, FAST)
    box.port.write(octet)
    wait(stand, lambda: box_speed(stand) == OWN, "the line's own speed")
    box.rejoin()
    assert box.ask("ping").ok


def test_speeds_that_there_are(joined):
    stand, box = joined
    for text in ("1", "115201", "x", "-115200", "9" * 30):
        answer = box.ask(f"terminal speed {text}")
        assert not answer.ok and "9600 19200" in str(answer)
    for baud in (9600, 19200, 38400, 57600, 230400, 460800, FAST, OWN):
        change(stand, box, baud)
        assert box_speed(stand) == baud and box.ask("ping").ok
    assert not box.fast


def test_one_octet_a_second_ends_and_is_gone_on_with(joined, monkeypatch):
    """FAULTS 67."""
    stand, box = joined
    monkeypatch.setattr(session, "ARRIVING_SECONDS", 2.0)
    monkeypatch.setattr(transfer, "PATIENCE_SECONDS", 2.0)

    def slow(at):
        stand.line.limit = 1 if at > 20_000 else None

    sending = transfer.Transfer(box, CONTENT, slow, print, OWN)
    with pytest.raises(ToolError, match="broken off at") as caught:
        sending.run()
    assert caught.value.code == DEVICE_OR_TIMEOUT and "same command again" in caught.value.hint
    assert stand.box.status()
    stand.line.limit = None
    monkeypatch.undo()
    box.rejoin()
    transfer.Transfer(box, CONTENT, lambda at: None, print, OWN).run()
