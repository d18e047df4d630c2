"""The build's own reasoning: keys, cache, configuration checks, budgets, the data partition."""

import lzma
import random
import re
import struct
import subprocess
from pathlib import Path

import pytest
from restante_tools.build import (
    bill,
    buildroot,
    busybox,
    cache,
    data_partition,
    devicetree,
    image,
    inputs,
    kernel,
    micropython,
)
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.sources import lock

TOP = Path(__file__).resolve().parents[2]


def test_a_line_that_took_effect_is_not_lost():
    fragment = '# why\nCONFIG_A=y\nCONFIG_B=n\nCONFIG_C="text"\nCONFIG_D=5\n'
    config = 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="text"\nCONFIG_D=5\n'
    assert kernel.lost_lines(fragment, config) == []


@pytest.mark.parametrize("line", ["CONFIG_A=y", "CONFIG_B=n", "CONFIG_GONE=y", "CONFIG_D=5"])
def test_a_line_that_did_not_take_effect_is_named(line):
    config = "# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_D=6\n"
    assert kernel.lost_lines(line + "\n", config) == [line]


def test_merging_replaces_both_forms_of_a_line():
    config = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_AB=y\n# a heading\n"
    merged = busybox.merged(config, "CONFIG_A=n\nCONFIG_B=y\n").splitlines()
    assert merged == ["CONFIG_AB=y", "# a heading", "CONFIG_B=y"]


def test_buildroots_merging_gives_the_same(tmp_path):
    config = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_AB=y\n# a heading\n"
    (tmp_path / "config").write_text(config)
    (tmp_path / "fragment").write_text("# why\nCONFIG_A=n\nCONFIG_B=y\n")
    script = TOP / "board" / "package" / "restante" / "merge-fragment.sh"
    subprocess.run(["sh", script, tmp_path / "config", tmp_path / "fragment"], check=True)
    assert (tmp_path / "config").read_text() == busybox.merged(config, "CONFIG_A=n\nCONFIG_B=y\n")


def test_key_follows_content_name_and_executable_bit(tmp_path):
    file = tmp_path / "file"

    def key():
        return inputs.Inputs().tree(tmp_path).key()

    file.write_text("a")
    seen = {key()}
    file.write_text("b")
    seen.add(key())
    file.chmod(0o755)
    seen.add(key())
    file.rename(tmp_path / "other")
    seen.add(key())
    assert len(seen) == 4
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_text("x")
    assert key() in seen


def test_recipes_differ_by_code_not_by_comments():
    one = inputs.code_of('"""One."""\nX = 1  # why\n\n\ndef f():\n    """Says."""\n    return X\n')
    assert one == inputs.code_of("X = 1\ndef f():\n    return X\n")
    assert one != inputs.code_of("X = 2\ndef f():\n    return X\n")


def test_a_part_is_made_once_and_then_found(tmp_path):
    places = Places(tmp_path)
    made = []

    def make(folder):
        made.append(folder)
        (folder / "file").write_text("x")

    first = cache.part(places, "thing", "0" * 24, make)
    second = cache.part(places, "thing", "0" * 24, make)
    assert first == second and len(made) == 1 and (first / "file").read_text() == "x"


def test_a_part_that_fails_leaves_nothing(tmp_path):
    places = Places(tmp_path)

    def fail(folder):
        (folder / "half").write_text("x")
        raise ToolError("no", "", "")

    with pytest.raises(ToolError):
        cache.part(places, "thing", "0" * 24, fail)
    assert list((places.cache / "parts").iterdir()) == []


def test_a_part_that_another_build_finished_first_is_taken(tmp_path):
    places = Places(tmp_path)
    other = places.cache / "parts" / ("thing-" + "0" * 24)

    def slow(folder):
        (folder / "file").write_text("mine")
        other.mkdir()
        (other / "file").write_text("theirs")

    assert (cache.part(places, "thing", "0" * 24, slow) / "file").read_text() == "theirs"


def test_older_parts_are_forgotten_but_not_those_of_a_longer_name(tmp_path):
    places = Places(tmp_path)
    cache.part(places, "thing-two", "a" * 24, lambda folder: None)
    for number in range(cache.PARTS_KEPT + 3):
        cache.part(places, "thing", f"{number:024d}", lambda folder: None)
    names = sorted(path.name for path in (places.cache / "parts").iterdir())
    assert len(names) == cache.PARTS_KEPT + 1
    assert "thing-two-" + "a" * 24 in names
    assert f"thing-{cache.PARTS_KEPT + 2:024d}" in names


