"""A line of a given rate and delay between two taps: what netem would do, without the kernel's.

Run as `python -m restante_tools.lab.delayer TAP TAP`, two open descriptors. The queue of each
direction is exact: a frame leaves when those before it and it itself have passed at the line's
rate, and arrives one delay later. What finds the queue full is dropped, as a router drops it.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline

FRAME_OCTETS = 65_600  # more than a tap ever hands over: 64 KiB, its two headers
TAP_HEADER = 10  # octets of virtio-net's header before each frame: not on the line
START_SECONDS = 15.0


@dataclass(frozen=True)
class Line:
    """Both directions alike. An ordinary office's: 10 Mbit/s, 40 ms there and back."""

    bits_a_second: int = 10_000_000
    delay: float = 0.020  # seconds, one way
    queue: float = 0.100  # seconds of mail that may wait before the line: a usual router's


class Direction:
    """Pure: when a frame that comes now arrives. Times in seconds, from any beginning."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._free = 0.0  # from when on the line is free

    def arrival(self, now: float, octets: int) -> float | None:
        """None: dropped, the queue is full."""
        begin = max(now, self._free)
        if begin - now > self.line.queue:
            return None
        self._free = begin + octets * 8 / self.line.bits_a_second
        return self._free + self.line.delay


class Half:
    """One direction with the frames that are on their way."""

    def __init__(self, source: int, sink: int, line: Line) -> None:
        self.source, self._sink = source, sink
        self._direction = Direction(line)
        self._under_way: deque[tuple[float, bytes]] = deque()

    def take(self, now: float) -> None:
        """One frame comes from the tap."""
        frame = os.read(self.source, FRAME_OCTETS)
        arrival = self._direction.arrival(now, len(frame) - TAP_HEADER)
        if arrival is not None:
            self._under_way.append((arrival, frame))

    def hand_over(self, now: float) -> None:
        """What has arrived by now goes to the other tap."""
        while self._under_way and self._under_way[0][0] <= now:
            _, frame = self._under_way.popleft()
            try:
                os.write(self._sink, frame)
            except OSError as error:
                if error.errno != errno.EIO:  # EIO: that end is switched off
                    raise

    def next_arrival(self) -> float | None:
        return self._under_way[0][0] if self._under_way else None


def serve(taps: Sequence[int], line: Line) -> None:
    """For ever."""
    one, other = taps
    halves = {one: Half(one, other, line), other: Half(other, one, line)}
    while True:
        coming = [t for half in halves.values() if (t := half.next_arrival()) is not None]
        wait = max(0.0, min(coming) - time.monotonic()) if coming else None
        ready, _, _ = select.select(list(halves), [], [], wait)
        for tap in ready:
            halves[tap].take(time.monotonic())
        for half in halves.values():
            half.hand_over(time.monotonic())


def start(taps: tuple[int, int], log: Path, line: Line) -> Child:
    """The line as a child; returns when frames are passed on."""
    words = [sys.executable, "-m", "restante_tools.lab.delayer"]
    words += [str(tap) for tap in taps]
    words += [str(line.bits_a_second), str(line.delay), str(line.queue)]
    child = Child("delayer", words, log, inherit=taps)
    deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {log}")

    def ready() -> bool:
        child.check()
        return "ready" in child.tail()

    deadline.wait(ready, "start of the delayer")
    return child


def main() -> None:
    one, other, rate, delay, queue = sys.argv[1:]
    print("ready", flush=True)
    try:
        serve((int(one), int(other)), Line(int(rate), float(delay), float(queue)))
    except OSError as error:
        raise SystemExit(f"a tap is gone: {error}") from error


if __name__ == "__main__":
    main()
