"""`restante flash` on real block devices: loop devices of this test, taken away at its end."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "host"))

import small_image
from restante_tools.errors import DEVICE_OR_TIMEOUT, USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.flash import commands, devices, image, medium

MIB = small_image.MIB
SECONDS = 20.0
LARGER = small_image.octets() + 4 * MIB


def tool(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def small(tmp_path):
    return small_image.make(tmp_path / "small.img")


@pytest.fixture
def loop(tmp_path):
    """A function: backing file of so many octets of old content, words for losetup -> device."""
    made = []

    def attach(*words, octets=LARGER, folder=tmp_path):
        backing = folder / f"backing{len(made)}"
        if folder == tmp_path:
            backing.write_bytes(b"\xa5" * octets)
        else:
            with backing.open("wb") as file:
                file.truncate(octets)
        device = tool("losetup", "--find", "--show", *words, backing)
        made.append(device)
        return device, backing

    yield attach
    for device in made:
        subprocess.run(["partx", "--delete", device], capture_output=True, check=False)
        tool("losetup", "--detach", device)


def flash(*words):
    return CliRunner().invoke(commands.flash, [*map(str, words), "--yes", "--force-fixed"])


def refused(done, code, what, before, backing):
    assert what in str(done.exception), done.exception
    assert done.exception.code == code and done.exception.hint
    assert backing.read_bytes() == before


def as_image(path, data):
    with image.opened(path) as opened:
        return all(
            data[part.offset : part.end] == opened.read(part.offset, part.octets)
            for part in opened.ranges
        )


def partitions(device):
    return sorted(path.name for path in Path("/sys/class/block").glob(f"{device[5:]}p*"))


def test_written_and_the_table_read_anew(small, loop):
    device, backing = loop("--partscan")
    tool("addpart", device, "9", "2048", "2048")  # of what was on it before
    assert partitions(device) == [f"{device[5:]}p9"]
    done = flash(small, device)
    assert done.exit_code == 0, done.exception
    data = backing.read_bytes()
    assert as_image(small, data)
    assert data[small_image.places()["data"][0] + 2 * MIB] == 0xA5  # what need not be written
    # A kernel without GPT (CONFIG_EFI_PARTITION) has none now; in no kernel the old one is left.
    assert partitions(device) in ([], [f"{device[5:]}p{number}" for number in range(1, 7)])


def test_another_program_reads_the_same_table(small, loop):
    device, _ = loop()
    assert flash(small, device).exit_code == 0
    words = ("partx", "--raw", "--noheadings", "--output", "NAME,START,SECTORS")
    rows = [row.split() for row in tool(*words, device).splitlines()]
    found = {name: (int(start) * 512, int(sectors) * 512) for name, start, sectors in rows}
    assert found == small_image.places()


def test_the_built_image(output, loop):
    """With the map that the build made."""
    built = output / "restante-virt.img"
    device, backing = loop(octets=built.stat().st_size)
    began = time.monotonic()
    done = flash(built, device)
    assert done.exit_code == 0, done.exception
    assert "checksums are right" in done.stderr
    assert as_image(built, backing.read_bytes())
    assert time.monotonic() - began < SECONDS


def know_partitions(device):
    """Also in a kernel that does not read a GPT itself."""
    if not partitions(device):
        tool("partx", "--add", device)


def test_a_partition_is_no_disk(small, loop):
    device, backing = loop("--partscan")
    assert flash(small, device).exit_code == 0
    know_partitions(device)
    before = backing.read_bytes()
    done = flash(small, f"{device}p1")
    refused(done, USAGE, "no whole disk", before, backing)
    assert device in done.exception.hint


@pytest.mark.parametrize("partition", ["", "p6"])
def test_mounted(small, loop, tmp_path, monkeypatch, partition):
    """As lsblk sees it; and where lsblk does not see it, as the kernel does."""
    device, backing = loop("--partscan")
    assert flash(small, device).exit_code == 0
    know_partitions(device)
    tool("mkfs.ext4", "-q", "-F", device + partition)
    where = tmp_path / "mnt"
    where.mkdir()
    tool("mount", device + partition, where)
    try:
        before = backing.read_bytes()
        refused(flash(small, device), USAGE, f"mounted at {where}", before, backing)
        blind = [
            replace(disk, mounts=(), parts=tuple(replace(p, mounts=()) for p in disk.parts))
            for disk in devices.of_machine()
        ]
        monkeypatch.setattr(devices, "of_machine", lambda: blind)
        done = flash(small, device)
        refused(done, DEVICE_OR_TIMEOUT, "Device or resource busy", before, backing)
        assert "mounted" in done.exception.cause
    finally:
        tool("umount", where)


def test_mounted_where_we_cannot_see_it(small, loop, tmp_path):
    """In another mount namespace, as a desktop's or a container's."""
    device, backing = loop()
    tool("mkfs.ext4", "-q", "-F", device)
    where = tmp_path / "mnt"
    where.mkdir()
    words = f"mount {device} {where} && echo mounted && read end"
    other = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout.readline() == "mounted\n"
        before = backing.read_bytes()
        refused(flash(small, device), DEVICE_OR_TIMEOUT, "busy; nothing was", before, backing)
    finally:
        other.communicate("\n", timeout=SECONDS)


@pytest.mark.parametrize(
    ("words", "octets", "what"),
    [
        (("--read-only",), small_image.octets(), "it is read-only"),
        ((), small_image.octets() - 512, "the image"),
        (("--sector-size", "4096"), 16 * MIB, "sectors of 4096"),
    ],
)
def test_what_it_is_not_written_to(small, loop, words, octets, what):
    device, backing = loop(*words, octets=octets)
    refused(flash(small, device), USAGE, what, backing.read_bytes(), backing)


def test_a_fixed_disk_is_written_only_when_told(small, loop):
    device, backing = loop()
    done = CliRunner().invoke(commands.flash, [str(small), device, "--yes"])
    refused(done, USAGE, "not removable", backing.read_bytes(), backing)


def test_another_card_was_put_in(small, loop):
    device, backing = loop()
    before = backing.read_bytes()
    size = len(before)
    with (
        pytest.raises(ToolError, match="octets now") as caught,
        medium.block_device(Path(device), size + 512),
    ):
        pass
    assert caught.value.code == DEVICE_OR_TIMEOUT and backing.read_bytes() == before


def test_a_medium_that_fails_in_the_middle(small, loop, tmp_path):
    """Its backing file lies on a file system that is full after 3 MiB: a forged card."""
    full = tmp_path / "full"
    full.mkdir()
    tool("mount", "-t", "tmpfs", "-o", "size=3M", "tmpfs", full)
    try:
        device, _ = loop(folder=full)
        done = flash(small, device)
        assert "the medium failed" in str(done.exception)
        assert done.exception.code == DEVICE_OR_TIMEOUT
        assert "same command" in done.exception.hint
        with open(device, "rb") as file:
            assert not any(file.read(MIB))
    finally:
        tool("umount", "--lazy", full)  # the device is taken away after this


@pytest.mark.parametrize("name", ["kernelB", "keys"])
def test_a_flipped_octet_is_read_back_from_the_medium(small, loop, monkeypatch, name):
    """The medium changes behind the kernel's back: no cache answers for it."""
    device, backing = loop()
    at = small_image.places()[name][0] + 700
    honest = medium.BlockDevice.forget

    def forget(self):
        with backing.open("r+b") as file:
            file.seek(at)
            octet = file.read(1)[0]
            file.seek(at)
            file.write(bytes((octet ^ 16,)))
        honest(self)

    monkeypatch.setattr(medium.BlockDevice, "forget", forget)
    done = flash(small, device)
    assert f"octet {at:,} is not what was written" in str(done.exception)
    assert done.exception.code == VERIFICATION_FAILED
    assert not any(backing.read_bytes()[:MIB])


def test_a_run_that_was_killed_can_be_run_again(small, loop, monkeypatch):
    device, backing = loop()
    count = []
    honest = medium.BlockDevice.write

    def write(self, offset, data):
        count.append(offset)
        if len(count) == 5:
            raise KeyboardInterrupt
        honest(self, offset, data)

    monkeypatch.setattr(medium.BlockDevice, "write", write)
    done = flash(small, device)
    assert "stopped" in str(done.exception) and not any(backing.read_bytes()[:MIB])
    done = flash(small, device)
    assert done.exit_code == 0 and as_image(small, backing.read_bytes())
