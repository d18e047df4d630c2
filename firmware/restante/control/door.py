"""The door of the console: who is let in, what a wrong password costs, when a login ends.  Pure.

A line of the console program that begins with `*` comes here and nowhere else: it may hold a
password, so it is never recorded, nor shown in an answer.  Time, hashing, random octets and the
log come from outside.

    state       what the door wants: `password`, `first` (none is set yet) or `repair` (who may
                come in is not known), then why
    login USER PASSWORD       opens a login: the answer's first line is its key
    first USER PASSWORD       sets the first password of all and opens a login
    repair                    opens a login that may only look, restart and forget everything
    factory-reset             forgets everything
    With the key of a login:
    left                      seconds until it ends by itself, or `never`
    logout                    ends it
    add USER PASSWORD, password USER PASSWORD
"""

from restante.control import users as userfile
from restante.control.logins import REPAIR_USER, Logins
from restante.control.passwords import Delay, weakness
from restante.control.users import is_name
from restante.errors import RestanteError
from restante.limits import LOGIN_ALARM_TRIES, PASSWORD_OCTETS
from restante.log.alarms import LOGIN

SECRET = b"*"
# What a command of somebody who is not logged in is answered with; it was not run.
DENIED = "log in first"
# In front of what the console program is to ask for with echo off: `add NAME` or `password NAME`.
ASKING = "[password] "
FIRST_USER = "admin"
FIRST, PASSWORD, REPAIR = "first", "password", "repair"
WRONG = "wrong user name or password"
BUSY = "another password is being checked; try again"
MINUTE = 60


