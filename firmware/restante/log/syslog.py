"""Records as syslog messages (RFC 5424), and those that wait for the server.  Pure.

Its rule: waiting costs a fixed number of records.  When there is no room the oldest one goes, is
counted, and the server is told how many went as soon as it takes messages again.
"""

from restante.log import records

# About 40 KiB of waiting records: a busy minute.
WAITING = 128

# RFC 5424 §6.2.1: local use 0, and the severities.
LOCAL0 = 16
SEVERITIES = {records.ERROR: 3, records.WARNING: 4, records.INFO: 6, records.DEBUG: 7}
APP_NAME = "restante"
PROGRAM = "gate"
MSGID_OCTETS = 32
NIL = "-"
LOST = "syslog.lost"


def message(level, host, stamp, text):
    """The octets of one message.  `stamp`: RFC 3339, "" if the time is not known; `text`: of
    records.line(): level, event, fields; printable ASCII, so no BOM (RFC 5424 §6.4)."""
    _, _, rest = text.partition(" ")
    event, _, fields = rest.partition(" ")
    priority = 8 * LOCAL0 + SEVERITIES.get(level, 3)
    head = "<%d>1 %s %s %s %s %s - " % (
        priority,
        stamp or NIL,
        host,
        APP_NAME,
        PROGRAM,
        event[:MSGID_OCTETS] or NIL,
    )
    return (head + event + (" " + fields if fields else "")).encode()


def framed(octets):
    """Octet counting (RFC 6587 §3.4.1): a record can never be taken for two."""
    return b"%d %s" % (len(octets), octets)


class Waiting:
    """First in, first out; over `size` the oldest goes."""

    def __init__(self, size=WAITING):
        self._slots = [None] * size
        self._first = 0
        self._count = 0
        self.lost = 0

    def __len__(self):
        return self._count

    def add(self, item):
        """Whether nothing was lost for it."""
        size = len(self._slots)
        self._slots[(self._first + self._count) % size] = item
        if self._count < size:
            self._count += 1
            return True
        self._first = (self._first + 1) % size
        self.lost += 1
        return False

    def take(self):
        """The oldest one; there must be one."""
        item = self._slots[self._first]
        self._slots[self._first] = None
        self._first = (self._first + 1) % len(self._slots)
        self._count -= 1
        return item

    def clear(self):
        while self._count:
            self.take()
