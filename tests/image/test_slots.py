"""Start-up through U-Boot: which slot it starts, what it counts, what when nothing is right.

Boxes without network, watched on their serial line; the disk is changed and read from outside.
"""

import itertools
import random
import re

import pytest
from restante_tools.lab import image, preflight, qemu, slots, writelog
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.gpt import partition
from restante_tools.lab.slots import bootrecord
from restante_tools.places import Places

A, B = 0, 1
ZEROS = bytes(512)
SECONDS = 60.0  # to the kernel; 4 on an idle machine
# The line before a kernel that really starts: nothing else is said in between.
STARTED = r"restante: starting slot ([AB])\s(?:(?!restante:)[^$])*?Starting kernel"
NONE_WHOLE = r"restante: no boot record is whole\s[^$]*?"


class Medium:
    """A disk, and the boxes that are switched on with it, one after the other."""

    def __init__(self, built, disk, folder):
        self.built, self.disk = built, disk
        image.copy_disk(built, disk)
        self._folder = folder
        self._starts = 0

    def set(self, **fields):
        """Both copies of the record as built, but for these fields."""
        record = bootrecord.made()
        for name, value in fields.items():
            setattr(record, name, value)
        for copy in bootrecord.COPIES:
            slots.put(self.disk, copy, bootrecord.pack(record))

    def says(self):
        """(slot, tries, proven, other proven, fallbacks) of the record that counts."""
        return slots.record(self.disk).says()

    def start(self, writes=None):
        """A context manager: the box, switched on until its end."""
        self._starts += 1
        folder = self._folder / f"start-{self._starts}"
        folder.mkdir()
        return Running(qemu.Machine(None, self.disk, writes=writes), folder)

    def started(self, pattern=STARTED):
        """Switch on until a kernel starts: the slot's letter. Not waiting two seconds for a key."""
        with self.start() as running:
            running.expect("Hit any key to stop autoboot")
            running.type(" ")
            running.expect("=> ")
            running.type("boot\n")
            return running.expect(pattern)[1]


class Running:
    def __init__(self, machine, folder):
        self._machine, self._folder = machine, folder

    def __enter__(self):
        self.box = qemu.Box(self._machine, self._folder, self._folder)
        self._line = self.box.serial(self.deadline())
        return self

    def __exit__(self, *error):
        self.box.stop()
        self._line.close()

    def deadline(self, seconds=SECONDS):
        return Deadline(seconds, "the box is busy or hangs", f"read {self.box.serial_log}")

    def expect(self, pattern, seconds=SECONDS):
        return self._line.expect(pattern, self.deadline(seconds))

    def type(self, text):
        self._line.write(text)

    def kernel_says(self, pattern):
        """All that was found of it, once it is there: the serial line keeps the kernel's back."""
        found = []

        def there():
            text = self.box.serial_log.read_text(encoding="utf-8", errors="replace")
            found[:] = re.findall(pattern, text)
            return bool(found)

        self.deadline().wait(there, f"{pattern!r} of the kernel")
        return found


@pytest.fixture(scope="module")
def built():
    preflight.check(image=True, u_boot=True)
    return image.Image.of(Places()).disk


@pytest.fixture
def medium(built, tmp_path):
    return Medium(built, tmp_path / "disk.img", tmp_path)


def test_a_new_image_starts_a(medium):
    before = slots.copies(medium.disk)
    with medium.start() as running:
        assert running.expect(STARTED)[1] == "A"
        (words,) = running.kernel_says(r"Kernel command line: (.*?)\r?\n")
    assert words.split() == list(qemu.COMMAND_LINE)
    assert slots.copies(medium.disk) == before  # what is proven is not counted


def test_a_kernel_that_is_gone_is_the_other_slots_turn(medium):
    before = slots.copies(medium.disk)
    slots.fill(medium.disk, "kernelA", b"")
    assert medium.started() == "B"
    assert medium.says() == (B, 0, True, False, 1)
    # One write, of the copy that did not count: a cut of the power leaves the other.
    after = slots.copies(medium.disk)
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False]
    assert slots.record(medium.disk).sequence == bootrecord.made().sequence + 1
    # B is proven now: what follows is an ordinary start.
    assert medium.started() == "B"
    assert slots.copies(medium.disk) == after


def test_without_a_whole_record_a_is_started_and_else_b(medium):
    for copy in bootrecord.COPIES:
        slots.put(medium.disk, copy, ZEROS)
    assert medium.started(NONE_WHOLE + STARTED) == "A"
    slots.fill(medium.disk, "kernelA", b"")
    assert medium.started(NONE_WHOLE + STARTED) == "B"
    assert slots.copies(medium.disk) == [ZEROS, ZEROS]


def flipped(octets, bit):
    at, mask = bit // 8, 1 << bit % 8
    return octets[:at] + bytes([octets[at] ^ mask]) + octets[at + 1 :]


def test_a_damaged_copy_does_not_count(medium, soak):
    """The newer one says B; with any bit of it turned over, the older one is believed."""
    older = bootrecord.made()
    newer = bootrecord.pack(older.next(B, 0, True, True))
    slots.put(medium.disk, 0, newer)
    assert medium.started() == "B"
    every_word = [word * 32 + word for word in range(16)]
    for bit in every_word if soak else every_word[3:4]:
        slots.put(medium.disk, 0, flipped(newer, bit))
        assert medium.started() == "A", bit