class Door:
    """`users`: Users; `hashed(password, salt)`: awaited, 32 octets; `random(n)`, `same(a, b)`;
    `up()`: seconds that only grow; `log`: the log room; `reset()`: forgets everything."""

    def __init__(self, users, hashed, random, same, up, log, reset):
        self._users = users
        self._hashed = hashed
        self._random = random
        self._same = same
        self._up = up
        self._log = log
        self._reset = reset
        self._delay = Delay()
        self._logins = Logins(random, same, up, self._ended)
        self._busy = False  # one password at a time: each takes 8 MiB

    def takes(self, settings, profiles):
        self._logins.idle_s = settings.get("console auto-logout") * MINUTE

    def holder(self, key, used=True):
        """The Login with this key, or None; it has been used now, if somebody typed something."""
        return self._logins.use(key) if used else self._logins.find(key)

    def _ended(self, login, why):
        self._log.record(self._log.INFO, "console.logout", user=login.user, why=why)

    # -- lines with `*`

    async def answer(self, key, line):
        """`line`: octets behind the `*`; (ok, text, lines)."""
        try:
            text = bytes(line).decode()
        except (UnicodeError, ValueError):
            return False, "printable ASCII only", []
        word, _, rest = text.partition(" ")
        if word in ("login", FIRST, "add", "password"):
            user, _, password = rest.partition(" ")
            if self._busy:
                return False, BUSY, []
            self._busy = True
            try:
                return await self._with_password(word, key, user, password)
            except (OSError, RestanteError) as error:
                self._log.record(self._log.ERROR, "console.failed", error=str(error))
                return False, "not now: %s" % error, []
            finally:
                self._busy = False
        if rest:
            return False, "nothing follows that word", []
        return await self._plain(word, key)

    async def _plain(self, word, key):
        if word == "state":
            return await self._state()
        if word == "left":
            return self._left(key)
        if word == "logout":
            login = self._logins.find(key)
            if login is not None:
                self._logins.end(login, "logout")
            return True, "logged out", []
        if word == REPAIR and self._users.why:
            login = self._logins.open(REPAIR_USER)
            self._log.record(self._log.WARNING, "console.repair", why=self._users.why)
            return True, REPAIR_USER, [login.key]
        if word == "factory-reset":
            self._reset()
            self._log.record(self._log.WARNING, "factory-reset.requested", who="login prompt")
            return True, "the box forgets everything and restarts within a few seconds", []
        return False, "no such word", []

    async def _state(self):
        if self._users.why:
            await self._users.start()
        if self._users.why:
            return True, REPAIR, [self._users.why]
        self._logins.end_all(REPAIR_USER, "the users are known again")
        return True, PASSWORD if self._users.names() else FIRST, []

    def _left(self, key):
        login = self._logins.find(key)
        if login is None:
            return False, DENIED, []
        left = self._logins.left(login)
        return True, "never" if left is None else "%d" % left, []

    async def _with_password(self, word, key, user, password):
        if self._users.why:
            return False, "who may log in is not known: " + self._users.why, []
        if word == "login":
            return await self._log_in(user, password)
        if word == FIRST:
            return await self._set_first(user, password)
        login = self.holder(key)
        if login is None or not login.may("console user " + word):
            return False, DENIED, []
        refused = self.changing(word, user)
        if refused:
            return refused
        return await self._change(login, word, user, password)

    async def _log_in(self, user, password):
        if not self._users.names():
            return False, "no password is set yet", []
        left = self._delay.left(self._up())
        if left:
            return False, "wait %d s" % left, ["there were wrong passwords"]
        # Counted first: who is cut off while it is checked has tried.
        self._delay.failed(self._up())
        entry = self._users.entry(user)
        salt, wanted = entry or (bytes(userfile.SALT_OCTETS), b"")
        fits = 0 < len(password.encode()) <= PASSWORD_OCTETS and "\0" not in password
        found = await self._hashed(password if fits else "-", salt)
        if not self._same(found, wanted) or not fits:
            return self._refused(user if entry else "unknown")
        before = self._delay.passed() - 1
        login = self._logins.open(user)
        self._log.record(self._log.INFO, "console.login", user=user, wrong_before=before)
        lines = ["%d wrong passwords before this one" % before] if before else []
        return True, user, [login.key] + lines

    def _refused(self, user):
        wrong = self._delay.wrong
        self._delay.hold(self._up())
        self._log.record(self._log.WARNING, "console.refused", user=user, in_a_row=wrong)
        if wrong == LOGIN_ALARM_TRIES:
            self._log.alarms.set(LOGIN, "%d wrong passwords in a row at the console" % wrong)
        left = self._delay.left(self._up())
        return False, WRONG, ["wait %d s" % left] if left else []

    async def _set_first(self, user, password):
        if self._users.names():
            return False, "a password is set already", []
        if user != FIRST_USER:
            return False, "the first user is " + FIRST_USER, []
        why = weakness(user, password)
        if why:
            return False, why, []
        await self._keep(user, password)
        login = self._logins.open(user)
        self._log.record(self._log.WARNING, "console.first", user=user)
        return True, user, [login.key]

    async def _keep(self, user, password):
        salt = self._random(userfile.SALT_OCTETS)
        await self._users.set(user, salt, await self._hashed(password, salt))

    # -- users

    def names(self):
        return self._users.names()

    def changing(self, word, user):
        """The refusal of `add` or `password` of this user, or None."""
        known = self._users.entry(user) is not None
        if word == "add" and known:
            return False, "there is a user '%s' already" % user, []
        if word == "add" and (not is_name(user) or user == REPAIR_USER):
            return (
                False,
                "that is no name",
                ["allowed: a-z, 0-9 and -, 16 at most, a letter first"],
            )
        if word == "add" and self._users.full():
            return False, "there are %d users already" % len(self._users.names()), []
        if word == "password" and not known:
            return False, "no user is called so", ["type: show console users"]
        return None

    async def _change(self, login, word, user, password):
        why = weakness(user, password)
        if why:
            return False, why, []
        await self._keep(user, password)
        self._logins.end_all(user, "new password", but=login)
        event = "console.user.add" if word == "add" else "console.user.changed"
        self._log.record(self._log.WARNING, event, user=user, who=login.user)
        return True, "the password of %s is set and durable" % user, []

    async def delete(self, user, who):
        """(ok, text, lines)"""
        if self._users.entry(user) is None:
            return False, "no user is called so", ["type: show console users"]
        if len(self._users.names()) == 1:
            return False, "the last user cannot be deleted", ["type: console user add NAME"]
        if self._busy:
            return False, BUSY, []
        self._busy = True
        try:
            await self._users.delete(user)
        finally:
            self._busy = False
        self._logins.end_all(user, "deleted")
        self._log.record(self._log.WARNING, "console.user.delete", user=user, who=who)
        return True, "%s cannot log in any more" % user, []
