"""Bundles are installed whole or not at all, and the record agrees with the files at any cut.

FAULTS 61-65, 68-71, 73, 74, 82, 84, 86, on a model of a disk.  The bundles are made and signed by
the host tools, with the keys of tests/vectors/bundles.
"""

import asyncio
import hashlib
import importlib.util
from pathlib import Path

import pytest
from model_disk import ModelDisk, ModelFolder
from restante import log
from restante.errors import (
    RestanteError,
    ScreenUnavailable,
    SetRefused,
    StoreError,
    StoreFull,
)
from restante.store.faults import EIO, ENOSPC, EROFS
from restante.update import state, writing
from restante.update.fault import BundleError
from restante.update.installing import INCOMING, KEYS, STATE, Installer
from restante.update.sets import Signatures
from restante.update.writing import RESERVE_OCTETS
from restante_tools.bundles import crypto
from test_signatures import Screen, SelfTest, Watch

VECTORS = Path(__file__).resolve().parents[2] / "vectors/bundles/make.py"
spec = importlib.util.spec_from_file_location("bundle_vectors", VECTORS)
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)

OLD, NEW, NEWER, BAD = b"set old", b"set new", b"set newer", b"no set"
NOW = make.CREATED + 86400
PLACE = ("virt", "stable", (0, 1, 0), 1)
SIG = make.SIGNATURES[0]


def sha(content):
    return hashlib.sha256(content).digest()


@pytest.fixture(autouse=True)
def own_log(monkeypatch):
    monkeypatch.setattr(log, "alarms", log.Alarms())
    monkeypatch.setattr(log, "ring", log.Ring())
    return log


def a_set(content, serial=7, *signers, **parts):
    return make.made("signatures", *(signers or (SIG,)), content=content, serial=serial, **parts)


class Image(ModelFolder):
    """The image's files."""

    def __init__(self, keys="keys-1"):
        super().__init__(ModelDisk())
        for name, content in (("keys", make.SETS.get(keys)), ("factory.sig", b"set factory")):
            if content is not None:
                fd = self.create(name)
                self.write(fd, content, 0, len(content))
                self.close(fd)


class Box:
    """A program that starts on this disk."""

    def __init__(self, disk=None, keys="keys-1", now=NOW, passes=True, screen=(), **faults):
        self.disk = disk or new_disk()
        self.folder = ModelFolder(self.disk, **faults)
        self.image = Image(keys)
        self.screen = Screen(self.folder, **dict(screen))
        self._offers_of_the_image()
        calls = self.folder.off_loop(None)
        self.signatures = Signatures(
            self.folder,
            calls,
            self.screen,
            Watch(),
            lambda candidate: SelfTest(candidate, passes),
        )
        self.one = Installer(
            self.folder, self.image, calls, self.signatures, crypto, PLACE, lambda: now
        )
        self.folder.before, before = lambda *_: None, self.folder.before
        self.signatures.start()
        asyncio.run(self.one.start())
        self.folder.before = before
        self.folder.step = 0

    def _offers_of_the_image(self):
        offer = self.screen.offer

        async def either(fd, octets):
            if fd in self.folder._files:
                return await offer(fd, octets)
            self.screen.candidate = self.image._files[fd].data
            return self.screen._reply()

        self.screen.offer = either

    def arrive(self, data):
        if INCOMING.split("/")[1] in self.files():  # one that was not taken
            self.folder.unlink(INCOMING)
        put(self.folder, INCOMING, data)

    def install(self, data=None, asked=False):
        if data is not None:
            self.arrive(data)
        return asyncio.run(self.one.install(asked))

    def refused(self, data, asked=False):
        """The code; all is as before."""
        before = self.files()
        before.pop("incoming", None)
        with pytest.raises(BundleError) as error:
            self.install(data, asked)
        assert error.value.what and error.value.cause and error.value.step
        if error.value.code == "kind":  # another command may follow
            before["incoming"] = data
        assert self.files() == before
        assert self.folder.open_files == 0 and not self.one.busy
        return error.value.code

    def files(self):
        names = self.disk.root.names
        found = dict(names["signatures"].names)
        found.update(names["updates"].names)
        return {name: node.data for name, node in found.items() if name != "state"}

    def serial(self, place=state.CURRENT):
        record = self.one.state.records.get(place)
        return record and record.serial

    def agrees(self):
        """The record says of each file what it is."""
        files = self.files()
        for place in (state.CURRENT, state.PREVIOUS):
            record = self.one.state.records.get(place)
            assert (record and record.sha256) == (sha(files[place]) if place in files else None)
        assert set(self.one.state.records) <= {state.CURRENT, state.PREVIOUS}
        written = self.folder._find(STATE).data if self.one.state.records else None
        assert written is None or state.parse(written).records.keys() == (
            self.one.state.records.keys()
        )


