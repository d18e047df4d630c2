"""The maildrops' calls on a model of a disk: listings, roaming, deletions, quotas."""

import pytest
from mail_store import BERT, Store, again, apply, ready, run, uidls
from restante.errors import QuirkError, StoreError, StoreFull
from restante.store import maildrops
from restante.store.maildrop import Deleted, Evicted, Refused

ONE, TWO = b"1\r\n", b"22\r\n"


@pytest.fixture(autouse=True)
def small_reserve(monkeypatch):
    monkeypatch.setattr(maildrops, "RESERVE_OCTETS", 16)


def test_a_listing_tells_what_is_there():
    async def main():
        s = Store()
        await s.drops.start()
        drop = await s.open()
        assert (drop.complete, drop.count, drop.listed_at, list(drop.slots())) == (False, 0, 0, [])
        await apply(drop, (b"x", 10), (b"y", 20))
        assert drop.complete and drop.listed_at == 1000 and uidls(drop) == [b"x", b"y"]
        x = drop.find(b"x")
        assert (drop.octets(x), drop.size(x), drop.number(x)) == (10, 0, 1)
        assert not drop.is_stored(x) and not drop.is_box_owned(x) and drop.find(b"z") == -1
        _, drop = await again(s)
        assert drop.complete and drop.listed_at == 0 and uidls(drop) == [b"x", b"y"]
        assert drop.number(drop.find(b"x")) == 0

    run(main())


def test_a_listing_that_does_not_end_changes_nothing():
    async def main():
        _, drop = await ready(ONE)
        listing = drop.listing()
        listing.uidl(1, b"new")
        listing.drop()
        with pytest.raises(StoreError):
            await listing.end()
        other = drop.listing()
        drop.listing()
        with pytest.raises(StoreError, match="another listing"):
            await other.end()
        assert uidls(drop) == [b"u1"] and drop.find(b"new") == -1

    run(main())


@pytest.mark.parametrize(
    "lines",
    [
        [(1, b"a"), (2, b"a")],
        [(1, b"new"), (2, b"new")],
        [(1, b"a"), (1, b"b")],
        [(1, b"")],
        [(1, b"x" * 71)],
        [(1, b"a b")],
        [(1, b"\x7f")],
        [(0, b"b")],
        [(200001, b"b")],
        [(1, b"restante-1")],
    ],
)
def test_listings_that_cannot_be_relied_on(lines):
    """FAULTS 26."""

    async def main():
        s = Store()
        await s.drops.start()
        drop = await s.open()
        await apply(drop, (b"a", 1))
        listing = drop.listing()
        with pytest.raises(QuirkError):
            for number, uidl in lines:
                listing.uidl(number, uidl)
        listing.drop()
        assert uidls(drop) == [b"a"]

    run(main())


def test_sizes_that_lie_are_bounded():
    async def main():
        _, drop = await ready(b"")
        await apply(drop, (b"u1", 1 << 63), (b"v", -5))
        assert drop.octets(drop.find(b"u1")) == 0xFFFFFFFF and drop.octets(drop.find(b"v")) == 0

    run(main())


def test_a_stored_message_is_served_as_it_is():
    async def main():
        s, drop = await ready(b"")
        slot = drop.find(b"u1")
        with pytest.raises(Evicted):
            await drop.open(slot)
        await s.store(drop, b"u1", b"..x\r\n", octets=4)
        assert (drop.octets(slot), drop.size(slot), drop.stored_octets) == (4, 5, 5)
        assert await s.content(drop, slot) == b"..x\r\n" and s.drops.octets == 5
        assert s.files() == ["1.eml", "journal"] and s.spool.used == 0
        s, drop = await again(s)
        assert await s.content(drop, drop.find(b"u1")) == b"..x\r\n" and s.drops.octets == 5

    run(main())


def test_an_empty_message_is_stored():
    async def main():
        s, drop = await ready(b"")
        await s.store(drop, b"u1", b"")
        slot = drop.find(b"u1")
        assert drop.is_stored(slot) and drop.octets(slot) == 0
        assert await s.content(drop, slot) == b""

    run(main())


def test_what_is_found_late_replaces_the_content():
    async def main():
        s, drop = await ready(ONE)
        await s.store(drop, b"u1", b"notice\r\n", sha=bytes(32))
        assert s.files() == ["2.eml", "journal"] and uidls(drop) == [b"u1"]
        s, drop = await again(s)
        assert await s.content(drop, drop.find(b"u1")) == b"notice\r\n"

    run(main())


