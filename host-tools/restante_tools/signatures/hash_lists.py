"""Reads plain lists of hashes: a digest a line, or CSV whose columns are told by shape. Pure.

A line's longest digest (SHA-256 before SHA-1 before MD5) is taken. Its name is that in the column
which a header line calls the signature; without a header, the first field that is neither a digest
nor a number nor a date; without one, the file's name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import PurePath

from restante_tools.signatures.clamav import NAME_MAX, check_name
from restante_tools.signatures.model import (
    DIGEST_KIND_OF_LENGTH,
    Entry,
    Hash,
    Place,
    Refusal,
    Unsupported,
)

DIGEST = re.compile(r"[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{8})?(?:[0-9A-Fa-f]{24})?")
DIGITS = (32, 40, 64)
DULL = re.compile(r"[-+0-9.:/ TZ]*")  # numbers and dates
NAME_COLUMNS = ("signature", "signature_name", "malware", "threat", "family", "name", "label")
UNFIT = re.compile(r"[^!-9;-~]+")
EMPTY = ("", "n/a", "none", "null", "-")


def fields_of(line: str) -> list[str]:
    """The fields of a line: CSV with commas or semicolons, tabs, or a digest and what follows."""
    for separator in ",;\t":
        if separator in line:
            row = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
            return [field.strip() for field in row]
    first, _, rest = line.strip().partition(" ")
    return [first.strip('"'), rest.strip().lstrip("*").strip('"')]


def is_digest(field: str) -> bool:
    """Has the field the shape of a digest?"""
    return len(field) in DIGITS and DIGEST.fullmatch(field) is not None


def name_column(fields: list[str]) -> int | None:
    """Which column a header line calls the name; None if it calls none so."""
    columns = [field.strip('"# ').lower() for field in fields]
    return next((columns.index(name) for name in NAME_COLUMNS if name in columns), None)


def name_of(fields: list[str], column: int | None, otherwise: str) -> str:
    """A name that may stand in a report."""
    if column is not None and column < len(fields):
        candidates = [fields[column]]
    else:
        candidates = [f for f in fields if not is_digest(f) and not DULL.fullmatch(f)]
    chosen = next((each for each in candidates if each.lower() not in EMPTY), otherwise)
    return check_name(UNFIT.sub("_", chosen)[:NAME_MAX])


def read_list(file: str, text: bytes) -> Iterator[Entry | Refusal]:
    """All hashes of one file, in order."""
    otherwise = UNFIT.sub("_", PurePath(file).stem) + ".Listed"
    column: int | None = None
    for number, raw in enumerate(text.decode("utf-8-sig", "replace").splitlines(), 1):
        line = raw.strip()
        fields = fields_of(line.lstrip("# ")) if line else []
        digests = sorted(filter(is_digest, fields), key=len)
        if not line or line.startswith(("#", "//")) or not digests:
            found = name_column(fields)
            column = column if found is None else found
            if line and not line.startswith(("#", "//")) and found is None:
                yield Refusal(Place(file, number), "", "no digest of 32, 40 or 64 digits")
            continue
        place = Place(file, number)
        digest = bytes.fromhex(digests[-1])
        try:
            name = name_of(fields, column, otherwise)
            yield Entry(place, Hash(name, DIGEST_KIND_OF_LENGTH[len(digest)], digest, None))
        except Unsupported as refused:
            yield Refusal(place, "", str(refused))
