"""Maildrops and power: what was acknowledged is there after a cut at any step (promise 10).

A run of changes on a model of a disk.  At each step every state that a medium may hold after a cut
is recovered from: each message must be as before or as after the change under way.  The same judge
runs with each sync left out in turn, and must then find a loss: else it could not find one at all.
"""

import asyncio

import left_out
import pytest
from left_out import folder_sync_for_message, journal_syncs, message_sync, root_sync
from mail_store import Store, apply
from model_disk import ModelDisk
from restante.errors import StoreError, StoreFull
from restante.store import ledger, maildrops
from restante.store.faults import EIO, ENOSPC, EROFS

OUT_OF_MEMORY = 0  # in place of an errno: MemoryError
RETENTION = 100


async def store(s, drop, uidl, content):
    await s.store(drop, uidl, content)


async def first_listing(s, drop):
    await apply(drop, (b"a", 4), (b"b", 5), (b"c", 6), (b"d", 7))


async def delete_b(s, drop):
    drop.delivered(drop.find(b"a"))
    await drop.delete([drop.find(b"b"), drop.find(b"b")])


async def take_c(s, drop):
    await drop.take(drop.find(b"c"))


async def add_notice(s, drop):
    await s.add(drop, b"restante-1", b"note\r\n")


async def c_departed_and_d_vanished(s, drop):
    await apply(drop, (b"a", 4), (b"e", 7))


async def delete_a(s, drop):
    drop.retention = RETENTION
    await drop.delete([drop.find(b"a")])


async def all_uidls_change(s, drop):
    await apply(drop, (b"A", 4), (b"E", 7))


async def restore_a(s, drop):
    await drop.restore(drop.find(b"A"))


async def delete_own(s, drop):
    await drop.delete([drop.find(b"restante-1"), drop.find(b"E")])


async def age(s, drop):
    await drop.keep_house(s.now + RETENTION + 1)


async def evict(s, drop):
    await drop.evict(1, drop.slots_in_memory)


async def new_set(s, drop):
    await drop.again.begin("set 2")


async def late(s, drop):
    drop.delivered(drop.find(b"e"))
    assert await s.replace(drop, b"e", b"notice\r\n")


async def all_judged(s, drop):
    await drop.again.finished()


async def late_notice(s, drop):
    await s.add(drop, b"restante-late-1", b"sorry\r\n")


def stored(uidl, content, bundle=""):
    async def change(s, drop):
        await s.store(drop, uidl, content, bundle=bundle)

    change.__name__ = "store %s" % uidl.decode()
    return change


CHANGES = (
    first_listing,
    stored(b"a", b"aa\r\n"),
    stored(b"b", b"bbb\r\n"),
    stored(b"c", b"cccc\r\n"),
    delete_b,
    take_c,
    stored(b"c", b"cleaned\r\n"),
    add_notice,
    c_departed_and_d_vanished,
    stored(b"e", b"eeeee\r\n", "set 1"),
    new_set,
    late,
    late_notice,
    all_judged,
    delete_a,
    all_uidls_change,
    stored(b"A", b"aa\r\n"),
    stored(b"E", b"eeeee\r\n", "set 2"),
    restore_a,
    evict,
    stored(b"E", b"eeeee\r\n"),
    delete_own,
    age,
)


@pytest.fixture(autouse=True)
def small_things(monkeypatch):
    """The journal is rewritten after a few records; the reserve is not 64 KiB of zeros."""
    monkeypatch.setattr(ledger, "SLACK_RECORDS", -8)
    monkeypatch.setattr(maildrops, "RESERVE_OCTETS", 16)


class Moment:
    """What the disk may hold, and what is promised of it then."""

    def __init__(self, name, disk, before, after):
        self.name = name
        self.disk = disk.snapshot()
        self.before = before
        self.after = after  # filled in when the change is acknowledged


def run_with_cuts(muted=None):
    """[Moment] before each step of all changes, and at the end."""
    disk = ModelDisk()
    moments = []
    after = {}

    def before(step, operation, target):
        moments.append(Moment("%s %s" % (operation, target), disk, now[0], after))

    now = [{}]
    asyncio.run(_run(disk, before, muted, now, after, moments))
    return moments


async def _run(disk, before, muted, now, after, moments):
    s = Store(disk, before=before, muted=muted)
    await s.drops.start()
    drop = await s.open()
    for change in CHANGES:
        first = len(moments)
        await change(s, drop)
        count = len(moments)
        view = await s.view(drop)
        del moments[count:]  # looking changes nothing
        for moment in moments[first:]:
            moment.after = view
            moment.name = "%s: %s" % (change.__name__, moment.name)
        now[0] = view
    moments.append(Moment("end", disk, now[0], now[0]))


def losses(moments, count=None):
    seen = set()
    for moment in moments:
        for crashed in moment.disk.crashes():
            key = (crashed.content(), id(moment.before), id(moment.after))
            if key not in seen:
                seen.add(key)
                if count:
                    count[0] += 1
                for text in asyncio.run(judge(crashed, moment)):
                    yield moment.name, text


