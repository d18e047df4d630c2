"""A private Dovecot: real POP3 server, own configuration, own folder, no systemd.

Rule: one description, two dialects (2.3 of Debian 12, 2.4 of Debian 13). As root in a plain
network namespace it keeps Dovecot's own users; as a user on loopback all runs as the caller.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab import maildir
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.namespaces import Namespace, is_listening

START_SECONDS = 20.0
MAIL_USER = "nobody"  # owns the maildrops when Dovecot starts as root; it refuses to serve root's
SESSIONS = 500  # at once: more than any test opens, so that Dovecot is never the one that refuses
SERVER_FOLDERS = "/usr/sbin:/sbin"  # not in the search path of an ordinary user


@dataclass(frozen=True)
class Account:
    """One maildrop: its messages as LF-ended octets, in the order of the listing."""

    user: str
    password: str
    messages: Sequence[bytes]


@dataclass(frozen=True)
class Certificate:
    """Files of a certificate for STLS and POP3S."""

    chain: Path
    key: Path


@dataclass(frozen=True)
class Plan:
    """Where Dovecot listens and lives."""

    folder: Path
    address: str
    port: int
    certificate: Certificate | None = None
    pop3s_port: int = 0
    # Login processes that stay and serve many: what is measured is then not the start of
    # processes. False: as Dovecot comes, a new process for each login.
    lasting: bool = True


def program() -> str:
    """Path of Dovecot, which Debian keeps outside a user's search path."""
    found = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":" + SERVER_FOLDERS)
    if found is None:
        raise ToolError(
            "dovecot is not installed",
            "the packages dovecot-core and dovecot-pop3d are missing",
            "run host-tools/setup",
        )
    return found


def version() -> tuple[int, int]:
    """Major and minor number of the installed Dovecot."""
    said = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True)
    numbers = re.match(r"(\d+)\.(\d+)", said.stdout)
    if numbers is None:
        raise ToolError(
            f"cannot read Dovecot's version: {said.stdout!r}", "an unknown build", "use Debian's"
        )
    return int(numbers[1]), int(numbers[2])


def mail_owner() -> tuple[str, int, int]:
    """Name, uid and gid that own the maildrops."""
    entry = pwd.getpwnam(MAIL_USER) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return entry.pw_name, entry.pw_uid, entry.pw_gid


def configuration(plan: Plan, dialect: tuple[int, int]) -> str:
    """The text of dovecot.conf in the dialect of that version."""
    new = dialect >= (2, 4)
    _, uid, gid = mail_owner()
    lines = [
        *(_new_head() if new else _old_head()),
        f"base_dir = {plan.folder}/run",
        f"state_dir = {plan.folder}/state",
        f"log_path = {plan.folder}/dovecot.log",
        f"listen = {plan.address}",
        "auth_mechanisms = plain login",
        "mail_max_userip_connections = 0" if new else f"mail_max_userip_connections = {SESSIONS}",
        "first_valid_uid = 1",
        # A test server: a maildrop that a power cut could harm is made anew.
        "mail_fsync = never",
        # Wrong passwords are tests here, and are answered at once.
        "auth_failure_delay = 0 secs",
        "service anvil {",
        "  unix_listener anvil-auth-penalty {",
        "    mode = 0",
        "  }",
        "}",
        *_sockets(plan),
        *_users(plan, uid, gid, new),
        *_tls(plan.certificate, new),
    ]
    if os.geteuid() != 0:
        lines += _unprivileged()
    return "\n".join(lines) + "\n"


def _old_head() -> list[str]:
    return ["protocols = pop3", "disable_plaintext_auth = no"]


def _new_head() -> list[str]:
    return [
        "dovecot_config_version = 2.4.0",
        "dovecot_storage_version = 2.4.0",
        "protocols {",
        "  pop3 = yes",
        "}",
        "auth_allow_cleartext = yes",
    ]


def _sockets(plan: Plan) -> list[str]:
    login = ["  service_count = 0", "  process_min_avail = 1", f"  client_limit = {SESSIONS * 2}"]
    return [
        "service pop3-login {",
        "  inet_listener pop3 {",
        f"    port = {plan.port}",
        "  }",
        "  inet_listener pop3s {",
        f"    port = {plan.pop3s_port}",
        "  }",
        *(login if plan.lasting else []),
        "}",
        "service pop3 {",
        f"  process_limit = {SESSIONS}",
        *(["  service_count = 0"] if plan.lasting else []),
        "}",
        "service anvil {",
        f"  client_limit = {SESSIONS * 4}",
        "}",
        "service auth {",
        f"  client_limit = {SESSIONS * 4}",
        "}",
    ]


