"""`restante console PORT`: this terminal at a serial line.

Rule: every octet is passed on as it is; only the escape character (Ctrl-]) stays here. Whatever
happens, the terminal is afterwards as it was before.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty

from restante_tools.errors import ToolError
from restante_tools.fieldline.ports import READ_SECONDS, Port

ESCAPE = b"\x1d"  # Ctrl-], as in telnet
READ_OCTETS = 1024
TAIL_SECONDS = 0.5  # what comes behind the end of a piped input is still shown


def attach(port: Port) -> None:
    """Join the terminal and the line until Ctrl-], the end of the input or the line's end."""
    if not sys.stdin.isatty():
        pump(port, TAIL_SECONDS)
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        pump(port, 0)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


class Shown(threading.Thread):
    """Copies the line to the screen; the error that ended it is kept for the main thread."""

    def __init__(self, port: Port) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.ends = threading.Event()
        self.error: ToolError | None = None

    def run(self) -> None:
        try:
            while not self.ends.is_set():
                write_all(sys.stdout.fileno(), self._port.read())
        except ToolError as error:
            self.error = error


def pump(port: Port, tail: float) -> None:
    """Copy both ways until one side ends."""
    shown = Shown(port)
    shown.start()
    try:
        port.write(b"\r")  # the console shows its prompt
        keyboard = sys.stdin.fileno()
        while shown.is_alive():
            if not select.select([keyboard], [], [], READ_SECONDS)[0]:
                continue
            typed = os.read(keyboard, READ_OCTETS)
            head, escape, _ = typed.partition(ESCAPE)
            if head:
                port.write(head)
            if escape or not typed:
                shown.join(tail)
                break
    finally:
        shown.ends.set()
        shown.join(10 * READ_SECONDS)
    if shown.error:
        raise shown.error


def write_all(screen: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(screen, octets) :]
