"""Tags of IEEE 802.1Q: put on, taken off; what has none. A trunk that nobody reads."""

import os
import socket
import struct

import pytest
from restante_tools.lab.vlanswitch import UNTAGGED, tagged, takes, untagged

FRAME = bytes(range(12)) + struct.pack(">H", 0x0800) + b"a packet of IPv4"


@pytest.mark.parametrize("vlan", [1, 10, 20, 4094])
def test_a_frame_comes_back_as_it_went(vlan):
    there = tagged(FRAME, vlan)
    assert there != FRAME and len(there) == len(FRAME) + 4
    assert there[12:16] == struct.pack(">HH", 0x8100, vlan)
    assert untagged(there) == (vlan, FRAME)


def test_the_untagged_port_changes_nothing():
    assert tagged(FRAME, UNTAGGED) == FRAME
    assert untagged(FRAME) == (UNTAGGED, FRAME)


def test_priority_is_not_the_vlan():
    frame = FRAME[:12] + struct.pack(">HH", 0x8100, 7 << 13 | 10) + FRAME[12:]
    assert untagged(frame) == (10, FRAME)


@pytest.mark.parametrize("octets", [0, 11, 12, 15])
def test_a_frame_that_is_cut_off_has_no_tag(octets):
    short = tagged(FRAME, 10)[:octets]
    assert untagged(short) == (UNTAGGED, short)


def test_a_trunk_that_nobody_reads_is_not_waited_for():
    switch, box = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with switch, box:
        switch.setblocking(False)
        waiting = 0
        with pytest.raises(BlockingIOError):
            while True:
                os.write(switch.fileno(), FRAME)
                waiting += 1
        assert not takes(switch.fileno())
        for _ in range(waiting):
            assert box.recv(len(FRAME)) == FRAME
        assert takes(switch.fileno())
