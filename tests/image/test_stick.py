"""Bundles from a USB stick on the booted box: QEMU's, put in and pulled while the box runs.

FAULTS 74, 80.  What a hostile stick may hold: tests/unit/test_stick_any.py, session/test_stick.py.
"""

import hashlib
import re
import struct
import sys
import time
import uuid
import zlib
from pathlib import Path

import pytest
from restante_tools.bundles import publishing
from restante_tools.lab import boxconsole, clients, demo, preflight
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places
from test_update_cuts import signed

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "session"))

from stick import stick

FAT32 = ("-F", "32", "-s", "1")
MIB = 40
LOOK_SECONDS = 120  # from putting it in to what comes of it; a few on an idle machine
SLOW = 32_768  # octets a second: a copy takes long enough for a hand
LINUX_DATA = "0fc63daf-8483-4772-8e79-3d69d8477de4"


class Box:
    """What is done to it and what it says."""

    def __init__(self, site):
        self.site = site
        self.line = site.box.serial(site.deadline(boxconsole.ANSWER_SECONDS))
        self.ask = self._console()

    def _console(self):
        return boxconsole.over_serial(
            self.line, lambda: self.site.deadline(boxconsole.ANSWER_SECONDS)
        )

    def updates(self, name):
        return boxconsole.must(self.ask, "show updates").value(name)

    def until(self, condition, what, seconds=LOOK_SECONDS):
        self.site.deadline(seconds).wait(condition, what)

    def looked(self, text):
        """Waits for what becomes of a stick."""
        self.until(lambda: text in self.updates("last stick"), f"{text!r} of the stick")

    def pull(self):
        self.site.box.pull()
        self.until(lambda: self.updates("stick") == "none", "the end of the stick")

    def in_use(self):
        return boxconsole.must(self.ask, "show signatures").value("in use")

    def configure(self, *lines):
        for line in ("configure", *lines, "commit", "exit"):
            assert self.ask(line).ok, line

    def log(self):
        """As it came over the line: SerialLine takes records out."""
        before = self.site.box.serial_log.stat().st_size
        boxconsole.must(self.ask, "show log")
        return self.site.box.serial_log.read_bytes()[before:].decode()

    def said(self, text):
        """How often, on the serial line: by the kernel, too."""
        return self.site.box.serial_log.read_bytes().count(text)

    def copied(self):
        """Octets of the bundle that is being copied."""
        found = re.search(r": (\d+) of \d+ octets", self.updates("from stick"))
        return int(found[1]) if found else 0

    def reset(self):
        before = self.said(b"restante login: ")
        self.site.box.reset()
        self.site.first_banner()
        self.until(lambda: self.said(b"restante login: ") > before, "the console")
        self.ask = self._console()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """name: (an image of a stick, its bundle's octets)."""
    folder = tmp_path_factory.mktemp("sticks")
    out = {}
    for serial, name in enumerate(("one", "two", "three"), 1):
        files = folder / f"{name}-files"
        files.mkdir()
        _, bundle = signed(folder, name, serial)
        data = bundle.read_bytes()
        (files / bundle.name).write_bytes(data)
        publishing.publish(files, None)
        image = folder / f"{name}.img"
        out[name] = (stick(image, files, *FAT32, mib=MIB, table=serial == 1), data)
    return out


@pytest.fixture(scope="module")
def box(mails, figures):
    preflight.check(image=True)
    with ImageSite(Places(), Wanted([demo.account(mails)], usb=True)) as site:
        figures.append(f"64 MB with a USB port: power-on to first banner {site.boot():.1f} s")
        made = Box(site)
        yield made
        made.line.close()


def test_a_set_installs_from_a_stick_that_is_put_in(box, made, figures):
    assert box.updates("stick") == "none"
    image, data = made["one"]
    begun = time.monotonic()
    box.site.box.put_in(image)
    box.until(lambda: box.updates("stick") == "is in", "the stick")
    noticed = time.monotonic() - begun
    box.looked("one is in use")
    seconds = time.monotonic() - begun
    figures.append(
        f"stick on the image: noticed in {noticed:.1f} s, a set of {len(data)} octets "
        f"copied, verified, tried and in use after {seconds:.1f} s"
    )
    assert box.in_use() == "one"
    box.pull()
    log = box.log()
    for event in ("stick.inserted", "update.fetching", "update.installed", "stick.pulled"):
        assert event in log, event


