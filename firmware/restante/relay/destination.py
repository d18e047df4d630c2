"""Where a redirected client wanted to go, and whether that is the box itself.

Its rule: the kernel is asked, no list of addresses is kept, so it is true after every change of
an interface.
"""

import socket

import _sys

from restante.inet import sockaddr

_LOOPBACK = "127."


def redirected(sock):
    """(address, port) before the packet filter changed it; the own one if it was not changed."""
    fd = sock.fileno()
    try:
        return _sys.original_dst(fd)
    except OSError:
        # ENOENT: no redirect, somebody spoke to the gate's own port.
        return _sys.sockname(fd)


def is_own(destination, local):
    """True if a connection to `destination` would end at this machine.

    `local` is the address that accepted the client.  A connected UDP socket sends nothing, and the
    kernel gives it the source address that it would use: for an own address, the same.
    """
    if destination == local or destination[0].startswith(_LOOPBACK):
        return True
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.connect(sockaddr(destination[0], destination[1] or 1))
        return _sys.sockname(probe.fileno())[0] == destination[0]
    except OSError:
        # No route: it is not ours, and connecting will say what is wrong.
        return False
    finally:
        probe.close()
