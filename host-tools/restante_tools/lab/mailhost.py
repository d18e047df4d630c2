"""A mail server that believes in the system's users, on a system that is made of mounts.

Such servers know one /etc/passwd and one /var/mail. Each gets its own, bound over the machine's in
a mount namespace that nobody else sees. Rule: nothing of the machine is changed; root is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.dovecot import Account, Plan
from restante_tools.lab.namespaces import Namespace, is_listening
from restante_tools.places import REPOSITORY, Places

START_SECONDS = 20.0
SERVICE_USER, SERVICE_ID = "popa3d", 65531  # as whom popa3d speaks before a login
FIRST_ID = 65000  # of the accounts; below the machine's own `nobody`, above its users
ACCOUNTS = 500  # of one server: their ids end below SERVICE_ID

# Over what of the machine each of our files and folders is bound.
MOUNTS = {
    "passwd": "/etc/passwd",
    "shadow": "/etc/shadow",
    "group": "/etc/group",
    "nsswitch.conf": "/etc/nsswitch.conf",
    "pam.d": "/etc/pam.d",
    "mail": "/var/mail",
    "lib": "/var/lib",
}
PAM = "auth required pam_unix.so nodelay\naccount required pam_unix.so\n"


class MailHost(ABC):
    """A running server with its maildrops; `stop` and `start` take it off the net and back."""

    name = ""  # of the server, for people
    package = ""  # its folder below build/unpacked
    program = ""  # within that folder
    service = ""  # its name for PAM
    top_adds_a_line = False  # between header and body, which RETR does not

    def __init__(
        self, plan: Plan, accounts: Sequence[Account], namespace: Namespace | None = None
    ) -> None:
        self.plan = plan
        self._namespace = namespace
        self._passwords = {account.user: account.password for account in accounts}
        self._ids = {account.user: FIRST_ID + n for n, account in enumerate(accounts)}
        assert len(accounts) <= ACCOUNTS
        plan.folder.mkdir(parents=True)
        self._lay_out()
        for account in accounts:
            self.make_maildrop(account.user)
            for message in account.messages:
                self.deliver(account.user, message)
        self.start()

    # What the servers do differently.

    def words(self) -> list[str]:
        """The command line of one session."""
        return [str(Places().unpacked / self.package / self.program)]

    @abstractmethod
    def make_maildrop(self, user: str) -> None:
        """Make an empty one."""

    @abstractmethod
    def deliver(self, user: str, message: bytes) -> None:
        """Put a message (LF lines) at the end of a maildrop, as a delivery agent does."""

    @abstractmethod
    def messages(self, user: str) -> list[bytes]:
        """What is in a maildrop now, in the order of the listing, LF lines."""

    # What they share.

    def set_password(self, user: str, password: str) -> None:
        """From the next login on."""
        self._passwords[user] = password
        self._write_shadow()

    def maildrop(self, user: str) -> Path:
        return self.plan.folder / "mail" / user

    def give(self, user: str, paths: Iterable[Path]) -> None:
        """Make the account the owner."""
        for path in paths:
            os.chown(path, self._ids[user], self._ids[user])

    def _lay_out(self) -> None:
        for folder in ("pam.d", "mail", "lib/popa3d", "locks"):
            (self.plan.folder / folder).mkdir(parents=True)
        for shared in ("mail", "locks"):
            (self.plan.folder / shared).chmod(0o1777)
        rows = [("root", 0), ("mail", 8), (SERVICE_USER, SERVICE_ID), *self._ids.items()]
        self._write("passwd", [f"{name}:x:{n}:{n}::/:/bin/false" for name, n in rows])
        self._write("group", [f"{name}:x:{n}:" for name, n in rows])
        self._write("nsswitch.conf", ["passwd: files", "group: files", "shadow: files"])
        (self.plan.folder / "pam.d" / self.service).write_text(PAM, encoding="ascii")
        self._write_shadow()

    def _write_shadow(self) -> None:
        rows = [f"{user}:{hashed(word)}:1::::::" for user, word in self._passwords.items()]
        self._write("shadow", rows)
        (self.plan.folder / "shadow").chmod(0o600)

    def _write(self, name: str, lines: Iterable[str]) -> None:
        """In place: a new file would not be the one that is bound."""
        text = "".join(line + "\n" for line in lines)
        (self.plan.folder / name).write_text(text, encoding="ascii")

    def start(self) -> None:
        """Start, or start again after `stop`; returns when it listens."""
        if os.geteuid() != 0:
            raise ToolError(
                f"{self.name} needs mounts of its own", "this is not root", "run the test as root"
            )
        binds = [
            f"mount --bind {self.plan.folder}/{ours} {theirs}" for ours, theirs in MOUNTS.items()
        ]
        script = " && ".join([*binds, 'exec "$0" "$@"'])
        command = [
            *("unshare", "--mount", "--propagation", "private", "sh", "-c", script),
            *(sys.executable, "-m", "restante_tools.lab.inetd"),
            *(self.plan.address, str(self.plan.port), *self.words()),
        ]
        if self._namespace is not None:
            command = self._namespace.command(command)
        log = self.plan.folder / "server.log"
        environment = {"PYTHONPATH": str(REPOSITORY / "host-tools")}
        self._child = Child(self.name, command, log, environment=environment)
        Deadline(START_SECONDS, "the machine is very busy", f"read {log}").wait(
            self._listening, f"start of {self.name}"
        )

    def _listening(self) -> bool:
        self._child.check()
        return is_listening(self.plan.address, self.plan.port, self._namespace)

    def stop(self) -> None:
        """Sessions see the end of their line; what they were writing is written."""
        self._child.stop()


def hashed(password: str) -> str:
    """As /etc/shadow holds it: the quickest kind, since every session of a test pays for it."""
    done = subprocess.run(
        ["openssl", "passwd", "-1", "-stdin"],
        input=password,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