def test_pulled_in_the_middle_it_goes_on_when_it_is_put_in_again(box, made, tmp_path, figures):
    """FAULTS 80, and 74: what was copied is not read again, so it may be anything then."""
    image, data = made["two"]
    box.site.box.put_in(image, octets_a_second=SLOW)
    box.until(lambda: box.copied() > 65_536, "a part")
    begun = time.monotonic()
    box.site.box.pull()
    box.looked("the stick was pulled")
    said = time.monotonic() - begun
    figures.append(f"stick on the image: pulled in the middle, said after {said:.1f} s")
    box.until(lambda: box.updates("stick") == "none", "the end of the stick")
    assert box.in_use() == "one"
    mail_goes_on(box.site)
    octets = bytearray(image.read_bytes())
    begin = octets.index(data[:512])
    octets[begin + 8192 : begin + 49152] = bytes(49152 - 8192)
    swapped = tmp_path / "swapped.img"
    swapped.write_bytes(octets)
    box.site.box.put_in(swapped)
    box.looked("two is in use")
    assert box.in_use() == "two"
    box.pull()


def mail_goes_on(site):
    (report,) = clients.fetch(site.office, [clients.plan(demo.USER, demo.PASSWORD, numbers=[1])])
    assert "error" not in report


def write_gpt(image, names):
    """A table with these partitions, of 4 MiB each; every checksum is right."""
    sectors = image.stat().st_size // 512
    entries = bytearray(128 * 128)
    for n, name in enumerate(names):
        at = 2048 + n * 8192
        entry = uuid.UUID(LINUX_DATA).bytes_le + bytes([n + 1]) * 16
        entry += struct.pack("<QQQ", at, at + 8191, 0) + name.encode("utf-16-le").ljust(72, b"\0")
        entries[n * 128 : n * 128 + 128] = entry
    head = struct.pack(
        "<8sIIIIQQQQ16sQIII",
        *(b"EFI PART", 0x10000, 92, 0, 0, 1, sectors - 1, 34, sectors - 34, b"\7" * 16, 2),
        *(128, 128, zlib.crc32(entries)),
    )
    head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
    protective = bytes([0, 0, 2, 0, 0xEE, 255, 255, 255]) + struct.pack("<II", 1, sectors - 1)
    with image.open("r+b") as file:
        file.write((bytes(446) + protective).ljust(510, b"\0") + b"\x55\xaa")
        file.write(head.ljust(512, b"\0") + entries)


def test_partitions_of_a_stick_are_not_the_boxs(box, tmp_path):
    """One that is in at power-on and calls its partitions as the box does changes nothing."""
    evil = tmp_path / "evil.img"
    with evil.open("wb") as file:
        file.truncate(MIB << 20)
    names = ("kernelA", "rootA", "kernelB", "rootB", "record", "keys", "data")
    write_gpt(evil, names)
    before = hashlib.sha256(evil.read_bytes()).digest()
    box.site.box.put_in(evil)
    box.looked("kind GPT")
    box.reset()
    box.looked("kind GPT")
    assert box.in_use() == "two"  # its own data partition
    mail_goes_on(box.site)
    assert "running" in boxconsole.must(box.ask, "show firmware").value("slot A")
    assert hashlib.sha256(evil.read_bytes()).digest() == before
    box.pull()


def test_off_is_off(box, made):
    """The kernel does not make a disk of it, whenever it is put in; on: it is used where it is."""
    image, _ = made["three"]
    box.configure("set updates stick off")
    box.until(lambda: box.updates("stick") == "off", "the reader")
    disks, refusals = (b"Attached SCSI", b"Device is not authorized for usage")
    before = [box.said(text) for text in (disks, refusals)]
    box.site.box.put_in(image)
    box.until(lambda: box.said(refusals) > before[1], "the kernel's refusal")
    assert box.updates("stick") == "off" and box.said(disks) == before[0]
    box.configure("set updates stick on")
    box.looked("three is in use")
    assert box.said(disks) == before[0] + 1
    # Off and on while it is in: the kernel let it go in between.
    allowed = box.said(b"authorized to connect")
    box.configure("set updates stick off")
    box.until(lambda: box.updates("stick") == "off", "its end")
    box.configure("set updates stick on")
    box.looked("nothing newer")
    assert box.said(b"authorized to connect") > allowed
    box.pull()
