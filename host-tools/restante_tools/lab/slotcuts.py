"""Boot record and slots wherever the power may be cut, from the record of what a box wrote.

Rule: what was there at the last flush is there; of what was written since, all, nothing or any
part may be. So a slot may be written only while what is durable says that it is not started, and
a record may name only a slot that is durable to its last octet. Record and ledger are read by the
firmware's own code, contents are compared octet by octet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restante.update import ledger as firmware_ledger

from restante_tools.lab.gpt import partition
from restante_tools.lab.slots import PARTITION, bootrecord
from restante_tools.lab.writelog import Request

ledger: Any = firmware_ledger  # the box's Python carries no types
SLOT_PARTITIONS = [("kernel" + letter, "root" + letter) for letter in bootrecord.SLOTS]
PARTITIONS = [PARTITION, *SLOT_PARTITIONS[0], *SLOT_PARTITIONS[1]]
TEAR_OCTETS = 4  # a sector is torn after each word
BLANK = (b"\0", b"\xff")  # what a sector may be that was being written: nothing, or erased flash


@dataclass(frozen=True)
class Firmware:
    """What a slot may hold. `version`: as root's ledger must name it, if it came by a bundle."""

    name: str
    kernel: bytes
    root: bytes
    version: str = ""


@dataclass(frozen=True)
class State:
    """From the flush `number` on the record says this; `slot` is started, and holds `firmware`."""

    number: int
    says: tuple[int, int, bool, bool, int]
    slot: int
    firmware: str


@dataclass(frozen=True)
class Piece:
    """A part of a request that lies in one of the partitions."""

    name: str
    at: int
    data: bytes

    def of(self, place: int, octets: int) -> bytes:
        """What it puts there: empty, if it does not reach there."""
        begin = max(place, self.at)
        return self.data[begin - self.at : max(begin, place + octets) - self.at]


def startable(record: Any) -> list[int]:
    """The slots that U-Boot may start before the box writes again: first the one it will."""
    other = 1 - int(record.slot)
    if not record.proven and not record.tries and record.other_proven:
        return [other]
    return [record.slot, other] if record.other_proven else [record.slot]


def torn(old: bytes, new: bytes) -> Iterator[bytes]:
    """What a sector may be whose writing was cut off."""
    for at in range(0, len(new), TEAR_OCTETS):
        yield new[:at] + old[at:]
        yield old[:at] + new[at:]
    for octet in BLANK:
        yield octet * len(new)


