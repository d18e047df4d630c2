"""One account: its credential's standing, and what it may be used for.  Pure.

Its rule: the last word of the origin counts.  After +OK the password is *fresh* for a while (the
origin is not asked again) and in *grace* for longer (it counts while the origin is unreachable);
after a refusal it is neither, until the next +OK.  Freshness is measured on a clock of this boot,
grace on UTC.
"""

from restante.accounts import names
from restante.compat import const

# States.  LEARNING: no complete listing yet, or no password that can be used.  READY: served from
# the store.  PASSING: pass-through for good.
LEARNING = const(1)
READY = const(2)
PASSING = const(3)
STATE_NAMES = ("", "learning", "ready", "passing")

# How the user logs in: what the spider does in the same way.
LOGIN_USER = const(1)  # USER and PASS
LOGIN_PLAIN = const(2)  # AUTH PLAIN (RFC 4616)
LOGIN_LOGIN = const(3)  # AUTH LOGIN
HOW_NAMES = ("", "USER", "AUTH PLAIN", "AUTH LOGIN")

FIRST_SYNC = "its first listing is not complete yet"
UNOPENED = "its password cannot be opened with this box's key; the next login replaces it"


class Account:
    """`group`: groups.Group, or None if the settings no longer have it; `user`: octets."""

    def __init__(self, group_name, group, user):
        self.id = names.account_id(group_name, user)
        self.group = group
        if group is None:
            self._gone = group_name
        self.user = user
        self.state = LEARNING
        self.why = FIRST_SYNC  # why it is not accelerated, in words, "" if it is
        self.place = None  # (address, port) where the user last logged in
        self.how = LOGIN_USER
        self.sealed = b""
        self.usable = False  # whether the sealed password can be opened
        self.learned_at = 0  # UTC seconds when this password was learned
        self.confirmed_at = 0  # UTC seconds of the origin's last +OK, 0: refused since
        self.written = 0  # confirmed_at as the journal has it
        # Of the collector, not kept over a restart.
        self.polled = 0
        self.next_poll = 0
        self.last_error = ""
        self.alert = ""
        self._up = None  # seconds of this boot at the last +OK

    @property
    def group_name(self):
        return self.group.name if self.group is not None else self._gone

    @property
    def name(self):
        """Printable; made each time, because it is needed rarely and there may be 2,000."""
        return "%s @ %s" % (names.name(self.user), self.group_name)

    def enter(self, state, why=""):
        if not why and state == LEARNING:
            why = FIRST_SYNC
        self.state = state
        self.why = why if state != READY else ""

    def confirm(self, now, up):
        """The origin took the password; `now` UTC seconds, `up` seconds of this boot."""
        self.confirmed_at = max(1, now)
        self._up = up

    def refuse(self):
        """The origin refused it: freshness and grace end at once."""
        self.confirmed_at = 0
        self._up = None

    def is_fresh(self, up):
        if not self.usable or self._up is None:
            return False
        return up - self._up < self.group.freshness

    def is_in_grace(self, now, up):
        """A clock that is behind the confirmation is wrong (no battery, no internet).

        Then the time since this boot counts, so that the grace still ends.
        """
        if not self.usable or not self.confirmed_at:
            return False
        elapsed = now - self.confirmed_at
        return (elapsed if elapsed >= 0 else up) < self.group.offline_grace

    def erase(self):
        """It is gone; whoever still holds it finds nothing that can be used."""
        self.refuse()
        self.sealed = b""
        self.usable = False
        self.enter(PASSING, "it was erased at the console")

    def may_be_told(self, address, port):
        """Whether the password may go there in clear text; DNS alone makes no place known."""
        return (address, port) == self.place or self.group.is_literal(address, port)
