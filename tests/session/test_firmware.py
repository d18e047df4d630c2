"""Firmware sent through the control socket, written by the real `slots` into files for partitions.

FAULTS 61, 65, 68-71, 74, 82, 85, 86.  Bundles are made and signed by the host tools' functions;
what U-Boot does is firmware_box.py's.
"""

import os
import signal
import threading
import time

import pytest
from field import Field
from firmware_box import OLD, ROOM, FirmwareBox
from installing import vectors
from mailserver import MailServer
from restante.settings import kept
from restante.update import slotimage

make = vectors()
HOUR = 3600
DAY = 86400
NEW = (b"kernel of the new one" * 999, b"root of the new one" * 9999)
NEWER = (b"kernel of a newer one" * 99, b"root of a newer one" * 999)


def bundle(parts=NEW, serial=7, signer=make.FIRMWARE, **more):
    now = int(time.time())
    more = {"created": str(now - HOUR), "expires": str(now + DAY), **more}
    return make.made("firmware", signer, content=slotimage.write(*parts), serial=serial, **more)


@pytest.fixture
def started(signatures):
    """started(cuts=...) -> FirmwareBox"""
    server = MailServer([])
    boxes = []

    def start(**options):
        boxes.append(FirmwareBox(server.port, signatures, make.SETS["keys-1"], **options))
        return boxes[-1]

    yield start
    for box in boxes:
        box.stop()
    server.stop()


def sent(box, data, words=""):
    box.arrived(data)
    return box.console("firmware install" + words)


def test_installed_proven_and_gone_back_from(started):
    box = started()
    assert "slot A     running, proven" in box.firmware()
    assert sent(box, bundle()) == (
        "+OK firmware 0.2.0 is in slot B and is started next",
        ["type: reboot yes"],
    )
    assert box.holds("B", NEW) and box.holds("A", OLD["A"])
    assert "slot B     started next, not proven, 3 tries left" in box.firmware()
    assert list((box.data / "updates").glob("incoming")) == []
    assert box.reboot() == "B"
    shown = box.firmware()
    assert "slot B     running, not proven, 2 tries left" in shown and "on trial" in shown
    assert "unproven" in str(sent(box, bundle(NEWER, 8)))
    assert box.holds("A", OLD["A"])
    box.tested()
    assert box.console("health")[0] == "+OK"
    box.stop_slots()
    box.start_slots("B", quick=True)
    box.until(lambda: box.record()[0].proven, "the firmware is proven")
    assert "slot B     running, proven" in box.firmware()
    assert f"0.2.0, made {time.strftime('%Y', time.gmtime())}" in box.firmware()
    assert box.console("firmware rollback")[0] == "+OK slot A is started next"
    assert box.reboot() == "A" and "slot A     running, proven" in box.firmware()
    assert "code: rolled-back" in sent(box, bundle())[1]
    assert box.console("firmware rollback")[0] == "+OK slot B is started next"
    assert box.reboot() == "B"


def test_over_the_serial_line_with_the_real_tool(started, tmp_path):
    box = started()
    field = Field(box, tmp_path)
    try:
        file = tmp_path / "f.rstb"
        file.write_bytes(bundle(NEWER))
        done = field.tool("firmware", "push", str(file))
        assert done.returncode == 0, done.stderr
        assert "firmware 0.2.0 is in slot B" in done.stderr
        assert box.holds("B", NEWER) and box.holds("A", OLD["A"])
        file.write_bytes(bundle(NEWER, signer=make.SIGNATURES[0]))
        done = field.tool("firmware", "push", str(file))
        assert done.returncode == 3 and "the box says: not" in done.stderr, done.stderr
    finally:
        field.close()


