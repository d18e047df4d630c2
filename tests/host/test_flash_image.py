"""What is taken for an image, and which of its octets are written."""

import hashlib
import lzma
import subprocess
import zlib
from pathlib import Path

import pytest
import small_image
from restante_tools.errors import USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.flash import blockmap, image, table
from restante_tools.flash.table import Range
from restante_tools.places import Places

MIB = small_image.MIB
OCTETS = small_image.octets()
DATA, DATA_OCTETS = small_image.places()["data"]


@pytest.fixture
def path(tmp_path):
    return small_image.make(tmp_path / "small.img")


def changed(path, at, data):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_what_is_written(path):
    with image.opened(path) as opened:
        assert opened.ranges == [
            Range(0, MIB),
            Range(MIB, DATA + MIB),  # slots, keys, the head of data: zeros too
            Range(opened.octets - 33 * 512, opened.octets),
        ]
        assert opened.table.named("data") == Range(DATA, DATA + DATA_OCTETS)
        assert opened.mapped_by == "holes of the file"


def test_the_head_of_data_is_what_the_box_looks_at():
    source = Path(Places().firmware, "restante/box/blocks.py").read_text()
    assert f"\nLOOKED_AT_OCTETS = {image.DATA_HEAD}\n" in source


def test_what_data_holds_is_written_too(path):
    changed(path, DATA + 5 * MIB + 100, b"settings")
    with image.opened(path) as opened:
        at = next(each for each in opened.ranges if each.offset > DATA + MIB)
        assert at.offset <= DATA + 5 * MIB + 100 < at.end < DATA + 6 * MIB


def test_whole(path):
    with image.opened(path, whole=True) as opened:
        assert opened.ranges == [Range(0, MIB), Range(MIB, OCTETS)]


def refused(path, code, what):
    with pytest.raises(ToolError, match=what) as caught, image.opened(path):
        pass
    assert caught.value.code == code and caught.value.hint


@pytest.mark.parametrize("octets", [0, 1, 511, 512, 600, 1024, 3000])
def test_no_image_at_all(path, octets):
    data = path.read_bytes()[:octets]
    path.write_bytes(data)
    refused(path, USAGE, "no image of Restante")


@pytest.mark.parametrize("octets", [MIB, DATA + 7, OCTETS - 512, OCTETS - 1])
def test_cut_off(path, octets):
    path.write_bytes(path.read_bytes()[:octets])
    refused(path, VERIFICATION_FAILED, "has .* octets of")


def test_each_octet_of_the_table_counts(path):
    """A flip in the header or in an entry that is in use is found by the checksums."""
    good = path.read_bytes()
    for at in [*range(512, 512 + 92), *range(1024, 1024 + 6 * 128, 7)]:
        changed(path, at, bytes((good[at] ^ 1,)))
        with pytest.raises(ToolError), image.opened(path):
            pass
        changed(path, at, good[at : at + 1])
    with image.opened(path):
        pass


def test_another_system_s_image(path):
    layout = (("efi", 1), ("system", 4), ("data", 4))
    refused(small_image.make(path, layout=layout), USAGE, "no partition kernelA, rootA")


def test_hostile_numbers(path):
    for at, octets in ((12, 4), (32, 8), (72, 8), (80, 4), (84, 4)):
        head = bytearray(path.read_bytes()[512:1024])
        head[at : at + octets] = b"\xff" * octets
        head[16:20] = bytes(4)
        head[16:20] = zlib.crc32(head[:92]).to_bytes(4, "little")
        other = path.with_name("hostile.img")
        other.write_bytes(path.read_bytes()[:512] + bytes(head) + path.read_bytes()[1024:])
        refused(other, USAGE, "no image of Restante")


def test_names_with_a_bad_character_do_not_stop_it(path):
    with path.open("rb") as file:
        assert [each.name for each in table.read(file).partitions][-1] == "data"


# -- block maps


def bmaptool(path):
    target = path.with_name(path.name + ".bmap")
    subprocess.run(["bmaptool", "-q", "create", path, "-o", target], check=True)
    return target


def test_a_map_of_bmaptool(path):
    changed(path, DATA + 5 * MIB, b"settings")
    with image.opened(path) as by_holes:
        ranges = by_holes.ranges
    bmaptool(path)
    with image.opened(path) as by_map:
        assert by_map.ranges == ranges and "checksums are right" in by_map.mapped_by


def test_a_map_without_holes_in_the_file(path, tmp_path):
    """A copy that lost its holes is written as the original."""
    with image.opened(path) as opened:
        ranges = opened.ranges
    bmaptool(path)
    full = tmp_path / "full.img"
    full.write_bytes(path.read_bytes())
    with image.opened(full) as opened:
        assert opened.written == OCTETS
    bmap = path.with_name(path.name + ".bmap")
    full.with_name("full.img.bmap").write_bytes(bmap.read_bytes())
    with image.opened(full) as opened:
        assert opened.ranges == ranges


def test_a_flipped_octet_is_found_before_anything_is_written(path):
    bmaptool(path)
    changed(path, small_image.places()["rootB"][0] + 5999, b"!")
    refused(path, VERIFICATION_FAILED, "is damaged between")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"<ImageSize> ", b"<ImageSize> 1", "its image has"),
        (b"<Range", b"<Rangy", "mismatched tag"),
        (b"<BlockSize> 4096", b"<BlockSize> 0", "have no size"),
        (b"<BlockSize> 4096", b"<BlockSize> x", "invalid literal"),
        (b"> 0-", b"> 9999999999-", "not within"),
        (b"> 0-", b"> -", "is no range"),
    ],
)
def test_a_wrong_map(path, old, new, what):
    target = bmaptool(path)
    text = target.read_bytes()
    assert old in text
    target.write_bytes(text.replace(old, new, 1))
    refused(path, VERIFICATION_FAILED, what)


def test_sums_of_the_map_are_of_its_ranges(path):
    data = path.read_bytes()
    for each in blockmap.read(bmaptool(path), OCTETS):
        part = data[each.range.offset : each.range.end]
        assert hashlib.sha256(part).hexdigest() == each.sha256


# -- .xz


def test_xz(path):
    with image.opened(path) as plain:
        ranges = plain.ranges
    packed = path.with_name(path.name + ".xz")
    packed.write_bytes(lzma.compress(path.read_bytes(), preset=0))
    with image.opened(packed) as opened:
        assert opened.octets == OCTETS and opened.read(0, OCTETS) == path.read_bytes()
        assert opened.written < OCTETS  # its zeros are holes
        assert {each.offset for each in ranges} <= {each.offset for each in opened.ranges}
    bmaptool(path)
    with image.opened(packed) as opened:
        assert "small.img.bmap" in opened.mapped_by


def test_a_cut_or_damaged_xz(path):
    packed = lzma.compress(path.read_bytes(), preset=0)
    for data in (packed[:-20], packed[:1000], packed[:500] + b"!!!!" + packed[504:]):
        path.write_bytes(data)
        refused(path, VERIFICATION_FAILED, "cannot be unpacked")


def test_an_xz_without_end(path, monkeypatch):
    monkeypatch.setattr(image, "LARGEST", 8 * MIB)
    path.write_bytes(lzma.compress(bytes(9 * MIB), preset=0))
    with pytest.raises(ToolError, match="holds over"), image.opened(path):
        pass