def put(folder, name, data):
    before, folder.before = folder.before, lambda *_: None
    fd = folder.create(name)
    folder.write(fd, data, 0, len(data))
    asyncio.run(folder.off_loop(None).fsync(fd))
    folder.close(fd)
    asyncio.run(folder.off_loop(None).fsync_folder(name.rpartition("/")[0]))
    folder.before, folder.step = before, 0


def new_disk():
    disk = ModelDisk()
    folder = ModelFolder(disk)
    for name in ("signatures", "updates"):
        folder.make(name)
    asyncio.run(folder.off_loop(None).fsync_folder(""))
    return disk


def box_with(*contents, **parts):
    """A box that has installed these sets, serials from 1 on."""
    first = Box(**{key: parts[key] for key in parts if key == "keys"})
    for n, content in enumerate(contents):
        first.install(a_set(content, n + 1))
    log.alarms.acknowledge()
    return Box(first.disk, **parts) if parts else first


def alarms():
    return [text for name, text, _ in log.alarms.active()]


# -- whole sets


def test_the_first_set_and_the_next():
    box = Box()
    assert box.install(a_set(OLD, 1)) == ("set-1 is in use", [])
    box.agrees()
    assert box.screen.using == OLD and box.files() == {"current": OLD}
    box.install(a_set(NEW, 2))
    box.agrees()
    assert box.screen.using == NEW and box.files() == {"current": NEW, "previous": OLD}
    assert (box.serial(), box.serial(state.PREVIOUS)) == (2, 1)
    assert box.one.state.records[state.CURRENT].names == [SIG.name]
    assert box.folder.open_files == 0 and alarms() == []
    again = Box(box.disk)
    again.agrees()
    assert (again.serial(), again.serial(state.PREVIOUS)) == (2, 1)


def test_nothing_has_arrived():
    assert box_with(OLD).refused(None) == "nothing"


def flipped(data, at):
    at %= len(data)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("malformed", b"junk"),  # 66
        ("malformed", a_set(NEW)[:-1]),
        ("unsigned", make.made("signatures", content=NEW)),  # 61
        ("unsigned", a_set(NEW, 7, make.STRANGER)),
        ("payload", flipped(a_set(NEW), -1)),  # 65
        ("serial", a_set(NEW, 1)),  # 62
        ("serial", a_set(OLD, 1)),
        ("role", a_set(NEW, 7, make.FIRMWARE)),  # 73
        ("role", make.of_keys("keys-2", make.FIRMWARE, SIG)),  # 70
        ("threshold", make.of_keys("keys-2", make.ROOTS[0])),
        ("channel", a_set(NEW, channel="test")),
        ("firmware", a_set(NEW, firmware="9.0.0")),  # 69
        ("epoch", a_set(NEW, epoch=2)),
        ("kind", make.made("firmware", make.FIRMWARE)),
        ("base", make.made("signatures-delta", SIG, content=NEW, base=NEWER)),  # 65
    ],
)
def test_refused_with_all_as_before(code, data):
    box = box_with(OLD)
    assert box.refused(data) == code
    box.agrees()
    stays = code == "kind"  # for `firmware install`
    assert box.screen.using == OLD and (INCOMING.split("/")[1] in box.files()) == stays
    assert "update.refused" in "\n".join(log.ring.lines())
    box.install(a_set(NEW))
    assert box.screen.using == NEW


