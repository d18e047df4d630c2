"""The quarantine's calls on a model of a disk: limits, refusals, damage, cancellation."""

import asyncio

import pytest
from model_disk import Directory, Inode, ModelDisk, ModelFolder
from restante.errors import StoreError, StoreFull
from restante.screening.verdicts import BLOCK, CLEAN, CLEAN_PART, INFECTED
from restante.store import quarantine as module
from restante.store.entries import Record
from restante.store.faults import EIO
from restante.store.quarantine import Quarantine, Refused
from restante.store.spool import Spool

ANNA, BERT = "anna @ 192.0.2.1:110", "bert @ 192.0.2.1:110"


class Store:
    def __init__(self, disk=None, maximum=1000, **faults):
        self.disk = disk or ModelDisk()
        self.folder = ModelFolder(self.disk, **faults)
        self.spool = Spool(self.folder, 10000)
        self.now = 1000.5
        self.quarantine = Quarantine(self.folder, None, lambda: self.now, maximum)

    def file(self, content=b"message\r\n", stuffed=0):
        f = self.spool.create()
        f.write(content, 0, len(content))
        f.stuffed = stuffed
        f.seal()
        return f

    async def keep(self, content=b"message\r\n", account=ANNA, action=CLEAN_PART, stuffed=0):
        f = self.file(content, stuffed)
        try:
            return await self.quarantine.keep(f, Record(account, INFECTED, action))
        finally:
            f.close()

    def files(self):
        return sorted(self.folder.listdir("quarantine"))

    def inode(self, name):
        return self.disk.root.names["quarantine"].names[name]


def run(coroutine):
    return asyncio.run(coroutine)


async def refused(call, words):
    with pytest.raises(Refused, match=words):
        await call


def test_an_entry_tells_what_was_kept():
    async def main():
        store = Store()
        entry = await store.keep(b"..x\r\n", stuffed=1)
        assert (entry.id, entry.size, entry.octets, entry.time) == ("1", 5, 4, 1000)
        assert (entry.state, entry.seen, entry.damaged) == ("held", 1, "")
        assert store.files() == ["1.eml", "journal"]
        assert store.quarantine.octets == 5 and store.spool.used == 0

    run(main())


def test_same_content_is_kept_once_for_each_account():
    async def main():
        store = Store()
        first = await store.keep()
        assert await store.keep() is first and first.seen == 2
        other = await store.keep(account=BERT)
        assert other is not first and len(store.quarantine.entries()) == 2
        assert [e.id for e in store.quarantine.entries()] == ["2", "1"]
        await store.quarantine.delete("1", "console")
        assert (await store.keep()).id == "3"

    run(main())


def test_keeping_two_at_once_keeps_both_and_equal_ones_once():
    async def main():
        store = Store()
        entries = await asyncio.gather(*(store.keep(b"%d\r\n" % (i % 3)) for i in range(9)))
        assert len({e.id for e in entries}) == 3
        assert len(store.files()) == 4 and store.folder.open_files == 1

    run(main())


@pytest.mark.parametrize("size, fits", [(99, True), (100, True), (101, False)])
def test_the_maximum_evicts_nothing(size, fits):
    async def main():
        store = Store(maximum=200)
        await store.keep(b"x" * 100)
        if fits:
            await store.keep(b"y" * size)
        else:
            with pytest.raises(StoreFull, match="quarantine is full"):
                await store.keep(b"y" * size)
            assert (await store.keep(b"x" * 100)).id == "1"  # what is there needs no room
            await store.quarantine.delete("1", "console")
            await store.keep(b"y" * size)
        assert store.spool.used == 0 and store.folder.open_files == 1

    run(main())


def test_entries_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "ENTRIES", 2)

    async def main():
        store = Store()
        await store.keep(b"1")
        await store.keep(b"2")
        with pytest.raises(StoreFull):
            await store.keep(b"3")

    run(main())


def test_an_unsealed_file_is_not_kept():
    async def main():
        store = Store()
        f = store.spool.create()
        with pytest.raises(StoreError):
            await store.quarantine.keep(f, Record(ANNA, INFECTED, CLEAN_PART))
        f.close()

    run(main())


