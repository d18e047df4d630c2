"""The maildrops' calls on a model of a disk: listings, roaming, quotas, damage, cancellation."""

import asyncio

import pytest
from mail_store import ANNA, BERT, Store, apply, uidls
from model_disk import Directory, Inode, ModelDisk
from restante.errors import QuirkError, StoreError, StoreFull
from restante.store import maildrops
from restante.store.faults import EIO, EMFILE, ENOSPC
from restante.store.maildrop import LOST_SECONDS, Deleted, Evicted, Refused

ONE, TWO = b"1\r\n", b"22\r\n"


@pytest.fixture(autouse=True)
def small_reserve(monkeypatch):
    monkeypatch.setattr(maildrops, "RESERVE_OCTETS", 16)


def run(coroutine):
    return asyncio.run(coroutine)


async def ready(*contents, retention=0, **store):
    """A store and a maildrop with u1, u2 and so on: stored where there is content."""
    s = Store(**store)
    await s.drops.start()
    drop = await s.open(retention=retention)
    await apply(drop, *[(b"u%d" % i, len(c) or 7) for i, c in enumerate(contents, 1)])
    for i, content in enumerate(contents, 1):
        if content:
            await s.store(drop, b"u%d" % i, content)
    return s, drop


async def again(s, id=ANNA, retention=0):
    """What the next run of the gate finds on the same disk."""
    new = Store(s.disk)
    await new.drops.start()
    return new, await new.open(id, retention)


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
        await drop.keep_house(1000 + 100, True)
        await drop.keep_house(1000 + 10000, False)  # nothing goes by age if the time is not sure
        assert len(drop.retained()) == (1 if retention else 0)
        await drop.keep_house(1000 + 101, True)
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
        await drop.keep_house(10000, True)
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


def spoil(s, name, change):
    inode = s.disk.root.names["maildrops"].names[ANNA].names[name]
    inode.data = inode.synced = change(inode.data)


@pytest.mark.parametrize("change", [lambda d: b"2" + d[1:], lambda d: d[:-1], lambda d: d + b"x"])
def test_a_stored_message_that_changed_is_never_served(change):
    """FAULTS 57."""

    async def main():
        s, drop = await ready(ONE)
        await s.add(drop, b"restante-1", b"note\r\n")
        spoil(s, "1.eml", change)
        spoil(s, "2.eml", change)
        s, drop = await again(s)
        own = drop.find(b"restante-1")
        for _ in range(2):
            with pytest.raises(StoreError):
                await drop.open(own)  # stays listed: nobody else has it
        with pytest.raises(StoreError):
            await drop.open(drop.find(b"u1"))
        assert not drop.is_stored(drop.find(b"u1")) and len(s.drops.problems) == 3
        assert uidls(drop) == [b"u1", b"restante-1"] and s.folder.open_files == 1
        s, drop = await again(s)
        await apply(drop, (b"u1", 3))
        assert drop.wanted(100) == [drop.find(b"u1")]
        await s.store(drop, b"u1", ONE)
        assert await s.content(drop, drop.find(b"u1")) == ONE

    run(main())


@pytest.mark.parametrize("operation", ["open", "hash"])
def test_a_read_error_is_not_served_and_the_message_is_fetched_anew(operation):
    async def main():
        s, drop = await ready(ONE)
        s, drop = await again(s)

        def before(step, what, target):
            if what == operation and target.endswith(".eml"):
                raise OSError(EIO)

        s.folder.before = before
        with pytest.raises(StoreError):
            await drop.open(0)
        assert not drop.is_stored(0) and s.folder.open_files == 1
        assert s.files() == ["journal"]

    run(main())


def test_too_many_open_files_spoil_no_message():
    """FAULTS 105."""

    async def main():
        s, drop = await ready(ONE)

        def before(step, what, target):
            if what == "open":
                raise OSError(EMFILE)

        s.folder.before = before
        with pytest.raises(StoreError, match="descriptors"):
            await drop.open(0)
        assert drop.is_stored(0)

    run(main())


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("thing", [None, Directory()])
def test_a_body_that_is_missing_or_no_file(thing, own):
    """FAULTS 59 (links and pipes: tests/session/test_maildrops.py)."""

    async def main():
        s, drop = await ready(ONE)
        if own:
            await drop.take(0)
        names = s.disk.root.names["maildrops"].names[ANNA].names
        if thing is None:
            del names["1.eml"]
        else:
            names["1.eml"] = thing
        s, drop = await again(s)
        with pytest.raises(StoreError):
            await drop.open(0)
        assert drop.is_stored(0) == own and uidls(drop) == [b"u1"] and s.drops.problems

    run(main())


def test_leftovers_of_a_cut_off_change_go_at_start():
    async def main():
        s, drop = await ready(ONE)
        for name in ("7.eml", "journal.new3", "notes"):
            s.disk.root.names["maildrops"].names[ANNA].names[name] = Inode()
        s, drop = await again(s)
        assert s.files() == ["1.eml", "journal", "notes"]

    run(main())


