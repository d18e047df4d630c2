"""The key partition's copies, and what counts as blank, on files.  Runs on MicroPython only."""

import os

import _sys
from restante.box import blocks, keys
from restante.box.keyring import Keyring

TMP = os.getenv("RESTANTE_TMP") + "/"
MIB = 1048576


def partition(name, *pieces):
    """A file in the place of a partition."""
    with open(TMP + name, "wb") as file:
        for piece in pieces:
            file.write(piece)
    found = blocks.Partition(name, sum([len(piece) for piece in pieces]))
    found.device = TMP + name
    return found


def content(name):
    with open(TMP + name, "rb") as file:
        return file.read()


def test_zeros_and_ones_are_blank():
    for octet in (b"\0", b"\xff"):
        assert partition("blank", octet * MIB, octet * 4096).is_blank()
        assert partition("small", octet * 512).is_blank()


def test_one_octet_in_the_first_mib_is_not_blank():
    for at in (0, 1, 65535, 65536, 1080, MIB - 1):
        octets = bytearray(MIB)
        octets[at] = 1
        assert not partition("used", octets).is_blank(), at
    assert not partition("mixed", bytes(65536), b"\xff" * 65536).is_blank()
    assert not partition("fives", b"\5" * MIB).is_blank()


def test_copies_lie_at_the_beginning_of_each_half():
    key = b"k" * 32
    ring = Keyring(blocks.KeyDisk(partition("keys", bytes(MIB))))
    assert ring.record is None
    ring.renew(key)
    octets = content("keys")
    copy = keys.pack(ring.record)
    assert octets[:512] == copy and octets[MIB // 2 : MIB // 2 + 512] == copy
    assert octets.count(b"k" * 32) == 2 and len(octets) == MIB
    assert Keyring(blocks.KeyDisk(partition("again", octets))).record.key == key


def test_a_medium_that_cannot_discard_is_asked_and_goes_on():
    disk = blocks.KeyDisk(partition("keys", bytes(MIB)))
    before = len(_sys.listdir("/proc/self/fd"))
    ring = Keyring(disk)
    ring.renew(b"k" * 32)
    ring.destroy()
    assert b"k" * 32 not in content("keys")
    assert Keyring(disk).record.state == keys.DESTROYED
    assert len(_sys.listdir("/proc/self/fd")) == before


def test_no_partition_has_a_name_that_none_has():
    assert blocks.partition("no partition is called so") is None
