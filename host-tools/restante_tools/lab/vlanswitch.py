"""A managed switch: one trunk to the box, one port for each VLAN. Not every kernel knows VLANs.

Run as `python -m restante_tools.lab.vlanswitch TRUNK VLAN:TAP...`, open descriptors: a socket of
datagrams, a frame in each, and taps. Frames get their tag on the way to the trunk and lose it on
the way back (IEEE 802.1Q). VLAN 0 is the port for frames without a tag: a plain computer on the
same cable. What belongs to no port is dropped, and so is what the trunk does not take: a box that
is off or deaf finds no frames of an hour ago when it comes up.
"""

from __future__ import annotations

import errno
import os
import select
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.delayer import FRAME_OCTETS, TAP_HEADER

ADDRESSES = 12  # octets: to whom and from whom, before the tag
TAG = 4  # octets
TAGGED = 0x8100
NUMBER = 0xFFF  # of the second word of a tag: the VLAN; the rest is priority
UNTAGGED = 0
START_SECONDS = 15.0
# What the trunk may be behind, until a frame for it is lost: a busy machine is behind for a moment
# (TCP is spared the loss), a box that is off for ever. QEMU 7.2's network chip must
# not get many frames at once: see board/orangepi-pc/README.md.
PATIENCE_MS = 10
# The other end is switched off, or does not take frames just now: a frame on a wire is lost then.
LOST = (errno.EIO, errno.ECONNREFUSED, errno.ENOTCONN, errno.EAGAIN, errno.ENOBUFS, errno.EPIPE)


def tagged(frame: bytes, vlan: int) -> bytes:
    """The frame as it goes over the trunk."""
    if vlan == UNTAGGED:
        return frame
    return frame[:ADDRESSES] + struct.pack(">HH", TAGGED, vlan) + frame[ADDRESSES:]


def untagged(frame: bytes) -> tuple[int, bytes]:
    """VLAN and frame as it goes over a port."""
    if len(frame) < ADDRESSES + TAG:
        return UNTAGGED, frame
    kind, tag = struct.unpack_from(">HH", frame, ADDRESSES)
    if kind != TAGGED:
        return UNTAGGED, frame
    return tag & NUMBER, frame[:ADDRESSES] + frame[ADDRESSES + TAG :]


def pass_on(descriptor: int, frame: bytes) -> None:
    try:
        os.write(descriptor, frame)
    except OSError as error:
        if error.errno not in LOST:
            raise


def takes(trunk: int) -> bool:
    """Whether the trunk takes a frame, now or within the patience."""
    waiting = select.poll()
    waiting.register(trunk, select.POLLOUT)
    return bool(waiting.poll(PATIENCE_MS))


def serve(trunk: int, ports: Mapping[int, int]) -> None:
    """`ports`: VLAN to tap. For ever."""
    os.set_blocking(trunk, False)
    vlans = {tap: vlan for vlan, tap in ports.items()}
    while True:
        ready, _, _ = select.select([trunk, *vlans], [], [])
        for source in ready:
            frame = os.read(source, FRAME_OCTETS)
            if source != trunk:
                if not takes(trunk):
                    continue
                pass_on(trunk, tagged(frame[TAP_HEADER:], vlans[source]))
                continue
            vlan, plain = untagged(frame)
            if vlan in ports:
                pass_on(ports[vlan], bytes(TAP_HEADER) + plain)


def start(trunk: int, ports: Mapping[int, int], log: Path) -> Child:
    """The switch as a child; returns when frames are passed on."""
    words = [sys.executable, "-m", "restante_tools.lab.vlanswitch", str(trunk)]
    words += [f"{vlan}:{tap}" for vlan, tap in ports.items()]
    child = Child("vlanswitch", words, log, inherit=(trunk, *ports.values()))
    deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {log}")

    def ready() -> bool:
        child.check()
        return "ready" in child.tail()

    deadline.wait(ready, "start of the switch")
    return child


def main() -> None:
    trunk, *pairs = sys.argv[1:]
    ports = {int(vlan): int(tap) for vlan, _, tap in (pair.partition(":") for pair in pairs)}
    print("ready", flush=True)
    try:
        serve(int(trunk), ports)
    except OSError as error:
        raise SystemExit(f"a cable is gone: {error}") from error


if __name__ == "__main__":
    main()