def _users(plan: Plan, uid: int, gid: int, new: bool) -> list[str]:
    users, home = f"{plan.folder}/users", f"{plan.folder}/mail/%{{user}}"
    if new:
        return [
            "mail_driver = maildir",
            "mail_path = %{home}",
            "passdb passwd-file {",
            f"  passwd_file_path = {users}",
            "}",
            "userdb static {",
            "  fields {",
            f"    uid = {uid}",
            f"    gid = {gid}",
            f"    home = {home}",
            "  }",
            "}",
        ]
    return [
        "mail_location = maildir:~",
        "passdb {",
        "  driver = passwd-file",
        f"  args = scheme=PLAIN {users}",
        "}",
        "userdb {",
        "  driver = static",
        f"  args = uid={uid} gid={gid} home={plan.folder}/mail/%u",
        "}",
    ]


def _tls(certificate: Certificate | None, new: bool) -> list[str]:
    if certificate is None:
        return ["ssl = no"]
    chain, key = certificate.chain, certificate.key
    if new:
        return ["ssl = yes", f"ssl_server_cert_file = {chain}", f"ssl_server_key_file = {key}"]
    return ["ssl = yes", f"ssl_cert = <{chain}", f"ssl_key = <{key}"]


def _unprivileged() -> list[str]:
    name, _, gid = mail_owner()
    # No process may try to become another user or to change its root.
    chroots = ("anvil", "pop3-login")
    return [
        f"default_internal_user = {name}",
        f"default_login_user = {name}",
        f"default_internal_group = {grp.getgrgid(gid).gr_name}",
        *(line for service in chroots for line in (f"service {service} {{", "  chroot =", "}")),
    ]


def write_maildrops(folder: Path, accounts: Sequence[Account]) -> None:
    """Lay out Maildirs with their messages."""
    _, uid, gid = mail_owner()
    for account in accounts:
        home = folder / "mail" / account.user
        list(maildir.make(home))
        for number, message in enumerate(account.messages, 1):
            maildir.accept(maildir.deliver(home, number, message))
    if os.geteuid() == 0:
        give_away(folder / "mail", uid, gid)


def give_away(top: Path, uid: int, gid: int) -> None:
    """Make one user the owner of a whole tree."""
    os.chown(top, uid, gid)
    for parent, folders, files in os.walk(top):
        for entry in folders + files:
            os.chown(os.path.join(parent, entry), uid, gid)


class Dovecot:
    """A running Dovecot. `stop` ends it with all its processes."""

    top_adds_a_line = False  # between header and body, which RETR does not

    def __init__(
        self, plan: Plan, accounts: Sequence[Account], namespace: Namespace | None = None
    ) -> None:
        self.plan = plan
        self._namespace = namespace
        self._passwords = {account.user: account.password for account in accounts}
        self._delivered = {account.user: len(account.messages) for account in accounts}
        plan.folder.mkdir(parents=True)
        write_maildrops(plan.folder, accounts)
        self._write_users()
        self._configuration = plan.folder / "dovecot.conf"
        self._configuration.write_text(configuration(plan, version()), encoding="utf-8")
        self.start()

    def _write_users(self) -> None:
        """As one step: a login never meets half of it."""
        rows = [f"{user}:{{PLAIN}}{word}\n" for user, word in self._passwords.items()]
        new = self.plan.folder / "users.new"
        new.write_text("".join(rows), encoding="utf-8")
        new.rename(self.plan.folder / "users")

    def maildrop(self, user: str) -> Path:
        return self.plan.folder / "mail" / user

    def deliver(self, user: str, message: bytes) -> None:
        """Put a message (LF lines) at the end of a maildrop, as a delivery agent does."""
        self._delivered[user] += 1
        part = maildir.deliver(self.maildrop(user), self._delivered[user], message)
        if os.geteuid() == 0:
            os.chown(part, *mail_owner()[1:])
        maildir.accept(part)

    def messages(self, user: str) -> list[bytes]:
        """What is in a maildrop now, in the order of the listing, LF lines."""
        return maildir.messages(self.maildrop(user))

    def set_password(self, user: str, password: str) -> None:
        """From a second later on at the latest: Dovecot looks at its users once a second, and
        sees a change within one second only if it changes the length."""
        self._passwords[user] = password
        self._write_users()

    def start(self) -> None:
        """Start, or start again after `stop`; returns when it listens."""
        # What one that had to be killed left: it would count as running.
        shutil.rmtree(self.plan.folder / "run", ignore_errors=True)
        command = [program(), "-F", "-c", str(self._configuration)]
        if self._namespace is not None:
            command = self._namespace.command(command)
        self._child = Child("dovecot", command, self.plan.folder / "start.log")
        deadline = Deadline(
            START_SECONDS, "the machine is very busy", f"read {self.plan.folder}/dovecot.log"
        )
        deadline.wait(self._listening, "start of Dovecot")

    def _listening(self) -> bool:
        self._child.check()
        return is_listening(self.plan.address, self.plan.port, self._namespace)

    def stop(self) -> None:
        self._child.stop()
