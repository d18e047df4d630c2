"""Mail at rest: what the medium of a box shows, and what a factory reset leaves of it.

One box through its lives: held mail, a damaged copy of its key, a factory reset, both copies
damaged, a reset out of that.  The disk is looked at from outside, between two starts.
"""

import base64
import hashlib
import re
import subprocess

import pytest
from restante.box import keys, mapper
from restante_tools.lab import boxconsole, clients, image, planted, preflight, sealed
from restante_tools.lab.gpt import partition
from restante_tools.lab.image import tool
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places

RESET_SECONDS = 90  # destroy, shut down, start, write a file system, serve


class Box:
    """The site, and what was seen of it."""

    def __init__(self, site):
        self.site = site
        self.asking = None

    @property
    def disk(self):
        return self.site.disk

    def fetch(self):
        (report,) = clients.fetch(self.site.office, [clients.plan(planted.USER, planted.PASSWORD)])
        return report

    def ask(self, command):
        return boxconsole.once(self.site, command)

    def held(self):
        return len(boxconsole.quarantine(self.ask))

    def log(self):
        return self.site.box.serial_log.read_text(encoding="utf-8", errors="replace")

    def factory_reset(self):
        """Type it, and wait until the box that comes after serves."""
        seen = self.log().count("gate: listening")
        assert self.ask("factory-reset yes").ok
        limit = self.site.deadline(RESET_SECONDS)
        limit.wait(lambda: self.log().count("gate: listening") > seen, "the start after it")
        self.site.first_banner()


def damage(disk, *which):
    """Turn over one bit of these copies of the key record."""
    with disk.open("r+b") as file:
        for copy in which:
            at = sealed.copies(disk)[copy] + 20
            file.seek(at)
            (octet,) = file.read(1)
            file.seek(at)
            file.write(bytes([octet ^ 1]))


PLANTED = (planted.SUBJECT, planted.SENTENCE, planted.PASSWORD, planted.USER)


def contents(plain, folder):
    """All content of the file system's files."""
    image.read_out(plain, folder)
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def first(figures):
    """A new box that held the planted mail; it is off."""
    preflight.check(image=True)
    with ImageSite(Places(), Wanted([planted.account()])) as site:
        figures.append(f"first start, writing key and file system: {site.boot():.1f} s")
        box = Box(site)
        assert "error" not in box.fetch()
        assert box.held() == 1
        site.box.stop()
        box.record = sealed.record(box.disk)
        box.ciphertext = sealed.ciphertext(box.disk)
        box.first_log = box.log()
        yield box


def test_a_copy_of_the_data_partition_shows_nothing(first):
    assert planted.shown(first.ciphertext, *PLANTED) == []


def test_nothing_else_of_the_disk_and_no_log_does(first):
    assert planted.shown(first.disk.read_bytes(), *PLANTED) == []
    assert planted.shown(first.first_log.encode(), planted.SENTENCE, planted.PASSWORD) == []


def test_with_the_key_it_is_a_whole_file_system_that_holds_the_mail(first, tmp_path):
    """So that the searches above mean something: another machine's AES finds what was planted."""
    plain = tmp_path / "plain"
    sealed.open_to(first.disk, plain)
    image.repair(plain)
    content = contents(plain, tmp_path / "files")
    assert planted.shown(content, planted.SUBJECT) and planted.shown(content, planted.SENTENCE)


def test_the_key_is_in_the_key_partition_and_nowhere_else(first):
    master = first.record.key
    offset, size = partition(first.disk, "keys")
    octets = first.disk.read_bytes()
    rest = octets[:offset] + octets[offset + size :]
    derived = [
        keys.subkey(master, keys.DATA_PARTITION, mapper.KEY_OCTETS),
        keys.subkey(master, keys.DEVICE, keys.KEY_OCTETS),
    ]
    assert first.record.state == keys.FILLED and octets.count(master) == 2
    for secret in (master, *derived):
        for form in (secret, secret[:32].hex().encode(), base64.b64encode(secret)[:40]):
            assert form not in rest
            assert form not in first.first_log.encode()


@pytest.fixture(scope="module")
def repaired(first):
    """The same box after one copy of its key was damaged; it is on."""
    damage(first.disk, 0)
    first.site.boot()
    return first


def test_one_damaged_copy_is_repaired_and_nothing_is_lost(repaired):
    assert repaired.log().count("a damaged copy of the key was written again") == 1
    assert repaired.held() == 1


@pytest.fixture(scope="module")
def reset(repaired):
    """After a factory reset at its console and the start that follows; it is off."""
    repaired.factory_reset()
    repaired.after = repaired.held(), repaired.log().count("the data partition is new")
    repaired.site.box.stop()
    return repaired


def test_after_a_factory_reset_the_box_is_empty(reset):
    assert reset.after == (0, 2)


