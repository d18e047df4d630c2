"""Machine mode from the program's end: requests with tag and CRC, answers out of octets. Pure.

The form is described in firmware/restante/console/README.md.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

ENTER = b"terminal json checked"
LEAVE = b"terminal text"
LINE_OCTETS = 4200  # of one command, firmware/restante/limits.py
BEGIN = b'{"tag":"'  # stands in no text: its quotes would be escaped there
CHECK = b',"crc":"'
# An answer of the box is at most 128 KiB before it is escaped.
BUFFER_OCTETS = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What the box said to one line."""

    tag: str
    ok: bool
    edit: bool
    text: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{'+OK' if self.ok else '-ERR'} {self.text}".rstrip(), *self.lines])


def request(tag: str, command: str) -> bytes:
    """The octets to send, with the line end."""
    body = f"{tag} {command}".encode("ascii")
    return b"#%s:%08x %s\r" % (tag.encode(), zlib.crc32(body), command.encode("ascii"))


def answer(octets: bytes) -> Answer | None:
    """The answer that a line is, or None if it is damaged."""
    body, found, rest = octets.rstrip(b"\r\n").rpartition(CHECK)
    if not found or rest != b'%08x"}' % zlib.crc32(body):
        return None
    read = json.loads(body + b"}")
    return Answer(read["tag"], read["ok"], read["edit"], read["text"], tuple(read["lines"]))


class Reader:
    """Octets in; out come answers, None for a damaged one, and the octets of other lines."""

    def __init__(self) -> None:
        self.rest = b""  # behind the last line end

    def feed(self, octets: bytes) -> Iterator[Answer | bytes | None]:
        # XON and XOFF are the drivers'; nobody else sends them in machine mode.
        self.rest += octets.replace(b"\x11", b"").replace(b"\x13", b"")
        *whole, self.rest = self.rest.split(b"\n")
        for line in whole:
            other, *answers = line.split(BEGIN)
            if other.strip():
                yield other
            for each in answers:
                yield answer(BEGIN + each)
        if len(self.rest) > BUFFER_OCTETS:
            self.rest = b""
            yield None
