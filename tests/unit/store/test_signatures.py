"""A new signature set: tried, current, kept; refused; and a cut of the power at any step."""

import asyncio

import pytest
from model_disk import ModelDisk, ModelFolder
from restante import log
from restante.errors import ScreenUnavailable, SetRefused
from restante.screening import wire
from restante.screening.wire import SetReply, Status
from restante.store.faults import EIO, ENOSPC, EROFS
from restante.update.sets import NEW_SET, Signatures

CURRENT, PREVIOUS = "signatures/current", "signatures/previous"
OLD, NEW, OLDEST = b"set old", b"set new", b"set oldest"


def name_of(content):
    return content.decode().split(" ", 1)[1]


class Screen:
    """A screen process; `dies`: calls of adopt() after which it is started again, by number."""

    def __init__(self, folder, dies=(), gone=()):
        self.folder, self.dies, self.gone = folder, dies, gone
        self.adopts = 0
        self.candidate = None
        self.distrusted = ""
        self.restart()

    def restart(self):
        self.candidate = None
        for at, origin in ((CURRENT, wire.CURRENT), (PREVIOUS, wire.PREVIOUS)):
            try:
                self.using, self.origin = self._read(at), origin
                return
            except OSError:
                continue
        self.using, self.origin = b"set factory", wire.FACTORY

    def _read(self, name):
        return self.folder._find(name).data

    async def status(self):
        return Status(0, 0, 0, 0, self.origin, 0, 0, 0, name_of(self.using))

    def _reply(self, wrong=""):
        using = self.candidate or self.using
        return SetReply(1 if self.candidate else 0, 0, 0, 0, name_of(using), wrong)

    async def offer(self, fd, octets):
        content = self.folder._files[fd].data
        assert octets == len(content)
        if not content.startswith(b"set "):
            return self._reply("not a signature file")
        self.candidate = content
        return self._reply()

    async def adopt(self, number):
        self.adopts += 1
        if self.adopts in self.dies:
            self.restart()
        if self.adopts in self.gone:
            raise ScreenUnavailable("nobody there")
        if self.candidate is None or number != 1:
            return self._reply("there is none")
        self.using, self.candidate = self.candidate, None
        return self._reply()

    async def withdraw(self):
        self.candidate = None
        return self._reply()


class SelfTest:
    """`judges`: the set that answers; None: the candidate.  `passes`: what it gives."""

    def __init__(self, screen, passes=True, judges=None):
        self.screen, self.passes, self.judges = screen, passes, judges
        self.bundles = []

    async def run(self):
        candidate = self.screen._screen.candidate
        self.bundles = [self.judges or (candidate and name_of(candidate))]
        return [("EICAR", self.passes, "clean"), ("clean", True, "clean")], True


class Watch:
    runs = 0

    async def run(self):
        self.runs += 1


@pytest.fixture(autouse=True)
def own_log(monkeypatch):
    monkeypatch.setattr(log, "alarms", log.Alarms())
    return log


def put(folder, name, content):
    fd = folder.create(name)
    folder.write(fd, content, 0, len(content))
    asyncio.run(folder.off_loop(None).fsync(fd))
    folder.close(fd)
    asyncio.run(folder.off_loop(None).fsync_folder("signatures"))


def disk_with(**files):
    disk = ModelDisk()
    folder = ModelFolder(disk)
    folder.make("signatures")
    asyncio.run(folder.off_loop(None).fsync_folder(""))
    for name, content in files.items():
        put(folder, "signatures/" + name, content)
    return disk


def made(disk, screen=(), selftest=(), **faults):
    folder = ModelFolder(disk, **faults)
    screen = Screen(folder, **dict(screen))
    one = Signatures(
        folder,
        folder.off_loop(None),
        screen,
        Watch(),
        lambda candidate: SelfTest(candidate, **dict(selftest)),
    )
    return one, screen, folder


def files(disk):
    names = disk.root.names["signatures"].names
    return {name: node.data for name, node in names.items()}