class Cuts:
    """Takes request after request; `states` in their order, `faults` in words."""

    def __init__(self, disk: Path, firmwares: Sequence[Firmware]) -> None:
        """`disk`: as it was before the first request."""
        self.states: list[State] = []
        self.faults: list[str] = []
        self.broken: list[int] = []  # flushes at which a slot holds no whole firmware
        self.flushes: list[int] = []
        self.torn = 0
        self._firmwares = firmwares
        self._pending: list[Piece] = []
        self._places = {name: partition(disk, name) for name in PARTITIONS}
        self._durable = {}
        with disk.open("rb") as file:
            for name, (offset, size) in self._places.items():
                file.seek(offset)
                self._durable[name] = bytearray(file.read(size))
        self._contents = [self._content(slot) for slot in (0, 1)]
        self._note(0)

    def take_all(self, requests: Iterable[Request]) -> Cuts:
        for request in requests:
            self.take(request)
        return self

    def take(self, request: Request) -> None:
        if request.is_flush:
            self._flush(request.number)
        self._pending += self._pieces(request)

    def record(self) -> Any:
        """What is durable, or None."""
        return bootrecord.newest(self._copies())[0]

    def _pieces(self, request: Request) -> Iterator[Piece]:
        for name, (offset, size) in self._places.items():
            at = request.offset - offset
            if request.data and 0 <= at < size:
                yield Piece(name, at, request.data)

    def _copies(self) -> list[bytes]:
        record = self._durable[PARTITION]
        return [bytes(record[at : at + bootrecord.SECTOR_OCTETS]) for at in bootrecord.PLACES]

    # -- between two flushes

    def _flush(self, number: int) -> None:
        written = {
            slot
            for slot in (0, 1)
            if any(piece.name in SLOT_PARTITIONS[slot] for piece in self._pending)
        }
        before = self.record()
        for slot in written.intersection(startable(before) if before else (0, 1)):
            self._fault(
                number, f"slot {bootrecord.SLOTS[slot]} is written while it may be started"
            )
        self._look_at_records(number, before, written)
        self._look_at_ledgers(number)
        for piece in self._pending:
            self._durable[piece.name][piece.at : piece.at + len(piece.data)] = piece.data
        self._pending = []
        for slot in written:
            self._contents[slot] = self._content(slot)
        self._note(number)
        self.flushes.append(number)

    def _look_at_records(self, number: int, before: Any, written: set[int]) -> None:
        writes = [
            (copy, octets)
            for piece in self._pending
            for copy, octets in self._of_record(piece)
            if octets != self._copies()[copy]
        ]
        if len(writes) > 1:
            self._fault(number, "the boot record is written twice without a flush in between")
        for copy, octets in writes:
            self._look_at_record(number, before, copy, octets, written)

    def _of_record(self, piece: Piece) -> Iterator[tuple[int, bytes]]:
        if piece.name != PARTITION:
            return
        for copy, place in enumerate(bootrecord.PLACES):
            octets = piece.of(place, bootrecord.SECTOR_OCTETS)
            if octets:
                yield copy, octets

    def _look_at_record(
        self, number: int, before: Any, copy: int, octets: bytes, written: set[int]
    ) -> None:
        """Torn, it says what it said or what it will; what it will say is true already."""
        state = self._copies()
        old = state[copy]
        state[copy] = octets
        after, _ = bootrecord.newest(state)
        allowed = [record.says() for record in (before, after) if record]
        for variant in torn(old, octets):
            state[copy] = variant
            found, _ = bootrecord.newest(state)
            self.torn += 1
            if not found or found.says() not in allowed:
                self._fault(number, f"a torn record says {found}, not one of {allowed}")
                break
        for slot in startable(after) if after else ():
            if slot in written or not self._contents[slot]:
                self._fault(number, f"{after} comes before its slots are whole")

    def _look_at_ledgers(self, number: int) -> None:
        """One copy at a time; the record in its erase block says what the other says."""
        copies = {
            copy
            for piece in self._pending
            for copy, place in enumerate(bootrecord.PLACES)
            if piece.name == PARTITION
            and piece.of(place + bootrecord.LEDGER_AT, bootrecord.LEDGER_OCTETS)
        }
        if len(copies) > 1:
            self._fault(number, "both copies of the ledger are written without a flush in between")
        records = [bootrecord.unpack(copy) for copy in self._copies()]
        if copies and (not all(records) or records[0].says() != records[1].says()):
            self._fault(number, "the ledger is written while the two records differ")

    # -- at a flush

    def _note(self, number: int) -> None:
        record = self.record()
        if record is None:
            self._fault(number, "no boot record is whole")
            return
        for slot in startable(record):
            self._look_at_slot(number, slot)
        if not all(self._contents):
            self.broken.append(number)
        slot = startable(record)[0]
        state = State(number, record.says(), slot, self._contents[slot])
        if not self.states or self.states[-1].says != state.says:
            self.states.append(state)

    def _look_at_slot(self, number: int, slot: int) -> None:
        letter, found = bootrecord.SLOTS[slot], self._contents[slot]
        if not found:
            self._fault(number, f"slot {letter} may be started and is not whole")
        version = next((one.version for one in self._firmwares if one.name == found), "")
        if version and version != self._labelled(slot):
            self._fault(number, f"slot {letter} holds {version}, which the ledger does not know")

    def _content(self, slot: int) -> str:
        """Whose firmware it is, to the last octet; empty: nobody's."""
        kernel, root = (self._durable[name] for name in SLOT_PARTITIONS[slot])
        for one in self._firmwares:
            if kernel.startswith(one.kernel) and root.startswith(one.root):
                return one.name
        return ""

    def _labelled(self, slot: int) -> str:
        record = self._durable[PARTITION]
        places = [place + bootrecord.LEDGER_AT for place in bootrecord.PLACES]
        copies = [bytes(record[at : at + bootrecord.LEDGER_OCTETS]) for at in places]
        label = ledger.newest(copies)[0].labels.get(slot)
        return str(label.version) if label else ""

    def _fault(self, number: int, what: str) -> None:
        self.faults.append(f"{number}: {what}")
