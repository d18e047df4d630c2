"""`restante flash --serial`: a box with an empty medium and nothing but U-Boot's prompt, in QEMU.

The image has the partition map of the real one and little in it; with `--soak` the real image goes
over the line, and the box starts from it.
"""

import json
import re
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
from restante_tools.fieldline import ports
from restante_tools.flash import commands, image, overline, table, uboot
from restante_tools.flash.boards import BOARDS
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.places import Places

LOADER = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")  # of Debian's u-boot-qemu
MEDIUM_OCTETS = 256 << 20
START_SECONDS = 30.0
PIECE = 3000  # octets of each made file: QEMU 7.2's UART takes one octet at a time
BOOT_SECONDS = 120.0
CUT_OCTETS = 9000  # to the box: comparing takes about 4,000
BANNER = re.compile(rb"Restante \S+ on ")
BOARD = BOARDS["virt"]


class Machine:
    """QEMU with U-Boot, its medium a file, its serial line a socket."""

    def __init__(self, folder, name="box", octets=MEDIUM_OCTETS):
        self.folder = folder
        self.disk = folder / f"{name}.disk"
        with self.disk.open("wb") as file:
            file.truncate(octets)
        self.socket = folder / f"{name}.s"
        self.port = f"unix:{self.socket}"
        self.log = folder / f"{name}.log"
        self._child = None

    def on(self):
        self._child = Child(
            "qemu-system-arm",
            [
                *("unshare", "--net", "qemu-system-arm", "-nodefaults", "-no-user-config"),
                *("-display", "none", "-machine", "virt", "-cpu", "cortex-a7", "-m", "64"),
                *("-bios", str(LOADER)),
                *("-drive", f"if=none,id=disk,format=raw,file={self.disk}"),
                *("-device", "virtio-blk-device,drive=disk", "-device", "virtio-rng-device"),
                "-chardev",
                f"socket,id=s,path={self.socket},server=on,wait=off,logfile={self.log}",
                *("-serial", "chardev:s"),
            ],
            self.folder / "qemu.log",
        )
        limit = Deadline(START_SECONDS, "the machine is very busy", "")
        limit.wait(self.socket.exists, "QEMU's socket")
        return self

    def off(self):
        self._child.stop()
        self.socket.unlink(missing_ok=True)

    def flash(self, path, *words):
        done = CliRunner().invoke(
            commands.flash, [str(path), "--serial", self.port, "--yes", "--json", *words]
        )
        assert done.exit_code == 0, (done.exception, self.log.read_bytes()[-2000:])
        return json.loads(done.stdout)


def as_image(path, disk):
    with image.opened(path) as opened, disk.open("rb") as file:
        for part in opened.ranges:
            file.seek(part.offset)
            if file.read(part.octets) != opened.read(part.offset, part.octets):
                return False
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Short: a socket's path has 108 octets at most."""
    return tmp_path_factory.mktemp("u")


