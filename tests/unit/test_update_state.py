"""What a box remembers of installed sets, and the age of the set in use.  Also on MicroPython."""

import struct

from restante import log
from restante.log.alarms import Alarms
from restante.log.ring import Ring
from restante.update import state
from restante.update.age import Age, days
from restante.update.fault import BundleError
from restante.update.state import CURRENT, NEXT, PREVIOUS, ROLLED_BACK, Record, State

DAY = 86400


def record(n, signers=2):
    ids = tuple([bytes((n, i)) + bytes(6) for i in range(signers)])
    return Record(1, n, bytes((n,)) * 32, ids, bytes((n,)) * 16, "set-%d" % n, 5, 9)


def full():
    made = State()
    made.epoch = 4294967295
    for n, place in enumerate(state.PLACES):
        made.records[place] = record(n, 8)
    made.leaving = bytes(32)
    for n in range(ROLLED_BACK):
        made.remember(bytes((n,)) * 32)
    return made


def refused(data):
    try:
        state.parse(data)
    except BundleError as error:
        assert error.code == "malformed"
        return True
    return False


def test_it_is_read_as_it_was_written():
    for made in (State(), full()):
        data = made.write()
        assert len(data) <= state.STATE_OCTETS
        again = state.parse(data)
        assert again.write() == data
        assert (again.epoch, again.leaving) == (made.epoch, made.leaving)
        assert again.rolled_back == made.rolled_back
        for place in made.records:
            a, b = again.records[place], made.records[place]
            assert (a.epoch, a.serial, a.sha256, a.signers) == (
                b.epoch,
                b.serial,
                b.sha256,
                b.signers,
            )
            assert (a.identity, a.version, a.created, a.expires) == (
                b.identity,
                b.version,
                b.created,
                b.expires,
            )


def test_cut_or_changed_anywhere_it_is_refused():
    data = full().write()
    for n in range(len(data)):
        assert refused(data[:n]), n
        other = bytearray(data)
        other[n] ^= 1 << (n & 7)
        assert refused(bytes(other)), n


def test_what_is_sealed_and_still_wrong():
    good = state.unsealed(full().write())
    assert not refused(state.sealed(good))
    for old, new in (
        (b"restante-updates=1", b"restante-updates=2"),
        (b"epoch=4294967295", b"epoch=4294967296"),
        (b"current.serial=0\n", b""),
        (b"current.signers=", b"current.signers=zz,"),
        (b"current.version=set-0", b"current.version=SET"),
        (b"leaving=", b"leaving=g"),
    ):
        assert old in good
        assert refused(state.sealed(good.replace(old, new, 1))), old
    assert refused(state.sealed(good + b"more=1\n"))


def test_what_was_rolled_back_is_bounded_and_the_newest_stay():
    made = State()
    for n in range(ROLLED_BACK + 3):
        made.remember(bytes((n,)) * 32)
    made.remember(bytes((5,)) * 32)
    assert len(made.rolled_back) == ROLLED_BACK
    assert made.rolled_back[-1] == bytes((5,)) * 32 and made.rolled_back[0] == bytes((3,)) * 32


def test_the_files_say_which_set_is_current():
    made = State()
    made.records = {CURRENT: record(1), PREVIOUS: record(0), NEXT: record(2)}
    made.leaving = bytes((1,)) * 32
    one, two = record(1).identity, record(2).identity
    for current, previous, serials, left in (
        (one, record(0).identity, (1, 0), []),
        (one, one, (1, 1), []),
        (two, one, (2, 1), [made.leaving]),
        (None, None, (None, None), []),
        (b"x" * 16, two, (None, 2), []),
    ):
        found = made.settled(current, previous)
        places = (found.records.get(CURRENT), found.records.get(PREVIOUS))
        assert tuple([each and each.serial for each in places]) == serials
        assert found.rolled_back == left and found.leaving is None
        assert NEXT not in found.records


def test_what_is_current_again_is_not_rolled_back_any_more():
    made = State()
    made.records = {CURRENT: record(1)}
    made.rolled_back = [record(1).sha256, record(2).sha256]
    assert made.settled(record(1).identity, None).rolled_back == [record(2).sha256]


def test_an_identity_is_of_all_that_tells_two_sets_apart():
    def of(octets=10, head=b"head", name=b"name", tail=b"tail"):
        return state.identity(octets, head, name, tail)

    found = {of(), of(11), of(head=b"hea"), of(name=b"dname"), of(tail=b""), of(name=b"namf")}
    assert len(found) == 6 and len(of()) == state.IDENTITY_OCTETS


def test_where_the_name_stands():
    head = bytearray(state.NAMES_AT + 16)
    struct.pack_into("<I", head, state.NAME_AT, 7)
    struct.pack_into("<Q", head, state.NAMES_AT, 1 << 40)
    assert state.name_place(head) == (1 << 40) + 7
    for n in range(state.NAMES_AT + 8):
        assert state.name_place(head[:n]) == 0


# -- age


def test_an_alarm_each_day_while_the_set_is_too_old():
    log.alarms, kept, ring, log.ring = Alarms(), log.alarms, log.ring, Ring()
    try:
        now = [DAY * 14 - 1]
        age = Age(lambda: now[0], 14)
        age.noticed("x", 0)
        assert log.alarms.active() == []
        for seconds, count in ((1, 1), (DAY - 1, 1), (1, 2)):
            now[0] += seconds
            age.noticed("x", 0)
            (found,) = log.alarms.active()
            assert found[0] == "signatures-age" and found[2] == count
        assert "x is 15 days old" in found[1]
        log.alarms.acknowledge()
        for maximum, when in ((0, now[0]), (14, None), (16, now[0])):
            age.maximum, now[0] = maximum, when
            age.noticed("y", 0)
            now[0] = 15 * DAY
        assert log.alarms.active() == []
    finally:
        log.alarms, log.ring = kept, ring


def test_days():
    assert days(0, None) is None
    assert (days(0, DAY - 1), days(0, DAY), days(5, 0)) == (0, 1, 0)
