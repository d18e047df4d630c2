"""Bundles from a USB stick: the real gate and the real reader, media made by mkfs.vfat and mtools.

FAULTS 61, 62, 65, 66, 74, 80, 82.
"""

import os
import signal
import socket
import threading
from pathlib import Path

import pytest
from firmware_box import FirmwareBox
from installing import Sender, vectors
from mailserver import MailServer
from polling import compiled_sets
from restante_tools.bundles import publishing
from stick import HostileStick, StickBox, formatted, published, stick
from test_firmware import NEW
from test_firmware import bundle as of_firmware
from test_installing import bundle
from test_set_swap import MAILS, found

make = vectors()
MANY = 20000  # hashes: a bundle that takes many pieces to copy
SECONDS = 30


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    return compiled_sets(tmp_path_factory.mktemp("sets"), MANY)


@pytest.fixture
def origin():
    server = MailServer(MAILS)
    yield server
    server.stop()


def started(origin, signatures, **more):
    settings = ["set log level info", "set signatures maximum-age 0"]
    made = StickBox(origin.port, signatures, settings, make.SETS["keys-1"], **more)
    made.tested()
    return made


@pytest.fixture
def box(origin, signatures):
    made = started(origin, signatures)
    yield made
    made.stop()


@pytest.fixture
def bare(origin, signatures):
    """A box whose sticks are read by the test."""
    made = started(origin, signatures, reads=False)
    yield made
    made.stop()


SHAPES = {
    "FAT32": (("-F", "32", "-s", "1"), {"mib": 40}),
    "FAT32 with a partition table": (("-F", "32", "-s", "1"), {"mib": 40, "table": True}),
    "FAT16": (("-F", "16", "-s", "1"), {}),
    "FAT16 with a partition table": (("-F", "16", "-s", "1"), {"table": True}),
    "large clusters": (("-F", "16", "-s", "16"), {"mib": 64, "top": True}),
}


def test_keys_sets_and_deltas_from_sticks_of_all_kinds(box, sets, tmp_path):
    """The whole way: a set, a delta, keys and a set of theirs; what is not newer stays."""
    assert box.updates()["stick"] == "none"
    assert "no stick is in" in box.console("update stick")[0]
    delta = bundle(sets["knows-0"], 2, kind="signatures-delta", base=sets["knew-1"])
    keys_2 = make.of_keys("keys-2", make.ROOTS[0], make.ROOTS[2])
    s3 = bundle(sets["knew-1"], 1, epoch=2)
    steps = [
        ({"s1": bundle(sets["knew-1"], 1)}, "set-1 is in use"),
        ({"s2": bundle(sets["knows-0"], 2), "d2": delta}, "set-2 is in use"),
        ({"keys": keys_2, "s3": s3}, "keys of epoch 2 are in use; set-1 is in use"),
        ({}, "nothing newer"),
        ({"a-long-name-" + "x" * 47: bundle(sets["knows-0"], 2, epoch=2)}, "set-2 is in use"),
    ]
    files = tmp_path / "files"
    for n, ((name, (options, shape)), (more, text)) in enumerate(
        zip(SHAPES.items(), steps, strict=True)
    ):
        published(files, **more)
        box.put_in(stick(tmp_path / f"{n}.img", files, *options, **shape))
        assert box.looked() == text, name
        box.pull()
    assert found(box) and box.shown()["keys"] == "epoch 2"
    log = box.log()
    assert log.count("stick.inserted") == log.count("stick.pulled") == len(steps)
    assert log.count("update.fetching") == 5  # d2 and not s2; nothing twice
    assert {path.name for path in (box.data / "updates").iterdir()} == {"state", "keys"}
    # What somebody went back from is not taken again.
    assert box.console("signatures rollback")[0].startswith("+OK")
    box.put_in(tmp_path / "4.img")
    assert box.looked() == "nothing newer" and not found(box)


def test_the_reader_has_given_everything_up_before_it_reads(box, sets, tmp_path):
    box.put_in(stick(tmp_path / "s", published(tmp_path / "f"), "-F", "16", "-s", "1"))
    assert box.looked() == "nothing newer"
    folder = Path(f"/proc/{box.reader.pid}")
    status = dict(row.split(":\t", 1) for row in (folder / "status").read_text().splitlines())
    if os.getuid() == 0:
        assert status["Uid"].split() == ["103"] * 4 and status["CapEff"] == "0" * 16
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    open_files = {os.readlink(each) for each in (folder / "fd").iterdir()}
    assert len([each for each in open_files if str(box.folder) in each]) <= 2  # stick and log


# -- FAULTS 80


