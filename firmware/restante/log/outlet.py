"""Where warnings go: the program's standard output, which is the console on the box.

Its rule: a line that the console does not take at once is lost here (it stays in the ring), since
a slow or stuck serial line must never stop mail.  The output is opened anew, so that only our own
writes do not wait, not those of whoever shares it; open it before rights are given up.
"""

import errno

import _sys

_STANDARD_OUTPUT = 1


class Outlet:
    """`prefix` stands before each line.  Call it with a text; OSError(EAGAIN): not taken."""

    def __init__(self, prefix=""):
        self._prefix = prefix
        self._fd = self._own()
        _sys.set_nonblocking(self._fd)

    def _own(self):
        path = "/proc/self/fd/%d" % _STANDARD_OUTPUT
        try:
            return _sys.open(path, _sys.O_WRONLY | _sys.O_APPEND | _sys.O_NOCTTY)
        except OSError:
            return _STANDARD_OUTPUT  # a socket cannot be opened again

    def __call__(self, text):
        line = (self._prefix + text + "\n").encode()
        if _sys.write(self._fd, line, 0, len(line)) is None:
            raise OSError(errno.EAGAIN)
