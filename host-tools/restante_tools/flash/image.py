"""An image to be written: seen to be one of ours, whole, and which of its octets are written.

Everything is written as it is in the image, zeros too, but for what lies behind the first MiB of
`data`: of that only what holds something. The reason:

- `keys`: a key record of the box that the medium served before would be taken for this one's, and
  the new box would open, or refuse, the old box's `data`. Its end is also the end of the old mail.
- the first MiB of `data`: that is what a box looks at to see whether the partition is blank; with
  anything there and no key it refuses to overwrite it, and mail is refused (board/README.md).
- both slots whole, the first MiB and the second table: two media written from one image are alike.
- the rest of `data` is what a box writes as the empty file system, and ciphertext without its key.
"""

from __future__ import annotations

import lzma
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from restante_tools.errors import USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.flash import blockmap, table
from restante_tools.flash.table import SECTOR, Range, Table

NAMES = ("kernelA", "rootA", "kernelB", "rootB", "keys", "data")
HEAD = 1 << 20  # octets in front of the first partition: the table, nothing else
DATA_HEAD = 1 << 20  # as firmware/restante/box/blocks.py looks at
XZ = b"\xfd7zXZ\0"
STEP = 1 << 20
PAGE = 4096
LARGEST = 1 << 36  # octets that an .xz may grow to: a medium of 64 GiB
FETCH = "take an image of `make image`, or fetch it again"


@dataclass
class Image:
    """An open image. `ranges` are sorted, apart, and hold all that is written."""

    path: Path
    file: BinaryIO
    octets: int
    table: Table
    ranges: list[Range]
    mapped_by: str

    @property
    def written(self) -> int:
        """Octets in all ranges."""
        return sum(each.octets for each in self.ranges)

    def read(self, offset: int, octets: int) -> bytes:
        self.file.seek(offset)
        data = self.file.read(octets)
        if len(data) != octets:
            raise ToolError(
                f"{self.path} became shorter while it was read",
                "somebody builds or copies it at the same time",
                "wait for that, then begin again",
            )
        return data


@contextmanager
def opened(path: Path, whole: bool = False) -> Iterator[Image]:
    """The image at `path`, also as .xz; ToolError if it is none of ours. `whole`: all octets."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ToolError(
            f"{path} cannot be read: {error.strerror}", "", "check its name; make image", USAGE
        ) from error
    with file:
        if file.read(len(XZ)) == XZ:
            with unpacked(path, file) as plain:
                yield judged(path, plain, whole)
        else:
            yield judged(path, file, whole)


@contextmanager
def unpacked(path: Path, packed: BinaryIO) -> Iterator[BinaryIO]:
    """What an .xz holds, in a file without a name; its zeros are holes."""
    packed.seek(0)
    with tempfile.TemporaryFile() as plain:
        try:
            with lzma.open(packed) as source:
                at = 0
                while piece := source.read(STEP):
                    if at + len(piece) > LARGEST:
                        raise ToolError(f"{path} holds over {LARGEST >> 30} GiB", "", FETCH)
                    if piece.count(0) != len(piece):
                        plain.seek(at)
                        plain.write(piece)
                    at += len(piece)
                plain.truncate(at)
        except (lzma.LZMAError, EOFError) as error:
            raise ToolError(
                f"{path} cannot be unpacked: {error}",
                "it is cut off or damaged; nothing was written",
                FETCH,
                VERIFICATION_FAILED,
            ) from error
        plain.flush()
        yield plain


def judged(path: Path, file: BinaryIO, whole: bool) -> Image:
    """ToolError unless the file is a whole image of ours."""
    octets = os.fstat(file.fileno()).st_size
    try:
        found = table.read(file)
    except table.NoTableError as error:
        raise _not_ours(path, str(error)) from error
    missing = [name for name in NAMES if found.named(name) is None]
    if missing:
        raise _not_ours(path, f"it has no partition {', '.join(missing)}")
    if octets < found.octets or octets % SECTOR:
        raise ToolError(
            f"{path} has {octets:,} octets of {found.octets:,}",
            "it was cut off; nothing was written",
            FETCH,
            VERIFICATION_FAILED,
        )
    if max(each.range.end for each in found.partitions) > octets:
        raise _not_ours(path, "a partition reaches beyond its end")
    holding, mapped_by = _holding(path, file, octets)
    holding = [_in_pages(each, octets) for each in holding]
    wanted = [Range(0, octets)] if whole else _exact(found, octets) + holding
    return Image(path, file, octets, found, merged(wanted), mapped_by)


def _holding(path: Path, file: BinaryIO, octets: int) -> tuple[list[Range], str]:
    beside = blockmap.beside(path)
    if beside is None:
        return blockmap.of_holes(file, octets), "holes of the file"
    mapped = blockmap.read(beside, octets)
    blockmap.check(file, path, mapped)
    return [each.range for each in mapped], f"{beside.name}, its checksums are right"


def _in_pages(part: Range, octets: int) -> Range:
    """Outwards to whole pages: what is written past the cache has to be."""
    return Range(part.offset // PAGE * PAGE, min(-(-part.end // PAGE) * PAGE, octets))


def _exact(found: Table, octets: int) -> list[Range]:
    data = found.named("data")
    assert data is not None
    return [
        Range(0, min(data.offset + DATA_HEAD, data.end)),
        Range(data.end, octets),
    ]


def merged(ranges: list[Range]) -> list[Range]:
    """The same octets as sorted ranges that do not touch; the first MiB is one of its own."""
    result: list[Range] = []
    for each in sorted(ranges, key=lambda one: one.offset):
        if each.octets <= 0:
            continue
        if result and each.offset <= result[-1].end:
            result[-1] = Range(result[-1].offset, max(result[-1].end, each.end))
        else:
            result.append(each)
    if result and result[0].offset < HEAD < result[0].end:
        result[:1] = [Range(0, HEAD), Range(HEAD, result[0].end)]
    return result


def _not_ours(path: Path, why: str) -> ToolError:
    return ToolError(
        f"{path} is no image of Restante: {why}",
        "another file was named, or it is damaged; nothing was written",
        FETCH,
        USAGE,
    )
