"""A serial cable between two ttys that is as fast as their speeds say, and no faster.

What crosses takes ten bits an octet at the speed that the sender's tty is set to.  If the
receiver's is set to another one, it gets garbage, with octets 0 in it, as a UART gives where it
finds no stop bit.  Octets may be flipped, the cable may be cut, stalled, or bear only so much.
"""

import os
import random
import select
import termios
import threading
import time
import tty

READ_OCTETS = 4096
CHUNK_SECONDS = 0.005
LATE_SECONDS = 0.03
LOOK_SECONDS = 0.05
BITS = 10
RATES = {
    getattr(termios, f"B{n}"): n
    for n in (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
}


class End:
    """A pty's master; its slave is kept open, so that programs may come and go."""

    def __init__(self, master, slave):
        self.master = master
        self.slave = slave

    def speed(self):
        return RATES[termios.tcgetattr(self.master)[5]]


class PacedLine:
    """Joins a console's pty with a new one, whose name is `port`."""

    def __init__(self, master, name, rate=0.0, seed=1, bears=921600, cut_at=None):
        """`rate`: octets that are damaged; `bears`: above that speed all is; `cut_at`: after so
        many octets to the box nothing crosses."""
        self.rate = rate
        self.bears = bears
        self.cut_at = cut_at
        self.connected = True
        self.limit = None  # octets a second, whatever the speed
        self.crossed = {"in": 0, "out": 0}  # seen from the box
        self.speeds = []  # of the host's end, each time that it changes
        self._random = random.Random(seed)
        near, far = os.openpty()
        tty.setraw(far)
        self.port = os.ttyname(far)
        box = End(master, os.open(name, os.O_RDWR | os.O_NOCTTY))
        self.box = box
        host = End(near, far)
        self._ends = threading.Event()
        self._slaves = (far, box.slave)
        self._near = near
        self._threads = [
            threading.Thread(target=self._carry, args=("in", host, box)),
            threading.Thread(target=self._carry, args=("out", box, host)),
        ]
        for each in self._threads:
            each.start()

    def _carry(self, way, source, target):
        free = 0.0  # when the wire is
        while not self._ends.is_set():
            if not select.select([source.master], [], [], LOOK_SECONDS)[0]:
                continue
            data = os.read(source.master, READ_OCTETS)
            speed = source.speed()
            if way == "in" and self.speeds[-1:] != [speed]:
                self.speeds.append(speed)
            while data and not self._ends.is_set():
                rate = self.limit or speed / BITS
                n = max(1, int(rate * CHUNK_SECONDS))
                chunk, data = data[:n], data[n:]
                # A wire does not wait for a machine that is busy: what was missed is made up for.
                free = max(free, time.monotonic() - LATE_SECONDS) + len(chunk) / rate
                self._ends.wait(max(0.0, free - time.monotonic()))
                self._deliver(way, chunk, speed, target)

    def _deliver(self, way, chunk, speed, target):
        if way == "in" and self.cut_at is not None and self.crossed["in"] >= self.cut_at:
            self.connected = False
        if not self.connected:
            return
        self.crossed[way] += len(chunk)
        if speed != target.speed() or speed > self.bears:
            chunk = bytes(self._random.choice((0, 0x80, 0xF8, 0x66, 0xFE)) for _ in chunk)
        elif self.rate:
            chunk = bytes(self._noise(octet) for octet in chunk)
        while chunk and not self._ends.is_set():
            if select.select([], [target.master], [], LOOK_SECONDS)[1]:
                chunk = chunk[os.write(target.master, chunk) :]

    def _noise(self, octet):
        if self._random.random() >= self.rate:
            return octet
        return octet ^ (1 << self._random.randrange(8))

    @property
    def closed(self):
        return self._ends.is_set()

    def close(self):
        self._ends.set()
        for each in self._threads:
            each.join()
        for fd in (*self._slaves, self._near):
            os.close(fd)
