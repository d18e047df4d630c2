"""GNU mailutils' pop3d as an origin: Maildir, one session at a time, UIDLs that it writes into
the messages; the sizes that it tells before a session's first UIDL are smaller than what it sends.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Sequence

from restante_tools.lab import maildir
from restante_tools.lab.dovecot import Account, Plan
from restante_tools.lab.mailhost import MailHost
from restante_tools.lab.namespaces import Namespace
from restante_tools.places import Places


class Mailutils(MailHost):
    """A running pop3d of GNU mailutils."""

    name = "mailutils pop3d"
    package = "mailutils-pop3d"
    program = "usr/sbin/pop3d"
    service = "pop3d"
    top_adds_a_line = True

    def __init__(
        self,
        plan: Plan,
        accounts: Sequence[Account],
        namespace: Namespace | None = None,
        apop: frozenset[str] = frozenset(),
    ) -> None:
        """`apop`: who can log in with APOP; a password in clear is refused to them."""
        self._apop = apop
        self._delivered: Counter[str] = Counter()
        super().__init__(plan, accounts, namespace)

    def words(self) -> list[str]:
        self._write_apop()
        configuration = self.plan.folder / "mailutils.conf"
        configuration.write_text(
            f"""auth {{ authentication pam; authorization system; }};
pam {{ service {self.service}; }};
mailbox {{ mailbox-pattern "maildir:///var/mail/${{user}}"; mailbox-type maildir; }};
mandatory-locking {{ enable yes; lock-directory {self.plan.folder}/locks; }};
apop-database-file "gdbm://{self.plan.folder}/apop.gdbm";
apop-database-safety none;
logging {{ syslog no; }};
""",
            encoding="ascii",
        )
        return [*super().words(), "--inetd", f"--config-file={configuration}"]

    def set_password(self, user: str, password: str) -> None:
        super().set_password(user, password)
        self._write_apop()

    def _write_apop(self) -> None:
        """A new file takes the old one's place: a login never meets half of it."""
        plain, new = self.plan.folder / "apop", self.plan.folder / "apop.new"
        rows = [f"{user}: {self._passwords[user]}\n" for user in sorted(self._apop)]
        plain.write_text("".join(rows), encoding="ascii")
        new.unlink(missing_ok=True)
        # Its plain way of writing keys is not the one that its pop3d looks them up by.
        popauth = Places().unpacked / self.package / "usr/bin/popauth"
        words = [
            str(popauth),
            "--compatibility",
            "--create",
            f"--file={plain}",
            f"--output=gdbm://{new}",
        ]
        subprocess.run(words, check=True, capture_output=True)
        new.rename(self.plan.folder / "apop.gdbm")

    def make_maildrop(self, user: str) -> None:
        self.give(user, maildir.make(self.maildrop(user)))

    def deliver(self, user: str, message: bytes) -> None:
        self._delivered[user] += 1
        part = maildir.deliver(self.maildrop(user), self._delivered[user], message)
        self.give(user, [part])
        maildir.accept(part)

    def messages(self, user: str) -> list[bytes]:
        return maildir.messages(self.maildrop(user))
