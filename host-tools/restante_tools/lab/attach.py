"""`restante console`: this terminal at the box's serial line.

Rule: every octet is passed on as it is; only the escape character (Ctrl-]) stays here.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import termios
import tty
from pathlib import Path

from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError

ESCAPE = b"\x1d"  # Ctrl-], as in telnet
READ_OCTETS = 4096


def connect(path: Path) -> socket.socket:
    """The serial line's socket; ToolError if the box is gone."""
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(str(path))
    except OSError as error:
        line.close()
        raise ToolError(
            f"the serial line does not answer: {error.strerror}",
            "the box is being switched off, or was stopped",
            "make run",
            DEVICE_OR_TIMEOUT,
        ) from error
    return line


def attach(path: Path) -> None:
    """Join the terminal and the serial line until Ctrl-] or the box's end."""
    with connect(path) as line:
        if not sys.stdin.isatty():
            pump(line)
            return
        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setraw(sys.stdin)
            pump(line)
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def pump(line: socket.socket) -> None:
    """Copy both ways until one side ends."""
    keyboard, screen = sys.stdin.fileno(), sys.stdout.fileno()
    line.sendall(b"\r")  # the console shows its prompt
    while True:
        ready, _, _ = select.select([line, keyboard], [], [])
        if line in ready:
            seen = line.recv(READ_OCTETS)
            if not seen:
                return
            os.write(screen, seen)
        if keyboard in ready:
            typed = os.read(keyboard, READ_OCTETS)
            head, escape, _ = typed.partition(ESCAPE)
            line.sendall(head)
            if escape or not typed:
                return
