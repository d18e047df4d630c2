"""Sending one file by YMODEM (Forsberg, "XMODEM/YMODEM protocol reference", 1988).

Rule: blocks of 1024 octets with a CRC-16, each acknowledged. What the receiver prints is not read
here, and no octet that it sent behind the last acknowledgement is lost.
"""

from __future__ import annotations

import binascii
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError

SOH, STX, EOT, ACK, NAK, CAN = 0x01, 0x02, 0x04, 0x06, 0x15, 0x18
READY = ord("C")  # the receiver wants CRC-16
SMALL, LARGE = 128, 1024
PADDING = b"\x1a"
START_SECONDS = 20.0  # a receiver repeats its READY each few seconds
ANSWER_SECONDS = 5.0  # for a block: 0.1 s of line at 115200, and the receiver's own delays
DUE_SECONDS = 0.2
TRIES = 10  # of one block


class Line(Protocol):
    def read(self) -> bytes: ...
    def write(self, data: bytes) -> None: ...


class NotSentError(Exception):
    """The file did not get through: why."""


def block(number: int, data: bytes) -> bytes:
    """One block; `data` has at most 1024 octets, and is padded."""
    octets = SMALL if len(data) <= SMALL else LARGE
    padded = data.ljust(octets, PADDING if number or data else b"\0")
    start = SOH if octets == SMALL else STX
    check = binascii.crc_hqx(padded, 0)
    return bytes((start, number & 255, ~number & 255)) + padded + check.to_bytes(2, "big")


def heading(name: str, octets: int) -> bytes:
    """Block 0: name and length."""
    text = b"%s\0%d" % (name.encode("ascii"), octets)
    return block(0, text.ljust(SMALL, b"\0"))


class Sender:
    """`rest`: what the receiver sent behind its last acknowledgement."""

    def __init__(self, line: Line, rest: bytes = b"") -> None:
        self._line = line
        self.rest = rest
        self.repeated = 0  # blocks that had to be sent again

    def send(self, name: str, data: bytes, sent: Callable[[int], None]) -> None:
        """The whole file; `sent` is told of each block's octets. NotSentError if it fails."""
        self._await(READY, START_SECONDS)
        self._acknowledged(heading(name, len(data)))
        # The second READY is due at once; U-Boot's receiver asks for none, and takes the block.
        with suppress(NotSentError):
            self._await(READY, DUE_SECONDS)
        for number, at in enumerate(range(0, len(data), LARGE), 1):
            piece = data[at : at + LARGE]
            self._acknowledged(block(number, piece))
            sent(len(piece))
        self._acknowledged(bytes((EOT,)))  # some refuse the first: it might have been noise
        self._await(READY, START_SECONDS)
        self._acknowledged(block(0, b""))

    def give_up(self) -> None:
        """Tells the receiver that nothing more comes."""
        self._line.write(bytes((CAN,)) * 5)

    def _await(self, wanted: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (seen := self._next(end)) is not None:
            if seen == wanted:
                return
        raise NotSentError("the receiver is not ready")

    def _acknowledged(self, data: bytes) -> None:
        for again in range(TRIES):
            self.repeated += again > 0
            self._line.write(data)
            if self._answer():
                return
        raise NotSentError(f"a block did not get through in {TRIES} tries")

    def _answer(self) -> bool:
        end = time.monotonic() + ANSWER_SECONDS
        cancelled = False
        while (seen := self._next(end)) is not None:
            if seen == ACK:
                return True
            if seen == NAK:
                return False
            if seen == CAN and cancelled:
                raise NotSentError("the receiver gave up")
            cancelled = seen == CAN
        return False

    def _next(self, end: float) -> int | None:
        while not self.rest:
            if time.monotonic() > end:
                return None
            self.rest = self._line.read()
        octet, self.rest = self.rest[0], self.rest[1:]
        return octet


def failed(error: NotSentError) -> ToolError:
    """The error to show when a file did not get through."""
    return ToolError(
        f"a file did not get through: {error}",
        "a bad cable, a wrong speed, or the box was switched off",
        "run the same command again: it goes on where it broke off",
        DEVICE_OR_TIMEOUT,
    )