def test_pulled_in_the_middle_it_goes_on_when_it_is_put_in_again(bare, sets, tmp_path):
    """FAULTS 80: nothing half done, and it says so; what was copied is not read again."""
    s1 = bundle(sets["knows-0"], 1)
    image = stick(tmp_path / "s", published(tmp_path / "f", s1=s1), "-F", "16", "-s", "1")
    begin = image.read_bytes().index(s1[:512])

    def pulled(at, octets):
        if at >= begin + 200_000 and at < begin + len(s1):
            raise OSError(5)

    first = HostileStick(bare, image, "sda.1", pulled)
    bare.until(lambda: "last stick" in bare.updates(), "what becomes of it")
    said = bare.updates()["last stick"]
    assert "the stick was pulled" in said and "put it in again" in said
    first.stop()
    bare.until(lambda: bare.updates()["stick"] == "none", "the end of the stick")
    assert not found(bare) and "stick.pulled" in bare.log()
    (part,) = (p for p in (bare.data / "updates").iterdir() if p.name.startswith("part-"))
    have = part.stat().st_size
    assert have == 200_000 // 16384 * 16384 and part.read_bytes() == s1[:have]
    again = HostileStick(bare, image, "sda.2")
    assert bare.looked() == "set-1 is in use" and found(bare)
    again.stop()
    inside = [at for at, _ in again.read if begin <= at < begin + len(s1)]
    assert inside and min(inside) >= begin + have


def begun(box):
    return any(path.name.startswith("part-") for path in (box.data / "updates").iterdir())


def test_hands_that_pull_at_any_moment(box, sets, tmp_path):
    """FAULTS 80: ten times, wherever it is; then it is left in."""
    s1 = bundle(sets["knows-0"], 1)
    image = stick(tmp_path / "s", published(tmp_path / "f", s1=s1), "-F", "16", "-s", "1")
    for n in range(10):
        box.put_in(image)
        box.until(lambda: box.updates()["stick"] == "is in", "the stick")
        if n % 2:
            box.until(lambda: begun(box) or box.in_use() == "knows-0", "a part")
        box.pull()
        assert box.in_use() in ("factory", "knows-0")
    box.put_in(image)
    assert box.looked() in ("set-1 is in use", "nothing newer") and found(box)


# -- FAULTS 74


def test_a_medium_that_changes_between_readings(bare, sets, tmp_path):
    """FAULTS 74: each octet of a bundle is read once, and what is installed is what was verified.

    As soon as an octet was read, the stick has an evil one there.
    """
    s1 = bundle(sets["knows-0"], 1)
    image = stick(tmp_path / "s", published(tmp_path / "f", s1=s1), "-F", "16", "-s", "1")
    begin = image.read_bytes().index(s1[:512])
    last = []

    def swapped(at, octets):
        for place, n in last:
            stick_in.data[place : place + n] = b"\xee" * n
        last[:] = [(at, octets)] if begin <= at < begin + len(s1) else []

    stick_in = HostileStick(bare, image, before=swapped)
    assert bare.looked() == "set-1 is in use" and found(bare)
    stick_in.stop()
    assert stick_in.data[begin : begin + len(s1) - 512].count(0xEE) > len(s1) * 9 // 10
    read = [at for at, _ in stick_in.read if begin <= at < begin + len(s1)]
    assert len(read) == len(set(read)) == (len(s1) + 511) // 512


def test_a_good_begin_and_then_another_content(bare, sets, tmp_path):
    """FAULTS 65, 74: the signatures hold, the rest is swapped under them: nothing is installed."""
    s1, evil = bundle(sets["knew-1"], 1), bundle(sets["knows-0"], 1)
    image = stick(tmp_path / "s", published(tmp_path / "f", s1=s1), "-F", "16", "-s", "1")
    begin = image.read_bytes().index(s1[:512])

    def swapped(at, octets):
        if at >= begin + 16384:
            rest = evil[16384 : len(s1)]
            stick_in.data[begin + 16384 : begin + 16384 + len(rest)] = rest

    stick_in = HostileStick(bare, image, before=swapped)
    bare.until(lambda: "not tried again" in bare.updates().get("last stick", ""), "the end of it")
    assert "SHA-256 differs) (payload)" in bare.updates()["last stick"]
    assert bare.console("show signatures")[1][0].split()[2] == "factory" and not found(bare)
    stick_in.stop()
    assert not [p for p in (bare.data / "updates").iterdir() if p.name.startswith("part-")]


# -- hostile, and slow