def test_a_deletion_is_for_good():
    """Promise 2: also if the origin lists the message for ever."""

    async def main():
        s, drop = await ready(ONE, TWO)
        view = drop.slots()
        slot = drop.find(b"u1")
        await drop.delete([slot])
        assert list(view) == [0, 1]  # an open session's snapshot does not change
        assert drop.is_deleted(slot) and drop.departing() == [slot]
        with pytest.raises(Deleted):
            await drop.open(slot)
        assert s.files() == ["2.eml", "journal"]
        for _ in range(3):
            await apply(drop, (b"u1", 3), (b"u2", 4))
            assert uidls(drop) == [b"u2"] and drop.departing() == [slot]
        await s.store(drop, b"u1", ONE)  # a fetch that was under way
        assert uidls(drop) == [b"u2"] and s.files() == ["2.eml", "journal"]
        s, drop = await again(s)
        assert uidls(drop) == [b"u2"] and drop.departing() == []
        await apply(drop, (b"u1", 3), (b"u2", 4))
        assert [drop.uidl(slot) for slot in drop.departing()] == [b"u1"]
        await apply(drop, (b"u2", 4))
        assert drop.departing() == []
        await apply(drop, (b"u2", 4))
        assert drop.find(b"u1") == -1

    run(main())


def test_a_tombstone_survives_one_listing_that_is_cut_short():
    async def main():
        _, drop = await ready(ONE, TWO)
        await drop.delete([drop.find(b"u1")])
        await apply(drop)
        assert uidls(drop) == []
        await apply(drop, (b"u1", 3), (b"u2", 4))
        assert uidls(drop) == [b"u2"]

    run(main())


@pytest.mark.parametrize("retention", [0, 100])
def test_what_the_origin_lost_is_retained(retention):
    async def main():
        s, drop = await ready(ONE, TWO, retention=retention)
        await apply(drop, (b"u2", 4))
        assert uidls(drop) == [b"u2"]
        assert s.files() == (["1.eml"] if retention else []) + ["2.eml", "journal"]
        assert len(drop.retained()) == (1 if retention else 0)
        await drop.keep_house(1000 + 100)
        await drop.keep_house(None)  # nothing goes by age if the time is not sure
        assert len(drop.retained()) == (1 if retention else 0)
        await drop.keep_house(1000 + 101)
        assert drop.retained() == [] and s.files() == ["2.eml", "journal"]

    run(main())


def test_what_comes_back_is_shown_again_and_need_not_be_fetched():
    async def main():
        s, drop = await ready(ONE, TWO, retention=100)
        await apply(drop, (b"u2", 4))
        await apply(drop, (b"u1", 3), (b"u2", 4))
        assert uidls(drop) == [b"u1", b"u2"] and drop.wanted(1000) == []

    run(main())


@pytest.mark.parametrize("id_of_next_run", [False, True])
def test_all_uidls_change(id_of_next_run):
    """RULES: a listing reset.  The new UIDLs are shown, what was deleted is not."""

    async def main():
        s, drop = await ready(b"one\r\n", b"two\r\n", b"three\r\n")
        await drop.delete([drop.find(b"u1")])
        drop.delivered(drop.find(b"u2"))
        await apply(drop, (b"v1", 5), (b"v2", 5), (b"v3", 7))
        assert uidls(drop) == [b"v3"]  # v1, v2: as long as the deleted one
        if id_of_next_run:
            s, drop = await again(s)
            await apply(drop, (b"v1", 5), (b"v2", 5), (b"v3", 7))
        assert [drop.uidl(slot) for slot in drop.wanted(1)][:2] == [b"v1", b"v2"]
        await s.store(drop, b"v2", b"two\r\n")
        assert uidls(drop) == [b"v2", b"v3"] and drop.is_delivered(drop.find(b"v2"))
        await s.store(drop, b"v1", b"one\r\n")
        assert uidls(drop) == [b"v2", b"v3"]
        assert [drop.uidl(slot) for slot in drop.departing()] == [b"v1"]
        await s.store(drop, b"v3", b"three\r\n")
        await apply(drop, (b"v2", 5), (b"v3", 7))
        await apply(drop, (b"v2", 5), (b"v3", 7))
        assert uidls(drop) == [b"v2", b"v3"] and drop.find(b"u1") == drop.find(b"v1") == -1
        assert len(s.files()) == 3

    run(main())