def alarms():
    return [text for name, text, _ in log.alarms.active() if name == "signatures"]


# -- it works


def test_the_first_set():
    disk = disk_with(new=NEW)
    one, screen, folder = made(disk)
    assert asyncio.run(one.use()) == "new"
    assert screen.using == NEW and files(disk) == {"current": NEW}
    assert alarms() == [] and folder.open_files == 0 and one._watch.runs == 1


def test_the_old_one_is_kept_and_the_oldest_goes():
    disk = disk_with(current=OLD, previous=OLDEST, new=NEW)
    one, screen, folder = made(disk)
    assert asyncio.run(one.use()) == "new"
    assert screen.using == NEW and files(disk) == {"current": NEW, "previous": OLD}
    put(folder, NEW_SET, b"set newer")
    assert asyncio.run(one.use()) == "newer"
    assert files(disk) == {"current": b"set newer", "previous": NEW}
    assert folder.open_files == 0


def test_a_screen_process_that_is_started_again_meanwhile():
    for dies in ((1,), (1, 2)):
        disk = disk_with(current=OLD, new=NEW)
        one, screen, _ = made(disk, {"dies": dies})
        assert asyncio.run(one.use()) == "new"
        assert screen.using == NEW and files(disk) == {"current": NEW, "previous": OLD}


# -- it is refused, and all is as before


def refused(disk, words, *parts, **faults):
    one, screen, folder = made(disk, *parts, **faults)
    before, used = files(disk), screen.using
    before.pop("new", None)
    with pytest.raises(SetRefused) as error:
        asyncio.run(one.use())
    assert words in str(error.value) and name_of(used) in str(error.value)
    assert screen.using == used and screen.candidate is None
    (text,) = alarms()
    assert words in text
    assert folder.open_files == 0
    return before


def test_what_is_no_set():
    disk = disk_with(current=OLD, previous=OLDEST, new=b"junk")
    assert files(disk) != refused(disk, "not a signature file") == files(disk)


def test_nothing_to_try():
    refused(disk_with(current=OLD), "no such file")


def test_the_name_of_the_set_in_use():
    disk = disk_with(current=OLD, new=OLD)
    assert refused(disk, "the name of the set in use") == files(disk)


def test_a_set_that_finds_nothing():
    disk = disk_with(current=OLD, previous=OLDEST, new=NEW)
    before = refused(disk, "self-test failed: EICAR", (), {"passes": False})
    assert before == files(disk)


def test_a_self_test_that_another_set_has_passed():
    disk = disk_with(current=OLD, new=NEW)
    assert refused(disk, "ended while", (), {"judges": "old"}) == files(disk)


@pytest.mark.parametrize("current", [{}, {"current": OLD}, {"current": OLD, "previous": OLDEST}])
def test_a_screen_process_that_does_not_come_back(current):
    disk = disk_with(new=NEW, **current)
    refused(disk, "does not take it", {"gone": (1, 2, 3)})
    assert files(disk).get("current") == current.get("current")


def test_only_one_at_a_time():
    one, _, _ = made(disk_with(new=NEW))

    async def both():
        return await asyncio.gather(one.use(), one.use(), return_exceptions=True)

    one._calls.fsync = lambda fd: asyncio.sleep(0)
    first, second = asyncio.run(both())
    assert first == "new" and isinstance(second, SetRefused)
    assert "another signature set" in str(second)


def steps(disk, **parts):
    """How many calls of the medium one use() makes."""
    one, _, folder = made(disk, **parts)
    asyncio.run(one.use())
    return folder.step


@pytest.mark.parametrize("number", [EIO, ENOSPC, EROFS])
def test_a_fault_at_any_step_leaves_a_set_that_was_tried(number):
    def start():
        return disk_with(current=OLD, previous=OLDEST, new=NEW)

    for at in range(1, steps(start()) + 1):

        def fault(step, operation, target, at=at):
            if step == at:
                raise OSError(number)

        disk = start()
        one, screen, folder = made(disk, before=fault)
        try:
            asyncio.run(one.use())
            expected = NEW
        except SetRefused:
            expected = OLD
            assert alarms()
        assert screen.using == expected, at
        assert files(disk)["current"] == expected, at
        assert folder.open_files == 0


