"""The watchdog device: any write starts its time anew.  Output only; when, others decide.

It is closed by nothing but the end of the program, and then without the letter `V`: the kernel
keeps counting, so a warden that does not come back restarts the box.
"""

import _sys


class Watchdog:
    def __init__(self, path):
        self._fd = _sys.open(path, _sys.O_WRONLY)

    def feed(self):
        _sys.write(self._fd, b"+", 0, 1)
