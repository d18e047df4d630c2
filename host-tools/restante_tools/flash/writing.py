"""Writing an image to a medium and reading it back.

The order keeps a half-written medium from passing for a whole one: the partition table goes first
and comes last. Until then there is nothing to boot, and no `keys` or `data` to be found.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from restante_tools.errors import DEVICE_OR_TIMEOUT, VERIFICATION_FAILED, ToolError
from restante_tools.flash.image import HEAD, Image
from restante_tools.flash.medium import STEP, Medium
from restante_tools.flash.table import SECTOR, Range

AGAIN = "put the medium in again and run the same command; it begins anew"
PAGE = 4096
TAIL = 34 * SECTOR  # where a GPT keeps its second copy, at the end of a medium
STOPPED = 130  # exit code, as a shell has it

Shown = Callable[[int], None]  # takes octets that were dealt with
CAUSES = {
    errno.ENODEV: "the medium was pulled",
    errno.ENXIO: "the medium was pulled",
    errno.ENOMEDIUM: "the medium was pulled",
    errno.EIO: "the medium was pulled, or it is worn out",
    errno.ENOSPC: "the medium has fewer octets than it says: a forged one, or a full disk",
}


@dataclass(frozen=True)
class Verified:
    """A range that was read back as it was written."""

    range: Range
    sha256: str


def pieces(part: Range) -> Iterator[tuple[int, int]]:
    """Offset and length of each write."""
    for at in range(part.offset, part.end, STEP):
        yield at, min(STEP, part.end - at)


def within(part: Range, whole: Range) -> bool:
    return whole.offset <= part.offset < part.end <= whole.end


def forgotten(image: Image, octets: int, old_keys: list[Range]) -> list[Range]:
    """What an old box or an old table must not leave behind, in this order.

    The old keys first: once the old table is gone, a second run would not find them.
    """
    wanted = [*old_keys, Range(0, HEAD)]
    if octets > image.octets:
        wanted.append(Range(max((octets - TAIL) // PAGE * PAGE, image.octets), octets))
    return wanted


def write(
    image: Image, medium: Medium, old_keys: list[Range], wrote: Shown, compared: Shown
) -> list[Verified]:
    """Write and verify; what was verified. ToolError leaves a medium without a partition table."""
    try:
        return _write(image, medium, old_keys, wrote, compared)
    except OSError as error:
        raise ToolError(
            f"the medium failed: {error.strerror}; it is incomplete and does not start",
            CAUSES.get(error.errno or 0, "it is worn out, or its reader is"),
            AGAIN + "; if it fails again, take another medium",
            DEVICE_OR_TIMEOUT,
        ) from error
    except KeyboardInterrupt as error:
        raise ToolError(
            "stopped: the medium is incomplete and does not start",
            "you stopped it",
            AGAIN,
            STOPPED,
        ) from error


def _write(
    image: Image, medium: Medium, old_keys: list[Range], wrote: Shown, compared: Shown
) -> list[Verified]:
    whole = Range(0, medium.octets)
    old_keys = [each for each in old_keys if within(each, whole)]
    for part in forgotten(image, medium.octets, old_keys):
        for at, octets in pieces(part):
            medium.write(at, bytes(octets))
        medium.sync()
    for part in old_keys:
        medium.discard(part)  # a chip may keep what is written over; what it answers then is open
        for at, octets in pieces(part):
            medium.write(at, bytes(octets))
    head, rest = image.ranges[0], image.ranges[1:]
    digests = [_copy(image, medium, part, wrote) for part in rest]
    medium.sync()
    medium.forget()
    for part, digest in zip(rest, digests, strict=True):
        _compare(image, medium, part, digest, compared)
    try:
        digests.insert(0, _copy(image, medium, head, wrote))
        medium.sync()
        medium.forget()
        _compare(image, medium, head, digests[0], compared)
    except BaseException:
        with suppress(OSError):  # it failed already; that is what the user is told
            medium.write(0, bytes(head.octets))
            medium.sync()
        raise
    medium.reread_table()
    return [Verified(part, digest) for part, digest in zip(image.ranges, digests, strict=True)]


def _copy(image: Image, medium: Medium, part: Range, wrote: Shown) -> str:
    digest = hashlib.sha256()
    for at, octets in pieces(part):
        data = image.read(at, octets)
        digest.update(data)
        medium.write(at, data)
        wrote(octets)
    return digest.hexdigest()


def _compare(image: Image, medium: Medium, part: Range, wanted: str, compared: Shown) -> None:
    digest = hashlib.sha256()
    wrong = None
    for at, octets in pieces(part):
        data = medium.read(at, octets)
        digest.update(data)
        if wrong is None and data != (right := image.read(at, octets)):
            wrong = at + next(n for n in range(octets) if data[n : n + 1] != right[n : n + 1])
        compared(octets)
    if digest.hexdigest() == wanted and wrong is None:
        return
    raise ToolError(
        f"read back, octet {part.offset if wrong is None else wrong:,} is not what was written "
        f"(range {part.offset:,} to {part.end:,})",
        "the medium or its reader damages data, or somebody changed the image meanwhile",
        AGAIN + "; if it happens again, take another medium",
        VERIFICATION_FAILED,
    )
