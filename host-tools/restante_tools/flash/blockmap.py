"""Which parts of an image hold anything: bmaptool's file beside it, or the holes of the file.

Rule: a map's checksums are compared with the image before anything is written: an image that was
damaged on its way is found while the old medium is still as it was.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.flash.table import Range

SUFFIX = ".bmap"
LARGEST = 1 << 20  # octets of a map; ours has 1,500
STEP = 1 << 20
BLOCKS = re.compile(r"\s*(\d+)(?:-(\d+))?\s*")


@dataclass(frozen=True)
class Mapped:
    """A range that holds something, and its SHA-256 where the map has one."""

    range: Range
    sha256: str | None


def beside(image: Path) -> Path | None:
    """The map of an image: IMAGE.bmap, also for IMAGE.xz."""
    for path in (Path(f"{image}{SUFFIX}"), image.with_suffix(SUFFIX)):
        if path.is_file() and (path.name == image.name + SUFFIX or image.suffix == ".xz"):
            return path
    return None


def read(path: Path, octets: int) -> list[Mapped]:
    """What a map of an image of `octets` says; ToolError if it is not of that image."""
    if path.stat().st_size > LARGEST:
        raise _wrong(path, f"it is over {LARGEST} octets")
    try:
        root = ElementTree.fromstring(path.read_bytes())
        image = int(root.findtext("ImageSize", "").strip())
        block = int(root.findtext("BlockSize", "").strip())
        kind = root.findtext("ChecksumType", "").strip()
        rows = [(row.text or "", row.get("chksum")) for row in root.iter("Range")]
    except (ElementTree.ParseError, ValueError) as error:
        raise _wrong(path, str(error)) from error
    if image != octets:
        raise _wrong(path, f"its image has {image:,} octets, this one {octets:,}")
    if block < 1:
        raise _wrong(path, "its blocks have no size")
    found = []
    for text, digest in rows:
        match = BLOCKS.fullmatch(text)
        if match is None:
            raise _wrong(path, f"{text!r} is no range")
        first, last = int(match[1]), int(match[2] or match[1])
        end = min((last + 1) * block, octets)
        if first * block >= end:
            raise _wrong(path, f"{text!r} is not within the image")
        found.append(
            Mapped(
                Range(first * block, end), digest.strip() if kind == "sha256" and digest else None
            )
        )
    return found


def check(image: BinaryIO, name: Path, mapped: list[Mapped]) -> None:
    """ToolError for the first range that is not what it was when the map was made."""
    for each in mapped:
        if each.sha256 is not None and digest_of(image, each.range) != each.sha256:
            raise ToolError(
                f"{name} is damaged between octets {each.range.offset:,} and {each.range.end:,}",
                "it was changed or cut off after it was built; nothing was written",
                "fetch or build the image again, and its .bmap with it",
                VERIFICATION_FAILED,
            )


def digest_of(image: BinaryIO, part: Range) -> str:
    digest = hashlib.sha256()
    image.seek(part.offset)
    left = part.octets
    while left and (piece := image.read(min(left, STEP))):
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest()


def of_holes(image: BinaryIO, octets: int) -> list[Range]:
    """What is no hole of the file. A file system without holes gives the whole file."""
    found = []
    at = 0
    while at < octets:
        try:
            first = os.lseek(image.fileno(), at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole up to the end
                break
            raise
        at = min(os.lseek(image.fileno(), first, os.SEEK_HOLE), octets)
        found.append(Range(first, at))
    return found


def _wrong(path: Path, why: str) -> ToolError:
    return ToolError(
        f"{path} is not the map of this image: {why}",
        "image and map are of two builds, or one was damaged; nothing was written",
        "take both of the same build, or remove the map",
        VERIFICATION_FAILED,
    )
