"""What holds around every fault: another session goes on, little memory, one line in the log.

Rule: the other session is in the middle of a message while the fault happens.
"""

import contextlib

from served import leave, mail
from talk import Talk, texts

RESIDENT_KIB = 4096  # that a fault may cost: far below one of the floods used here
ANSWER_SECONDS = 30.0  # for the other session, whatever happens beside it
ROOM_OCTETS = 65536  # what the other client takes without reading
LARGE = mail(1, 6000000)  # more than all buffers between the gate and that client


class Bystander(Talk):
    """Somebody who reads LARGE, the first message of the maildrop, slowly."""

    def __init__(self, port, user=b"fred"):
        super().__init__(port, ANSWER_SECONDS, ROOM_OCTETS)
        self.log_in(user)
        assert self.ask(b"RETR 1").startswith(b"+OK")

    def finish(self):
        assert texts(self.body()) == LARGE
        assert self.ask(b"NOOP").startswith(b"+OK") and self.ask(b"STAT").startswith(b"+OK")
        leave(self)


@contextlib.contextmanager
def unnoticed(box, *events, kib=RESIDENT_KIB, user=b"fred"):
    """Around a fault, while nobody else is there.  Gives the lines of the log that it made.

    `events`: each is in exactly one of them; `user`: whose LARGE the other session reads.
    """
    with Bystander(box.port, user) as other:
        before = Figures(box)
        news = []
        yield news
        box.until(lambda: open_sessions(box) == 1, "the end of the sessions")
        box.until(lambda: box.descriptors() <= before.descriptors, "what they had open is closed")
        news += before.news(box)
        assert box.resident_kib() - before.resident < kib
        for event in events:
            assert sum(event in line for line in news) == 1, (event, news)
        other.finish()


class Figures:
    """Of the gate at one moment."""

    def __init__(self, box):
        self.descriptors = box.descriptors()
        self.resident = box.resident_kib()
        self._records = records(box)[0]

    def news(self, box):
        count, lines = records(box)
        new = count - self._records
        return lines[-new:] if new else []


def open_sessions(box):
    return int(box.console("show sessions")[0].split()[1])


def records(box):
    """(how many there were, the last ones)."""
    first, lines = box.console("show log")
    return int(first.split()[1]), lines
