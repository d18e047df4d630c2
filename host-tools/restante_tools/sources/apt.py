"""Apt with a private state: another suite of the machine's own mirror.

Rule: lists, cache and configuration live in one folder of the build; the machine's are only read.
Every list is verified with Debian's keyring, every file by the hash in a verified list.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.processes import output_of, run
from restante_tools.sources.lock import FOREIGN_KINDS
from restante_tools.sources.mirror import ARCHITECTURE

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
UPDATE_DEADLINE = 300  # seconds for about 20 MB of lists
DOWNLOAD_DEADLINE = 1800  # seconds for the kernel's 150 MB on a line of 1 Mbit/s and more
RETRIES = 2  # of a single file, by apt itself
SILENCE = 30  # seconds without a byte before apt gives a connection up


class PrivateApt:
    """Apt for one suite, with everything that it writes below `folder`."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self.log = log

    def set_up(self, mirror: str, suite: str, foreign: Sequence[str] = ()) -> None:
        """Write the private configuration for `suite` of `mirror`.

        `foreign`: architectures beside this machine's, of whose packages lists are wanted too.
        """
        if not KEYRING.exists():
            raise ToolError(
                "Debian's keyring is missing",
                f"{KEYRING} comes with the package debian-archive-keyring",
                "run host-tools/setup",
            )
        for name in ("lists/partial", "cache/archives/partial", "parts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "suite.sources").write_text(
            "Types: deb deb-src\n"
            f"URIs: {mirror}\nSuites: {suite}\nComponents: main\n"
            f"Architectures: {' '.join((ARCHITECTURE, *foreign))}\nSigned-By: {KEYRING}\n"
        )
        machine = acquire_settings(output_of(["apt-config", "dump"]))
        (self.folder / "apt.conf").write_text(machine + self._own_settings(foreign))

    def _own_settings(self, foreign: Sequence[str]) -> str:
        own = {
            "Dir::State": self.folder,
            "Dir::State::lists": self.folder / "lists",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::Main": "/dev/null",
            "Dir::Etc::Parts": self.folder / "parts",
            "Dir::Etc::SourceList": self.folder / "suite.sources",
            "Dir::Etc::SourceParts": "/dev/null",
            "APT::Architecture": ARCHITECTURE,
            "APT::Sandbox::User": "root" if os.getuid() == 0 else "",
            "APT::Update::Error-Mode": "any",
            "Acquire::Retries": RETRIES,
            "Acquire::http::Timeout": SILENCE,
            "Acquire::https::Timeout": SILENCE,
            "Acquire::Languages": "none",
        }
        known = " ".join(f'"{name}";' for name in (ARCHITECTURE, *foreign))
        lists = f"APT::Architectures {{ {known} }};\n"
        return lists + "".join(f'{name} "{value}";\n' for name, value in own.items())

    @property
    def _extra(self) -> dict[str, str]:
        return {"APT_CONFIG": str(self.folder / "apt.conf")}

    def update(self) -> None:
        """Fetch and verify the suite's lists."""
        try:
            run(["apt-get", "update"], self.log, extra=self._extra, deadline=UPDATE_DEADLINE)
        except ToolError as error:
            raise explained(error, self.log) from error

    def versions(self, name: str, kind: str) -> list[str]:
        """Versions of a package in the suite, highest first."""
        if kind == "source":
            text = output_of(["apt-cache", "showsrc", name], extra=self._extra)
            wanted = re.compile(rf"^Package: {re.escape(name)}$", re.MULTILINE)
            records = [record for record in text.split("\n\n") if wanted.search(record)]
            found = re.findall(r"^Version: (\S+)$", "\n".join(records), re.MULTILINE)
        else:
            text = output_of(["apt-cache", "show", qualified(name, kind)], extra=self._extra)
            found = re.findall(r"^Version: (\S+)$", text, re.MULTILINE)
        return highest_first(found)

    def download(self, name: str, kind: str, version: str, into: Path) -> None:
        """Fetch one package into the empty folder `into`; apt checks the hashes of its files."""
        verb = ["source", "--download-only"] if kind == "source" else ["download"]
        command = ["apt-get", *verb, f"{qualified(name, kind)}={version}"]
        try:
            run(command, self.log, folder=into, extra=self._extra, deadline=DOWNLOAD_DEADLINE)
        except ToolError as error:
            raise explained(error, self.log) from error


def qualified(name: str, kind: str) -> str:
    """What apt calls a package: one for the box's processor carries its architecture."""
    return f"{name}:{kind}" if kind in FOREIGN_KINDS else name


def acquire_settings(dump: str) -> str:
    """The machine's own way to reach its mirror (proxy, certificates), from `apt-config dump`."""
    kept = [
        line
        for line in dump.splitlines()
        if line.startswith("Acquire::")
        and "::IndexTargets" not in line
        # an empty value of a list's head would end the list
        and not line.endswith(' "";')
    ]
    return "".join(line + "\n" for line in kept)


def highest_first(versions: list[str]) -> list[str]:
    """Without repetitions, sorted by Debian's rules."""
    return sorted(dict.fromkeys(versions), key=functools.cmp_to_key(compared), reverse=True)


def compared(one: str, other: str) -> int:
    """-1, 0 or 1, as dpkg compares the two versions."""
    if one == other:
        return 0
    newer = subprocess.run(["dpkg", "--compare-versions", one, "gt", other], check=False)
    return 1 if newer.returncode == 0 else -1


def explained(error: ToolError, log: Path) -> ToolError:
    """Apt's failure in our words: which of the usual causes it was."""
    said = error.what
    if re.search(r"NO_PUBKEY|not signed|BADSIG|EXPKEYSIG|invalid signature", said):
        return ToolError(
            "the mirror's lists are not signed by Debian",
            "the mirror, or something between, is not what it claims to be; or the keyring is old",
            f"update debian-archive-keyring, try another mirror; log: {log}",
            VERIFICATION_FAILED,
        )
    if re.search(r"Hash Sum mismatch|unexpected size", said):
        return ToolError(
            "a file from the mirror is not the one that Debian signed",
            "the mirror is being updated, or a proxy keeps an old copy",
            f"try again in a few minutes; log: {log}",
            VERIFICATION_FAILED,
        )
    if re.search(r"No space left|enough free space", said):
        return ToolError(
            "no space left while fetching", "the disk is full", "free some space, run again"
        )
    if re.search(r"resolv|connect|timed out|Network is unreachable|Failed to fetch", said):
        return ToolError(
            "the Debian mirror cannot be reached",
            "no network, a proxy that apt does not know, or the mirror is down",
            f"see whether `apt-get update` works on this machine; log: {log}",
        )
    return error
