"""The console program on a line that has a carrier until something is written to a pipe.

Arguments: the pipe, then those of the program.
"""

import sys

import _sys
from restante.console import terminal
from restante.programs import console

PIPE = _sys.open(sys.argv.pop(1), _sys.O_RDWR)
_sys.set_nonblocking(PIPE)
OCTET = bytearray(1)


def modem_lines(fd):
    return 0 if _sys.read(PIPE, OCTET, 0, 1) else terminal.TIOCM_CAR


terminal.modem_lines = modem_lines
console.main()
