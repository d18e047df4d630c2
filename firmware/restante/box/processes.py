"""Finds the processes of a program of ours, and kills them.  Input and output.

By command line, not by a file with a number: a number may belong to another process by now.  The
workers of the screen process carry its command line; they end with it.
"""

import _sys

SIGKILL = 9
SIGTERM = 15
INIT = 1
# More than the longest command line of ours.
COMMAND_OCTETS = 512


def of(program):
    """Process numbers of `-m restante.programs.NAME`."""
    wanted = ("restante.programs." + program).encode()
    return [
        int(name) for name in _sys.listdir("/proc") if name.isdigit() and wanted in _words(name)
    ]


def kill(program):
    """SIGKILL ends stopped processes too.  Gives how many there were."""
    numbers = of(program)
    for number in numbers:
        _sys.kill(number, SIGKILL)
    return len(numbers)


def restart_box():
    """busybox init reboots at SIGTERM: it ends the programs, syncs, unmounts."""
    _sys.kill(INIT, SIGTERM)


def _words(number):
    try:
        fd = _sys.open("/proc/%s/cmdline" % number, _sys.O_RDONLY)
    except OSError:
        return ()  # it ended meanwhile
    try:
        buffer = bytearray(COMMAND_OCTETS)
        n = _sys.read(fd, buffer, 0, COMMAND_OCTETS)
        return bytes(buffer[:n]).split(b"\0")
    except OSError:
        return ()  # as above
    finally:
        _sys.close(fd)
