"""Quarantine and power: what was acknowledged is there after a cut at any step (promise 10).

One scenario runs on a model of a disk (model_disk.py).  At each step every state that a medium may
hold after a cut is recovered from and judged.  The same judge runs with each sync left out in
turn, and must then find a loss: else it could not find one at all.
"""

import asyncio

import pytest
from left_out import (
    WatchedFault,
    folder_sync_for_message,
    journal_syncs,
    message_sync,
    root_sync,
)
from model_disk import ModelDisk, ModelFolder
from restante.errors import StoreError, StoreFull
from restante.screening.verdicts import CLEAN, CLEAN_PART, INFECTED
from restante.store import quarantine
from restante.store.entries import Record
from restante.store.faults import EIO, ENOSPC, EROFS
from restante.store.quarantine import Quarantine
from restante.store.spool import Spool

MAXIMUM = 100000
YEAR = 31536000
OUT_OF_MEMORY = 0  # in place of an errno: MemoryError
ACCOUNT = "anna @ 192.0.2.1:110"


class Process:
    """The store as one run of the gate has it, on a disk that may have a past."""

    def __init__(self, disk, **faults):
        self.folder = ModelFolder(disk, **faults)
        self.spool = Spool(self.folder, MAXIMUM)
        self.now = 1000
        self.quarantine = Quarantine(self.folder, None, lambda: self.now, MAXIMUM)

    async def keep(self, content, account=ACCOUNT):
        f = self.spool.create()
        try:
            f.write(content, 0, len(content))
            f.seal()
            record = Record(account, INFECTED, CLEAN_PART, subject="invoice")
            return await self.quarantine.keep(f, record)
        finally:
            f.close()

    def content(self, entry):
        fd = self.quarantine.open(entry)
        buf = bytearray(1000)
        n = self.folder.read(fd, buf, 0)
        self.folder.close(fd)
        return bytes(buf[:n])


class Story:
    """What was acknowledged so far, and what is under way."""

    def __init__(self):
        self.kept = {}  # id -> content
        self.released = {}  # id -> uidl
        self.delivered = set()
        self.deleted = set()
        self.clean = set()
        self.trying = []  # (operation, id or content): under way, or failed just before

    def copy(self):
        new = Story()
        new.kept, new.released = dict(self.kept), dict(self.released)
        new.delivered, new.deleted = set(self.delivered), set(self.deleted)
        new.clean = set(self.clean)
        new.trying = list(self.trying)
        return new

    def key(self):
        kept = self.kept, self.released, self.delivered, self.deleted, self.clean
        return repr((kept, self.trying))

    async def keep(self, process, content):
        self.trying.append(("keep", content))
        entry = await process.keep(content)
        self.kept[entry.id] = content
        self.trying = []
        return entry

    async def release(self, process, id):
        self.trying.append(("release", id))
        entry = await process.quarantine.release(id, "console")
        self.released[id] = entry.waiting.uidl
        self.trying = []

    async def deliver(self, process, id):
        self.trying.append(("deliver", id))
        await process.quarantine.delivered(ACCOUNT, [self.released[id]])
        self.delivered.add(id)
        self.trying = []

    async def judge_again(self, process, id):
        self.trying.append(("judge", id))
        await process.quarantine.judged([(id, CLEAN, "set 2")])
        self.clean.add(id)
        self.trying = []

    async def keep_for(self, process, content, id):
        """Something is kept, and `id` leaves to make room."""
        self.trying.append(("delete", id))
        entry = await self.keep(process, content)
        self.deleted.add(id)
        return entry

    async def age(self, process, *ids):
        self.trying += [("delete", id) for id in ids]
        process.now += YEAR
        await process.quarantine.keep_house()
        self.deleted.update(ids)
        self.trying = []

    async def delete(self, process, id):
        self.trying.append(("delete", id))
        await process.quarantine.delete(id, "console")
        self.deleted.add(id)
        self.trying = []

    def judge(self, disk):
        """A text for each promise that this disk breaks."""
        process = Process(disk)
        asyncio.run(process.quarantine.start())
        found = {e.id: e for e in process.quarantine.entries()}
        bad = ["entry %s is damaged: %s" % (i, e.damaged) for i, e in found.items() if e.damaged]
        if not bad:
            bad = self._judge_kept(process, found) + self._judge_released(process, found)
            bad += self._judge_verdicts(found)
        files = set(disk.root.names["quarantine"].names)
        if files != {id + ".eml" for id in found} | {"journal"}:
            bad.append("files %s for entries %s" % (sorted(files), sorted(found)))
        if disk.root.names["spool"].names:
            bad.append("leftovers in the spool")
        return bad

    def _judge_kept(self, process, found):
        bad = []
        for id, content in self.kept.items():
            if id in self.deleted:
                if id in found:
                    bad.append("deleted entry %s came back" % id)
            elif id not in found:
                if ("delete", id) not in self.trying:
                    bad.append("entry %s is lost" % id)
            elif process.content(found[id]) != content:
                bad.append("entry %s has other content" % id)
        for id in set(found) - set(self.kept):
            if ("keep", process.content(found[id])) not in self.trying:
                bad.append("entry %s was never kept" % id)
        return bad

    def _judge_verdicts(self, found):
        clean = {id for id, entry in found.items() if entry.now == CLEAN}
        trying = {id for operation, id in self.trying if operation == "judge"}
        there = {id for id in self.clean if id in found}
        return ["verdict of %s" % id for id in (clean ^ there) - trying]

    def _judge_released(self, process, found):
        bad = []
        waiting = {r.id: r.uidl for r in process.quarantine.released_for(ACCOUNT)}
        for id, uidl in self.released.items():
            if id not in found or ("deliver", id) in self.trying:
                continue
            if id in self.delivered:
                if id in waiting or found[id].state != "delivered":
                    bad.append("delivered entry %s waits again" % id)
            elif waiting.get(id) != uidl:
                bad.append("release of %s is lost" % id)
        for id in set(waiting) - set(self.released):
            if ("release", id) not in self.trying:
                bad.append("entry %s was never released" % id)
        return bad