def test_release_and_delivery():
    async def main():
        store = Store()
        await store.keep(b"1\r\n")
        await store.keep(b"2\r\n")
        q = store.quarantine
        assert q.released_for(ANNA) == []
        await q.release("2", "console")
        await q.release("1", "console")
        released = q.released_for(ANNA)
        assert [(r.id, r.size, r.octets) for r in released] == [("1", 3, 3), ("2", 3, 3)]
        assert q.released_for(BERT) == []
        for r in released:
            assert r.uidl.startswith("restante-" + r.id + "-") and len(r.uidl) <= 70
            assert all("!" <= c <= "~" for c in r.uidl)
        fd = await released[0].open()
        buf = bytearray(10)
        assert store.folder.read(fd, buf, 0) == 3 and buf[:3] == b"1\r\n"
        store.folder.close(fd)
        await q.delivered(BERT, [r.uidl for r in released])
        await q.delivered(ANNA, ["restante-9-1-x", "an origin's own"])
        assert len(q.released_for(ANNA)) == 2
        await q.delivered(ANNA, [released[0].uidl])
        assert [r.id for r in q.released_for(ANNA)] == ["2"]
        assert q.find("1").state == "delivered" and q.find("2").state == "released"

    run(main())


def test_a_second_release_has_a_uidl_of_its_own():
    async def main():
        store = Store()
        q = store.quarantine
        await store.keep()
        first = (await q.release("1", "console")).waiting.uidl
        assert (await q.release("1", "console")).waiting.uidl == first  # it still waits
        await q.delivered(ANNA, [first])
        second = (await q.release("1", "console")).waiting.uidl
        assert second != first
        again = Store(store.disk).quarantine
        assert again.released_for(ANNA)[0].uidl == second

    run(main())


def test_what_the_operator_cannot_do():
    async def main():
        store = Store()
        q = store.quarantine
        await refused(q.release("1", "console"), "no entry 1")
        await refused(q.delete("1", "console"), "no entry 1")
        await refused(q.release("../1", "console"), "no entry")
        await store.keep(action=BLOCK)
        await refused(q.release("1", "console"), "release 1 force")
        assert (await q.release("1", "console", True)).waiting

    run(main())


def test_a_flipped_bit_is_never_given_out():
    """FAULTS 57: found at release, and at the next start."""

    async def main():
        store = Store()
        q = store.quarantine
        await store.keep(b"1\r\n")
        await store.keep(b"2\r\n")
        await q.release("1", "console")
        store.inode("1.eml").data = b"9\r\n"
        store.inode("2.eml").data = b"8\r\n"
        await refused(q.release("2", "console"), "damaged")
        assert any("entry 2" in p for p in q.problems)
        assert (await store.keep(b"2\r\n")).id == "3"  # the damaged one does not stand for it
        again = Store(store.disk)
        await again.quarantine.start()
        (released,) = again.quarantine.released_for(ANNA)  # still listed: a shown UIDL stays
        with pytest.raises(StoreError, match="damaged"):
            await released.open()
        await again.quarantine.delete("1", "console")

    run(main())


def test_a_read_error_at_release_may_pass():
    async def main():
        bad = [True]

        def before(step, operation, target):
            if operation == "hash" and target.endswith(".eml") and bad[0]:
                raise OSError(EIO)

        store = Store(before=before)
        await store.keep()
        with pytest.raises(StoreError):
            await store.quarantine.release("1", "console")
        bad[0] = False
        assert (await store.quarantine.release("1", "console")).waiting

    run(main())


@pytest.mark.parametrize("change", ["gone", "short", "a folder"])
def test_files_that_are_not_what_they_were(change):
    async def main():
        store = Store()
        await store.keep(b"1\r\n")
        await store.keep(b"2\r\n")
        if change == "gone":
            store.folder.unlink("quarantine/1.eml")
        elif change == "short":
            store.inode("1.eml").data = b"1"
        else:
            store.disk.root.names["quarantine"].names["1.eml"] = Directory()
        again = Store(store.disk)
        q = again.quarantine
        await q.start()
        assert q.find("1").damaged and not q.find("2").damaged and len(q.problems) == 1
        with pytest.raises((Refused, StoreError)):
            await q.release("1", "console")
        await q.release("2", "console")
        await q.delete("1", "console")

    run(main())


def damaged_journal(*ids):
    async def main():
        store = Store()
        for i in range(3):
            await store.keep(b"%d\r\n" % i)
        journal = store.inode("journal")
        lines = journal.data.split(b"\n")
        for id in ids:
            lines[id] = lines[id].replace(b"keep", b"kept")
        journal.data = b"\n".join(lines)
        return Store(store.disk)

    return run(main())


