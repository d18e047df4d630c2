"""The boot record, and U-Boot's choice by it at every cut of the power.  Also on MicroPython."""

import struct

from restante.box import bootrecord as boot
from restante.box.bootrecord import Record
from restante.compat import crc32

BLANK = bytes(boot.SECTOR_OCTETS)
A, B = 0, 1
# Made by hand from the table of fields.
KNOWN = bytes.fromhex(
    "52535442"  # RSTB in memory
    "01000000"
    "07000000"
    "01000000"
    "02000000"
    "00000000"
    "01000000"
    "05000000" + 28 * "00"
)


def record(**changed):
    made = Record(7, B, 2, False, True, 5)
    for name in changed:
        setattr(made, name, changed[name])
    return made


def test_it_is_read_as_it_was_written():
    for changed in ({}, {"slot": A}, {"proven": True}, {"other_proven": False}, {"tries": 0}):
        one = record(**changed)
        again = boot.unpack(boot.pack(one))
        assert again.says() == one.says() and again.sequence == 7


def test_the_fields_stand_where_u_boot_looks():
    copy = boot.pack(record())
    assert copy[:60] == KNOWN
    assert len(copy) == 512 and copy[64:] == bytes(448)
    assert copy[60:64] == bytes.fromhex("85b91aa6")


def test_a_copy_with_any_flipped_bit_does_not_count():
    good = boot.pack(record())
    for at in range(64):
        bad = good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :]
        assert boot.unpack(bad) is None
    for bad in (BLANK, b"\xff" * 512, good[:-1], good + b"\0", b""):
        assert boot.unpack(bad) is None


def test_the_higher_sequence_counts_and_the_other_copy_is_written():
    old, new = boot.pack(record(sequence=6)), boot.pack(record())
    for copies, counts in (
        ([old, new], 1),
        ([new, old], 0),
        ([new, BLANK], 0),
        ([BLANK, new], 1),
        ([new, new], 0),
    ):
        found, at = boot.newest(copies)
        assert (found.sequence, at) == (7, counts)
        assert boot.next_copy(copies) == 1 - counts
    assert boot.newest([BLANK, BLANK]) == (None, 1) and boot.next_copy([BLANK, BLANK]) == 0


def summed(copy):
    return copy[:60] + struct.pack("<I", crc32(copy, 0, 60, 0) & 0xFFFFFFFF) + copy[64:]


def test_another_format_and_a_third_slot_do_not_count():
    good = boot.pack(record())
    assert boot.unpack(summed(good)) is not None
    for at, octet in ((0, 0), (4, 2), (12, 2)):  # magic, format, slot
        assert boot.unpack(summed(good[:at] + bytes([octet]) + good[at + 1 :])) is None


def test_the_image_has_both_slots_proven():
    copies = [boot.pack(boot.made())] * 2
    found, _ = boot.newest(copies)
    assert found.says() == (A, 0, True, True, 0) and found.sequence == 1


# -- what U-Boot does (board/common/boot), as far as records go


class Medium:
    def __init__(self, *records):
        self.copies = [boot.pack(each) for each in records]

    def write(self, record, torn=None):
        at = boot.next_copy(self.copies)
        octets = boot.pack(record)
        self.copies[at] = octets if torn is None else torn(self.copies[at], octets)

    def record(self):
        return boot.newest(self.copies)[0]


def start(medium):
    """The slot that is started; the record says what follows."""
    found = medium.record()
    if found is None:
        return A
    if found.proven:
        return found.slot
    if found.tries:
        medium.write(found.next(found.slot, found.tries - 1, False, found.other_proven))
        return found.slot
    if found.other_proven:
        after = found.next(1 - found.slot, 0, True, False)
        after.fallbacks += 1
        medium.write(after)
        return 1 - found.slot
    return found.slot


def fresh():
    return Medium(boot.made(), boot.made())


def installed():
    medium = fresh()
    medium.write(boot.emptied(medium.record(), A))
    medium.write(boot.installed(medium.record(), A))
    return medium


def test_a_new_firmware_is_tried_three_times_then_the_old_one_is_back():
    medium = installed()
    assert [start(medium) for _ in range(5)] == [B, B, B, A, A]
    found = medium.record()
    assert found.says() == (A, 0, True, False, 1)


def test_a_new_firmware_that_is_proved_stays_and_the_old_one_may_be_gone_back_to():
    medium = installed()
    assert start(medium) == B
    medium.write(boot.proved(medium.record()))
    assert [start(medium) for _ in range(9)] == [B] * 9
    assert medium.record().says() == (B, 0, True, True, 0)
    medium.write(boot.back(medium.record(), B))
    assert start(medium) == A and medium.record().says() == (A, 0, True, True, 0)


def test_fallbacks_are_never_forgotten():
    medium = installed()
    for _ in range(4):
        start(medium)
    for change in (boot.emptied, boot.installed):
        medium.write(change(medium.record(), A))
    medium.write(boot.proved(medium.record()))
    assert medium.record().fallbacks == 1


def test_nothing_that_is_being_written_is_ever_started():
    """At every cut of the power of an installation, whatever the sector holds then."""
    torn = (
        lambda before, after: before,
        lambda before, after: after,
        lambda before, after: after[:20] + before[20:],
        lambda before, after: before[:20] + after[20:],
        lambda before, after: BLANK,
        lambda before, after: b"\xff" * 512,
    )
    for how in torn:
        medium = fresh()
        medium.write(boot.emptied(medium.record(), A), how)
        # The slot is not touched before this write is done.
        assert start(medium) == A
        medium = fresh()
        medium.write(boot.emptied(medium.record(), A))
        assert start(medium) == A  # the slot is half written here
        assert not medium.record().is_proven(B)
        medium.write(boot.installed(medium.record(), A), how)
        assert start(medium) in (A, B)
        found = medium.record()
        assert found.slot == B or found.says() == (A, 0, True, False, 0)


def test_the_same_once_more_makes_both_copies_say_it():
    medium = fresh()
    medium.write(boot.emptied(medium.record(), A))
    medium.write(boot.again(medium.record()))
    one, other = [boot.unpack(each) for each in medium.copies]
    assert one.says() == other.says() and one.sequence != other.sequence
