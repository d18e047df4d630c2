"""The spool on a model of a disk: room, faults, life of a file."""

import pytest
from model_disk import ModelDisk, ModelFolder
from restante.errors import StoreError, StoreFull
from restante.store import spool as spool_module
from restante.store.faults import EIO, EMFILE, ENOSPC
from restante.store.spool import RESERVE_OCTETS, Spool

QUOTA = 1000


def spool(**faults):
    folder = ModelFolder(ModelDisk(), **faults)
    return folder, Spool(folder, QUOTA)


def names(folder):
    return folder.listdir("spool")


def failing(operation, number, count=1):
    """Fails the `count`th such operation on a spool file."""
    seen = [0]

    def before(step, name, target):
        if name == operation and target != "spool":
            seen[0] += 1
            if seen[0] == count:
                raise OSError(number)

    return before


def test_a_message_passes_and_leaves_nothing():
    folder, s = spool()
    f = s.create()
    f.write(b"xxhello\r\nyy", 2, 9)
    f.write(bytearray(b"..dot\r\n"), 0, 7)
    f.stuffed += 1
    assert not f.sealed
    f.seal()
    f.seal()
    assert f.sealed and (f.size, f.octets) == (14, 13)
    assert f.read(0, 100) == b"hello\r\n..dot\r\n" and f.read(7, 3) == b"..d"
    assert s.used == 14 and s.files == 1
    f.close()
    f.close()
    assert s.used == 0 and s.files == 0 and names(folder) == [] and folder.open_files == 0


def test_a_sealed_file_takes_nothing_more():
    _, s = spool()
    f = s.create()
    f.seal()
    with pytest.raises(StoreError):
        f.write(b"x", 0, 1)
    f.close()


@pytest.mark.parametrize("extra, fits", [(-1, True), (0, True), (1, False)])
def test_the_quota_counts_all_files(extra, fits):
    folder, s = spool()
    first, second = s.create(), s.create()
    first.write(b"x" * 600, 0, 600)
    n = QUOTA - 600 + extra
    if fits:
        second.write(b"x" * n, 0, n)
    else:
        with pytest.raises(StoreFull):
            second.write(b"x" * n, 0, n)
        with pytest.raises(StoreFull):
            second.write(b"x", 0, 1)  # a message with a hole is worse than none
    first.close()
    second.close()
    third = s.create()
    third.write(b"x" * QUOTA, 0, QUOTA)
    third.close()
    assert folder.open_files == 0 and s.used == 0


def test_a_full_spool_refuses_a_new_file():
    _, s = spool()
    f = s.create()
    f.write(b"x" * QUOTA, 0, QUOTA)
    with pytest.raises(StoreFull):
        s.create()
    f.close()
    s.create().close()


def test_the_reserve_of_the_partition_is_kept():
    folder, s = spool(room=RESERVE_OCTETS)
    with pytest.raises(StoreFull, match="data partition"):
        s.create()
    folder.room = RESERVE_OCTETS + 10
    f = s.create()
    with pytest.raises(StoreFull, match="data partition"):
        f.write(b"x" * 11, 0, 11)
    f.close()


def test_free_space_is_looked_at_again_and_again(monkeypatch):
    monkeypatch.setattr(spool_module, "LOOK_OCTETS", 50)
    folder, s = spool()
    f = s.create()
    f.write(b"x" * 10, 0, 10)
    folder.room = 0
    with pytest.raises(StoreFull):
        for _ in range(10):
            f.write(b"x" * 10, 0, 10)
    assert f.size <= 60
    f.close()


def test_many_files_do_not_eat_the_reserve_together():
    folder, s = spool(room=RESERVE_OCTETS + 600)
    files = [s.create() for _ in range(10)]
    for f in files:
        f.write(b"x", 0, 1)
    folder.room -= 10
    written = 10
    with pytest.raises(StoreFull):
        for f in files:
            f.write(b"x" * 90, 0, 90)
            folder.room -= 90
            written += 90
    assert written <= 600
    for f in files:
        f.close()


@pytest.mark.parametrize("operation", ["create", "open"])
@pytest.mark.parametrize("number", [EIO, ENOSPC, EMFILE])
def test_a_file_that_cannot_be_made(operation, number):
    """FAULTS 52, 53, 54, 105."""
    folder, s = spool(before=failing(operation, number))
    with pytest.raises(StoreFull if number == ENOSPC else StoreError):
        s.create()
    assert names(folder) == [] and folder.open_files == 0 and s.files == 0
    s.create().close()


@pytest.mark.parametrize("number", [EIO, ENOSPC])
def test_a_write_that_fails_spoils_only_its_file(number):
    folder, s = spool(before=failing("write", number, count=2))
    first = s.create()
    first.write(b"first", 0, 5)
    second = s.create()
    with pytest.raises(StoreFull if number == ENOSPC else StoreError):
        second.write(b"second", 0, 6)
    second.close()
    first.write(b" more", 0, 5)
    first.seal()
    assert first.read(0, 20) == b"first more"
    first.close()
    assert names(folder) == [] and s.used == 0


def test_a_read_that_fails():
    _, s = spool(before=failing("read", EIO))
    f = s.create()
    f.write(b"x", 0, 1)
    f.seal()
    with pytest.raises(StoreError):
        f.read(0, 1)
    assert f.read(0, 1) == b"x"
    f.close()


def test_closing_waits_for_whoever_holds_the_file():
    folder, s = spool()
    f = s.create()
    f.seal()
    f.hold()
    f.close()
    assert folder.open_files == 1 and len(names(folder)) == 1
    f.unhold()
    assert folder.open_files == 0 and names(folder) == []


def test_names_that_are_taken_are_gone_around():
    folder, s = spool()
    for i in range(5):
        folder.close(folder.create("spool/%d" % i))
    f = s.create()
    assert f.name == "spool/5"
    f.close()


def test_a_spool_that_cannot_be_emptied_says_so():
    folder, s = spool()
    s.create()

    def before(step, operation, target):
        if operation == "unlink":
            raise OSError(EIO)

    again = Spool(ModelFolder(folder.disk, before=before), QUOTA)
    assert len(again.problems) == 1 and "medium" in again.problems[0]
    again.create().close()
    assert len(again.problems) == 2
