"""Bounds of one account: wrong passwords that are sent on, and time between logins.  Pure.

Its rule: the provider never locks an account because somebody here guesses, or because a program
keeps on using an old password.  `key` names the account; time comes in, in ms.
"""

from restante.compat import const

# Wrong passwords of clients that the origin hears for one account within WINDOW: providers lock
# after five or more.
WRONG = const(3)
WINDOW_MS = const(900000)
# Accounts that are remembered; the one whose last login is oldest is forgotten.
ACCOUNTS = const(256)

_COUNT = const(0)
_FIRST = const(1)
_LOGIN = const(2)
_SEEN = const(3)


class Bounds:
    """`difference(a, b)` for times in ms, since ticks wrap."""

    def __init__(self, difference):
        self._difference = difference
        self._known = {}  # key: [wrong ones, time of the first, last login or None, last change]

    def spent(self, key, now):
        """True if no other password of this account may be sent on now."""
        entry = self._known.get(key)
        if entry is None or entry[_COUNT] < WRONG:
            return False
        if self._difference(now, entry[_FIRST]) < WINDOW_MS:
            return True
        entry[_COUNT] = 0
        return False

    def wrong(self, key, now):
        entry = self._entry(key, now)
        if not entry[_COUNT] or self._difference(now, entry[_FIRST]) >= WINDOW_MS:
            entry[_COUNT] = 0
            entry[_FIRST] = now
        entry[_COUNT] += 1

    def logged_in(self, key, now):
        entry = self._entry(key, now)
        entry[_COUNT] = 0
        entry[_LOGIN] = now

    def too_soon(self, key, now, interval_ms):
        """True if the last login is less than that ago."""
        entry = self._known.get(key)
        if not interval_ms or entry is None or entry[_LOGIN] is None:
            return False
        return self._difference(now, entry[_LOGIN]) < interval_ms

    def _entry(self, key, now):
        entry = self._known.get(key)
        if entry is None:
            if len(self._known) >= ACCOUNTS:
                del self._known[self._oldest(now)]
            entry = self._known[key] = [0, now, None, now]
        entry[_SEEN] = now
        return entry

    def _oldest(self, now):
        return max(self._known, key=lambda k: self._difference(now, self._known[k][_SEEN]))
