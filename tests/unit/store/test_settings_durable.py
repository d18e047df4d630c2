"""Settings and power: what commit() returned from is what the box starts with (promise 10).

One scenario on a model of a disk; at each step every state that a medium may hold after a cut is
started from and judged.  With each sync left out the same judge must find a loss.
"""

import asyncio

import pytest
from left_out import OneFault
from model_disk import Inode, ModelDisk, ModelFolder
from restante.errors import StoreError
from restante.settings import found, kept
from restante.settings.kept import Kept
from restante.store.faults import EIO, ENOENT, ENOSPC, EROFS

LEVELS = ("debug", "error", "warning", "debug")


class Start:
    """What a program finds when it starts on this disk."""

    def __init__(self, disk):
        self._names = disk.root.names
        self.values, self.error, self.entry = found.newest(self._read, self._listed)

    def _read(self, name):
        folder, _, leaf = name.rpartition("/")
        names = self._names
        if folder:
            names = names[folder].names if folder in names else {}
        if not isinstance(names.get(leaf), Inode):
            raise OSError(ENOENT)
        return names[leaf].data

    def _listed(self, name):
        if name not in self._names:
            raise OSError(ENOENT)
        return list(self._names[name].names)


def rows_of(store):
    return [(entry, store.values(entry)) for entry in store.entries()]


def put_by_hand(disk, data):
    folder = ModelFolder(disk)
    fd = folder.create("settings")
    folder.write(fd, data, 0, len(data))
    asyncio.run(folder.off_loop(None).fsync(fd))
    asyncio.run(folder.off_loop(None).fsync_folder(""))
    folder.close(fd)


class Story:
    def __init__(self, values, trying=None):
        self.values = values  # acknowledged
        self.trying = trying  # under way


def judge(disk, story):
    start = Start(disk)
    legal = [story.values] + ([story.trying] if story.trying else [])
    bad = []
    if start.values not in legal:
        bad.append("%s is none of %s" % (start.values, legal))
    # Without a file before, a cut in the first commit may leave the kept one only.
    if start.error and not (story.values == {} and "settings" not in disk.root.names):
        bad.append("error: %s" % start.error)
    return bad


async def scenario(folder, moments, before):
    """`before`: what is set at first."""
    story = Story(before)
    moments.append(story)
    for level in LEVELS:
        start = Start(folder.disk)
        store = Kept(folder, None, start.entry)  # each time as after a restart
        wanted = {"log level": level}
        moments[-1] = Story(story.values, wanted)
        await store.commit(wanted, story.values, 7, "console")
        story = Story(wanted)
        moments[-1] = story


def run_with_cuts(first, muted=None):
    """[(operation, disk, story)] before each step of the scenario and at its end."""
    disk = ModelDisk()
    if first is not None:
        put_by_hand(disk, first)
    now = []
    moments = []

    def before(step, operation, target):
        moments.append((operation + " " + target, disk.snapshot(), now[-1]))

    folder = ModelFolder(disk, before=before, muted=muted)
    asyncio.run(scenario(folder, now, Start(disk).values))
    before(0, "end", "")
    return moments


def losses(moments, count=None):
    seen = set()
    for name, disk, story in moments:
        for crashed in disk.crashes():
            key = (crashed.content(), repr((story.values, story.trying)))
            if key in seen:
                continue
            seen.add(key)
            if count:
                count[0] += 1
            for bad in judge(crashed, story):
                yield name, bad


FIRST = [None, b"# nothing\n", b"set log level warning\nset sessions maximum 7\n"]


@pytest.mark.parametrize("first", FIRST)
def test_old_or_new_at_any_cut(first):
    count = [0]
    assert list(losses(run_with_cuts(first), count)) == []
    assert count[0] > 50


def of_the_current(operation, target):
    return operation == "fsync" and target == "settings.new"


def of_the_folder(operation, target):
    return operation == "fsync_folder" and target == " after settings"


@pytest.mark.parametrize("muted", [of_the_current, of_the_folder])
def test_the_judge_finds_the_loss_when_a_sync_is_left_out(muted):
    assert next(losses(run_with_cuts(FIRST[2], muted)), None)


def committed(disk, level, **faults):
    start = Start(disk)
    store = Kept(ModelFolder(disk, **faults), None, start.entry)
    asyncio.run(store.commit({"log level": level}, start.values, 7, "console"))
    return store


@pytest.mark.parametrize("number", [EIO, ENOSPC, EROFS])
def test_a_fault_at_any_step_leaves_the_old_one_and_the_next_commit_works(number):
    step = 1
    failed = set()
    while True:
        disk = ModelDisk()
        committed(disk, "debug")
        fault = OneFault(step, number)
        try:
            committed(disk, "error", before=fault)
        except StoreError as error:
            assert "cannot be written" in str(error)
            assert Start(disk).values == {"log level": "debug"}, fault.failed
            assert not list(disk.root.names["configurations"].names).count("3")
        else:
            # Of what comes after the commit (old ones removed) nothing depends.
            assert Start(disk).values == {"log level": "error"}
        if not fault.failed:
            break
        failed.add(fault.failed.split()[0])
        committed(disk, "warning")
        assert Start(disk).values == {"log level": "warning"}
        assert list(losses([("end", disk, Story({"log level": "warning"}))])) == []
        step += 1
    assert failed >= {"create", "write", "fsync", "rename", "fsync_folder"}


def test_the_last_ten_are_kept_and_can_be_read():
    disk = ModelDisk()
    put_by_hand(disk, b"set log level info\n")
    for n in range(12):
        store = committed(disk, LEVELS[n % 3])
    rows = rows_of(store)
    assert [entry.number for entry, _ in rows] == list(range(13, 3, -1))
    assert [values["log level"] for _, values in rows[:3]] == ["warning", "error", "debug"]
    assert rows[0][0].who == "console" and rows[0][0].time == 7


def test_what_was_put_there_by_hand_can_be_gone_back_to():
    disk = ModelDisk()
    put_by_hand(disk, b"set log level info\n")
    rows = rows_of(committed(disk, "debug"))
    assert [(e.number, e.who, v) for e, v in rows] == [
        (2, "console", {"log level": "debug"}),
        (1, "file", {"log level": "info"}),
    ]


def test_a_commit_that_was_cut_is_no_part_of_the_history():
    disk = ModelDisk()
    committed(disk, "debug")
    orphan = kept.framed(kept.Entry(3, 7, "console"), b"set log level error\n")
    disk.root.names["configurations"].names["3"] = node = Inode()
    node.data = node.synced = orphan
    start = Start(disk)
    assert start.values == {"log level": "debug"}
    numbers = [e.number for e in Kept(ModelFolder(disk), None, start.entry).entries()]
    assert numbers == [2, 1]
    store = committed(disk, "warning")
    assert [v["log level"] for _, v in rows_of(store) if v] == ["warning", "debug"]


def test_a_damaged_file_at_the_start_and_the_next_commit():
    disk = ModelDisk()
    committed(disk, "debug")
    node = disk.root.names["settings"]
    node.data = node.synced = node.data[:-4]
    start = Start(disk)
    assert start.values == {"log level": "debug"} and start.error and start.entry.number == 2
    committed(disk, "error")
    assert Start(disk).error is None and Start(disk).values == {"log level": "error"}
