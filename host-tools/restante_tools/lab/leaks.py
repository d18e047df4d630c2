"""Every secret of a test run, and whether a box shows one: in what it says, logs, stores.

Rule: a site that is taken down is looked at, whatever its test was about. What is found does not
end that test: it is kept here, and the run fails at its end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from restante.box import places

from restante_tools.lab import planted, sealed
from restante_tools.lab.gpt import partition

SHORTEST = 12  # octets; what is shorter, or is a word, stands in a program by chance
PIECE = 1 << 20


@dataclass(frozen=True)
class Leak:
    """Where a form of a secret was found."""

    where: str
    secret: str
    form: str
    offset: int

    def __str__(self) -> str:
        return f"{self.where} shows {self.secret} as {self.form} at {self.offset}"


class Own(NamedTuple):
    """A secret of one box, its name, and where on the medium it belongs."""

    secret: bytes
    name: str
    belongs: range = range(0)


class Watch:
    """The secrets of one run and what was found of them.

    `shortest`: lower where only logs and stores are looked at, no image with its programs.
    """

    def __init__(self, shortest: int = SHORTEST) -> None:
        self._shortest = shortest
        self._secrets: dict[bytes, str] = {}
        self._mail: dict[bytes, str] = {}
        self.leaks: list[Leak] = []
        self.octets = 0  # that were looked at

    def add(self, name: str, secret: str | bytes) -> None:
        self._secrets.setdefault(self._searchable(name, secret), name)

    def add_mail(self, name: str, text: str | bytes) -> None:
        """What stands in a mail: a box stores that, below its encryption and nowhere else."""
        self._mail.setdefault(self._searchable(name, text), name)

    def _searchable(self, name: str, secret: str | bytes) -> bytes:
        octets = secret.encode() if isinstance(secret, str) else secret
        if len(octets) < self._shortest:
            raise ValueError(f"{name} is too short to be searched for: give it another value")
        return octets

    def look(self, path: Path, own: Sequence[Own] = (), mail: bool = True) -> None:
        """Search a file for the secrets of the run, and for those of its box alone.

        `mail`: whether no mail belongs there either.
        """
        secrets = {**self._secrets, **self._mail} if mail else self._secrets
        run = [Own(secret, name) for secret, name in secrets.items()]
        needles = [
            (one, kind, form) for one in (*run, *own) for kind, form in planted.named_forms(one[0])
        ]
        overlap = max((len(form) for _, _, form in needles), default=1) - 1
        with path.open("rb") as file:
            for at, octets in pieces(file.fileno(), overlap):
                self.octets += len(octets)
                for one, kind, form in needles:
                    found = octets.find(form)
                    while found >= 0 and at + found in one.belongs:
                        found = octets.find(form, found + 1)
                    if found >= 0:
                        self._found(Leak(str(path), one.name, kind, at + found))

    def look_at_folder(self, folder: Path, own: Sequence[Own] = ()) -> None:
        """All that a native gate has written."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                self.look(path, own)

    def _found(self, leak: Leak) -> None:
        if leak not in self.leaks:
            self.leaks.append(leak)

    def look_at_box(self, disk: Path, log: Path, scratch: Path) -> None:
        """A box that is off: its medium, its data partition below the encryption, and all that its
        serial line showed.

        Its key belongs into one partition; the keys that come of it belong nowhere.
        """
        own = []
        record = sealed.recorded(disk)
        if record and record.key.strip(b"\0"):
            offset, size = partition(disk, places.KEY_PARTITION)
            own = [Own(key, name) for name, key in sealed.derived(record.key).items()]
            own.append(Own(record.key, "the box's key", range(offset, offset + size)))
            plain = scratch / "looked-at"
            sealed.open_to(disk, plain)
            self.look(plain, [Own(secret, name) for secret, name, _ in own], mail=False)
            plain.unlink()
        self.look(disk, own)
        if log.exists():
            self.look(log, [Own(secret, name) for secret, name, _ in own])


WATCH: Watch | None = None  # of the run, if it has one


def pieces(descriptor: int, overlap: int) -> Iterator[tuple[int, bytes]]:
    """(offset, octets) of all that was ever written: holes are not read."""
    end = os.fstat(descriptor).st_size
    at = 0
    while at < end:
        try:
            at = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError:
            return  # nothing but a hole is left
        hole = os.lseek(descriptor, at, os.SEEK_HOLE)
        while at < hole:
            yield at, os.pread(descriptor, min(PIECE + overlap, hole - at), at)
            at += PIECE
        at = min(at, hole)