def test_what_does_not_get_healthy_is_gone_back_from_and_an_alarm_stays(started):
    """FAULTS 85.  Each single thing that is not right keeps it from being proven."""
    box = started()
    sent(box, bundle())
    (box.run / "filter").write_text("block")
    for _ in range(3):
        assert box.reboot(quick=True) == "B"
    box.until(lambda: "packet filter" in box.firmware(), "why it is not healthy")
    box.until((box.run / "gate/reboot").exists, "that the warden is asked for the next try")
    box.stop_screen()  # so it cannot judge: the gate says so of itself
    assert box.console("self-test")[0].startswith("-ERR")
    (box.run / "filter").write_text("redirect")
    box.until(lambda: "the gate says" in box.firmware(), "that it is not healthy")
    assert not box.record()[0].proven
    assert box.reboot() == "A"
    box.until(lambda: "failed; the one before it" in str(box.console("show alarms")), "an alarm")
    shown = box.firmware()
    assert "slot B     not proven, FAILED" in shown and "fallbacks  1" in shown
    assert "code: rolled-back" in sent(box, bundle())[1]
    assert "code: nothing" in box.console("firmware rollback")[1]
    assert sent(box, bundle(NEWER, 8))[0].startswith("+OK") and box.holds("B", NEWER)


def test_what_is_refused_writes_nothing_and_says_why(started):
    """FAULTS 61, 65, 69, 70, 71, 86, and a bundle for another command."""
    box = started()
    before = box.record()[0].sequence
    good = bundle()
    for code, data in (
        ("role", bundle(signer=make.SIGNATURES[0])),
        ("unsigned", bundle(signer=make.STRANGER)),
        ("hardware", bundle(hardware="other")),
        ("channel", bundle(channel="beta")),
        ("version", bundle(version="0.0.9")),
        ("epoch", bundle(epoch=2)),
        ("payload", good[:-1] + b"?"),
        ("room", bundle((b"k" * (ROOM + 1), b"r"))),
        ("kind", make.made("signatures", make.SIGNATURES[0], content=b"set", serial=7)),
    ):
        first, rest = sent(box, data)
        assert first.startswith("-ERR not installed: ") and rest[0] == f"code: {code}", first
    assert box.record()[0].sequence == before
    assert all(box.holds(slot, OLD[slot]) for slot in "AB")
    assert "type: firmware install" in str(box.install(good))  # signatures install
    assert box.console("firmware install")[0].startswith("+OK")  # it is still there
    assert "code: nothing" in box.console("firmware install")[1]


def test_an_older_one_only_by_its_word(started):
    """FAULTS 86."""
    box = started()
    old = bundle(version="0.0.9", firmware="0.0.1")
    assert "code: version" in sent(box, old)[1]
    assert box.console("firmware install downgrade")[0].startswith("+OK firmware 0.0.9 ")
    assert box.u_boot() == "B"


def test_who_took_over_the_gate_cannot_bring_keys_or_octets_of_his_own(started):
    """FAULTS 70, 74: keys in the gate's files, a link, a pipe, words that are none."""
    box = started()
    box.arrived(bundle(signer=make.STRANGER))
    own = make.keys.KeySet(
        9,
        {"root": 2, "firmware": 1, "signatures": 1},
        make.members("root", *make.ROOTS[:2])
        + make.members("firmware", make.STRANGER)
        + make.members("signatures", *make.SIGNATURES[:1]),
        [],
    )
    body = own.write()
    (box.data / "updates" / "keys").write_bytes(body)
    assert box.asked("install")["error"]["code"] == "unsigned"
    assert box.asked("install downgrade")["error"]["code"] == "unsigned"
    incoming = box.data / "updates" / "incoming"
    incoming.rename(box.data / "elsewhere")
    for make_it in (
        lambda: incoming.symlink_to(box.data / "elsewhere"),
        lambda: os.mkfifo(incoming),
        lambda: incoming.mkdir(),
        lambda: incoming.write_bytes(b""),
        lambda: None,
    ):
        make_it()
        reply = box.asked("install")
        assert "failed" in reply or reply["error"]["code"] == "malformed", reply
        if incoming.is_dir() and not incoming.is_symlink():
            incoming.rmdir()
        else:
            incoming.unlink(missing_ok=True)
    for words in ("install now", "write", "x" * 64, "\x01", "install\ninstall"):
        reply = box.asked(words)
        assert reply == {} or reply["failed"] == "not a request", reply
    assert all(box.holds(slot, OLD[slot]) for slot in "AB")


