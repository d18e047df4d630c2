"""Bundles sent through the control socket, installed by the real gate and screen process.

FAULTS 61-65, 70, 71, 73, 77, 80, 81, 86.  Bundles are made and signed by the host tools'
functions.
"""

import signal
import time

import pytest
from boxes import compile_signatures
from installing import InstallingBox, Sender, vectors
from mailserver import MailServer
from test_set_swap import MAILS, found
from test_set_swap import sets as compiled  # noqa: F401 (a fixture)

make = vectors()
SIG = make.SIGNATURES[0]
SMALL = 100
HOUR = 3600
DAY = 86400


@pytest.fixture(scope="session")
def sets(compiled):  # noqa: F811
    return {name: path.read_bytes() for name, path in compiled.items()}


@pytest.fixture
def box(signatures):
    server = MailServer(MAILS)
    settings = ["set log level info", "set signatures maximum-age 0"]
    made = InstallingBox(server.port, signatures, settings, make.SETS["keys-1"])
    made.tested()
    yield made
    made.stop()
    server.stop()


def bundle(content, serial, *signers, **parts):
    now = int(time.time())
    parts = {"created": str(now - HOUR), "expires": str(now + 30 * DAY), **parts}
    kind = parts.pop("kind", "signatures")
    return make.made(kind, *(signers or (SIG,)), content=content, serial=serial, **parts)


def test_a_transfer_that_breaks_off_and_goes_on_then_it_is_installed(box, sets):
    """FAULTS 80, 81: cut twice, a piece sent twice, one damaged, the gate started again."""
    assert not found(box)
    data = bundle(sets["knows-0"], 1)
    with Sender(box, data, SMALL) as sender:
        assert sender.begin() == 0
        sender.go(until=10 * SMALL)
        assert "wanted is offset 1000" in sender.piece(at=9 * SMALL)[0]
        assert "wanted is offset 1000" in sender.piece(at=11 * SMALL)[0]
        first, rest = sender.piece(crc=1)
        assert "CRC-32" in first and "wanted is offset 1000" in first and not rest
        assert "too long" in sender.piece(n=3073)[0]
        assert "wanted is offset" in sender.ended()[0]
    with Sender(box, data, SMALL) as sender:
        assert sender.begin() == 10 * SMALL
        sender.go(until=20 * SMALL)
    box.gate.stop()
    box.start_gate()
    with Sender(box, data, SMALL) as sender:
        assert "no transfer has begun" in sender.piece(at=20 * SMALL)[0]
        assert sender.begin() == 20 * SMALL
        sender.go()
        assert sender.ended()[0].startswith("+OK")
        assert sender.ended()[0].startswith("+OK")  # the answer was lost
        assert sender.begin() == len(data)
    assert box.install()[0] == "+OK set-1 is in use"
    assert found(box) and box.in_use() == "knows-0"
    shown = box.shown()
    assert shown["in"] == "use     knows-0" and "epoch 1 serial 1" in shown["bundle"]
    assert shown["signed"] == f"by  {SIG.name}" and shown["keys"] == "epoch 1"
    assert "update.installed" in box.log()
    assert {path.name for path in (box.data / "updates").iterdir()} == {"state"}
    assert "not later than what is installed" in box.install(data)[0]
    box.gate.stop()
    box.start_gate()
    assert "epoch 1 serial 1" in box.shown()["bundle"] and found(box)


def test_what_is_not_what_was_announced_is_sent_again(box, sets):
    data = bundle(sets["knows-0"], 1)
    with Sender(box, data) as sender:
        sender.begin()
        sender.data = data[:-1] + bytes((data[-1] ^ 1,))
        sender.go()
        assert "SHA-256 differs" in sender.ended()[0]
        sender.data = data
        assert sender.begin() == 0
        for words in ("x 10", f"{sender.sha256} 0", f"{sender.sha256} {2**40}", sender.sha256):
            assert sender.ask(f"update begin {words}")[0].startswith("-ERR")
    assert box.console("signatures install")[0] == "-ERR not installed: no bundle has arrived"


def flipped(data):
    return data[:-1] + bytes((data[-1] ^ 1,))


