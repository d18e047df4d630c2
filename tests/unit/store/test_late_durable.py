"""What a newer signature set finds bad, and power: original, letter and notice at any cut.

The real Late on a model of a disk; only the verdict is given, since the screen process is no part
of the store.  At each step every state that a medium may hold after a cut is judged as it is, and
again after the next run has finished the work.
"""

import asyncio

import pytest
from mail_store import ANNA, MAXIMUM, apply
from model_disk import ModelDisk, ModelFolder
from restante.collect.late import UIDL_PREFIX, Late
from restante.errors import StoreError
from restante.screening.verdicts import INFECTED
from restante.screening.wire import EDIT_WHOLE, Finding, Report
from restante.settings.profiles import Profiles
from restante.settings.values import Settings
from restante.store import maildrops, quarantine
from restante.store.maildrops import Maildrops
from restante.store.quarantine import Quarantine
from restante.store.spool import Spool

BAD = b"Subject: x\r\n\r\nbad\r\n"
GOOD = b"Subject: y\r\n\r\ngood\r\n"
NEW = "set 2"


class Screen:
    """The verdict of the newer set."""

    def __init__(self, folder):
        self._folder = folder

    async def screen(self, body, settings):
        buf = bytearray(body.size)
        self._folder.read(body.fd, buf, 0)
        report = Report(0, body.size)
        report.bundle = NEW
        if buf == BAD:
            report.verdict = INFECTED
            report.found = 1
            report.findings.append(Finding(INFECTED, EDIT_WHOLE, 0, 0, "Late", ""))
        return report


class Account:
    id = ANNA
    name = "anna @ acme"
    group = None


class Run:
    """One run of the gate: also the services of Late."""

    def __init__(self, disk, **faults):
        self.folder = ModelFolder(disk, **faults)
        self.spool = Spool(self.folder, MAXIMUM)
        self.clock = lambda: 1000
        self.quarantine = Quarantine(self.folder, None, self.clock, MAXIMUM)
        self.drops = Maildrops(self.folder, None, self.clock, self.spool, MAXIMUM)
        self.screen = Screen(self.folder)
        self.settings = Settings()
        self.profiles = Profiles(self.settings)
        self.helper = self.folder.off_loop(None)
        self.serving = {}

    async def start(self):
        await self.quarantine.start()
        await self.drops.start()
        self.drop = await self.drops.open(ANNA)

    async def fill(self):
        await apply(self.drop, (b"got", len(BAD)), (b"new", len(BAD)), (b"good", len(GOOD)))
        for uidl, content in ((b"got", BAD), (b"new", BAD), (b"good", GOOD)):
            f = self.spool.create()
            f.write(content, 0, len(content))
            f.seal()
            await self.drop.store(self.drop.find(uidl), f, None, f.octets, "set 1")
            f.close()
        self.drop.delivered(self.drop.find(b"got"))
        await self.drop.again.begin("set 1.5")  # another one came before, and writes the flag

    async def work(self):
        late = Late(self)
        await self.drop.again.begin(NEW)
        for number, slot in await self.drop.again.waiting(10):
            await late.look(Account, self.drop, slot, number, NEW)
            await self.drop.again.judged(number)

    async def contents(self):
        """{uidl: content} of what a session sees."""
        found = {}
        for slot in self.drop.slots():
            fd = await self.drop.open(slot)
            buf = bytearray(self.folder.size(fd))
            self.folder.read(fd, buf, 0)
            self.folder.close(fd)
            found[self.drop.uidl(slot)] = bytes(buf)
        return found

    def held(self):
        """Contents, without what was adopted because its record was torn."""
        found = []
        for entry in [e for e in self.quarantine.entries() if e.record.account]:
            fd = self.quarantine.open(entry)
            buf = bytearray(entry.size)
            self.folder.read(fd, buf, 0)
            self.folder.close(fd)
            found.append(bytes(buf))
        return found


@pytest.fixture(autouse=True)
def on_this_interpreter(monkeypatch):
    monkeypatch.setattr(asyncio, "sleep_ms", lambda ms: asyncio.sleep(0), raising=False)
    monkeypatch.setattr(maildrops, "RESERVE_OCTETS", 16)
    monkeypatch.setattr(quarantine, "SLACK_RECORDS", 100)


def disks(muted=None):
    """(name, disk) before each step of the work, and at its end."""
    disk = ModelDisk()
    found = []

    async def main():
        run = Run(disk, muted=muted)
        await run.start()
        await run.fill()

        def before(step, operation, target):
            found.append(("%s %s" % (operation, target), disk.snapshot()))

        run.folder.before = before
        await run.work()
        before(0, "end", "")

    asyncio.run(main())
    return found


async def judge(disk):
    """A text for each promise that is broken, at once and after the next run's work."""
    run = Run(disk)
    await run.start()
    bad = await wrong(run, finished=False)
    await run.work()
    return bad + await wrong(run, finished=True)


async def wrong(run, finished):
    try:
        contents = await run.contents()
        held = run.held()
    except StoreError as error:
        return ["a message cannot be opened: %s" % error]
    letters = [uidl for uidl in contents if uidl.startswith(UIDL_PREFIX)]
    if not {b"got", b"new", b"good"} <= set(contents) or contents[b"good"] != GOOD:
        return ["messages %s" % contents]
    bad = []
    for uidl in (b"got", b"new"):
        replaced = contents[uidl] != BAD
        if replaced and (b"quarantine entry" not in contents[uidl] or held != [BAD]):
            bad.append("%s is replaced without its original" % uidl)
        if finished and not replaced:
            bad.append("%s is not replaced" % uidl)
    if contents[b"got"] != BAD and len(letters) != 1:
        bad.append("nobody was told, or more than once: %s" % letters)
    if len(held) > 1 or len(letters) > 1:
        bad.append("%d originals, %d letters" % (len(held), len(letters)))
    return bad


def losses(found, count=None):
    seen = set()
    for name, disk in found:
        for crashed in disk.crashes():
            if crashed.content() not in seen:
                seen.add(crashed.content())
                if count:
                    count[0] += 1
                for text in asyncio.run(judge(crashed)):
                    yield name, text


def test_original_letter_and_notice_at_any_cut():
    count = [0]
    assert list(losses(disks(), count)) == []
    assert count[0] > 200


def copy_sync(operation, target):
    return operation == "fsync" and target.startswith("spool/")


def quarantine_sync(operation, target):
    return operation == "fsync" and target == "quarantine/journal"


def maildrop_sync(operation, target):
    return operation == "fsync" and target == "maildrops/a0/journal"


def folder_sync(operation, target):
    return operation == "fsync_folder" and target.endswith(".eml")


@pytest.mark.parametrize("muted", [copy_sync, quarantine_sync, maildrop_sync, folder_sync])
def test_the_judge_finds_the_loss_when_a_sync_is_left_out(muted):
    assert next(losses(disks(muted)), None)