async def scenario(process, story):
    await process.quarantine.start()
    first = await story.keep(process, b"first message\r\n")
    second = await story.keep(process, b"second message\r\n")
    again = await story.keep(process, b"first message\r\n")
    assert again is first and first.seen == 2
    await story.release(process, first.id)
    await story.delete(process, second.id)
    await story.keep(process, b"third message\r\n")
    await story.deliver(process, first.id)


async def leaving(process, story):
    """Room and age make entries leave, and another signature set judges what stays."""
    process.quarantine.maximum = 45
    process.quarantine.aged = process.quarantine._now
    process.quarantine.retention = YEAR
    await process.quarantine.start()
    first = await story.keep(process, b"first message\r\n")
    second = await story.keep(process, b"second message\r\n")
    await story.release(process, first.id)
    await story.judge_again(process, second.id)
    await story.deliver(process, first.id)
    third = await story.keep_for(process, b"third message\r\n", first.id)
    await story.release(process, third.id)
    await story.age(process)
    await story.age(process, second.id)


@pytest.fixture(autouse=True)
def frequent_rewriting(monkeypatch):
    """The journal is rewritten after a few records, so that the scenario meets it twice."""
    monkeypatch.setattr(quarantine, "SLACK_RECORDS", -2)


def run_with_cuts(muted=None, scenario=scenario):
    """[(operation, disk, story)] before each step of the scenario and at its end."""
    disk = ModelDisk()
    story = Story()
    moments = []

    def before(step, operation, target):
        moments.append((operation + " " + target, disk.snapshot(), story.copy()))

    process = Process(disk, before=before, muted=muted)
    asyncio.run(scenario(process, story))
    before(0, "end", "")
    return moments


def losses(moments, count=None):
    """Yields what is broken; adds the number of different states judged to `count`."""
    seen = set()
    for name, disk, story in moments:
        for crashed in disk.crashes():
            key = (crashed.content(), story.key())
            if key in seen:
                continue
            seen.add(key)
            if count:
                count[0] += 1
            for text in story.judge(crashed):
                yield name, text


def test_nothing_is_lost_at_any_cut():
    count = [0]
    moments = run_with_cuts()
    assert list(losses(moments, count)) == []
    assert count[0] > 500
    renames = [name for name, _, _ in moments if name == "rename quarantine/journal"]
    assert len(renames) >= 3


def test_nothing_is_lost_at_any_cut_while_entries_leave():
    count = [0]
    assert list(losses(run_with_cuts(scenario=leaving), count)) == []
    assert count[0] > 400


