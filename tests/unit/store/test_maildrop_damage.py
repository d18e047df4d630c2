"""Maildrops on a model of a disk that is damaged, full or gone: nothing wrong is served."""

import asyncio

import pytest
from mail_store import ANNA, BERT, Store, again, apply, ready, run, uidls
from model_disk import Directory, Inode, ModelDisk
from restante.errors import StoreError, StoreFull
from restante.store import maildrops
from restante.store.faults import EIO, EMFILE, ENOSPC
from restante.store.maildrop import LOST_SECONDS

ONE, TWO = b"1\r\n", b"22\r\n"


@pytest.fixture(autouse=True)
def small_reserve(monkeypatch):
    monkeypatch.setattr(maildrops, "RESERVE_OCTETS", 16)


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
        await drop.keep_house(1000 + LOST_SECONDS)
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
