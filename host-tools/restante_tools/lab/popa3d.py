"""popa3d (Openwall) as an origin: mbox, no CAPA, UIDLs made from each message's header."""

from __future__ import annotations

import fcntl
import os
import re

from restante_tools.errors import ToolError
from restante_tools.lab.mailhost import MailHost

POSTMARK = b"From lab@example.org Mon Feb  3 08:00:00 2025\n"  # opens each message of an mbox
# When each mbox changed last, as its file says. popa3d waits a second at a login if that is now,
# to see what else comes within that second; the length tells it as well here.
SETTLED = 1_700_000_000
BORDER = re.compile(rb"(?:^|\n\n)From [^\n]*\n")


class Popa3d(MailHost):
    """A running popa3d. Messages that share their header would share their UIDL."""

    name = "popa3d"
    package = "popa3d"
    program = "usr/sbin/popa3d"
    service = "popa3d"

    def make_maildrop(self, user: str) -> None:
        path = self.maildrop(user)
        path.touch(mode=0o600)
        self.give(user, [path])

    def deliver(self, user: str, message: bytes) -> None:
        if b"\nFrom " in message or not message.endswith(b"\n"):
            raise ToolError(
                "an mbox cannot hold this message as it is",
                "a line of it begins with `From `, or its last line has no end",
                "deliver another message",
            )
        with self.maildrop(user).open("ab") as mbox:
            fcntl.lockf(mbox, fcntl.LOCK_EX)  # the lock that popa3d takes
            mbox.write(POSTMARK + message + b"\n")
            mbox.flush()
            os.utime(mbox.fileno(), (SETTLED, SETTLED))

    def messages(self, user: str) -> list[bytes]:
        with self.maildrop(user).open("r+b") as mbox:
            fcntl.lockf(mbox, fcntl.LOCK_SH)
            _, *found = BORDER.split(mbox.read().removesuffix(b"\n"))
        return [m if m.endswith(b"\n") else m + b"\n" for m in found]
