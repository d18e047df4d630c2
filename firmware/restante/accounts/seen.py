"""Who logged in without being accelerated, and why, in this boot.  Pure.

Its rule: a bounded table, the longest unseen is forgotten; it holds names, never secrets.
"""

from restante.accounts.names import name
from restante.compat import const

# Rows that are kept: more than a branch office has mailboxes, under 32 KiB.
ROWS = const(128)

# Why, as the relay says it.
APOP = "APOP: the password does not pass in clear, so it cannot be replayed"
MECHANISM = "%s cannot be replayed"
OAUTH = "OAuth: its tokens expire"
TUNNEL = "TLS: the mail passes in a tunnel, not screened"
NO_GROUP = "no group has this server; see: set group NAME servers"
BY_RULE = "the group's rule does not want it; see: set group NAME users"
LEARN_ONLY = "the group's rule is to learn passwords, no more"
FIRST_SYNC = "its first listing is not complete yet"


class Row:
    """`name`: printable, "" if it was not said; `origin`: "address:port"; `time`: UTC seconds."""

    def __init__(self, name, origin):
        self.name = name
        self.origin = origin
        self.why = ""
        self.time = 0
        self.times = 0


class Seen:
    def __init__(self):
        self._rows = {}  # (name, origin): Row

    def note(self, user, origin, why, now):
        """`user`: octets, or text as names.name() writes it; `origin`: (address, port)."""
        if isinstance(user, (bytes, bytearray)):
            user = name(bytes(user))
        key = (user, "%s:%d" % origin)
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= ROWS:
                del self._rows[min(self._rows, key=lambda k: self._rows[k].time)]
            row = self._rows[key] = Row(*key)
        row.why = why
        row.time = now
        row.times += 1

    def forget(self, user, origin):
        """It is accelerated now."""
        self._rows.pop((name(user), "%s:%d" % origin), None)

    def rows(self):
        """[Row], the last seen first."""
        return sorted(self._rows.values(), key=lambda row: -row.time)
