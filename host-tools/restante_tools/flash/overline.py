"""An image through U-Boot's prompt: only what the medium does not have yet goes over the line.

The medium is compared with the image by CRC-32, chunk by chunk; what is equal is skipped, so that
a run that was cut off goes on. Zeros are made by the box itself, and what the image holds twice
(its slots) is copied by the box. As in writing.py the partition table goes first and comes last.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from restante_tools.errors import USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.flash.image import HEAD, Image
from restante_tools.flash.table import SECTOR, Range
from restante_tools.flash.uboot import UBoot

CHUNK = 128 << 10  # octets: 12 s of line at 115200, what a cut costs at most
EXTENT = 8 << 20  # octets that are compared at once at the end
COMPARED = 1 << 20  # octets that are compared at once, before the pieces of what differs are
PAGE = 4096
GAP = 2048  # octets of zeros that cost more than a new file does
KEYS = "keys"
LARGEST_KEYS = 16 << 20
BITS = 10  # of an octet on the line: start, eight, stop


@dataclass
class Plan:
    """Chunks that the medium does not have, by what is done for each. The head's come last."""

    zeros: list[Range] = field(default_factory=list)
    sent: list[Range] = field(default_factory=list)
    copied: list[tuple[Range, Range]] = field(default_factory=list)  # to, from
    head: list[Range] = field(default_factory=list)
    equal: int = 0  # octets that are there already

    def octets(self, image: Image) -> int:
        """What goes over the line."""
        parts = (*self.sent, *self.head)
        return sum(run.octets for part in parts for run in runs(image, part))

    def nothing(self) -> bool:
        return not (self.zeros or self.sent or self.copied or self.head)