def test_a_damaged_record_is_reported_and_its_file_kept():
    store = damaged_journal(2)
    q = store.quarantine
    run(q.start())
    assert [(e.id, e.record.account) for e in q.entries()] == [("3", ANNA), ("2", ""), ("1", ANNA)]
    assert q.problems and store.files() == ["1.eml", "2.eml", "3.eml", "journal"]
    run(refused(q.release("2", "console"), "account"))
    # Repaired: the next start finds an undamaged journal with the same entries.
    again = Store(store.disk).quarantine
    run(again.start())
    assert [e.id for e in again.entries()] == ["3", "2", "1"] and again.problems == []
    run(again.delete("2", "console"))


def test_a_journal_of_nothing_but_damage_keeps_every_file():
    store = damaged_journal(0, 1, 2, 3)
    run(store.quarantine.start())
    assert [e.id for e in store.quarantine.entries()] == ["3", "2", "1"]
    assert run(store.keep(b"new")).id == "4"


def test_a_journal_of_a_newer_firmware_is_not_touched():
    async def main():
        store = Store()
        await store.keep()
        newer = store.inode("journal")
        from restante.store import journal

        newer.data = journal.encode(0, {"op": "begin", "version": 2, "next": 5, "more": 1})
        again = Store(store.disk)
        with pytest.raises(StoreError, match="newer"):
            await again.quarantine.start()
        with pytest.raises(StoreError, match="newer"):
            await again.keep(b"other")
        assert store.inode("journal").data == newer.data
        assert again.files() == ["1.eml", "journal"] and again.quarantine.problems
        assert again.spool.used == 0

    run(main())


def test_something_else_in_the_folders_place():
    disk = ModelDisk()
    disk.root.names["quarantine"] = Inode()
    store = Store(disk)
    with pytest.raises(StoreError):
        run(store.quarantine.start())


def test_files_that_are_not_ours_stay():
    async def main():
        store = Store()
        await store.keep()
        store.folder.close(store.folder.create("quarantine/notes.txt"))
        again = Store(store.disk)
        await again.quarantine.start()
        assert again.files() == ["1.eml", "journal", "notes.txt"]

    run(main())


class SlowOffLoop:
    """Each call waits until the test lets it go on, as the helper thread would."""

    def __init__(self, real, gate):
        self._real, self._gate = real, gate

    def __getattr__(self, name):
        async def call(*args):
            self._gate.reached.append(name)
            await self._gate.event.wait()
            return await getattr(self._real, name)(*args)

        return call


class SlowFolder(ModelFolder):
    def off_loop(self, helper):
        self.reached = []
        self.event = asyncio.Event()
        return SlowOffLoop(super().off_loop(helper), self)


@pytest.mark.parametrize("point", ["sha256", "fsync", "rename", "fsync_folder"])
def test_a_cancelled_session_leaves_nothing_half_done(point):
    async def main():
        store = Store()
        await store.quarantine.start()
        folder = SlowFolder(store.disk)
        spool = Spool(folder, 10000)
        q = Quarantine(folder, None, lambda: 1, 1000)
        f = spool.create()
        f.write(b"x", 0, 1)
        f.seal()
        task = asyncio.create_task(q.keep(f, Record(ANNA, INFECTED, CLEAN_PART)))
        while point not in folder.reached:
            folder.event.set()
            await asyncio.sleep(0)
            folder.event.clear()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        f.close()  # what the session does on its way out
        folder.event.set()
        await q.start()  # comes after what has begun
        (entry,) = q.entries()
        assert not entry.damaged and spool.used == 0 and spool.files == 0
        assert sorted(folder.listdir("quarantine")) == ["1.eml", "journal"]
        assert folder.listdir("spool") == [] and folder.open_files == 1
        await q.close()
        assert folder.open_files == 0

    run(main())


DAY = 86400


async def delivered(store, id):
    entry = await store.quarantine.release(id, "console")
    await store.quarantine.delivered(entry.record.account, [entry.waiting.uidl])