def test_bundles_that_are_refused(box, sets, tmp_path):
    """FAULTS 61, 62, 66: the reason is said, the old set stays, a good one beside it is taken."""
    box.install(bundle(sets["knew-1"], 5))
    good = bundle(sets["knows-0"], 6)

    def refused(why, index=None, **files):
        folder = tmp_path / f"f{len(list(tmp_path.iterdir()))}"
        published(folder, **files)
        if index is not None:
            (folder / "index").write_bytes(index)
        box.put_in(stick(folder.with_suffix(".img"), folder, "-F", "16", "-s", "1"))
        said = box.looked()
        assert why in said, said
        assert box.in_use() == "knew-1"
        box.pull()

    refused("nothing newer", s=bundle(sets["knows-0"], 4))
    stranger = bundle(sets["knows-0"], 7, make.STRANGER)
    refused("(unsigned)", s=stranger)
    refused("its index cannot be used", index=b"restante-index=1", s=good)
    refused("its index cannot be used", index=b"", s=good)
    refused("at most are allowed", index=b"x" * 40000, s=good)
    lie = publishing.index_of({"s.rstb": good}).decode().replace("serial=6", "serial=9")
    refused("not what the index says", index=lie.encode(), s=good)
    absent = publishing.index_of({"other.rstb": good})
    refused("other.rstb is not there", index=absent, s=good)
    told, longer = f"octets={len(good)}", f"octets={len(good) + 4}"
    shorter = publishing.index_of({"s.rstb": good}).decode().replace(told, longer).encode()
    refused(f"not {len(good) + 4} as the index says", index=shorter, s=good)
    # A refused one costs the good one beside it nothing.
    folder = published(tmp_path / "both", a=stranger, b=good)
    box.put_in(stick(tmp_path / "both.img", folder, "-F", "16", "-s", "1"))
    box.until(lambda: box.updates().get("last stick", "").endswith("set-6 is in use"), "the good")
    assert found(box)


def test_sticks_that_are_none(box, tmp_path):
    """Each says what it is and what to do; the reader and the gate go on."""
    noise = tmp_path / "noise"
    noise.write_bytes(b"noise " * 100_000)
    exfat = tmp_path / "exfat"
    exfat.write_bytes(b"\xeb\x76\x90EXFAT   ".ljust(510, b"\0") + b"\x55\xaa" + bytes(9000))
    fat12 = tmp_path / "fat12"
    formatted(fat12, "-F", "12", mib=1)
    empty = tmp_path / "empty"
    formatted(empty, "-F", "16", "-s", "1")
    tiny = tmp_path / "tiny"
    tiny.write_bytes(b"x")
    ring = tmp_path / "ring"
    formatted(ring, "-F", "32", "-s", "1", mib=40)
    data = bytearray(ring.read_bytes())
    reserved, table = int.from_bytes(data[14:16], "little"), int.from_bytes(data[36:40], "little")
    for n in (0, table):  # the root folder's chain leads to itself, and the folder is full
        at = (reserved + n) * 512 + 8
        data[at : at + 4] = (2).to_bytes(4, "little")
    root = (reserved + 2 * table) * 512
    data[root : root + 512] = (b"NOISE      \x20" + bytes(20)) * 16
    ring.write_bytes(data)
    for image, why in (
        (noise, "no file system that is known; format the stick as FAT32"),
        (exfat, "EXFAT; format the stick as FAT32"),
        (fat12, "FAT12; format the stick as FAT32"),
        (empty, "no file index, at its top or in the folder restante"),
        (ring, "more than 8192 entries"),
    ):
        box.put_in(image)
        said = box.looked()
        assert why in said, said
        box.pull()
    box.put_in(tiny)  # shorter than a sector: it cannot be read at all
    box.until(lambda: "cannot be read" in box.updates()["stick"], "the trouble")
    box.until(lambda: "warning stick.silent" in box.log(), "the record")
    (box.usb / "sda").unlink()
    box.until(lambda: box.updates()["stick"] == "none", "its end")


def test_a_stick_that_hangs_holds_nobody_up(bare, sets, tmp_path):
    """FAULTS 80: it answers no more; the gate says so, and a bundle from the console goes on."""
    s1 = bundle(sets["knows-0"], 1)
    image = stick(tmp_path / "s", published(tmp_path / "f", s1=s1), "-F", "16", "-s", "1")
    begin = image.read_bytes().index(s1[:512])
    over = threading.Event()

    def stuck(at, octets):
        if at >= begin + 100_000 and not over.is_set():
            over.wait(SECONDS)

    stick_in = HostileStick(bare, image, before=stuck)
    bare.until(lambda: "does not answer" in bare.updates().get("last stick", ""), "the deadline")
    bare.arrived(bundle(sets["knew-1"], 3))
    assert bare.install()[0] == "+OK set-3 is in use"
    over.set()
    bare.until(lambda: "nothing newer" in bare.updates()["last stick"], "the look after it")
    assert bare.in_use() == "knew-1"
    stick_in.stop()


