"""GNU mailutils' pop3d as an origin: Maildir, one session at a time, UIDLs that it writes into
the messages; the sizes that it tells before a session's first UIDL are smaller than what it sends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from restante_tools.lab import maildir
from restante_tools.lab.dovecot import Account, Plan
from restante_tools.lab.mailhost import MailHost
from restante_tools.lab.namespaces import Namespace


class Mailutils(MailHost):
    """A running pop3d of GNU mailutils."""

    name = "mailutils pop3d"
    package = "mailutils-pop3d"
    program = "usr/sbin/pop3d"
    service = "pop3d"

    def __init__(
        self, plan: Plan, accounts: Sequence[Account], namespace: Namespace | None = None
    ) -> None:
        self._delivered: Counter[str] = Counter()
        super().__init__(plan, accounts, namespace)

    def words(self) -> list[str]:
        configuration = self.plan.folder / "mailutils.conf"
        configuration.write_text(
            f"""auth {{ authentication pam; authorization system; }};
pam {{ service {self.service}; }};
mailbox {{ mailbox-pattern "maildir:///var/mail/${{user}}"; mailbox-type maildir; }};
mandatory-locking {{ enable yes; lock-directory {self.plan.folder}/locks; }};
logging {{ syslog no; }};
""",
            encoding="ascii",
        )
        return [*super().words(), "--inetd", f"--config-file={configuration}"]

    def make_maildrop(self, user: str) -> None:
        self.give(user, maildir.make(self.maildrop(user)))

    def deliver(self, user: str, message: bytes) -> None:
        self._delivered[user] += 1
        part = maildir.deliver(self.maildrop(user), self._delivered[user], message)
        self.give(user, [part])
        maildir.accept(part)

    def messages(self, user: str) -> list[bytes]:
        return maildir.messages(self.maildrop(user))