async def judge(disk, moment):
    """A text for each promise that this disk breaks."""
    s = Store(disk)
    await s.drops.start()
    drop = await s.open()
    try:
        found = await s.view(drop)
    except StoreError as error:
        return ["a stored message cannot be opened: %s" % error]
    bad = []
    for uidl in {*moment.before, *moment.after, *found}:
        allowed = moment.before.get(uidl), moment.after.get(uidl)
        if found.get(uidl) not in allowed and not _is_adopted(uidl, found):
            bad.append("%s is %s, not one of %s" % (uidl, found.get(uidl), allowed))
    files = [name for name in s.files() if name != "journal"]
    bodies = [slot for slot in range(drop.slots_in_memory) if drop.is_stored(slot)]
    if len(files) != len(bodies):
        bad.append("files %s for %d bodies" % (files, len(bodies)))
    if s.folder.listdir("spool"):
        bad.append("leftovers in the spool")
    return bad


def _is_adopted(uidl, found):
    """A body whose record was torn in the middle of an append: kept for the operator, unseen."""
    return uidl.startswith(ledger.LOST_PREFIX) and not found[uidl][0]


def test_nothing_is_lost_at_any_cut():
    count = [0]
    moments = run_with_cuts()
    assert list(losses(moments, count)) == []
    assert count[0] > 500
    assert len([m for m in moments if m.name.endswith("rename maildrops/a0/journal")]) >= 3


journal_sync, new_journal_sync, folder_sync_for_journal = journal_syncs("maildrops/a0")


def sync_of_a_new_maildrop(operation, target):
    return operation == "fsync_folder" and target == "maildrops after "


@pytest.mark.parametrize(
    "muted",
    [
        message_sync,
        journal_sync,
        new_journal_sync,
        folder_sync_for_message,
        folder_sync_for_journal,
        sync_of_a_new_maildrop,
        root_sync,
    ],
)
def test_the_judge_finds_the_loss_when_a_sync_is_left_out(muted):
    assert next(losses(run_with_cuts(muted)), None)


def restart_moments(step, muted=None):
    """A run that dies at each step; the next one changes something, then the power is cut."""
    for moment in run_with_cuts()[::step]:
        disk = moment.disk.snapshot()
        view = asyncio.run(_restart(disk, muted))
        yield Moment("restarted after " + moment.name, disk, view, view)


async def _restart(disk, muted):
    s = Store(disk, muted=muted)
    await s.drops.start()
    drop = await s.open()
    await s.add(drop, b"restante-2", b"second note\r\n")
    return await s.view(drop)


def test_what_an_earlier_run_left_unsynced_is_synced_before_it_counts(soak):
    count = [0]
    assert list(losses(restart_moments(1 if soak else 3), count)) == []
    assert count[0] > 100


def test_the_judge_finds_the_loss_when_a_restart_does_not_sync():
    assert next(losses(restart_moments(1, journal_sync)), None)


class OneFault(left_out.OneFault):
    """Unless the test is looking."""

    def __init__(self, step, number):
        super().__init__(step, number)
        self.looking = False

    def __call__(self, step, operation, target):
        if step >= self.at and not self.failed and not self.looking:
            self.fail(operation, target)


async def stubborn(s, fault):
    """All changes, each made once more if it failed; what failed changed nothing that is seen."""
    drop = None
    view = {}
    for change in (start, *CHANGES):
        try:
            drop = await change(s, drop) or drop
        except (StoreError, MemoryError) as error:
            assert fault.failed
            assert isinstance(error, MemoryError) == (fault.number == OUT_OF_MEMORY)
            assert isinstance(error, StoreFull) == (fault.number == ENOSPC)
            assert s.spool.used == 0 and s.folder.open_files <= 1
            if drop:
                assert await s.view(drop) == view
            drop = await change(s, drop) or drop
        fault.looking = True
        view = await s.view(drop)
        fault.looking = False
    assert s.folder.open_files == 1 and s.drops.octets == drop.stored_octets
    return view


async def start(s, drop):
    await s.drops.start()
    return await s.open()


def run_with_fault(step, number):
    """Moment at the end; None when there is no such step."""
    s = Store()
    fault = OneFault(s.folder.step + step, number)
    s.folder.before = fault
    view = asyncio.run(stubborn(s, fault))
    return Moment("end; failed: " + fault.failed, s.disk, view, view) if fault.failed else None


@pytest.mark.parametrize("first, number", [(1, EIO), (2, ENOSPC), (3, EROFS), (4, OUT_OF_MEMORY)])
def test_a_fault_at_any_step_loses_nothing(first, number, soak):
    """FAULTS 52, 53, 54, 55, 103: the call raises, the rest stays, the next call goes on."""
    step = 1 if soak else first
    failed = set()
    while moment := run_with_fault(step, number):
        failed.add(moment.name.split()[2])
        assert list(losses([moment])) == []
        step += 1 if soak else 11
    assert len(failed) > 4
    if soak:
        assert failed >= {"create", "write", "fsync", "rename", "fsync_folder", "hash"}