@pytest.mark.parametrize("id_of_next_run", [False, True])
def test_the_same_mail_again_is_new_mail_once_the_deletion_is_confirmed(id_of_next_run):
    """A message of the very same octets is no former one under a new UIDL: that one is gone."""

    async def main():
        s, drop = await ready(b"one\r\n", b"two\r\n", retention=60)
        slot = drop.find(b"u1")
        await drop.delete([slot])
        drop.departed([slot])
        await apply(drop, (b"u2", 5), (b"u3", 5))
        assert uidls(drop) == [b"u2", b"u3"]
        if id_of_next_run:
            s, drop = await again(s, retention=60)
            await apply(drop, (b"u2", 5), (b"u3", 5))
        await s.store(drop, b"u3", b"one\r\n")
        assert uidls(drop) == [b"u2", b"u3"] and drop.departing() == []
        # An origin that did not do it after all is asked again.
        await apply(drop, (b"u1", 5), (b"u2", 5), (b"u3", 5))
        assert uidls(drop) == [b"u2", b"u3"]
        assert [drop.uidl(slot) for slot in drop.departing()] == [b"u1"]

    run(main())


def test_the_hold_ends_when_the_new_messages_are_gone():
    async def main():
        _, drop = await ready(b"one\r\n")
        await drop.delete([drop.find(b"u1")])
        await apply(drop, (b"v1", 5))
        for _ in range(3):
            await apply(drop, (b"v1", 5))
            assert drop.find(b"u1") >= 0 and uidls(drop) == []
        await apply(drop)
        await apply(drop)
        assert drop.find(b"u1") == drop.find(b"v1") == -1

    run(main())


def test_a_new_message_that_is_only_as_long_is_shown_when_it_is_known():
    async def main():
        s, drop = await ready(b"one\r\n")
        await drop.delete([drop.find(b"u1")])
        await apply(drop, (b"v1", 5))
        assert uidls(drop) == []
        await s.store(drop, b"v1", b"new\r\n")
        assert uidls(drop) == [b"v1"] and drop.departing() == []

    run(main())


def test_hidden_mail_that_cannot_be_fetched_is_shown_for_good():
    async def main():
        s, drop = await ready(b"one\r\n")
        await drop.delete([drop.find(b"u1")])
        await apply(drop, (b"v1", 5))
        slot = drop.find(b"v1")
        assert drop.hidden() == [slot]
        await drop.reveal([slot])
        assert uidls(drop) == [b"v1"] and drop.hidden() == []
        s, drop = await again(s)
        assert uidls(drop) == [b"v1"]

    run(main())


def test_a_cleaned_message_is_recognised_by_its_original():
    async def main():
        s, drop = await ready(b"")
        await s.store(drop, b"u1", b"notice\r\n", sha=b"o" * 32)
        await drop.delete([drop.find(b"u1")])
        await apply(drop, (b"v1", 7))
        await s.store(drop, b"v1", b"another notice\r\n", sha=b"o" * 32)
        assert uidls(drop) == [] and [drop.uidl(s) for s in drop.departing()] == [b"v1"]

    run(main())


def test_what_was_taken_departs_and_stays():
    """Collect mode, and what quarantine policy deletes at the origin."""

    async def main():
        s, drop = await ready(ONE, b"")
        slot = drop.find(b"u1")
        with pytest.raises(Evicted):
            await drop.take(drop.find(b"u2"))
        await drop.take(slot)
        assert drop.departing() == [slot] and drop.is_box_owned(slot)
        for _ in range(3):
            await apply(drop)
        assert uidls(drop) == [b"u1"] and drop.departing() == []
        s, drop = await again(s)
        assert await s.content(drop, drop.find(b"u1")) == ONE
        await drop.delete([drop.find(b"u1")])
        assert uidls(drop) == []

    run(main())


def test_a_taken_message_under_a_new_uidl_departs_again():
    async def main():
        s, drop = await ready(ONE)
        await drop.take(drop.find(b"u1"))
        await apply(drop, (b"v1", 3))
        assert uidls(drop) == [b"u1"]
        await s.store(drop, b"v1", ONE)
        assert uidls(drop) == [b"u1"] and [drop.uidl(s) for s in drop.departing()] == [b"v1"]

    run(main())


def test_an_origin_that_drops_what_was_fetched():
    """RULES, a spider's RETR: what vanishes becomes the box's, until it is listed again."""

    async def main():
        s, drop = await ready(ONE, b"")
        drop.keep_vanished = True
        await apply(drop)
        assert uidls(drop) == [b"u1"] and drop.is_box_owned(drop.find(b"u1"))
        await apply(drop, (b"u1", 3))
        assert not drop.is_box_owned(drop.find(b"u1")) and drop.departing() == []
        await apply(drop, (b"v1", 3))
        await s.store(drop, b"v1", ONE)
        assert uidls(drop) == [b"v1"] and drop.departing() == []

    run(main())


