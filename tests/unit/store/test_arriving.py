"""A bundle on its way: resumed, repeated, damaged; no room; a cut of the power at any step.

FAULTS 67, 68, 80, 81, 82.
"""

import asyncio
import base64
import hashlib
import zlib

import pytest
from model_disk import ModelDisk, ModelFolder
from restante.errors import StoreFull
from restante.limits import CONTROL_LINE_OCTETS
from restante.store.faults import EIO, ENOSPC
from restante.update import arriving
from restante.update.arriving import OCTETS_LIMIT, PIECE_OCTETS, Arriving
from restante.update.fault import BundleError
from restante.update.installing import INCOMING
from restante.update.writing import RESERVE_OCTETS

DATA = bytes(range(256)) * 2
PIECE = 100


def sha(data):
    return hashlib.sha256(data).digest()


def new_disk():
    disk = ModelDisk()
    folder = ModelFolder(disk)
    folder.make("updates")
    asyncio.run(folder.off_loop(None).fsync_folder(""))
    return disk


class Way:
    """One program's part of it."""

    def __init__(self, disk=None, **parts):
        self.disk = disk or new_disk()
        self.folder = ModelFolder(self.disk, **parts)
        self.busy = False
        self.one = Arriving(self.folder, self.folder.off_loop(None), lambda: self.busy)

    def begin(self, data=DATA, octets=None):
        return asyncio.run(self.one.begin(sha(data), len(data) if octets is None else octets))

    def piece(self, at, data=DATA, n=PIECE, crc=None):
        octets = data[at : at + n]
        text = base64.b64encode(octets).decode()
        return asyncio.run(self.one.data(at, text, zlib.crc32(octets) if crc is None else crc))

    def send(self, data=DATA, at=None, until=None):
        at = self.begin(data) if at is None else at
        while at < (len(data) if until is None else until):
            at = self.piece(at, data)
        return at

    def end(self):
        asyncio.run(self.one.end())

    def refused(self, call, *arguments, **parts):
        with pytest.raises(BundleError) as error:
            call(*arguments, **parts)
        assert error.value.what and error.value.cause and error.value.step
        assert self.folder.open_files == 0
        return error.value

    def files(self):
        names = self.disk.root.names["updates"].names
        return {name.split("-")[0]: node.data for name, node in names.items()}


def test_it_arrives():
    way = Way()
    assert way.begin() == 0
    way.send(at=0)
    way.end()
    assert way.files() == {"incoming": DATA} and way.folder.open_files == 0
    way.end()  # the answer was lost
    assert way.begin() == len(DATA)


def test_the_longest_piece_fits_a_line_of_the_console():
    text = base64.b64encode(bytes(PIECE_OCTETS)).decode()
    line = f"update data {OCTETS_LIMIT} {text} {0xFFFFFFFF:08x}"
    assert len(line) <= CONTROL_LINE_OCTETS  # what is in front of it has room of its own


def test_a_piece_is_taken_once_at_its_place_or_not_at_all():
    way = Way()
    assert way.refused(way.piece, 0).code == "nothing"
    way.send(until=200)
    for at in (0, 100, 199, 201, 300):
        assert "wanted is offset 200" in str(way.refused(way.piece, at)), at
    assert "CRC-32" in str(way.refused(way.piece, 200, crc=1))
    assert "too long" in str(way.refused(way.piece, 200, DATA * 20, n=PIECE_OCTETS + 1))
    assert "too long" in str(way.refused(way.piece, 200, DATA * 2, n=len(DATA) - 200 + 1))
    assert way.files() == {"part": DATA[:200]}
    assert "wanted is offset 200" in str(way.refused(way.end))
    for text in ("", "=", "!!!!", "QUJD\x00"):
        with pytest.raises(BundleError):
            asyncio.run(way.one.data(200, text, 1))
    way.send(at=200)
    way.end()
    assert way.files() == {"incoming": DATA}