def test_the_old_key_is_gone_and_the_new_one_opens_nothing_old(reset, tmp_path):
    new = sealed.record(reset.disk)
    assert new.state == keys.FILLED and new.key != reset.record.key
    octets = reset.disk.read_bytes()
    assert reset.record.key not in octets
    old = tmp_path / "old"
    old.write_bytes(octets)
    offset, _ = partition(old, "data")
    with old.open("r+b") as file:
        file.seek(offset)
        file.write(reset.ciphertext)
    sealed.open_to(old, tmp_path / "plain")
    assert planted.shown((tmp_path / "plain").read_bytes(), *PLANTED[:2]) == []
    assert subprocess.run(["/usr/sbin/dumpe2fs", tmp_path / "plain"]).returncode != 0


def test_what_the_reset_left_is_a_whole_file_system_without_the_mail(reset, tmp_path):
    plain = tmp_path / "plain"
    sealed.open_to(reset.disk, plain)
    image.repair(plain)
    assert planted.shown(contents(plain, tmp_path / "files"), *PLANTED[:2]) == []


@pytest.fixture(scope="module")
def cut(reset):
    """Power went in the middle of a second reset: one copy says so, the other has the key."""
    reset.site.boot()
    reset.fetch()
    assert reset.held() == 1
    reset.site.box.stop()
    before = sealed.record(reset.disk)
    with reset.disk.open("r+b") as file:
        file.seek(sealed.copies(reset.disk)[0])
        file.write(keys.pack(before.changed(keys.DESTROYED, bytes(32))))
    reset.site.boot()
    reset.cut = before.key, reset.held()
    reset.site.box.stop()
    return reset


def test_a_reset_that_was_cut_off_is_finished_at_the_next_start(cut):
    """FAULTS 112."""
    key, held = cut.cut
    assert held == 0 and key not in cut.disk.read_bytes()


@pytest.fixture(scope="module")
def locked_out(cut):
    """Both copies of the key are damaged; it is on."""
    damage(cut.disk, 0, 1)
    cut.digest = hashlib.sha256(sealed.ciphertext(cut.disk)).digest()
    cut.keys = keys_of(cut.disk)
    cut.site.boot()
    return cut


def keys_of(disk):
    offset, size = partition(disk, "keys")
    return disk.read_bytes()[offset : offset + size]


def test_without_a_key_nothing_is_written_and_it_is_said(locked_out):
    assert re.search("no copy of its key can be read.*was left as it is", locked_out.log())
    (row,) = locked_out.fetch()["messages"]
    assert "[SYS/TEMP]" in row["error"]
    status = boxconsole.must(locked_out.ask, "show status")
    assert any(line.startswith("ALARM") and "store" in line for line in status.lines)
    disk = locked_out.disk
    assert hashlib.sha256(sealed.ciphertext(disk)).digest() == locked_out.digest
    assert keys_of(disk) == locked_out.keys


def test_a_factory_reset_is_the_way_out(locked_out):
    locked_out.factory_reset()
    assert "error" not in locked_out.fetch()
    assert locked_out.held() == 1
    locked_out.site.box.stop()


@pytest.fixture(scope="module")
def earlier(locked_out):
    """A data partition of the layout before encryption, and no key; it is on."""
    disk = locked_out.disk
    locked_out.site.box.stop()
    plain = locked_out.site.scratch / "earlier.ext4"
    with plain.open("wb") as file:
        file.truncate(16 << 20)
    tool(["mke2fs", "-q", "-F", "-t", "ext4", str(plain)])
    with disk.open("r+b") as file:
        for at in sealed.copies(disk):
            file.seek(at)
            file.write(bytes(keys.COPY_OCTETS))
        file.seek(partition(disk, "data")[0])
        file.write(plain.read_bytes())
    locked_out.digest = hashlib.sha256(sealed.ciphertext(disk)).digest()
    locked_out.site.boot()
    return locked_out


def test_an_unencrypted_data_partition_is_left_as_it_is(earlier):
    assert earlier.log().count("was left as it is") == 2
    earlier.site.box.stop()
    assert hashlib.sha256(sealed.ciphertext(earlier.disk)).digest() == earlier.digest


@pytest.fixture(scope="module")
def begun(earlier):
    """Power went while the first file system was written; it is on again."""
    disk = earlier.disk
    earlier.site.box.stop()
    sealed.put_record(disk, keys.Record(keys.FRESH, 1, bytes(range(32))))
    with disk.open("r+b") as file:
        file.seek(partition(disk, "data")[0])
        file.write(b"half of a file system" * 50_000)
    earlier.site.boot()
    return earlier


def test_a_file_system_that_was_half_written_is_written_again(begun):
    assert "error" not in begun.fetch() and begun.held() == 1
    begun.site.box.stop()
    assert sealed.record(begun.disk).state == keys.FILLED