def test_what_is_older_than_the_retention_leaves():
    async def main():
        store = Store()
        q = store.quarantine
        q.retention = 30 * DAY
        left = []
        q.evicted = lambda entry, who: left.append((entry.id, who))
        for n in range(4):
            store.now = 1000.5 + n * DAY
            await store.keep(b"%d\r\n" % n)
        await q.release("1", "console")
        await delivered(store, "2")
        store.now = 1000 + 32 * DAY
        await q.keep_house()  # the clock is not trusted
        assert len(q.entries()) == 4
        q.aged = lambda: int(store.now)
        q.dated_from = 2000 + DAY
        await q.keep_house()  # 1 and 2 are of a time when the clock was not set
        assert len(q.entries()) == 4
        q.dated_from = 0
        await q.keep_house()
        # 1 waits for its client; 3 is 30 days old, not older.
        assert [e.id for e in q.entries()] == ["4", "3", "1"]
        assert store.files() == ["1.eml", "3.eml", "4.eml", "journal"]
        assert left == [("2", module.BY_AGE)]
        (gone,) = Store(store.disk).quarantine.deleted()
        assert (gone["id"], gone["who"], gone["account"]) == ("2", module.BY_AGE, ANNA)
        assert [r["who"] for r in gone["releases"]] == ["console"]
        assert gone["releases"][0]["uidl"].startswith("restante-2-1-")

    run(main())


@pytest.mark.parametrize("retention, trusted", [(0, True), (DAY, False)])
def test_without_retention_or_a_trusted_clock_nothing_leaves_by_age(retention, trusted):
    async def main():
        store = Store()
        await store.keep()
        q = store.quarantine
        q.retention = retention
        q.aged = lambda: int(store.now) if trusted else None
        store.now = 1e9
        await q.keep_house()
        assert len(q.entries()) == 1

    run(main())


def test_what_was_delivered_makes_room_first():
    async def main():
        store = Store(maximum=30)
        for n in range(3):
            await store.keep(b"%d" % n * 10)
        await delivered(store, "2")
        assert (await store.keep(b"x" * 10)).id == "4"
        assert store.files() == ["1.eml", "3.eml", "4.eml", "journal"]
        with pytest.raises(StoreFull):
            await store.keep(b"y" * 10)
        again = Store(store.disk)
        await again.quarantine.start()
        assert [e.id for e in again.quarantine.entries()] == ["4", "3", "1"]
        assert again.quarantine.deleted()[0]["who"] == module.FOR_ROOM

    run(main())


@pytest.mark.parametrize(
    "evicts, trusted, age, leaves",
    [
        (True, True, 8, True),
        (False, True, 8, False),
        (True, False, 8, False),
        (True, True, 7, False),
    ],
)
def test_the_oldest_makes_room_only_by_policy_and_age(evicts, trusted, age, leaves):
    async def main():
        store = Store(maximum=30)
        q = store.quarantine
        q.evicts = evicts
        q.aged = lambda: int(store.now) if trusted else None
        for n in range(3):
            await store.keep(b"%d" % n * 10)
        await q.release("1", "console")
        store.now += age * DAY
        if leaves:
            await store.keep(b"x" * 10)
            assert [e.id for e in q.entries()] == ["4", "3", "1"]
        else:
            with pytest.raises(StoreFull):
                await store.keep(b"x" * 10)
            assert len(q.entries()) == 3
        with pytest.raises(StoreFull):  # not even an empty quarantine has room for it
            await store.keep(b"z" * 31)
        assert len(q.entries()) == 3 and store.spool.used == 0

    run(main())


def test_places_are_made_as_room_is(monkeypatch):
    monkeypatch.setattr(module, "ENTRIES", 2)

    async def main():
        store = Store()
        await store.keep(b"1")
        await store.keep(b"2")
        await delivered(store, "2")
        await store.keep(b"3")
        assert [e.id for e in store.quarantine.entries()] == ["3", "1"]

    run(main())


def test_what_another_signature_set_says_is_remembered(monkeypatch):
    async def main():
        store = Store()
        q = store.quarantine
        await store.keep(b"1")
        await store.keep(b"2")
        assert not q.find("1").judged_again
        await q.judged([("1", CLEAN, "set 2"), ("9", CLEAN, "set 2")])
        await q.judged([("1", CLEAN, "set 3"), ("2", INFECTED, "set 3")])
        for _ in range(2):  # from the journal as it was written, and as it was rewritten
            store = Store(store.disk)
            monkeypatch.setattr(module, "SLACK_RECORDS", -100)
            q = store.quarantine
            found = [(e.id, e.now, e.bundle, e.state) for e in q.entries()]
            assert found == [("2", INFECTED, "set 3", "held"), ("1", CLEAN, "set 3", "held")]
            await q.start()
            await q.close()

    run(main())
