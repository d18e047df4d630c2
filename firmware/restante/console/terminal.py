"""The tty: modes, reading with a deadline, writing lines that hold no control character.

Other programs write their errors to the same line, and busybox init puts the tty back into its
cooked mode whenever it starts one of them: `read` sets ours again, at least once a second.  A
speed that is not the line's own is lent for a time (speeds.py); `read` ends that, too.
"""

import select
import termios
from time import ticks_add, ticks_diff, ticks_ms

import _sys

from restante.console import speeds
from restante.control.wire import plain

# c_iflag, c_oflag, c_cflag, c_lflag (asm-generic/termbits.h).
IGNBRK = 0x1
BRKINT = 0x2
PARMRK = 0x8
ISTRIP = 0x20
INLCR = 0x40
IGNCR = 0x80
ICRNL = 0x100
IXON = 0x400
IXANY = 0x800
IXOFF = 0x1000
OPOST = 0x1
ONLCR = 0x4
CLOCAL = 0x800
ISIG = 0x1
ICANON = 0x2
ECHO = 0x8
ECHOE = 0x10
ECHOK = 0x20
ECHONL = 0x40
IEXTEN = 0x8000
VTIME = 5
VMIN = 6
TCSADRAIN = 1  # after what was written has left

# Of the modem's lines (asm-generic/termios.h): what a whole cable carries from the other end.
TIOCMGET = 0x5415
TIOCM_CAR = 0x40

READ_OCTETS = 2048
# How long our modes may be missing after somebody changed them, in ms.
MODE_MS = 1000
# Looking after them costs more than a read does, and a fast line has many.
LOOK_MS = 100
# A terminal that takes nothing for so long is gone; init starts the console anew.
WRITE_MS = 30000


class Gone(Exception):
    """The terminal was closed, or cannot be used, or its cable was pulled."""


def modem_lines(fd):
    """What comes from the other end, bits of TIOCM_*; OSError where there are no such lines."""
    buffer = bytearray(20)
    _sys.ioctl(fd, TIOCMGET, buffer)
    return int.from_bytes(buffer[:4], "little")


class Terminal:
    def __init__(self, read_fd, write_fd, speed=speeds.OWN):
        """`speed`: the line's own."""
        self._in = read_fd
        self._out = write_fd
        self._own = speed
        self._speed = speed
        self._until = 0  # when a lent speed ends, in ticks
        self._looked = ticks_add(ticks_ms(), -MODE_MS)
        self._buffer = bytearray(READ_OCTETS)
        self._readable = select.poll()
        self._readable.register(read_fd, select.POLLIN)
        self._pause = select.poll()  # of nothing: the seccomp profile has no sleep
        self._writable = select.poll()
        self._writable.register(write_fd, select.POLLOUT)
        self._carrier = False  # it was there when we looked last

    def _watch_carrier(self):
        """Gone if the other end was there and is not any more.  Where the line cannot tell, or the
        cable has three wires only, it is never there."""
        try:
            there = bool(modem_lines(self._in) & TIOCM_CAR)
        except OSError:
            there = False
        if self._carrier and not there:
            raise Gone("the cable was pulled")
        self._carrier = there

    def _keep_mode(self):
        """No echo, no signals, no flow control by the reader: a typed Ctrl-S must not be able to
        stop the programs that write here.  Line ends are still made for everybody."""
        if self._speed != self._own and ticks_diff(self._until, ticks_ms()) <= 0:
            self._set_speed(self._own)
        if ticks_diff(ticks_ms(), self._looked) < LOOK_MS:
            return
        self._looked = ticks_ms()
        self._set_mode(0)

    def _set_mode(self, when):
        code = speeds.CODES[self._speed]
        now = termios.tcgetattr(self._in)
        wanted = [
            # A BREAK is read as an octet 0: it ends machine mode.
            now[0] & ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY)
            | IXOFF,
            now[1] | OPOST | ONLCR,
            now[2] | CLOCAL,
            now[3] & ~(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN),
            code,
            code,
        ]
        if now[:6] != wanted or now[6][VMIN] != 1 or now[6][VTIME] != 0:
            now[6][VMIN] = 1
            now[6][VTIME] = 0
            termios.tcsetattr(self._in, when, wanted + now[6:])

    def _set_speed(self, speed):
        self._pause.poll(speeds.SETTLE_MS)
        self._speed = speed
        self._set_mode(TCSADRAIN)

    def lend(self, speed, ms):
        """The line runs at `speed`, for so long unless `renew` is called; Gone."""
        try:
            self._set_speed(speed)
        except OSError as error:
            raise Gone(str(error))
        self.renew(ms)

    def renew(self, ms):
        """A lent speed is kept for so long from now on."""
        self._until = ticks_add(ticks_ms(), ms)

    def own_speed(self):
        """Back to the line's own speed; Gone."""
        if self._speed != self._own:
            self.lend(self._own, 0)

    def read(self, ms):
        """Octets that were typed, b"" if none within `ms`; Gone."""
        until = ticks_add(ticks_ms(), ms)
        try:
            while True:
                self._keep_mode()
                self._watch_carrier()
                left = max(0, ticks_diff(until, ticks_ms()))
                if self._readable.poll(min(left, MODE_MS)):
                    break
                if left <= MODE_MS:
                    return b""
            n = _sys.read(self._in, self._buffer, 0, READ_OCTETS)
        except OSError as error:
            raise Gone(str(error))
        if n == 0:
            raise Gone("end of input")
        return bytes(self._buffer[: n or 0])

    def register(self, poll):
        """For a wait on the terminal and something else."""
        poll.register(self._in, select.POLLIN)

    def show(self, data):
        """Writes octets of our own making: echo and prompts."""
        at = 0
        try:
            while at < len(data):
                if not self._writable.poll(WRITE_MS):
                    raise Gone("it takes nothing")
                at += _sys.write(self._out, data, at, len(data)) or 0
        except OSError as error:
            raise Gone(str(error))

    def line(self, text):
        """Writes one line of anybody's making."""
        self.show(plain(text).encode() + b"\n")
