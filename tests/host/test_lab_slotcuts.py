"""An update that is in order passes at each cut of the power; each single thing out of order does
not.  The requests are made by hand, boot record and ledger by the firmware's own code."""

import random

import pytest
import small_image
from restante.update import ledger
from restante_tools.lab import slotcuts
from restante_tools.lab.slotcuts import Cuts, Firmware
from restante_tools.lab.slots import bootrecord
from restante_tools.lab.writelog import FLUSH, Request

A, B = 0, 1
LAYOUT = (("record", 1), *small_image.LAYOUT)
PLACES = {name: offset for name, (offset, _) in small_image.places(LAYOUT).items()}
HELD = 6000
CHANCE = random.Random(2)
OLD_KERNEL, OLD_ROOT, KERNEL, ROOT = (CHANCE.randbytes(HELD) for _ in range(4))
FIRMWARES = (Firmware("old", OLD_KERNEL, OLD_ROOT), Firmware("new", KERNEL, ROOT, "9.9.1"))


@pytest.fixture
def disk(tmp_path):
    path = small_image.make(tmp_path / "disk", held=HELD, layout=LAYOUT)
    first = bootrecord.pack(bootrecord.made())
    with path.open("r+b") as file:
        for name, content in (
            *((name, OLD_KERNEL) for name in ("kernelA", "kernelB")),
            *((name, OLD_ROOT) for name in ("rootA", "rootB")),
        ):
            file.seek(PLACES[name])
            file.write(content)
        for place in bootrecord.PLACES:
            file.seek(PLACES["record"] + place)
            file.write(first)
    return path


class Update:
    """What a box writes: rows of (what it is, offset, data); "" is a flush."""

    def __init__(self):
        self.rows = []
        self._record = bootrecord.made()
        self._next = 1
        self._ledger = ledger.Ledger()
        self._install()

    def put(self, what, name, at, data):
        self.rows.append((what, PLACES[name] + at, data))

    def flush(self):
        self.rows.append(("", 0, b""))

    def record(self, what, following):
        self._record = following(self._record)
        self.put(what, "record", bootrecord.PLACES[self._next], bootrecord.pack(self._record))
        self.flush()
        self._next = 1 - self._next

    def ledger(self, what):
        self._ledger.sequence += 1
        for copy in (0, 1):
            at = bootrecord.PLACES[copy] + bootrecord.LEDGER_AT
            self.put(f"{what} {copy}", "record", at, ledger.pack(self._ledger))
            self.flush()

    def _install(self):
        self.record("emptied", lambda record: bootrecord.emptied(record, A))
        self.record("emptied again", bootrecord.again)
        self.ledger("no label")
        self.put("kernel", "kernelB", 0, KERNEL)
        self.put("root's begin", "rootB", 0, ROOT[:1000])
        self.flush()
        self.put("root's end", "rootB", 1000, ROOT[1000:])
        self.flush()
        self._ledger.labels[B] = ledger.Label(1, 7, bytes(32), (), "9.9.1", 0)
        self.ledger("label")
        self.record("installed", lambda record: bootrecord.installed(record, A))
        self.record("counted", lambda record: record.next(B, 2, False, True))
        self.record("proven", bootrecord.proved)

    def place(self, what):
        return [row[0] for row in self.rows].index(what)

    def requests(self):
        for number, (what, offset, data) in enumerate(self.rows, 1):
            yield Request(number, 0 if what else FLUSH, offset, data)


def looked_at(disk, update):
    return Cuts(disk, FIRMWARES).take_all(update.requests())


def test_an_update_in_order(disk):
    cuts = looked_at(disk, Update())
    assert cuts.faults == []
    assert [(state.says, state.slot, state.firmware) for state in cuts.states] == [
        ((A, 0, True, True, 0), A, "old"),
        ((A, 0, True, False, 0), A, "old"),
        ((B, 3, False, True, 0), B, "new"),
        ((B, 2, False, True, 0), B, "new"),
        ((B, 0, True, True, 0), B, "new"),
    ]
    assert len(cuts.flushes) == 11 and cuts.torn == 5 * (2 * 512 // slotcuts.TEAR_OCTETS + 2)
    assert len(cuts.broken) == 1  # between the two writes of the slot


def without_flush(update, what):
    place = update.place(what)
    assert update.rows.pop(place + 1)[0] == ""


def moved(update, what, before):
    row = update.rows.pop(update.place(what))
    update.rows.insert(update.place(before), row)


def changed(update, what, data):
    place = update.place(what)
    update.rows[place] = (what, update.rows[place][1], data)


def left_out(update, what):
    del update.rows[update.place(what)]


def at_the_copy_that_counts(update, what):
    """The emptied record where the installed one is about to be, and so on."""
    place = update.place(what)
    _, offset, data = update.rows[place]
    other = sum(bootrecord.PLACES) + 2 * PLACES["record"] - offset
    update.rows[place] = (what, other, data)


@pytest.mark.parametrize(
    "change, fault",
    [
        (lambda u: left_out(u, "kernel"), "is not whole"),
        (lambda u: left_out(u, "root's end"), "is not whole"),
        (lambda u: changed(u, "root's end", ROOT[1000:-1] + b"\0"), "is not whole"),
        (lambda u: moved(u, "kernel", "emptied"), "while it may be started"),
        (lambda u: without_flush(u, "emptied"), "twice without a flush"),
        (lambda u: moved(u, "root's end", "counted"), "is not whole"),
        (lambda u: moved(u, "root's begin", "installed"), "comes before its slots"),
        (lambda u: at_the_copy_that_counts(u, "installed"), "a torn record"),
        (lambda u: left_out(u, "emptied again"), "while the two records differ"),
        (lambda u: without_flush(u, "no label 0"), "both copies of the ledger"),
        (lambda u: [left_out(u, f"label {n}") for n in (0, 1)], "does not know"),
    ],
)
def test_what_is_out_of_order_is_found(disk, change, fault):
    update = Update()
    change(update)
    assert any(fault in found for found in looked_at(disk, update).faults)


def test_a_disk_without_a_record_is_told(disk):
    with disk.open("r+b") as file:
        for place in bootrecord.PLACES:
            file.seek(PLACES["record"] + place)
            file.write(bytes(bootrecord.SECTOR_OCTETS))
    assert Cuts(disk, FIRMWARES).faults == ["0: no boot record is whole"]
