"""A serial cable: the console's tty on one end, a tty for a program on the other, noise between.

Everything that crosses may be lost, flipped or doubled, each octet by itself, out of a seeded
random source; a test may also act on what crosses.
"""

import os
import random
import select
import threading
import time
import tty

READ_OCTETS = 512


class NoisyLine:
    """Joins `master`, the near end of the console's pty, with a new pty, whose name is `port`."""

    def __init__(self, master, rate=0.0, seed=1, baud=0):
        """`rate`: how many of the octets something happens to; `baud`: not faster than that."""
        self.rate = rate
        self._baud = baud
        self.touched = 0
        self.crossed = {"in": 0, "out": 0}  # seen from the box
        self.connected = True
        self.says = b""  # another program on the box writes this, in the middle of other things
        self.seen = None  # called with what the program sends
        self._random = random.Random(seed)
        self._box = master
        self._near, far = os.openpty()
        tty.setraw(far)
        self.port = os.ttyname(far)
        self._far = far  # kept open: the program may come and go
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._ends.is_set():
            ready, _, _ = select.select([self._box, self._near], [], [], 0.05)
            if self._near in ready:
                data = os.read(self._near, READ_OCTETS)
                if self.seen:
                    self.seen(data)
                self._pass("in", data, self._box)
            if self._box in ready:
                self._pass("out", os.read(self._box, READ_OCTETS), self._near)

    def _pass(self, way, data, target):
        if not self.connected:
            return
        self.crossed[way] += len(data)
        if self._baud:  # start bit, eight bits, stop bit; one way at a time: no faster than a line
            time.sleep(len(data) * 10 / self._baud)
        data = b"".join(self._noise(octet) for octet in data)
        if way == "out" and self.says and self._random.random() < 0.3:
            at = self._random.randrange(len(data) + 1)
            data = data[:at] + self.says + data[at:]
            self.touched += 1
        while data and not self._ends.is_set():
            if select.select([], [target], [], 0.05)[1]:
                data = data[os.write(target, data) :]
            # The other way must not stand still meanwhile: both ends may be full.
            elif target == self._box and select.select([self._box], [], [], 0)[0]:
                self._pass("out", os.read(self._box, READ_OCTETS), self._near)

    def _noise(self, octet):
        if self._random.random() >= self.rate:
            return bytes((octet,))
        self.touched += 1
        kind = self._random.randrange(3)
        if kind == 0:
            return b""
        if kind == 1:
            return bytes((octet ^ (1 << self._random.randrange(8)),))
        return bytes((octet, octet))

    @property
    def closed(self):
        return self._ends.is_set()

    def close(self):
        self._ends.set()
        self._thread.join()
        os.close(self._near)
        os.close(self._far)