def chunks(ranges: list[Range], octets: int = CHUNK) -> list[Range]:
    """The ranges in pieces that begin at multiples of `octets`."""
    found = []
    for part in ranges:
        at = part.offset
        while at < part.end:
            end = min((at // octets + 1) * octets, part.end)
            found.append(Range(at, end))
            at = end
    return found


def runs(image: Image, part: Range) -> list[Range]:
    """What holds something, without the zeros before, behind and between."""
    data = image.read(part.offset, part.octets)
    found: list[Range] = []
    for at in range(0, part.octets, PAGE):
        page = data[at : at + PAGE]
        if not any(page):
            continue
        first = part.offset + at + len(page) - len(page.lstrip(b"\0"))
        end = part.offset + at + len(page.rstrip(b"\0"))
        if found and first - found[-1].end < GAP:
            found[-1] = Range(found[-1].offset, end)
        else:
            found.append(Range(first, end))
    return found


class OverLine:
    """`compared` and `sent` are told of octets that were dealt with."""

    def __init__(self, box: UBoot, image: Image) -> None:
        self._box = box
        self._image = image
        self._here = box.board.ram
        self._there = box.board.ram + CHUNK  # for reading back

    def check_size(self) -> None:
        """ToolError if the medium does not reach so far as the image."""
        try:
            self._box.read(self._here, self._image.octets // SECTOR - 1, 1)
        except ToolError as error:
            raise ToolError(
                f"the box's medium is smaller than the image's {self._image.octets:,} octets, "
                f"or cannot be read: {error.what}",
                "no card, a smaller one, or a broken one",
                "take another medium",
                USAGE,
            ) from error

    def plan(self, compared: Callable[[int], None]) -> Plan:
        """Compare the medium with the image."""
        plan = Plan()
        first: dict[bytes, Range] = {}
        for large in chunks(self._image.ranges, COMPARED):
            equal = self._is_there(large)
            for part in chunks([large]):
                self._sort(plan, first, part, equal or self._is_there(part))
            compared(large.octets)
        return plan

    def _is_there(self, part: Range) -> bool:
        data = self._image.read(part.offset, part.octets)
        return self._crc(part, self._here) == zlib.crc32(data)

    def _sort(self, plan: Plan, first: dict[bytes, Range], part: Range, equal: bool) -> None:
        data = self._image.read(part.offset, part.octets)
        head = part.end <= HEAD
        if equal:
            plan.equal += part.octets
        elif head:
            plan.head.append(part)
        elif not any(data):
            plan.zeros.append(part)
        elif data in first:
            plan.copied.append((part, first[data]))
        else:
            plan.sent.append(part)
        if not head and any(data):
            first.setdefault(data, part)

    def carry_out(self, plan: Plan, sent: Callable[[int], None]) -> None:
        """Write what is missing; the medium has no partition table until the end."""
        if plan.nothing():
            return
        self.forget_keys()
        self._forget_head(plan)
        for part in plan.zeros:
            self._zeros(part)
        for part in plan.sent:
            self._send(part, sent)
        for part, source in plan.copied:
            self._box.read(self._here, source.offset // SECTOR, source.octets // SECTOR)
            self._put(part)
        for part in sorted(plan.head, key=lambda each: -each.offset):
            self._send(part, sent)

    def forget_keys(self) -> None:
        """The key record of the box that the medium served before, wherever its table has it."""
        board = self._box.board
        words = f"{board.medium} {board.number} {KEYS}"
        answer = self._box.run(f"part start {words} s && part size {words} n && echo at $s for $n")
        found = re.search(r"^at (?:0x)?([0-9a-f]+) for (?:0x)?([0-9a-f]+)$", answer, re.M)
        if found is None:
            return  # no table, or none of a box
        first, count = (int(digits, 16) for digits in found.groups())
        old = Range(first * SECTOR, (first + count) * SECTOR)
        if old.octets > LARGEST_KEYS:
            raise ToolError(
                f"the medium has a partition {KEYS} of {old.octets:,} octets",
                "it served something else than a box",
                "take another medium, or clear its first MiB at U-Boot's prompt",
            )
        for part in chunks([old]):
            self._zeros_at(part)

    def _zeros_at(self, part: Range) -> None:
        self._box.fill(self._here, part.octets)
        self._box.write(self._here, part.offset // SECTOR, part.octets // SECTOR)

    def _forget_head(self, plan: Plan) -> None:
        """From here on nothing can be booted; all of the head is to be written again."""
        chunk = chunks(self._image.ranges)[0]
        self._zeros_at(chunk)
        if chunk not in plan.head:
            plan.head.insert(0, chunk)
            plan.equal -= chunk.octets

    def _zeros(self, part: Range) -> None:
        self._box.fill(self._here, part.octets)
        self._put(part)

    def _send(self, part: Range, sent: Callable[[int], None]) -> None:
        self._box.fill(self._here, part.octets)
        for held in runs(self._image, part):
            data = self._image.read(held.offset, held.octets)
            self._box.load(self._here + held.offset - part.offset, data, sent)
        self._put(part)

    def _put(self, part: Range) -> None:
        """What is in memory onto the medium, and read back into other memory."""
        self._box.write(self._here, part.offset // SECTOR, part.octets // SECTOR)
        self._must_be(part, self._image.read(part.offset, part.octets), self._there)

    def _must_be(self, part: Range, data: bytes, address: int) -> None:
        """The medium has it. Asked a second time, since an answer may be damaged on its way."""
        wanted = zlib.crc32(data)
        if self._crc(part, address) != wanted and self._crc(part, address) != wanted:
            raise _differs(part)

    def _crc(self, part: Range, address: int) -> int:
        """Of the medium. What lay at that memory before is spoiled first."""
        return self._box.crc_of_medium(address, part.offset // SECTOR, part.octets // SECTOR)

    def verify(self, compared: Callable[[int], None]) -> None:
        """Everything again, in large pieces: no chunk has spoiled another one."""
        for part in self._image.ranges:
            for at in range(part.offset, part.end, EXTENT):
                piece = Range(at, min(at + EXTENT, part.end))
                data = self._image.read(piece.offset, piece.octets)
                self._must_be(piece, data, self._here)
                compared(piece.octets)


def _differs(part: Range) -> ToolError:
    return ToolError(
        f"read back, octets {part.offset:,} to {part.end:,} are not what was written",
        "the medium is worn out, or has fewer octets than it says",
        "run the same command again; if it fails again, take another medium",
        VERIFICATION_FAILED,
    )


def line_seconds(octets: int, baud: int) -> float:
    """How long a line of that speed is busy with so many octets (computed)."""
    return octets * BITS / baud