# -- power


def test_nothing_but_the_old_set_or_the_new_one_at_any_cut():
    def start():
        return disk_with(current=OLD, previous=OLDEST, new=NEW)

    seen = set()
    total = steps(start())
    for at in range(1, total + 1):
        for before in states(start, at):
            current = files(before)["current"]
            assert current in (OLD, NEW), at
            assert files(before).get("previous") in (OLDEST, OLD), at
            one, screen, _ = made(before)
            one.start()
            assert set(files(before)) == {"current", "previous"}
            seen.add((current, files(before)["previous"]))
            assert screen.using == current and screen.origin == wire.CURRENT
    assert seen == {(OLD, OLDEST), (NEW, OLD)}  # never between
    disk = start()
    one, _, _ = made(disk)
    asyncio.run(one.use())
    for after in disk.crashes():  # acknowledged: the new one, whatever happens
        assert files(after) == {"current": NEW, "previous": OLD}


class CutError(Exception):
    """The power goes."""


def states(start, at):
    """What the medium may hold when the power goes at step `at`."""
    disk = start()

    def cut(step, operation, target):
        if step == at:
            raise CutError

    one, _, _ = made(disk, before=cut)
    try:
        asyncio.run(one.use())
    except CutError:
        return list(disk.crashes())
    raise AssertionError("no cut at %d" % at)


def test_the_judge_finds_it_when_the_set_or_its_name_is_not_synced():
    for muted in ("fsync", "fsync_folder"):
        disk = disk_with(current=OLD)
        folder = ModelFolder(disk)
        fd = folder.create(NEW_SET)
        folder.write(fd, NEW, 0, len(NEW))
        folder.close(fd)
        one, _, _ = made(disk, muted=lambda operation, target, muted=muted: operation == muted)
        asyncio.run(one.use())
        assert any(files(after).get("current") != NEW for after in disk.crashes()), muted


# -- a gate that was started again


def test_the_screen_process_is_told_what_is_current():
    disk = disk_with(current=NEW, previous=OLD)
    one, screen, folder = made(disk)
    screen.using = OLD  # the gate was killed before it said so
    asyncio.run(one.follow())
    assert screen.using == NEW and folder.open_files == 0 and one._watch.runs == 1
    asyncio.run(one.follow())
    assert screen.using == NEW and screen.candidate is None and one._watch.runs == 1
    assert files(disk) == {"current": NEW, "previous": OLD}


def test_nothing_is_told_of_what_cannot_be_used():
    for parts, content in (({"passes": False}, NEW), ({}, b"damaged")):
        one, screen, folder = made(disk_with(current=content), (), parts)
        screen.using = b"set factory"
        with pytest.raises(SetRefused):
            asyncio.run(one.follow())
        assert screen.using == b"set factory" and folder.open_files == 0
    one, screen, _ = made(disk_with())
    asyncio.run(one.follow())
    assert screen.using == b"set factory"


# -- what is noticed


def test_a_damaged_current_set_is_an_alarm_once():
    one, screen, _ = made(disk_with(current=OLD))
    for origin in (wire.CURRENT, wire.PREVIOUS, wire.PREVIOUS, wire.HANDED_OVER):
        one.noticed(Status(0, 0, 0, 0, origin, 0, 0, 0, "older"))
    (text,) = alarms()
    assert "damaged" in text and "older is in use" in text
    assert log.alarms.active()[0][2] == 1


def test_the_factory_set_of_a_new_box_is_no_alarm():
    one, _, _ = made(disk_with())
    one.noticed(Status(0, 0, 0, 0, wire.FACTORY, 0, 0, 0, "factory"))
    assert alarms() == []