def test_a_set_that_fails_its_trial_is_not_tried_again_by_itself():
    """FAULTS 78, 84."""
    for content, passes in ((BAD, True), (NEW, False)):
        box = box_with(OLD, passes=passes)
        with pytest.raises(SetRefused):
            box.install(a_set(content))
        box.agrees()
        assert box.files() == {"current": OLD} and box.screen.using == OLD
        better = Box(box.disk)
        assert better.one.state.rolled_back == [sha(content)]
        better.arrive(a_set(content))
        with pytest.raises(BundleError) as error:
            better.install()
        assert error.value.code == "rolled-back"
        assert better.files()["incoming"]  # so that `force` may follow
        if content == NEW:
            better.install(asked=True)
            assert better.screen.using == NEW and better.one.state.rolled_back == []


def test_a_screen_process_that_is_gone_changes_nothing_and_the_bundle_stays():
    box = box_with(OLD, screen={"gone": (1, 2, 3)})
    with pytest.raises(SetRefused):
        box.install(a_set(NEW))
    box.agrees()
    assert box.files() == {"current": OLD, "incoming": a_set(NEW)}
    assert box.one.state.rolled_back == []
    again = Box(box.disk)
    again.install()
    assert again.screen.using == NEW


def test_no_screen_process_at_all():
    box = box_with(OLD)

    async def gone(*_):
        raise ScreenUnavailable("nobody there")

    box.screen.status = box.screen.withdraw = gone
    with pytest.raises(SetRefused) as error:
        box.install(a_set(NEW))
    assert error.value.transient and "nobody there" in str(error.value)
    box.agrees()
    assert box.files() == {"current": OLD, "incoming": a_set(NEW)}


def test_a_medium_that_is_read_only_from_the_start():
    box = box_with(OLD)
    box.install(KEYS_2)

    def read_only(step, operation, target):
        if operation not in ("open", "read"):
            raise OSError(EROFS)

    box.folder.before = read_only
    one = Installer(
        box.folder, box.image, box.one._calls, box.signatures, crypto, PLACE, lambda: NOW
    )
    with pytest.raises(StoreError):
        asyncio.run(one.start())
    assert one.keys.epoch == 2 and one.state.records[state.CURRENT].serial == 1


def test_a_box_without_keys_trusts_nobody():
    box = Box(keys=None)
    assert box.refused(a_set(NEW)) == "no-keys"


def test_expired_but_newer_is_installed_with_an_alarm():
    """FAULTS 63, 77."""
    for now, words in ((NOW + 2 * make.MONTH, "expired"), (None, "clock is not set")):
        box = box_with(OLD, now=now)
        _, (warning,) = box.install(a_set(NEW))
        assert words in warning and box.screen.using == NEW
        assert any(words in text for text in alarms())


def test_only_one_at_a_time():
    """FAULTS 82."""
    box = box_with(OLD)
    box.arrive(a_set(NEW))
    pause = box.one._calls.pause
    box.one._calls.pause = lambda: asyncio.sleep(0)

    async def both():
        return await asyncio.gather(box.one.install(), box.one.rollback(), return_exceptions=True)

    first, second = asyncio.run(both())
    box.one._calls.pause = pause
    assert first == ("set-7 is in use", []) and second.code == "busy"


def test_who_asked_and_went_away_does_not_end_it():
    box = box_with(OLD)
    box.arrive(a_set(NEW))
    box.one._calls.pause = lambda: asyncio.sleep(0)

    async def gone():
        task = asyncio.ensure_future(box.one.install())
        await asyncio.sleep(0)
        task.cancel()
        while box.one.busy:
            await asyncio.sleep(0)

    asyncio.run(gone())
    box.agrees()
    assert box.screen.using == NEW


def test_others_run_between_slices(monkeypatch):
    monkeypatch.setattr(writing, "SLICE_OCTETS", 16)
    box = box_with(OLD)
    content = b"set large" + bytes(1000)
    box.screen._reply = lambda wrong="": type("R", (), {"number": 1, "bundle": "x", "wrong": ""})
    pauses = []

    async def pause():
        pauses.append(1)

    box.one._calls.pause = pause
    box.arrive(a_set(content))
    with pytest.raises(SetRefused):  # the model's set has no such name: what counts is before
        box.install()
    assert len(pauses) >= 2 * len(content) // 16