def journal_of(s):
    return s.disk.root.names["maildrops"].names[ANNA].names["journal"]


def test_each_octet_of_the_journal_flipped():
    """FAULTS 56: nothing wrong is served, the box's own is not lost, and it is told."""

    async def main():
        s, drop = await ready(ONE, TWO)
        await s.add(drop, b"restante-1", b"note\r\n")
        await drop.delete([drop.find(b"u2")])
        data = journal_of(s).data
        for i in range(len(data)):
            disk = s.disk.snapshot()
            damaged = Store(disk)
            journal_of(damaged).data = data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]
            await damaged.drops.start()
            found = await damaged.open()
            assert damaged.drops.problems, i
            contents = {}
            for uidl, seen in (await damaged.view(found)).items():
                if seen[3]:
                    slot = await found.restore(found.find(uidl))
                    contents[uidl] = await damaged.content(found, slot)
                elif seen[5]:
                    contents[uidl] = seen[5]
            assert set(contents.values()) <= {ONE, b"note\r\n"}
            assert b"note\r\n" in contents.values(), i
            repaired, _ = await again(damaged)
            assert repaired.drops.problems == [], i

    run(main())


def test_a_missing_journal_loses_no_body():
    async def main():
        s, drop = await ready(ONE, b"..\r\n..x\r\n.", retention=0)
        del s.disk.root.names["maildrops"].names[ANNA].names["journal"]
        s, drop = await again(s)
        assert uidls(drop) == [] and not drop.complete and len(drop.retained()) == 2
        await drop.keep_house(1000 + LOST_SECONDS, True)
        slots = [await drop.restore(slot) for slot in drop.retained()]
        assert [await s.content(drop, slot) for slot in slots] == [ONE, b"..\r\n..x\r\n."]
        assert [drop.octets(slot) for slot in slots] == [3, 10 - 3]
        await apply(drop, (b"u1", 3))
        await s.store(drop, b"u1", ONE)

    run(main())


def test_a_journal_of_a_newer_firmware_is_not_touched():
    async def main():
        from restante.store import records

        s, drop = await ready(ONE)
        newer = bytes(records.encode(0, (1, b"\x02\0anything else")))
        journal_of(s).data = journal_of(s).synced = newer + b"whatever"
        new = Store(s.disk)
        await new.drops.start()
        assert "newer firmware" in new.drops.problems[0]
        with pytest.raises(StoreError, match="newer firmware"):
            await new.open()
        assert journal_of(s).data == newer + b"whatever" and new.files() == ["1.eml", "journal"]
        other = await new.open(BERT)
        await apply(other, (b"x", 1))

    run(main())


def test_a_deletion_finds_room_on_a_full_partition():
    """RULES, disk full: what is stored is served, deletions are recorded."""

    async def main():
        s, drop = await ready(ONE, TWO)
        s.folder.room = 0

        def before(step, operation, target):
            reserved = "reserve" in s.disk.root.names["maildrops"].names
            if reserved and operation in ("write", "create"):
                raise OSError(ENOSPC)

        s.folder.before = before
        with pytest.raises(StoreFull):
            s.spool.create()
        assert await s.content(drop, 0) == ONE
        with pytest.raises(StoreFull):
            await drop.take(0)
        await drop.delete([0])
        s.folder.before = lambda step, operation, target: None
        s, drop = await again(s)
        assert uidls(drop) == [b"u2"]
        assert "reserve" in s.disk.root.names["maildrops"].names

    run(main())


def test_a_cancelled_change_is_carried_to_its_end():
    async def main():
        s, drop = await ready(b"")
        f = s.file(ONE)
        task = asyncio.create_task(drop.store(0, f, None, 3))
        await asyncio.sleep(0)
        task.cancel()
        f.close()
        with pytest.raises(asyncio.CancelledError):
            await task
        await drop.delete([])  # after what has begun
        assert await s.content(drop, 0) == ONE and s.spool.used == 0 and s.folder.open_files == 1

    run(main())


def test_a_maildrop_is_one_object_for_all_who_hold_it(monkeypatch):
    monkeypatch.setattr(maildrops, "IDLE_SLOTS", 0)

    async def main():
        s, drop = await ready(ONE)
        assert await s.open() is drop
        s.drops.release(drop)
        s.drops.release(await s.open(BERT))
        assert await s.open() is drop
        s.drops.release(drop)
        drop.delivered(0)
        s.drops.release(drop)
        s.drops.release(await s.open(BERT))
        loaded = await s.open()
        assert loaded is not drop and loaded.is_delivered(0)
        with pytest.raises(StoreError, match="closed"):
            await drop.delete([0])

    run(main())


@pytest.mark.parametrize("id", ["", "../x", "a/b", "journal"])
def test_names_that_are_no_ids(id):
    async def main():
        s, _ = await ready()
        with pytest.raises(StoreError):
            await s.drops.open(id)

    run(main())


