"""The key partition's copies, and what counts as blank, on files.  Runs on MicroPython only."""

import os

import _sys
from restante.box import blocks, keys
from restante.box.keyring import Keyring

TMP = os.getenv("RESTANTE_TMP") + "/"
MIB = 1048576
STEP = 65536
KEYS_OCTETS = 8192  # a smaller partition than the board's: the heap here is small


def partition(name, octets, octet=b"\0", mark=None):
    """A file in the place of a partition, of one octet throughout; but not at `mark`."""
    with open(TMP + name, "wb") as file:
        for _ in range(octets // STEP):
            file.write(octet * STEP)
        file.write(octet * (octets % STEP))
        if mark is not None:
            file.seek(mark)
            file.write(b"\5")
    found = blocks.Partition(name, octets)
    found.device = TMP + name
    return found


def content(name):
    with open(TMP + name, "rb") as file:
        return file.read()


def test_zeros_and_ones_are_blank():
    for octet in (b"\0", b"\xff"):
        assert partition("blank", MIB + 4096, octet).is_blank()
        assert partition("small", 512, octet).is_blank()
        assert partition("beyond", MIB + 4096, octet, MIB).is_blank()
    assert not partition("fives", MIB, b"\5").is_blank()


def test_one_octet_in_the_first_mib_is_not_blank():
    for octet in (b"\0", b"\xff"):
        for mark in (0, 1, 1080, STEP - 1, STEP, MIB - 1):
            assert not partition("used", MIB + 4096, octet, mark).is_blank(), mark


def test_copies_lie_at_the_beginning_of_each_half():
    key = b"k" * 32
    ring = Keyring(blocks.KeyDisk(partition("keys", KEYS_OCTETS)))
    assert ring.record is None
    ring.renew(key)
    octets = content("keys")
    copy = keys.pack(ring.record)
    assert octets[:512] == copy and octets[KEYS_OCTETS // 2 :][:512] == copy
    assert octets.count(b"k" * 32) == 2 and len(octets) == KEYS_OCTETS
    again = blocks.Partition("keys", KEYS_OCTETS)
    again.device = TMP + "keys"
    assert Keyring(blocks.KeyDisk(again)).record.key == key


def test_a_medium_that_cannot_discard_is_asked_and_goes_on():
    disk = blocks.KeyDisk(partition("keys", KEYS_OCTETS))
    before = len(_sys.listdir("/proc/self/fd"))
    ring = Keyring(disk)
    ring.renew(b"k" * 32)
    ring.destroy()
    assert b"k" * 32 not in content("keys")
    assert Keyring(disk).record.state == keys.DESTROYED
    assert len(_sys.listdir("/proc/self/fd")) == before


def test_no_partition_has_a_name_that_none_has():
    assert blocks.partition("no partition is called so") is None


def test_a_partition_of_a_stick_is_not_the_boxs():
    """Whatever it is called, and though the kernel shows it first."""
    blocks.BLOCKS = TMP + "blocks"
    _sys.mkdir(blocks.BLOCKS, 0o700)
    for name, octets in (("sda1", 1), ("mmcblk0p2", 2), ("sdb", 3)):
        folder = blocks.BLOCKS + "/" + name
        _sys.mkdir(folder, 0o700)
        with open(folder + "/uevent", "w") as file:
            file.write("DEVNAME=%s\nPARTNAME=record\n" % name)
        with open(folder + "/size", "w") as file:
            file.write("%d\n" % octets)
    found = blocks.partition("record")
    assert (found.device, found.octets) == ("/dev/mmcblk0p2", 1024)
    os.remove(blocks.BLOCKS + "/mmcblk0p2/uevent")
    with open(blocks.BLOCKS + "/mmcblk0p2/uevent", "w") as file:
        file.write("DEVNAME=mmcblk0p2\n")
    assert blocks.partition("record") is None
