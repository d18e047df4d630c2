"""console: the serial line.  Wiring only; holds the tty and a socket to the gate, no secrets.

console [--run FOLDER] [--speed N]
"""

import os
import sys

import _sys

from restante.box import options, places
from restante.console import speeds
from restante.console.gate import Gate
from restante.console.session import Session
from restante.console.terminal import Gone, Terminal
from restante.control.status import IPV6
from restante.version import VERSION

DEFAULTS = {"--run": places.RUN, "--speed": str(speeds.OWN)}
NOTES = ("IPv6 is " + IPV6,)
HOST_NAME = "/proc/sys/kernel/hostname"
# Standard descriptors, one connection to the gate, with room to spare.
DESCRIPTORS = 8


def host_name():
    with open(HOST_NAME) as f:
        return f.read().strip()


def session_name():
    """The gate gives the candidate to one session; two starts of the console are two sessions."""
    return "console-" + "".join(["%02x" % octet for octet in os.urandom(4)])


def give_up_rights():
    """Last of all: what is needed later is open or allowed by the profile."""
    if _sys.stat("/proc/self")[1] == 0:  # uid 0; on a developer's machine it may be a user
        _sys.drop(places.CONSOLE_UID, places.CONSOLE_UID)
    _sys.no_new_privs()
    _sys.rlimit("nofile", DESCRIPTORS)
    _sys.rlimit("core", 0)
    _sys.seccomp("console")


def main():
    given = options.parse(sys.argv[1:], DEFAULTS)
    gate = Gate(given["--run"] + "/" + places.CONTROL_SOCKET)
    terminal = Terminal(0, 1, int(given["--speed"]))
    session = Session(terminal, gate, host_name(), VERSION, NOTES, session_name())
    give_up_rights()
    try:
        session.run()
    except Gone:
        sys.exit(0)


if __name__ == "__main__":
    main()
