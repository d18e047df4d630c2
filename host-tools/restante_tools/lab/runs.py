"""One run of the lab: its name, its folder, its lock; and what dead runs left behind.

Rule: everything that a run makes outside `build/` carries its name, and a run is alive exactly as
long as its lock is held. The kernel drops the lock however the run ends, so nothing is guessed
from process numbers, which are used again.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from restante_tools.errors import ToolError
from restante_tools.lab.deadline import Deadline
from restante_tools.places import REPOSITORY

PREFIX = "rst-"  # of namespaces and run folders; short: a socket path has 108 octets
HOME = Path("/run/restante-lab")  # root's tmpfs: gone after a restart of the machine
NETNS = Path("/run/netns")  # where iproute2 keeps named namespaces
STOP_SECONDS = 30.0  # ending takes Dovecot, QEMU and dnsmasq at most 5 s each


class Run:
    """A live run. Use as a context manager; leaving it removes the folder."""

    def __init__(self, home: Path = HOME) -> None:
        home.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.name = PREFIX + secrets.token_hex(4)
        self.folder = home / self.name
        # Locked before it has its name, and before the folder: no sweep sees either without it.
        self._lock_path = home / (self.name + ".lock")
        unnamed = home / ("new-" + self.name)
        self._lock = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unnamed.rename(self._lock_path)
        self.folder.mkdir(mode=0o755)
        self.note()

    def note(self, **facts: Any) -> None:
        """Write down what `restante stop` and `restante console` need to find."""
        facts.update(pid=os.getpid(), repository=str(REPOSITORY))
        new = self.folder / "run.json.new"
        new.write_text(json.dumps(facts), encoding="utf-8")
        new.rename(self.folder / "run.json")

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def locked(path: Path) -> bool:
    """Whether the run that owns this lock file is alive."""
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def names(home: Path = HOME) -> list[str]:
    """Names of all runs, alive or dead, that left a lock, a folder or a namespace."""
    found = {path.name.removesuffix(".lock") for path in listed(home)}
    found.update(path.name[: len(PREFIX) + 8] for path in listed(NETNS))
    return sorted(found)


def listed(folder: Path) -> list[Path]:
    return list(folder.glob(PREFIX + "*")) if folder.is_dir() else []


def alive(home: Path = HOME) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and facts of the runs of this checkout that are alive."""
    for name in alive_names(home):
        try:
            facts = json.loads((home / name / "run.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # a run between its lock and its folder, or on its way out
        if facts["repository"] == str(REPOSITORY):
            yield name, facts


def alive_names(home: Path = HOME) -> list[str]:
    """Names of all runs that are alive, of any checkout."""
    return [name for name in names(home) if locked(home / (name + ".lock"))]


def sweep(home: Path = HOME) -> list[str]:
    """Remove what dead runs left behind; their names. One sweep at a time."""
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    swept = []
    with (home / "sweep").open("w", encoding="ascii") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        for name in names(home):
            lock = home / (name + ".lock")
            if locked(lock):
                continue
            for namespace in NETNS.glob(name + "-*"):
                remove_namespace(namespace.name)
            shutil.rmtree(home / name, ignore_errors=True)
            lock.unlink(missing_ok=True)
            swept.append(name)
    return swept


def remove_namespace(name: str) -> None:
    """End what runs in a namespace of ours, then remove it."""
    for pid in iproute("netns", "pids", name).split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue  # ended by itself
    iproute("netns", "del", name)


def iproute(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(
            f"ip {' '.join(words)} failed: {done.stderr.strip()}",
            "not root, or network namespaces are switched off in this kernel",
            "run as root: sudo make run",
        )
    return done.stdout


def stop_all(home: Path = HOME) -> list[str]:
    """End the live runs of this checkout, wait until they are gone, sweep; the names ended."""
    ended = []
    for name, facts in list(alive(home)):
        os.kill(facts["pid"], signal.SIGTERM)
        lock = home / (name + ".lock")
        deadline = Deadline(
            STOP_SECONDS,
            "the run hangs",
            f"kill -9 {facts['pid']}, then `make stop` again",
        )
        deadline.wait(lambda lock=lock: not locked(lock), f"end of run {name}")  # type: ignore[misc]
        ended.append(name)
    sweep(home)
    return ended
