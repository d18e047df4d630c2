"""The lock file: name, version and hash of everything taken from Debian.

Rule: reads and writes the file's text only; knows nothing of apt.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from restante_tools.errors import ToolError

HEADER = """\
# All that is built into the box, as taken from Debian: name, version, SHA-256 of each file.
# Written by `restante sources --update`. `series` is the upstream series that may stand in when
# the mirror no longer has the version.
"""
# Kinds of which the files are taken as Debian made them: of no architecture, or of another's.
FILES_KIND = "files"
# Kinds that are another architecture's packages, and that architecture's name.
FOREIGN_KINDS = frozenset({"armhf"})


@dataclass(frozen=True)
class Package:
    """One package of the suite: a source package, a binary one that carries a source, or one whose
    files are taken as Debian built them: for any processor, or for the box's."""

    name: str
    kind: str  # "source", "binary" (carries a source), "files" or "armhf" (programs of the box)
    series: str  # upstream versions that may replace this one begin so, epoch left out
    licence: str  # SPDX expression, for the bill of materials
    version: str
    files: dict[str, str] = field(default_factory=dict)  # file name: SHA-256

    @property
    def upstream(self) -> str:
        """The version without Debian's epoch and revision."""
        return self.version.rsplit("-", 1)[0].split(":", 1)[-1]

    def in_series(self, version: str) -> bool:
        """Whether `version` belongs to the same upstream series."""
        return version.split(":", 1)[-1].startswith(self.series)

    def fingerprint(self) -> str:
        """A hash over all file hashes: changes when the source changes."""
        text = "".join(f"{name} {digest}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Lock:
    """The suite and its packages, by name."""

    suite: str
    packages: dict[str, Package]


def read(path: Path) -> Lock:
    """Read a lock file; ToolError if it is not one."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        packages = {name: Package(name=name, **entry) for name, entry in data["packages"].items()}
        return Lock(data["suite"], packages)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(
            f"{path.name} cannot be read: {error}",
            "the file was edited by hand or a merge went wrong",
            f"restore it from git: git checkout {path}",
        ) from error


def text_of(lock: Lock) -> str:
    """The lock file's text, in a fixed order."""
    lines = [HEADER, f'suite = "{lock.suite}"\n']
    for name, package in sorted(lock.packages.items()):
        lines.append(f"\n[packages.{name}]\n" if "." not in name else f'\n[packages."{name}"]\n')
        for key in ("kind", "version", "series", "licence"):
            lines.append(f'{key} = "{getattr(package, key)}"\n')
        lines.append("files = {")
        entries = [f'"{file}" = "{digest}"' for file, digest in sorted(package.files.items())]
        lines.append(" " + ", ".join(entries) + " }\n")
    return "".join(lines)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