def test_no_room():
    """FAULTS 68."""
    box = box_with(OLD, room=RESERVE_OCTETS + len(NEW) - 1)
    with pytest.raises(StoreFull):
        box.install(a_set(NEW))
    box.agrees()
    assert box.files() == {"current": OLD, "incoming": a_set(NEW)}
    box.folder.room += 1
    box.install()
    assert box.screen.using == NEW


def test_the_hash_is_of_what_was_written():
    """FAULTS 74: a medium that gives something else than what was put there."""
    for data in (a_set(NEW), a_delta(NEW, OLD)):
        box = box_with(OLD)
        box.arrive(data)

        def changes(step, operation, target, box=box):
            if (operation, target) == ("fsync", "signatures/new"):
                node = box.folder._find("signatures/new")
                node.data = flipped(node.data, 5)

        box.folder.before = changes
        assert box.refused(None) in ("payload", "result")
        box.folder.before = lambda *_: None
        box.agrees()
        assert box.screen.using == OLD and box.files() == {"current": OLD}


# -- deltas


def a_delta(content, base, serial=7):
    return make.made("signatures-delta", SIG, content=content, base=base, serial=serial)


def test_a_delta():
    box = box_with(OLD)
    box.install(a_delta(NEW, OLD))
    box.agrees()
    assert box.files() == {"current": NEW, "previous": OLD} and box.serial() == 7
    assert box.refused(a_delta(NEWER, OLD, 8)) == "base"
    assert box.refused(flipped(a_delta(NEWER, NEW, 8), -1)) == "payload"
    box.install(a_delta(NEWER, NEW, 8))
    assert box.screen.using == NEWER


def test_a_delta_on_a_base_that_the_medium_changed():
    base = b"set old " + b"0123456789" * 100
    box = box_with(base)
    node = box.folder._find("signatures/current")
    node.data = node.synced = flipped(node.data, 500)
    assert box.refused(a_delta(base + b" and more", base)) == "result"


# -- power


def cuts(box, work):
    """[(step, disk)] before each step of work() and at its end; each disk as after a cut."""
    moments = []
    box.folder.before = lambda step, operation, target: moments.append(
        ("%d %s %s" % (step, operation, target), box.disk.snapshot())
    )
    work()
    box.folder.before = lambda *_: None
    moments.append(("end", box.disk.snapshot()))
    seen = set()
    for name, disk in moments:
        for crashed in disk.crashes():
            if crashed.content() not in seen:
                seen.add(crashed.content())
                yield name, crashed


LEGAL_INSTALL = {(1, None), (2, 1)}


@pytest.mark.parametrize("delta", [False, True])
def test_the_record_and_the_files_agree_after_any_cut_of_the_power(delta):
    """FAULTS 68: before each step of an install, whatever of it the medium kept."""
    data = a_delta(NEW, OLD, 2) if delta else a_set(NEW, 2)
    seen = set()
    box = box_with(OLD)
    box.arrive(data)
    for name, disk in cuts(box, box.install):
        after = Box(disk)
        after.agrees()
        assert set(after.files()) <= {"current", "previous", "incoming"}, name
        assert after.files()["current"] in (OLD, NEW), name
        assert after.screen.using == after.files()["current"], name
        seen.add((after.serial(), after.serial(state.PREVIOUS)))
        if after.serial() == 1:  # it goes on where it was
            if "incoming" not in after.files():
                after.arrive(data)
            after.install()
        elif "incoming" in after.files():
            assert after.refused(None) == "serial"
        assert (after.serial(), after.screen.using) == (2, NEW), name
        after.agrees()
    assert seen == LEGAL_INSTALL
    for after in box.disk.crashes():  # acknowledged
        assert Box(after).serial() == 2


def test_the_judge_finds_it_when_the_record_is_not_synced():
    box = box_with(OLD)
    box.arrive(a_set(NEW, 2))
    box.folder.muted = lambda operation, target: "updates/state" in target
    with pytest.raises((AssertionError, BundleError)):
        for _, disk in cuts(box, box.install):
            Box(disk).agrees()