def test_the_console_goes_first(box, sets, tmp_path):
    """FAULTS 82."""
    data, other = bundle(sets["knows-0"], 1), bundle(sets["knew-1"], 2)
    image = stick(tmp_path / "s", published(tmp_path / "f", s1=data), "-F", "16", "-s", "1")
    with Sender(box, other) as sender:
        sender.go(until=6000)
        box.put_in(image)
        assert "somebody at the console" in box.looked()
        sender.go()
        assert sender.ended()[0].startswith("+OK")
    assert box.install()[0] == "+OK set-2 is in use"
    box.until(lambda: box.updates()["last stick"].endswith("nothing newer"), "the look after it")


def test_a_reader_that_was_taken_over_is_not_believed(bare, sets):
    """Whatever it says: the gate goes on, and shows no control characters."""
    path = bare.run / "stick.sock"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(str(path))
    os.chmod(path, 0o666)
    listening.listen(4)
    listening.settimeout(SECONDS)
    answers = [
        b"+sda.1",
        b"-\x1b[2J" + b"w" * 60000,
        b"+",
        b"+99999999999999999999",
        b"=" + b"o" * 60000,
        b"+5",
    ]
    for answer in answers * 2:
        peer, _ = listening.accept()
        with peer:
            while peer.recv(200):
                peer.sendall(b"+sda.%d" % len(answers) if answer == b"+sda.1" else answer)
    listening.close()
    path.unlink()
    bare.until(lambda: bare.updates()["stick"] in ("none", "is in"), "the gate")
    assert "\x1b" not in str(bare.console("show updates")) + bare.log()
    assert bare.in_use() == "factory"


def test_off_is_off(box, sets, tmp_path):
    box.configure("set updates stick off")
    assert box.updates()["stick"].startswith("off")
    box.until(lambda: box.updates()["stick"] == "off", "the reader")
    assert "sticks are off" in box.console("update stick")[0]
    s1 = bundle(sets["knows-0"], 1)
    box.put_in(stick(tmp_path / "s", published(tmp_path / "f", s=s1), "-F", "16", "-s", "1"))
    reader = Path(f"/proc/{box.reader.pid}")
    looks = waits(reader)
    box.until(lambda: waits(reader) > looks + 3, "looks of the reader")  # one a second
    assert not any("usb" in os.readlink(each) for each in (reader / "fd").iterdir())
    assert "update.fetching" not in box.log()
    box.configure("set updates stick on")
    assert box.looked() == "set-1 is in use" and found(box)
    # Off while one is in: the reader lets go of it.
    before = box.readers
    box.configure("set updates stick off")
    box.until(lambda: box.readers > before, "the end of the reader")
    box.until(lambda: box.updates()["stick"] == "off", "the next reader")


def waits(reader):
    """How often it slept."""
    rows = (reader / "status").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("voluntary")).split()[1])


def test_a_reader_that_is_killed_costs_one_look(box, sets, tmp_path):
    image = stick(tmp_path / "s", published(tmp_path / "f"), "-F", "16", "-s", "1")
    box.put_in(image)
    assert box.looked() == "nothing newer"
    box.reader.signal(signal.SIGKILL)
    box.until(lambda: box.readers == 2, "another reader")
    assert box.console("update stick")[0] == "+OK it is looked at"
    box.until(lambda: box.log().count('what="nothing newer"') >= 2, "another look")


class SlottedStickBox(StickBox, FirmwareBox):
    """With two slots."""


def test_firmware_is_taken_when_somebody_asks(origin, signatures, sets, tmp_path):
    """Never by the box itself.  Asked for, it has arrived as if it had been sent."""
    box = SlottedStickBox(origin.port, signatures, make.SETS["keys-1"])
    try:
        s1 = bundle(sets["knows-0"], 1)
        files = published(tmp_path / "f", s1=s1, fw6=of_firmware(serial=6), fw7=of_firmware())
        box.put_in(stick(tmp_path / "s", files, "-F", "16", "-s", "1"))
        has = "it has firmware: fw7.rstb; type: update stick firmware"
        assert box.looked() == f"set-1 is in use; {has}"
        assert "no bundle has arrived" in box.console("firmware install")[0]
        assert box.console("update stick firmware")[0] == "+OK it is looked at"
        box.until(lambda: "has arrived" in box.updates()["last stick"], "the firmware")
        assert "fw7.rstb has arrived; type: firmware install" in box.updates()["last stick"]
        assert box.console("firmware install")[0].startswith("+OK firmware 0.2.0 is in slot B")
        assert box.holds("B", NEW)
        box.pull()
        empty = published(tmp_path / "e", s1=s1)
        box.put_in(stick(tmp_path / "s2", empty, "-F", "16", "-s", "1"))
        assert box.looked() == "nothing newer"
        box.console("update stick firmware")
        box.until(lambda: "no firmware for this box" in box.updates()["last stick"], "its answer")
    finally:
        box.stop()