def test_a_trial_without_a_kernel_is_tried_again_and_given_up(medium):
    medium.set(slot=B, tries=2, proven=False)
    slots.fill(medium.disk, "kernelB", b"")
    with medium.start() as running:
        running.expect("tries left: 1")
        running.expect("slot B has no kernel")
        running.expect("tries left: 0")
        running.expect("going back to slot A")
        assert running.expect(STARTED)[1] == "A"
    assert medium.says() == (A, 0, True, False, 1)


def test_without_any_kernel_it_goes_on_trying_and_wears_out_nothing(medium):
    for kernel in ("kernelA", "kernelB"):
        slots.fill(medium.disk, kernel, b"")
    with medium.start() as running:
        running.expect("nothing was started")
        after = slots.copies(medium.disk)
        running.expect("nothing was started")
    assert slots.copies(medium.disk) == after
    assert medium.says() == (B, 0, True, False, 1)


def recorded(medium, tmp_path):
    """Start until a kernel does: what was written to the record, as (offset in it, data)."""
    writes = tmp_path / "writes"
    writes.touch()
    with medium.start(writes) as running:
        running.expect(STARTED)
    offset, size = partition(medium.disk, slots.PARTITION)
    inside = [r for r in writelog.requests(writes) if r.data]
    assert all(offset <= r.offset < offset + size for r in inside)
    return [(r.offset - offset, r.data) for r in inside]


def test_a_cut_of_the_power_at_the_count_leaves_a_whole_record(medium, tmp_path):
    """Each write is a sector, over the copy that does not count; torn anywhere the other stands."""
    medium.set(slot=B, tries=1, proven=False)
    slots.fill(medium.disk, "kernelB", b"")  # both writes in one start: the count, going back
    state = slots.copies(medium.disk)
    writes = recorded(medium, tmp_path)
    assert len(writes) == 2
    said = [(B, 1, False, True, 0), (B, 0, False, True, 0), (A, 0, True, False, 1)]
    for number, (place, data) in enumerate(writes):
        assert len(data) == bootrecord.SECTOR_OCTETS
        copy = bootrecord.PLACES.index(place)
        assert copy == bootrecord.next_copy(state)
        for torn in range(0, bootrecord.SECTOR_OCTETS, 4):
            left = list(state)
            left[copy] = data[:torn] + state[copy][torn:]
            record, _ = bootrecord.newest(left)
            assert record.says() in said[number : number + 2]
        state[copy] = data
    assert bootrecord.newest(state)[0].says() == said[2]


def test_a_start_after_such_a_cut_is_as_before_it(medium):
    medium.set(slot=B, tries=2, proven=False)
    assert medium.started() == "B"
    counted = bootrecord.newest(slots.copies(medium.disk))[1]
    slots.put(medium.disk, counted, slots.copies(medium.disk)[counted][:16] + bytes(496))
    assert medium.started("tries left: 1[^$]*?" + STARTED) == "B"


def expected(record, missing):
    """(Slot that is started, what the record says then) by the contract, None if it is reset."""
    slot, tries, proven, other_proven, fallbacks = record.says()
    if not proven and tries:
        tries -= 1
        if slot not in missing:
            return slot, (slot, tries, proven, other_proven, fallbacks)
        if tries:
            return None
    elif (proven or not other_proven) and slot not in missing:
        return slot, record.says()
    if other_proven:
        return 1 - slot, (1 - slot, 0, True, False, fallbacks + 1)
    return 1 - slot, (slot, tries, proven, other_proven, fallbacks)


def test_every_state_of_the_record_as_the_contract_says(medium, soak):
    """In full with --soak: 40 records, each with both kernels and without the one that it names."""
    cases = list(
        itertools.product((A, B), (0, 1, 3), (True, False), (True, False), (0, 7), (0, 1))
    )
    if not soak:
        cases = random.Random("states").sample(cases, 2)
    for slot, tries, proven, other_proven, fallbacks, gone in cases:
        image.copy_disk(medium.built, medium.disk)
        medium.set(
            slot=slot, tries=tries, proven=proven, other_proven=other_proven, fallbacks=fallbacks
        )
        if gone:
            slots.fill(medium.disk, "kernel" + bootrecord.SLOTS[slot], b"")
        wanted = expected(slots.record(medium.disk), [slot] if gone else [])
        if wanted is None:
            medium.started("(reset, to try again)")
        else:
            assert medium.started() == bootrecord.SLOTS[wanted[0]]
            assert medium.says() == wanted[1]


def test_a_kernel_that_panics_uses_up_a_try(medium):
    """Its root file system is gone; what restarts later than that is test_firmware_update.py's."""
    medium.set(slot=B, tries=1, proven=False)
    slots.fill(medium.disk, "rootB", b"")
    with medium.start() as running:
        running.expect("tries left: 0")
        assert running.expect(STARTED)[1] == "B"
        assert medium.says() == (B, 0, False, True, 0)  # counted before it was started
        running.kernel_says("Kernel panic - not syncing: VFS: Unable to mount root")
        running.expect("going back to slot A")
        assert running.expect(STARTED)[1] == "A"
        words = running.kernel_says(r"root=PARTLABEL=root(.) .* restante.slot=(.)")
    assert words[0] == ("B", "B")
    assert medium.says() == (A, 0, True, False, 1)