@pytest.mark.parametrize("number", [EIO, ENOSPC, EROFS])
def test_a_fault_at_any_step_leaves_the_old_one_or_the_new_one(number):
    """FAULTS 68."""
    at, ended = 1, False
    while not ended:
        box = box_with(OLD)
        box.arrive(a_set(NEW, 2))
        failed = []

        def fault(step, operation, target, at=at, failed=failed):
            if step == at:
                failed.append(operation + " " + target)
                raise OSError(number)

        box.folder.before = fault
        try:
            box.install()
            expected = NEW
        except RestanteError as error:
            assert isinstance(error, (StoreError, SetRefused)), failed
            expected = OLD
        assert box.screen.using == expected, failed
        assert box.files()["current"] == expected, failed
        assert box.folder.open_files == 0 and not box.one.busy
        box.folder.before = lambda *_: None
        after = Box(box.disk)
        after.agrees()
        if expected == OLD:
            after.install(None if "incoming" in after.files() else a_set(NEW, 2))
        assert after.screen.using == NEW and after.serial() == 2
        ended = not failed
        at += 1
    assert at > 20


# -- keys


KEYS_2 = make.of_keys("keys-2", make.ROOTS[0], make.ROOTS[2])
KEYS_3 = make.of_keys("keys-3", *make.ROOTS[1:4])


def test_keys_one_after_the_other_and_a_set_of_the_new_epoch():
    box = box_with(OLD)
    assert box.refused(KEYS_3) in ("epoch", "unsigned", "threshold")
    assert box.install(KEYS_2) == ("keys of epoch 2 are in use", [])
    assert box.refused(KEYS_2) == "epoch"
    assert box.refused(a_set(NEW)) == "epoch"
    box.install(a_set(NEW, 1, SIG, epoch=2))
    assert box.screen.using == NEW
    again = Box(box.disk)
    assert again.one.keys.epoch == again.one.state.epoch == 2
    assert Box(box.disk, "keys-3").one.keys.epoch == 3  # a newer image


def test_keys_are_the_old_ones_or_the_new_ones_after_any_cut():
    box = box_with(OLD)
    box.arrive(KEYS_2)
    seen = set()
    for name, disk in cuts(box, box.install):
        after = Box(disk)
        after.agrees()
        seen.add(after.one.keys.epoch)
        if after.one.keys.epoch == 1:
            after.install(None if "incoming" in after.files() else KEYS_2)
        assert after.one.keys.epoch == 2, name
    assert seen == {1, 2} and alarms() == []


def test_damaged_keys_do_not_bring_back_older_ones():
    box = box_with(OLD)
    box.install(KEYS_2)
    node = box.folder._find(KEYS)
    node.data = node.synced = flipped(node.data, 200)
    after = Box(box.disk)
    assert after.one.keys.epoch == 1 and any("cannot be used" in text for text in alarms())
    assert after.refused(a_set(NEW)) == "keys-lost"
    after.install(KEYS_2)
    after.install(a_set(NEW, 1, SIG, epoch=2))


def test_a_damaged_record_is_an_alarm_and_the_next_set_is_taken():
    box = box_with(OLD)
    node = box.folder._find(STATE)
    node.data = node.synced = node.data[:-9]
    after = Box(box.disk)
    assert any("not known any more" in text for text in alarms())
    assert after.serial() is None and after.screen.using == OLD
    after.install(a_set(NEW, 2))
    assert after.serial() == 2


# -- revoked


def test_the_set_of_a_revoked_key_is_left_for_the_factory_s():
    """FAULTS 71: its key is revoked, and the one before has the same."""
    box = box_with(OLD, NEW)
    box.install(KEYS_2)
    assert box.screen.using == NEW
    text, (warning,) = box.install(KEYS_3)
    assert "epoch 3" in text and SIG.name in warning
    assert box.screen.using == b"set factory"
    assert set(box.files()) == {"keys"} and any(SIG.name in text for text in alarms())
    box.agrees()
    assert Box(box.disk).screen.using == b"set factory"


def box_with_two_keys():
    box = box_with(OLD)
    box.install(KEYS_2)
    box.install(a_set(NEW, 1, make.SIGNATURES[1], epoch=2))
    box.install(a_set(NEWER, 2, epoch=2))
    return box