def test_what_is_refused_leaves_the_old_set_in_use_and_says_why(box, sets):
    """FAULTS 61, 62, 65, 70, 73, 86."""
    assert box.install(bundle(sets["knows-0"], 5))[0].startswith("+OK")
    good = sets["knew-1"]
    for code, data in (
        ("role", bundle(good, 6, make.FIRMWARE)),
        ("role", make.of_keys("keys-2", make.FIRMWARE, SIG)),
        ("serial", bundle(good, 4)),
        ("serial", bundle(good, 5)),
        ("payload", flipped(bundle(good, 6))),
        ("unsigned", bundle(good, 6, make.STRANGER)),
        ("base", bundle(good, 6, kind="signatures-delta", base=good[:-1])),
        ("epoch", bundle(good, 1, epoch=2)),
    ):
        first, rest = box.install(data)
        assert first.startswith("-ERR not installed: "), (code, first)
        assert [row.split(":")[0] for row in rest] == ["code", "cause", "next"]
        assert rest[0] == f"code: {code}", (code, first)
        assert box.in_use() == "knows-0"
        assert {path.name for path in (box.data / "updates").iterdir()} == {"state"}
    assert found(box)
    assert {path.name for path in box.sets.iterdir()} == {"current"}


def test_a_set_that_finds_nothing_and_one_that_is_none(box, sets):
    """FAULTS 78, 84: signed all right, and still not used."""
    box.install(bundle(sets["knows-0"], 1))
    for serial, content in ((2, sets["nothing"]), (3, b"no set at all")):
        first, _ = box.install(bundle(content, serial))
        assert first.startswith("-ERR not installed: ") and "in use: knows-0" in first
    assert "code: rolled-back" in box.install(bundle(sets["nothing"], 4))[1]
    assert found(box) and box.in_use() == "knows-0"


def test_a_delta(box, sets):
    box.install(bundle(sets["knew-1"], 1))
    assert not found(box)
    data = bundle(sets["knows-0"], 2, kind="signatures-delta", base=sets["knew-1"])
    assert len(data) < len(sets["knows-0"]) / 2
    assert box.install(data)[0].startswith("+OK")
    assert found(box) and (box.sets / "current").read_bytes() == sets["knows-0"]
    assert "code: base" in box.install(data)[1] or "code: serial" in box.install(data)[1]


def test_rollback_and_by_force(box, sets):
    """FAULTS 86."""
    assert "no previous set" in box.console("signatures rollback")[0]
    box.install(bundle(sets["knew-1"], 1))
    newer = bundle(sets["knows-0"], 2)
    box.install(newer)
    assert found(box)
    assert box.console("signatures rollback")[0] == "+OK knew-1 is in use again"
    assert not found(box) and box.in_use() == "knew-1"
    assert "serial 1" in box.shown()["bundle"] and "serial 2" in box.shown()["previous"]
    assert "code: rolled-back" in box.install(newer)[1]
    assert box.install(words=" force")[0].startswith("+OK")
    assert found(box)


def test_new_keys_then_a_set_of_the_new_epoch_then_a_revoked_key(box, sets):
    """FAULTS 71."""
    box.install(bundle(sets["knew-1"], 9))
    keys_2 = make.of_keys("keys-2", make.ROOTS[0], make.ROOTS[2])
    assert box.install(keys_2)[0] == "+OK keys of epoch 2 are in use"
    assert "code: epoch" in box.install(bundle(sets["knows-0"], 10))[1]
    assert box.install(bundle(sets["knows-0"], 1, epoch=2))[0].startswith("+OK")
    assert found(box) and box.shown()["keys"] == "epoch 2"
    keys_3 = make.of_keys("keys-3", *make.ROOTS[1:4])
    first, warnings = box.install(keys_3)
    assert first == "+OK keys of epoch 3 are in use" and SIG.name in warnings[0]
    assert box.in_use() == "factory" and not found(box)
    assert any("ALARM" in row and "revoked" in row for row in box.status())
    assert "code: revoked" in box.install(bundle(sets["knows-0"], 2, epoch=3))[1]
    box.install(bundle(sets["knows-0"], 2, make.SIGNATURES[1], epoch=3))
    assert found(box)
    box.gate.stop()
    box.start_gate()
    assert box.shown()["keys"] == "epoch 3" and found(box)


