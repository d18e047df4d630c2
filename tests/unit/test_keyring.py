"""The two copies of the key on a medium whose power is cut at any write.  Also on MicroPython."""

from restante.box import keys
from restante.box.keyring import COPIES, Keyring

OLD = b"O" * 32
NEW = b"N" * 32
BLANK = bytes(keys.COPY_OCTETS)
BAD = b"?" * keys.COPY_OCTETS


class Cut(Exception):
    pass


class Medium:
    """Loses power at the change with number `cut`, and leaves then what `how` makes of it."""

    def __init__(self, copies, cut=None, how=None):
        self.copies = list(copies)
        self.unreadable = set()
        self.unwritable = set()
        self.changes = 0
        self._cut = cut
        self._how = how

    def read(self, copy):
        if copy in self.unreadable:
            raise OSError(5)
        return self.copies[copy]

    def write(self, copy, octets):
        if copy in self.unwritable:
            raise OSError(5)
        self._change(copy, octets)

    def discard(self, copy):
        self._change(copy, BLANK)

    def _change(self, copy, octets):
        before = self.copies[copy]
        cut = self.changes == self._cut
        self.copies[copy] = self._how(before, octets) if cut else octets
        self.changes += 1
        if cut:
            raise Cut


# What a medium may hold of a sector whose writing was cut off.
TORN = (
    lambda before, after: before,
    lambda before, after: after,
    lambda before, after: after[:40] + before[40:],
    lambda before, after: before[:40] + after[40:],
    lambda before, after: BLANK,
    lambda before, after: b"\xff" * len(after),
    lambda before, after: BAD,
)


def packed(state, sequence, key):
    return keys.pack(keys.Record(state, sequence, key))


def cuts(copies, change):
    """Each state of the two copies after `change(ring)` was cut off, and after it was not."""
    whole = Medium(copies)
    change(Keyring(whole))
    assert whole.changes
    yield whole.copies
    for cut in range(whole.changes):
        for how in TORN:
            medium = Medium(copies, cut, how)
            try:
                change(Keyring(medium))
            except Cut:
                yield medium.copies


def found(copies):
    record = Keyring(Medium(copies)).record
    return record and (record.state, record.key)


def test_a_blank_medium_has_no_record():
    assert found([BLANK, BLANK]) is None and found([BAD, BLANK]) is None


def test_a_new_key_is_there_or_not():
    for copies in cuts([BLANK, BLANK], lambda ring: ring.renew(NEW)):
        assert found(copies) in (None, (keys.FRESH, NEW))


def test_filled_is_said_or_not_and_the_key_stays():
    start = [packed(keys.FRESH, 1, OLD)] * 2
    seen = {found(copies) for copies in cuts(start, lambda ring: ring.filled())}
    assert seen == {(keys.FRESH, OLD), (keys.FILLED, OLD)}


def test_a_factory_reset_is_before_or_after_at_every_cut():
    start = [packed(keys.FILLED, 2, OLD)] * 2
    seen = {found(copies) for copies in cuts(start, lambda ring: ring.destroy())}
    assert seen == {(keys.FILLED, OLD), (keys.DESTROYED, bytes(32))}


def test_after_a_factory_reset_and_the_next_start_no_copy_holds_the_key():
    for copies in cuts([packed(keys.FILLED, 2, OLD)] * 2, lambda ring: ring.destroy()):
        if found(copies)[0] == keys.FILLED:
            continue
        for later in cuts(copies, lambda ring: ring.renew(NEW)):
            assert found(later) in ((keys.FRESH, NEW), (keys.DESTROYED, bytes(32)))
            medium = Medium(later)
            Keyring(medium).renew(NEW)
            assert all(OLD not in copy for copy in medium.copies)


def test_a_finished_factory_reset_leaves_nothing():
    medium = Medium([packed(keys.FILLED, 2, OLD)] * 2)
    Keyring(medium).destroy()
    assert all(OLD not in copy for copy in medium.copies)


def test_factory_reset_of_what_is_unreadable_begins_as_new():
    medium = Medium([BAD, BLANK])
    Keyring(medium).destroy()
    assert found(medium.copies) == (keys.DESTROYED, bytes(32))


def test_one_damaged_copy_is_written_again_at_every_octet():
    good = packed(keys.FILLED, 2, OLD)
    for copy in COPIES:
        for at in range(len(good)):
            copies = [good, good]
            copies[copy] = good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1 :]
            medium = Medium(copies)
            ring = Keyring(medium)
            assert ring.record.key == OLD and ring.repair() == 1
            assert medium.copies == [good, good]


def test_a_repair_that_is_cut_off_loses_nothing():
    good = packed(keys.FILLED, 2, OLD)
    for start in ([BAD, good], [good, BAD], [BLANK, good], [packed(keys.FRESH, 1, OLD), good]):
        for copies in cuts(start, lambda ring: ring.repair()):
            assert found(copies) == (keys.FILLED, OLD)


def test_nothing_is_written_where_nothing_is_wrong():
    medium = Medium([packed(keys.FILLED, 2, OLD)] * 2)
    assert Keyring(medium).repair() == 0 and medium.changes == 0


def test_an_unreadable_copy_is_as_good_as_damaged():
    medium = Medium([packed(keys.FILLED, 2, OLD)] * 2)
    medium.unreadable.add(0)
    assert Keyring(medium).record.key == OLD


def test_the_other_copy_is_destroyed_where_one_cannot_be_written():
    medium = Medium([packed(keys.FILLED, 2, OLD)] * 2)
    medium.unwritable.add(0)
    try:
        Keyring(medium).destroy()
    except OSError:
        assert found(medium.copies) == (keys.DESTROYED, bytes(32))
        return
    raise AssertionError("not said")