def test_an_erased_maildrop_leaves_nothing():
    async def main():
        s, drop = await ready(ONE, TWO)
        await s.open(BERT)
        s.drops.release(drop)
        await s.drops.erase(ANNA)
        assert s.files() == [] and s.drops.octets == 0
        s, drop = await again(s)
        assert uidls(drop) == [] and not drop.complete

    run(main())


def test_the_journal_stays_short():
    async def main():
        s, drop = await ready(*[b""] * 20)
        for i in range(300):
            await apply(drop, *[(b"u%d" % n, i) for n in range(1, 21)])
        assert len(journal_of(s).data) < 100 * 1100
        assert journal_of(s).poisoned is False and len(uidls(drop)) == 20

    run(main())


def test_a_disk_with_nothing_on_it():
    async def main():
        s = Store(ModelDisk())
        with pytest.raises(StoreError):
            s.folder.before = lambda *_: (_ for _ in ()).throw(OSError(EIO))
            await s.drops.start()

    run(main())


# -- a newer signature set


async def numbers(drop, count=10, start=0):
    return [(n, drop.uidl(slot)) for n, slot in await drop.again.waiting(count, start)]


async def judged_by_a(s, retention=0):
    drop = await s.open(retention=retention)
    await apply(drop, *[(b"%c" % c, 1) for c in b"abcd"])
    for uidl in (b"d", b"c", b"b", b"a"):  # as a spider fetches: newest first
        await s.store(drop, uidl, uidl, bundle="set a")
    return drop


def test_bodies_wait_for_a_newer_set_and_it_goes_on_after_a_restart():
    async def main():
        s = Store()
        drop = await judged_by_a(s)
        await drop.again.begin("set a")
        assert await numbers(drop) == []
        await drop.again.begin("set b")
        await s.add(drop, b"restante-1", b"note")
        assert await numbers(drop, 3) == [(1, b"d"), (2, b"c"), (3, b"b")]
        assert await numbers(drop, 3, 3) == [(3, b"b"), (4, b"a")]
        await drop.again.judged(2)
        s = Store(s.disk)
        drop = await s.open()
        await drop.again.begin("set b")
        assert await numbers(drop) == [(3, b"b"), (4, b"a")]
        await drop.again.finished()
        again = await Store(s.disk).open()
        assert await numbers(again) == []
        await again.again.begin("set c")
        assert len(await numbers(again)) == 5

    run(main())


def test_a_body_that_waits_is_replaced_under_its_uidl():
    async def main():
        s = Store()
        drop = await judged_by_a(s)
        await drop.again.begin("set b")
        drop.withhold((await numbers(drop))[1][0])
        with pytest.raises(StoreError, match="newer signature set"):
            await drop.open(drop.find(b"c"))
        slots = list(drop.slots())
        assert await s.replace(drop, b"c", b"notice")
        for run in (s, Store(s.disk)):
            d = await run.open()
            assert uidls(d) == [b"a", b"b", b"c", b"d"] and list(d.slots()) == slots
            assert await run.content(d, d.find(b"c")) == b"notice" and d.octets(d.find(b"c")) == 6
            assert [uidl for _, uidl in await numbers(d)] == [b"d", b"b", b"a"]
        assert s.files() == ["1.eml", "3.eml", "4.eml", "5.eml", "journal"]

    run(main())


def test_what_changed_meanwhile_is_not_replaced():
    async def main():
        s = Store()
        drop = await judged_by_a(s)
        await drop.again.begin("set b")
        waiting = await drop.again.waiting(10)
        await drop.delete([drop.find(b"d")])
        await s.store(drop, b"c", b"fetched again", bundle="set b")
        for (number, slot), done in zip(waiting, (False, False, True, True), strict=True):
            f = s.file(b"notice")
            assert await drop.replace(slot, number, f, 6) == done
            f.close()
        assert s.spool.used == 0 and await s.content(drop, drop.find(b"c")) == b"fetched again"

    run(main())


def test_what_clients_deleted_waits_too():
    async def main():
        s = Store()
        drop = await judged_by_a(s, retention=100)
        slot = drop.find(b"b")
        await drop.delete([slot])
        await drop.again.begin("set b")
        assert (3, b"b") in await numbers(drop)
        s.folder.close(await drop.open_body(slot))
        assert await s.replace(drop, b"b", b"notice")
        restored = await drop.restore(slot)
        assert await s.content(drop, restored) == b"notice"

    run(main())


def test_a_time_of_a_clock_that_was_not_set_is_no_age():
    async def main():
        s = Store()
        drop = await judged_by_a(s, retention=100)
        await drop.delete([drop.find(b"b")])
        s.drops.dated_from = s.now + 1
        await drop.keep_house(s.now + 1000, True)
        assert drop.retained() == [drop.find(b"b")]
        s.drops.dated_from = s.now
        await drop.keep_house(s.now + 1000, True)
        assert drop.retained() == []

    run(main())