@pytest.fixture(scope="module")
def small(folder):
    """The real partition map, with small files for all that it names."""
    text = (Places().board / "virt" / "genimage.cfg").read_text()
    parts = folder / "parts"
    (folder / "empty").mkdir()
    parts.mkdir()
    for number, name in enumerate(sorted(set(re.findall(r'\timage = "(.+)"', text)))):
        data = bytes((n * n * 31 + n * number) % 251 for n in range(PIECE))
        (parts / name).write_bytes(data)
    (folder / "cfg").write_text(text)
    subprocess.run(
        [
            *("genimage", "--config", folder / "cfg", "--rootpath", folder / "empty"),
            *("--tmppath", folder / "tmp", "--inputpath", parts, "--outputpath", folder),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "restante-virt.img"


@pytest.fixture(scope="module")
def box(folder):
    machine = Machine(folder).on()
    yield machine
    machine.off()


@pytest.fixture(scope="module")
def flashed(box, small, figures):
    """Once over the line; in the middle of it the line is cut."""
    cut = CutPort.at_octets(CUT_OCTETS)
    ports.open_port, honest = cut, ports.open_port
    try:
        done = CliRunner().invoke(
            commands.flash, [str(small), "--serial", box.port, "--yes", "--json"]
        )
    finally:
        ports.open_port = honest
    assert isinstance(done.exception, ToolError) and done.exception.code == DEVICE_OR_TIMEOUT
    with box.disk.open("rb") as file:
        file.seek(512)
        cut_signature = file.read(8)
    began = time.monotonic()
    result = box.flash(small)
    seconds = time.monotonic() - began
    figures.append(
        f"U-Boot, small image after a cut: {result['sent']:,} octets sent, {seconds:.1f} s"
    )
    return cut_signature, result


class CutPort:
    """Opens a port that goes away after so many octets were written."""

    @classmethod
    def at_octets(cls, left):
        def open_port(name, baud=ports.BAUD, flow=False):
            port = honest(name, baud, flow)
            write, budget = port.write, [left]

            def counted(data):
                budget[0] -= len(data)
                if budget[0] < 0:
                    raise ToolError("the line is gone", "", "", DEVICE_OR_TIMEOUT)
                write(data)

            port.write = counted
            return port

        honest = ports.open_port
        return open_port


def test_a_cut_leaves_no_partition_table(flashed):
    assert flashed[0] != table.SIGNATURE


def test_the_medium_is_as_the_image(flashed, box, small):
    assert as_image(small, box.disk)


def test_it_went_on_where_it_broke_off_and_sent_nothing_twice(flashed, small):
    with image.opened(small) as opened:
        once = sum(
            run.octets
            for part in overline.chunks(opened.ranges)
            for run in overline.runs(opened, part)
        )
    sent = flashed[1]["sent"]
    # Slots are alike: what one holds is not sent for the other. A file came before the cut.
    assert 0 < sent < once - 2 * PIECE - PIECE // 2


def test_what_is_there_is_not_sent_again(flashed, box, small):
    result = box.flash(small)
    assert (result["sent"], result["written"]) == (0, 0)


def test_a_flipped_octet_and_an_old_key_are_put_right(flashed, box, small):
    with image.opened(small) as opened:
        keys, kernel_b = (opened.table.named(name).offset for name in ("keys", "kernelB"))
    with box.disk.open("r+b") as file:
        for at, data in ((keys + 512 * 1024, b"the old box's key"), (kernel_b + 1000, b"\xff\0")):
            file.seek(at)
            file.write(data)
    result = box.flash(small)
    assert as_image(small, box.disk)
    assert result["sent"] < 2 * PIECE  # the table again; the slot was copied from the other one


def test_the_key_of_another_layout_goes(flashed, box, small, folder):
    """It lies behind the first MiB of our `data`, where nothing else is written."""
    layout = (("kernelA", 30), ("keys", 1), ("data", 8))
    other = small_image.make(folder / "other.img", layout=layout)
    keys = small_image.places(layout)["keys"][0]
    with other.open("rb") as source, box.disk.open("r+b") as file:
        file.write(source.read(1 << 20))
        file.seek(keys + 512)
        file.write(b"the old box's key")
    box.flash(small)
    assert as_image(small, box.disk)
    with box.disk.open("rb") as file:
        file.seek(keys)
        assert not any(file.read(1 << 20))


def test_a_line_that_damages(flashed, box):
    """No damaged command is run.  (Files over such a line: tests/host/test_flash_ymodem.py.)"""
    with ports.open_port(box.port) as port:
        prompt = uboot.UBoot(port, BOARD, BOARD.baud)
        prompt.catch(START_SECONDS, print)
        write, count = port.write, [0]

        def damaging(data):
            count[0] += 1
            if count[0] % 7 == 3 and len(data) > 4:
                data = data[:2] + bytes((data[2] ^ 1,)) + data[3:]
            write(data)

        port.write = damaging
        for number in range(20):
            assert prompt.run(f"echo word{number}").strip() == f"word{number}"
        assert prompt.repeated > 0


def test_a_medium_that_is_too_small(flashed, box, small):
    with ports.open_port(box.port) as port, image.opened(small) as opened:
        prompt = uboot.UBoot(port, BOARD, BOARD.baud)
        prompt.catch(START_SECONDS, print)
        opened.octets = MEDIUM_OCTETS + 512
        with pytest.raises(ToolError, match="smaller than the image") as caught:
            overline.OverLine(prompt, opened).check_size()
        assert caught.value.code == USAGE
        opened.octets = MEDIUM_OCTETS
        overline.OverLine(prompt, opened).check_size()


def test_a_medium_that_does_not_keep_what_is_written(flashed, box, small):
    with ports.open_port(box.port) as port, image.opened(small) as opened:
        prompt = uboot.UBoot(port, BOARD, BOARD.baud)
        prompt.catch(START_SECONDS, print)
        prompt.write = lambda address, block, count: None
        job = overline.OverLine(prompt, opened)
        keys = opened.table.named("keys")
        part = replace(keys, end=keys.offset + overline.CHUNK)
        with box.disk.open("r+b") as file:
            file.seek(part.offset + 9)
            file.write(b"!")
        with pytest.raises(ToolError, match="not what was written") as caught:
            job._zeros(part)
        assert caught.value.code == VERIFICATION_FAILED


def test_nobody_at_the_line(folder, monkeypatch):
    monkeypatch.setattr(uboot, "KNOCK_SECONDS", 0.05)

    class Silent:
        name = "silent"

        def read(self):
            time.sleep(0.01)
            return b""

        def write(self, data):
            assert data == uboot.STOP  # never an empty line: it would repeat the last command

    said = []
    with pytest.raises(ToolError, match="no prompt of U-Boot") as caught:
        uboot.UBoot(Silent(), BOARD, BOARD.baud).catch(0.3, said.append)
    assert caught.value.code == DEVICE_OR_TIMEOUT and said == [said[0]]


def test_the_real_image_over_the_line_and_started(soak, output, folder, figures):
    """In a sample only the start is tried, with the image put there by a copy."""
    built = output / "restante-virt.img"
    machine = Machine(folder, "real")
    if not soak:
        subprocess.run(["cp", "--sparse=always", built, machine.disk], check=True)
    machine.on()
    try:
        if soak:
            result = machine.flash(built)
            assert as_image(built, machine.disk)
            figures.append(
                f"U-Boot, the image: {result['sent']:,} octets sent, "
                f"{result['on_the_line']:,} on the line, {result['seconds']} s in QEMU; computed: "
                + ", ".join(
                    f"{overline.line_seconds(result['on_the_line'], baud):.0f} s at {baud} baud"
                    for baud in (115200, 921600)
                )
            )
        with ports.open_port(machine.port) as port:
            prompt = uboot.UBoot(port, BOARD, BOARD.baud)
            prompt.catch(START_SECONDS, print)
            start(prompt)
        limit = Deadline(BOOT_SECONDS, "the box does not start", "")
        limit.wait(lambda: BANNER.search(machine.log.read_bytes()) is not None, "its console")
    finally:
        machine.off()


def start(prompt):
    """Slot A by hand."""
    prompt.run("virtio scan")
    *before, last = (command.format(ram=BOARD.ram) for command in BOARD.boot)
    for command in before:
        prompt.run(command)
    prompt.start(last)