def test_it_goes_on_after_a_restart_where_it_was():
    way = Way()
    way.send(until=300)
    again = Way(way.disk)
    assert again.refused(again.piece, 300).code == "nothing"
    assert again.begin() == 300
    again.send(at=300)
    again.end()
    assert again.files() == {"incoming": DATA}


def test_another_one_takes_its_place():
    """FAULTS 82."""
    way = Way()
    way.send(until=300)
    assert way.begin(DATA + b"x") == 0
    assert len(way.files()) == 1
    assert way.begin(DATA) == 0


def test_one_that_was_not_installed_makes_room_for_the_next():
    way = Way()
    way.send()
    way.end()
    way.busy = True
    way.begin(DATA + b"x")
    assert "incoming" in way.files()  # it is being installed
    way.busy = False
    way.begin(DATA + b"y")
    assert set(way.files()) == {"part"}


def test_what_is_not_what_was_announced():
    way = Way()
    way.begin()
    at = 0
    other = DATA[:-1] + b"?"
    while at < len(other):
        at = way.piece(at, other)
    assert way.refused(way.end).code == "payload"
    assert way.files() == {} and way.begin() == 0


@pytest.mark.parametrize("octets", [0, OCTETS_LIMIT + 1])
def test_no_bundle_is_so_long(octets):
    way = Way()
    assert way.refused(way.begin, octets=octets).code == "malformed"


def test_the_longest_bundle():
    assert Way().begin(octets=OCTETS_LIMIT) == 0


def test_room_for_it_and_for_what_it_brings():
    way = Way(room=2 * len(DATA) + RESERVE_OCTETS - 1)
    with pytest.raises(StoreFull):
        way.begin()
    assert way.refused(way.piece, 0).code == "nothing"
    way.folder.room += 1
    assert way.begin() == 0


def test_not_while_something_is_installed():
    way = Way()
    way.send()
    way.busy = True
    assert way.refused(way.end).code == "busy"
    way.busy = False
    way.end()


def test_nothing_is_taken_while_it_is_ended():
    way = Way()
    way.send()
    way.one._calls.pause = lambda: asyncio.sleep(0)

    async def both():
        return await asyncio.gather(
            way.one.end(), way.one.begin(sha(b"x"), 1), way.one.end(), return_exceptions=True
        )

    first, second, third = asyncio.run(both())
    assert first is None and (second.code, third.code) == ("busy", "busy")
    assert way.files() == {"incoming": DATA}


@pytest.mark.parametrize("number", [EIO, ENOSPC])
def test_a_fault_at_any_step(number):
    """FAULTS 68: what is there counts, and the rest is sent."""
    at, failed = 0, [""]
    while failed:
        at += 1
        failed = []

        def fault(step, operation, target, at=at, failed=failed):
            if step == at:
                failed.append(operation)
                raise OSError(number)

        way = Way(before=fault)
        try:
            way.send()
            way.end()
        except OSError:
            assert way.folder.open_files == 0, failed
            way.send()
            way.end()
        assert way.files() == {"incoming": DATA}, failed
    assert at > 20


def test_a_cut_of_the_power_at_any_step(monkeypatch):
    """FAULTS 68: all of it is there, or what is there is not taken for it."""
    monkeypatch.setattr(arriving, "SYNC_OCTETS", 150)
    way = Way()
    moments = []
    way.folder.before = lambda *step: moments.append(way.disk.snapshot())
    way.send()
    way.end()
    moments.append(way.disk.snapshot())
    seen, resumed = set(), 0
    for disk in moments:
        for crashed in disk.crashes():
            if crashed.content() in seen:
                continue
            seen.add(crashed.content())
            after = Way(crashed)
            assert after.files().get("incoming", DATA) == DATA
            at = after.begin()
            resumed += 0 < at < len(DATA)
            after.send(at=at)
            try:
                after.end()
            except BundleError as error:  # a torn write: once more from the start
                assert error.code == "payload"
                assert after.begin() == 0
                after.send(at=0)
                after.end()
            assert after.folder._find(INCOMING).data == DATA
    assert resumed > 10
    for crashed in way.disk.crashes():
        assert ModelFolder(crashed)._find(INCOMING).data == DATA