def test_the_set_of_a_revoked_key_is_left_for_the_previous_one():
    box = box_with_two_keys()
    box.install(KEYS_3)
    assert box.screen.using == NEW and set(box.files()) == {"keys", "current"}
    assert sha(NEWER) in box.one.state.rolled_back
    box.agrees()


def test_a_kept_set_of_a_revoked_key_goes():
    box = box_with(OLD)
    box.install(KEYS_2)
    box.install(a_set(NEW, 1, make.SIGNATURES[1], epoch=2))
    box.install(KEYS_3)
    assert box.screen.using == NEW and set(box.files()) == {"keys", "current"}
    with pytest.raises(BundleError):
        asyncio.run(box.one.rollback())


def test_a_cut_while_a_set_is_withdrawn_is_made_good_after_the_start():
    box = box_with_two_keys()
    box.arrive(KEYS_3)
    for name, disk in cuts(box, box.install):
        after = Box(disk)
        after.agrees()
        if after.one.keys.epoch == 3:
            served(after.one)
            after.agrees()
            assert after.screen.using in (NEW, b"set factory"), name
            assert after.one._withdrawn() == [], name


def served(one):
    """What the task of the program does in a while."""

    async def a_while():
        task = asyncio.ensure_future(one.serve())
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(a_while())


def test_a_newer_image_that_revokes_the_key_of_the_set_in_use():
    box = box_with_two_keys()
    newer = Box(box.disk, "keys-3")
    assert newer.one._withdrawn() == [SIG.name]
    served(newer.one)
    newer.agrees()
    assert newer.screen.using == NEW and any(SIG.name in text for text in alarms())


# -- back


def test_rollback_and_what_was_left_is_not_installed_by_itself():
    """FAULTS 86."""
    box = box_with(OLD, NEW)
    assert asyncio.run(box.one.rollback()) == "old"
    box.agrees()
    assert box.files() == {"current": OLD, "previous": NEW} and box.screen.using == OLD
    assert (box.serial(), box.serial(state.PREVIOUS)) == (1, 2)
    assert box.one.state.rolled_back == [sha(NEW)]
    again = Box(box.disk)
    again.arrive(a_set(NEW, 2))
    with pytest.raises(BundleError) as error:
        again.install()
    assert error.value.code == "rolled-back"
    again.install(asked=True)
    again.agrees()
    assert again.screen.using == NEW and again.serial() == 2


def test_rollback_twice_is_where_it_was():
    box = box_with(OLD, NEW)
    asyncio.run(box.one.rollback())
    assert asyncio.run(box.one.rollback()) == "new"
    box.agrees()
    assert box.screen.using == NEW and box.one.state.rolled_back == [sha(OLD)]


def test_nothing_to_go_back_to():
    box = box_with(OLD)
    with pytest.raises(BundleError) as error:
        asyncio.run(box.one.rollback())
    assert error.value.code == "nothing"


def test_rollback_at_any_cut():
    box = box_with(OLD, NEW)
    seen = set()
    for name, disk in cuts(box, lambda: asyncio.run(box.one.rollback())):
        after = Box(disk)
        after.agrees()
        current = after.files()["current"]
        assert (after.one.state.rolled_back == [sha(NEW)]) == (current == OLD), name
        seen.add((after.serial(), after.serial(state.PREVIOUS)))
    assert seen == {(2, 1), (1, 2)}


def test_a_previous_set_that_could_not_be_named_so_is_still_the_one_to_go_back_to():
    box = box_with(OLD, NEW)
    box.arrive(a_set(NEWER, 3))

    def fault(step, operation, target):
        if (operation, target) == ("rename", "signatures/previous"):
            raise OSError(EIO)

    box.folder.before = fault
    box.install()
    assert box.files()["kept"] == NEW and box.files()["previous"] == OLD
    box.folder.before = lambda *_: None
    assert (box.serial(), box.serial(state.PREVIOUS)) == (3, 2)
    again = Box(box.disk.snapshot())
    again.agrees()
    for each in (box, again):
        assert asyncio.run(each.one.rollback()) == "new"
        each.agrees()
        assert each.files() == {"current": NEW, "previous": NEWER}
