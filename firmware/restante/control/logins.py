"""Logins that are open: who has which key, and when one ends.  Pure.

The key is 128 random bits that the console program holds and puts in front of each line; it is
shown and recorded nowhere.  A restart of the gate ends all logins.
"""

from restante.limits import LOGINS

REPAIR_USER = "repair"
# What may be done while nobody knows who may come in: find out what is wrong, and act on the box
# as a whole, which who stands before it can do anyhow.  No mail, no settings.
OF_REPAIR = (
    "help",
    "ping",
    "show status",
    "show alarms",
    "show log",
    "show signatures",
    "self-test",
    "exit",
    "reboot",
    "factory-reset",
    "factory reset",
)
ALLOWED = ", ".join([word for word in OF_REPAIR if word != "ping"])
KEY_OCTETS = 16


class Login:
    """One that is open."""

    def __init__(self, key, user, now):
        self.key = key
        self.user = user
        self.used = now

    def may(self, command):
        return self.user != REPAIR_USER or command in OF_REPAIR


class Logins:
    """`random(n)`, `same(a, b)`; `up()`: seconds that only grow; `ended(login, why)` is told."""

    def __init__(self, random, same, up, ended):
        self._random = random
        self._same = same
        self._up = up
        self._ended = ended
        self._open = []
        self.idle_s = 0  # 0: a login does not end by itself

    def open(self, user):
        """A new Login."""
        key = "".join(["%02x" % octet for octet in self._random(KEY_OCTETS)])
        if len(self._open) == LOGINS:
            oldest = min([each.used for each in self._open])
            self.end([each for each in self._open if each.used == oldest][0], "too many")
        login = Login(key, user, self._up())
        self._open.append(login)
        return login

    def find(self, key):
        """The Login with this key, or None."""
        now = self._up()
        for login in self._open[:]:
            if self.idle_s and now - login.used >= self.idle_s:
                self.end(login, "auto-logout")
        for login in self._open:
            if self._same(key.encode(), login.key.encode()):
                return login
        return None

    def use(self, key):
        """The same; it has been used now."""
        login = self.find(key)
        if login is not None:
            login.used = self._up()
        return login

    def left(self, login):
        """Seconds until it ends by itself, or None."""
        return login.used + self.idle_s - self._up() if self.idle_s else None

    def end(self, login, why):
        self._open.remove(login)
        self._ended(login, why)

    def end_all(self, user, why, but=None):
        for login in self._open[:]:
            if login.user == user and login is not but:
                self.end(login, why)