def test_keys_are_taken_by_both_and_a_revoked_one_is_seen(started):
    """FAULTS 71: keys-3 revokes no firmware key, so the firmware stays; the epoch rises."""
    box = started()
    for name in ("keys-2", "keys-3"):
        data = make.of_keys(name, *make.ROOTS)
        assert box.install(data)[0].startswith("+OK keys of epoch " + name[-1])
    assert "keys       epoch 3" in box.firmware()
    assert "code: epoch" in sent(box, bundle())[1]
    box.stop_slots()
    first, _ = box.install(make.of_keys("keys-3", *make.ROOTS))
    assert first.startswith("-ERR")
    box.start_slots("A")
    assert "keys       epoch 3" in box.firmware()
    assert sent(box, bundle(epoch=3))[0].startswith("+OK")


def test_two_at_once(started):
    """FAULTS 82: two consoles, and a set beside a firmware."""
    box = started()
    box.arrived(bundle((os.urandom(ROOM), os.urandom(ROOM))))
    answers = []

    def ask(command):
        answers.append(box.console(command))

    box.slots.signal(signal.SIGSTOP)
    first = threading.Thread(target=ask, args=("firmware install",))
    first.start()
    box.until(lambda: "under way" in str(box.console("show signatures")), "that it is under way")
    for command in ("firmware install", "signatures install", "firmware rollback"):
        assert "code: busy" in box.console(command)[1]
    box.slots.signal(signal.SIGCONT)
    first.join()
    assert answers[0][0].startswith("+OK firmware 0.2.0")


def test_killed_while_it_writes_old_or_new_is_started(started):
    """FAULTS 68.  At each single write: tests/unit/test_slots.py."""
    box = started()
    parts = (os.urandom(ROOM), os.urandom(ROOM))
    data = bundle(parts)
    for wait in (0.0, 0.005, 0.01, 0.015, 0.02, 0.03):
        box.new_disk()
        box.arrived(data)
        asking = threading.Thread(target=box.console, args=("firmware install downgrade",))
        asking.start()
        time.sleep(wait)
        box.slots.signal(signal.SIGKILL)
        box.slots.stop()
        asking.join()
        found, _ = box.record()
        if found.slot == 1:
            assert box.holds("B", parts)
        elif found.other_proven:
            assert box.holds("B", OLD["B"])
        assert box.holds("A", OLD["A"])
        box.start_slots("A")
    sent(box, data, " downgrade")
    assert box.u_boot() == "B" and box.holds("B", parts)


def test_the_other_slot_came_up_than_was_asked_for(started):
    box = started()
    sent(box, bundle())
    box.stop_slots()
    box.start_slots("A")  # and the boot record still says B
    assert "MISSED     slot B was to be started" in box.firmware()
    box.gate.stop()
    line = b"set log level info\nset of-the-future token planted-S3CRET\n"
    (box.data / "settings").write_bytes(kept.framed(kept.Entry(3, 0, "console"), line))
    box.start_gate()
    box.until(lambda: "slot B was to be" in str(box.console("show alarms")), "an alarm")
    alarms = str(box.console("show alarms"))
    assert "another firmware's settings" in alarms and "set of-the-future token" in alarms
    assert "S3CRET" not in alarms + box.log()


@pytest.mark.parametrize("missing", ["record", "rootB"])
def test_a_box_without_its_partitions_says_so_and_works(started, missing):
    box = started(cuts=(missing,))
    box.arrived(bundle())
    for command in ("show firmware", "firmware install", "firmware rollback"):
        first, rest = box.console(command)
        assert first.startswith("-ERR") and f"no partition is called {missing}" in first
        assert rest[0] == "code: slots"
    data = make.of_keys("keys-2", *make.ROOTS)
    assert box.install(data)[0].startswith("+OK keys of epoch 2")
    box.stop_slots()
    assert "does not answer" in box.firmware()
