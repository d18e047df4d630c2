"""Asks another program of the box whether it works.  Input and output, one deadline for all.

A question is a connection: the gate's `ping`, the screen process's status request.  "No" is every
error, every wrong answer and every answer that is too late.
"""

import select
import socket
import struct
from time import ticks_add, ticks_diff, ticks_ms

import _sys

# A working peer answers in a few ms, a gate with 100 busy sessions after a round of its loop.
ANSWER_MS = 3000
# ping's whole answer, and more than the head of a status reply.
ANSWER_OCTETS = 64

# firmware/native/README.md: magic, kind 2 (status), the rest zero.
STATUS_REQUEST = struct.pack("<4sI", b"RSQ2", 2) + bytes(60)


def gate(path):
    return ask(path, False, b"ping\n", b"+OK\r\n.\r\n")


def screen(path):
    return ask(path, True, STATUS_REQUEST, b"RSS2")


def healthy(path):
    """The gate, of itself: also its store and the self-test (control/health.py)."""
    return ask(path, False, b"health\n", b"+OK")


def pop3(address, port):
    """True if a greeting comes, of whatever kind: a client from here went nowhere else."""
    place = b"\2\0" + bytes([port >> 8, port & 255]) + bytes([int(n) for n in address.split(".")])
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(ANSWER_MS // 1000)
        sock.connect(place + bytes(8))  # struct sockaddr_in: no resolver is asked
        return sock.recv(1) in (b"+", b"-")
    except OSError:
        return False
    finally:
        sock.close()


def ask(path, seq, request, start):
    """True if the peer's answer begins with `start`."""
    try:
        fd = _sys.unix_connect(path, seq=seq)
    except OSError:
        return False  # that nobody listens is the answer
    try:
        return _exchange(fd, request, start)
    except OSError:
        return False  # so is a connection that breaks
    finally:
        _sys.close(fd)


def _exchange(fd, request, start):
    until = ticks_add(ticks_ms(), ANSWER_MS)
    if _sys.write(fd, request, 0, len(request)) != len(request):
        return False
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    buffer = bytearray(ANSWER_OCTETS)
    used = 0
    while used < len(start):
        left = ticks_diff(until, ticks_ms())
        if left <= 0 or not poll.poll(left):
            return False
        n = _sys.read(fd, buffer, used, len(buffer))
        if n == 0:
            return False
        used += n or 0
    return bytes(buffer[: len(start)]) == start