@pytest.mark.parametrize(("root", "good"), [(-1, True), (0, True), (1, False)])
def test_slot_budget_at_its_edge(tmp_path, root, good):
    kernel_octets = 1_500_000
    (tmp_path / "zImage").write_bytes(bytes(kernel_octets))
    (tmp_path / "rootfs.sqfs").write_bytes(bytes(image.SLOT - kernel_octets + root))
    if good:
        assert image.slot_octets(tmp_path) == image.SLOT + root
    else:
        with pytest.raises(ToolError, match=f"{image.SLOT + 1:,}.*1 over"):
            image.slot_octets(tmp_path)


def test_the_bill_says_what_was_taken_and_nothing_of_the_day(tmp_path):
    locked = lock.read(TOP / "host-tools" / "sources.lock")
    file = tmp_path / "zImage"
    file.write_bytes(b"x")
    text = bill.bill("virt", locked.packages, locked.suite, [file])
    assert text == bill.bill("virt", locked.packages, locked.suite, [file])
    assert "timestamp" not in text
    for package in locked.packages.values():
        assert package.upstream in text
        assert all(digest in text for digest in package.files.values())


def test_every_source_of_the_lock_file_is_in_the_bill():
    locked = lock.read(TOP / "host-tools" / "sources.lock")
    assert set(bill.PURPOSES) == set(locked.packages)


def test_buildroot_builds_our_program_from_the_same_sources():
    recipe = (TOP / "board/package/restante/restante.mk").read_text()
    assert set(re.findall(r"(RESTANTE_\w+_DIR)=", recipe)) == set(micropython.TREES)
    ours = set(buildroot.TREES.values())
    assert set(micropython.PACKAGES) - ours <= set(buildroot.OVERRIDES.values())
    assert set(re.findall(r"=\$\((RESTANTE_\w+_SRCDIR)\)", recipe)) == set(buildroot.TREES)
    (sources,) = re.findall(r"^RESTANTE_PATCH_DEPENDENCIES = (.+)$", recipe, re.MULTILINE)
    given = {buildroot.OVERRIDES[name.upper()] for name in sources.split()}
    assert given == set(micropython.PACKAGES) - ours


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The empty data partition, as the box has it after first boot; and how it is stored."""
    folder = tmp_path_factory.mktemp("data")
    stored = []
    for name in ("one", "two"):
        target = folder / name / "data.ext4.xz"
        (folder / name / "work").mkdir(parents=True)
        data_partition.write_template(Places(folder / name), target)
        stored.append(target.read_bytes())
    return stored


def test_empty_data_partition_is_the_same_each_time_and_small(template):
    assert template[0] == template[1]
    assert len(template[0]) < 8192


@pytest.fixture
def whole(template, tmp_path):
    """The partition after first boot: what lies behind what the box writes is anything."""
    path = tmp_path / "data.ext4"
    beginning = lzma.decompress(template[0])
    size = data_partition.BLOCKS * data_partition.BLOCK
    path.write_bytes(beginning + random.Random(1).randbytes(size - len(beginning)))
    return path


def test_empty_data_partition_is_a_clean_file_system(whole):
    checked = subprocess.run(["/usr/sbin/e2fsck", "-fn", whole], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_all_tables_of_the_empty_data_partition_are_in_what_the_box_writes(template, whole):
    shown = subprocess.run(["/usr/sbin/dumpe2fs", whole], capture_output=True, text=True)
    tables = re.findall(
        r"^  (?:Inode table|.* bitmap) at (?:\d+-)?(\d+)", shown.stdout, re.MULTILINE
    )
    assert len(tables) == 3
    assert (max(map(int, tables)) + 1) * data_partition.BLOCK <= len(lzma.decompress(template[0]))


def z_image(octets, end):
    """The head of a zImage: the magic number, its begin and its end."""
    return struct.pack("<36x3I", 0x016F2818, 0, end).ljust(octets, b"k")


def test_a_device_tree_lies_where_the_kernel_says_that_it_ends(tmp_path):
    kernel, tree = tmp_path / "kernel", tmp_path / "tree"
    kernel.write_bytes(z_image(4096, 4096))
    tree.write_bytes(b"\xd0\x0d\xfe\xed and more")
    joined = devicetree.join(kernel, tree, tmp_path / "zImage").read_bytes()
    (end,) = struct.unpack_from("<I", joined, 0x2C)
    assert joined[:end] == kernel.read_bytes() and joined[end:] == tree.read_bytes()


@pytest.mark.parametrize("code", [z_image(4096, 4095), z_image(4096, 8192), b"k" * 4096])
def test_a_kernel_that_ends_elsewhere_gets_no_device_tree(tmp_path, code):
    kernel, tree = tmp_path / "kernel", tmp_path / "tree"
    kernel.write_bytes(code)
    tree.write_bytes(b"tree")
    with pytest.raises(ToolError, match="where it ends"):
        devicetree.join(kernel, tree, tmp_path / "zImage")