def test_expired_and_old_is_used_with_alarms(box, sets):
    """FAULTS 63, 77."""
    box.install(bundle(sets["knew-1"], 1))
    first, warnings = box.install(
        bundle(sets["knows-0"], 2, created="1700000000", expires=str(int(time.time()) - 5 * DAY))
    )
    assert first.startswith("+OK") and warnings == ["warning: the bundle has expired 5 days ago"]
    assert found(box)
    assert any("ALARM" in row and "expired 5 days" in row for row in box.status())
    assert "TOO OLD" not in box.shown()["age"]
    for line in ("configure", "set signatures maximum-age 14", "commit", "exit"):
        assert box.console(line)[0].startswith("+OK"), line
    assert "TOO OLD: the maximum is 14" in box.shown()["age"]
    box.until(
        lambda: any("ALARM" in row and "days old" in row for row in box.status()), "the alarm"
    )
    assert found(box)  # screening goes on


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A set of 7 MB."""
    folder = tmp_path_factory.mktemp("large")
    source = folder / "many.hsb"
    source.write_text("".join(f"{n:064x}:{n + 1}:Many-{n}\n" for n in range(200000)))
    compile_signatures(folder / "many.sig", source, name="many")
    return (folder / "many.sig").read_bytes()


def test_sessions_go_on_while_a_large_set_is_installed(box, large, figures):
    """No answer of the gate waits for the hashing or writing of it."""
    data = bundle(large, 1)
    started = time.monotonic()
    box.arrived(data)
    sent = time.monotonic() - started
    slowest = 0.0
    with Sender(box, data) as install, Sender(box, data) as asks:
        line = box.control.addressed("signatures install")
        install.sock.sendall(line.encode() + b"\n")
        install.sock.setblocking(False)
        started = time.monotonic()
        answer = b""
        while not answer.endswith(b"\r\n.\r\n"):
            before = time.monotonic()
            asks.ask("ping")
            slowest = max(slowest, time.monotonic() - before)
            try:
                answer += install.sock.recv(65536)
            except BlockingIOError:
                continue
    assert answer.startswith(b"+OK"), answer
    taken = time.monotonic() - started
    assert slowest < taken / 2
    figures.append(
        f"{len(large) >> 10} KiB: sent in {sent:.1f} s, installed in {taken:.1f} s, "
        f"slowest ping {slowest * 1000:.0f} ms"
    )


def test_a_gate_that_is_killed_at_any_time_of_an_install(box, sets, large):
    """FAULTS 68: the old set or the new one, and what is shown of it is true."""
    assert box.install(bundle(sets["knows-0"], 1))[0].startswith("+OK")
    data = bundle(large, 2)
    outcomes = set()
    for n in range(8):
        box.arrived(data)
        with Sender(box, data) as install:
            line = box.control.addressed("signatures install")
            install.sock.sendall(line.encode() + b"\n")
            time.sleep(n * 0.04)  # the time of the kill, not a wait for something
            box.gate.signal(signal.SIGKILL)
            box.gate.stop()
        box.start_gate()
        box.tested()
        on_disk = (box.sets / "current").read_bytes()
        assert on_disk in (sets["knows-0"], large)
        new = on_disk == large
        outcomes.add(new)
        assert ("serial 2" in box.shown()["bundle"]) == new
        assert {path.name for path in box.sets.iterdir()} <= {"current", "previous"}
        if new:
            break
    if not new:
        box.install(data)
    assert box.in_use() == "many" and "serial 1" in box.shown()["previous"]
    assert False in outcomes


def test_a_gate_that_was_killed_before_the_screen_process_was_told(box, sets):
    """FAULTS 68."""
    box.install(bundle(sets["knew-1"], 1))
    box.install(bundle(sets["knows-0"], 2))
    box.gate.stop()
    (box.sets / "current").replace(box.sets / "kept")
    (box.sets / "previous").replace(box.sets / "current")  # as if serial 1 were the newer one
    box.start_gate()
    box.until(lambda: box.in_use() == "knew-1", "the set that is current")
    shown = box.shown()
    assert "serial 1" in shown["bundle"] and "serial 2" in shown["previous"]
    assert not found(box)
    assert {path.name for path in box.sets.iterdir()} == {"current", "previous"}