def test_messages_of_the_box():
    async def main():
        s, drop = await ready(ONE)
        slot = await s.add(drop, b"restante-7", b"notice\r\n")
        assert await s.add(drop, b"restante-7", b"notice\r\n") == slot
        with pytest.raises(StoreError, match="prefix"):
            await s.add(drop, b"seven", b"notice\r\n")
        await apply(drop, (b"u1", 3))
        assert uidls(drop) == [b"u1", b"restante-7"] and drop.is_box_owned(slot)
        s, drop = await again(s)
        slot = drop.find(b"restante-7")
        assert await s.content(drop, slot) == b"notice\r\n"
        await drop.delete([slot])
        assert drop.find(b"restante-7") == -1 and drop.is_deleted(slot) and len(s.files()) == 2

    run(main())


def test_a_deleted_message_can_be_delivered_again():
    async def main():
        s, drop = await ready(ONE, TWO, retention=100)
        slot = drop.find(b"u1")
        await drop.delete([slot])
        assert drop.retained() == [slot]
        new = await drop.restore(slot)
        assert uidls(drop) == [b"u2", drop.uidl(new)] and drop.uidl(new).startswith(b"restante-")
        assert await s.content(drop, new) == ONE and drop.retained() == []
        with pytest.raises(Refused):
            await drop.restore(slot)
        await drop.keep_house(10000)
        s, drop = await again(s)
        await apply(drop, (b"u1", 3), (b"u2", 4))
        assert len(uidls(drop)) == 2 and b"u1" not in uidls(drop)

    run(main())


def test_eviction_takes_what_was_delivered_first_and_never_the_boxs_own():
    async def main():
        s, drop = await ready(b"1" * 10, b"2" * 10, b"3" * 10, b"4" * 10, b"")
        drop.quota = 50
        await drop.take(drop.find(b"u1"))
        drop.delivered(drop.find(b"u3"))
        await s.add(drop, b"restante-1", b"n" * 10)
        await s.store(drop, b"u5", b"5" * 10)
        stored = [uidl for uidl in uidls(drop) if drop.is_stored(drop.find(uidl))]
        assert stored == [b"u1", b"u2", b"u4", b"u5", b"restante-1"]
        assert drop.octets(drop.find(b"u3")) == 10 and b"u3" in uidls(drop)
        with pytest.raises(Evicted):
            await drop.open(drop.find(b"u3"))
        await s.store(drop, b"u3", b"3" * 10)  # on demand: the older u2 goes, not the newer u4
        assert not drop.is_stored(drop.find(b"u2")) and drop.is_stored(drop.find(b"u4"))
        with pytest.raises(StoreFull):
            await s.store(drop, b"u2", b"2" * 31)
        assert len(s.files()) == 6 and s.drops.octets == 50 and s.spool.used == 0

    run(main())


def test_what_is_wanted_fits_beside_what_is_newer():
    async def main():
        s, drop = await ready(*[b""] * 6)
        names = lambda budget: [drop.uidl(s) for s in drop.wanted(budget)]  # noqa: E731
        assert names(1) == [b"u6"]  # one always comes, else nothing ever would
        assert names(21) == [b"u6", b"u5", b"u4"]
        drop.quota = 15
        assert names(100) == [b"u6", b"u5"]
        await s.store(drop, b"u5", b"5" * 7)
        assert names(100) == [b"u6"]
        await s.store(drop, b"u6", b"6" * 7)
        assert names(100) == []

    run(main())


def test_the_maximum_of_all_maildrops_takes_only_what_others_have_delivered():
    async def main():
        s, anna = await ready(b"1" * 40, b"2" * 40, maximum=100)
        anna.delivered(0)
        bert = await s.open(BERT)
        await apply(bert, (b"x", 60), (b"y", 60))
        await s.store(bert, b"x", b"x" * 60)
        assert not anna.is_stored(0) and anna.is_stored(1) and s.drops.octets == 100
        with pytest.raises(StoreFull):
            await s.store(bert, b"y", b"y" * 70)
        await s.store(bert, b"y", b"y" * 60)  # its own older one goes
        assert s.drops.octets == 100 and not bert.is_stored(0)
        s, _ = await again(s)
        assert s.drops.octets == 100

    run(main())
