"""A publisher's keys, all at once: a pair for each person or place, and the first key set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from restante.update import keys as key_sets

from restante_tools.bundles import secret
from restante_tools.bundles.making import told

SET = "keys"
ROOT_KEYS = 3
ROOT_THRESHOLD = 2
# As `restante keys create` makes them, unless told otherwise.
COUNTS = {key_sets.ROOT: ROOT_KEYS, key_sets.FIRMWARE: 1, key_sets.SIGNATURES: 1}

Password = Callable[[Path], str | None]


def no_password(path: Path) -> None:
    """Keys that whoever reads the file can use."""


def create(
    folder: Path, counts: dict[str, int], root_threshold: int, password: Password
) -> list[tuple[str, Path]]:
    """Fills `folder`: ROLE-N.key, ROLE-N.pub, and `keys`, the set of epoch 1.

    `password` is asked for each file. Returns (name, file) of each secret key.
    """
    made, named = [], []
    for role in key_sets.ROLES:
        for number in range(1, counts[role] + 1):
            path = folder / f"{role}-{number}.key"
            key = secret.create()
            secret.write(key, path, password(path))
            made.append(key_sets.Key(role, key.id, key.public))
            named.append((key.name, path))
    thresholds = {role: 1 for role in key_sets.ROLES} | {key_sets.ROOT: root_threshold}
    text = key_sets.KeySet(1, thresholds, made, []).write()
    with told("the key set"):
        key_sets.parse(text)
    secret.new_file(folder / SET, text, 0o644)
    return named