def restart_moments(muted=None):
    """A run that dies at each step; the next one changes something, then the power is cut."""
    for _, disk, story in run_with_cuts():
        under_way = list(story.trying)
        again = [what for operation, what in under_way if operation == "keep"]
        if again:
            yield "kept again", *restarted(disk, story, Story.keep, again[0], muted)
        for id in set(story.kept) - set(story.released) - story.deleted:
            if ("delete", id) not in under_way and ("release", id) not in under_way:
                yield "released", *restarted(disk, story, Story.release, id, muted)


def restarted(disk, story, call, what, muted):
    disk, story = disk.snapshot(), story.copy()
    under_way = story.trying
    asyncio.run(call(story, Process(disk, muted=muted), what))
    story.trying = [] if call is Story.keep else under_way
    return disk, story


def test_what_an_earlier_run_left_unsynced_is_synced_before_it_counts():
    count = [0]
    assert list(losses(restart_moments(), count)) == []
    assert count[0] > 20


journal_sync, new_journal_sync, folder_sync_for_journal = journal_syncs("quarantine")


def folder_sync_at_start(operation, target):
    return operation == "fsync_folder" and target == "quarantine after "


@pytest.mark.parametrize(
    "muted",
    [
        message_sync,
        journal_sync,
        new_journal_sync,
        folder_sync_for_message,
        folder_sync_for_journal,
        root_sync,
    ],
)
def test_the_judge_finds_the_loss_when_a_sync_is_left_out(muted):
    assert next(losses(run_with_cuts(muted)), None)


@pytest.mark.parametrize("muted", [message_sync, journal_sync, folder_sync_for_message])
def test_it_finds_the_loss_while_entries_leave(muted):
    assert next(losses(run_with_cuts(muted, leaving)), None)


@pytest.mark.parametrize("muted", [journal_sync, folder_sync_at_start])
def test_the_judge_finds_the_loss_when_a_restart_does_not_sync(muted):
    assert next(losses(restart_moments(muted)), None)


async def stubborn(process, story, fault):
    """The scenario, with each call repeated once if it failed; what failed changed nothing."""
    q = process.quarantine

    async def do(call, *args):
        before = [(e.id, e.state) for e in q.entries()]
        try:
            return await call(process, *args)
        except (StoreError, MemoryError) as error:
            assert fault.failed
            assert isinstance(error, MemoryError) == (fault.number == OUT_OF_MEMORY)
            assert isinstance(error, StoreFull) == (fault.number == ENOSPC)
        assert [(e.id, e.state) for e in q.entries()] == before
        assert process.folder.open_files <= 1 and process.spool.used == 0
        return await call(process, *args)

    first = await do(story.keep, b"first message\r\n")
    second = await do(story.keep, b"second message\r\n")
    await do(story.release, first.id)
    await do(story.delete, second.id)
    await do(story.keep, b"third message\r\n")
    await do(story.deliver, first.id)


def run_with_fault(step, number):
    """The WatchedFault after the scenario; None when the scenario has no such step."""
    disk = ModelDisk()
    story = Story()
    fault = WatchedFault(disk, story, step, number)
    try:
        process = Process(disk, before=fault)
    except (StoreError, MemoryError):
        fault.at = 0  # no spool at all: the gate does not start; the next start does
        process = Process(disk, before=fault)
    if process.quarantine.problems:
        fault.at = 0
        with pytest.raises(StoreError):
            asyncio.run(process.keep(b"first message\r\n"))
        process = Process(disk, before=fault)
    asyncio.run(stubborn(process, story, fault))
    fault.note("end")
    return fault if fault.failed else None


@pytest.mark.parametrize("number", [EIO, ENOSPC, EROFS, OUT_OF_MEMORY])
def test_a_fault_at_any_step_loses_nothing(number, soak):
    """FAULTS 52, 53, 54, 55, 103: the call raises, the rest stays, the next call goes on."""
    step = 1
    failed = set()
    while fault := run_with_fault(step, number):
        failed.add(fault.failed.split()[0])
        judged = fault.moments if soak else fault.moments[-1:]
        if number in (EIO, OUT_OF_MEMORY) and not soak:
            judged = fault.moments[1:3] + judged
        assert list(losses(judged)) == []
        step += 1
    assert failed >= {"create", "open", "write", "fsync", "rename", "fsync_folder", "hash"}
