"""What a password must be, and what wrong ones cost.  Pure: time comes in as an argument."""

from restante.limits import (
    LOGIN_DELAY_MOST_S,
    LOGIN_DELAY_S,
    LOGIN_FREE_TRIES,
    PASSWORD_LEAST_OCTETS,
    PASSWORD_OCTETS,
)


class Delay:
    """How long the next try has to wait.  Of all users together: there is one line."""

    def __init__(self):
        self.wrong = 0  # in a row
        self._until = 0

    def left(self, now):
        """Seconds that a try has to wait."""
        return max(0, self._until - now)

    def failed(self, now):
        self.wrong += 1
        self.hold(now)

    def hold(self, now):
        """The wait begins now."""
        over = self.wrong - LOGIN_FREE_TRIES
        if over > 0:
            # Doubled no more than makes sense: the exponent is the number of tries.
            self._until = now + min(LOGIN_DELAY_MOST_S, LOGIN_DELAY_S << min(over - 1, 16))

    def passed(self):
        """Gives how many were wrong before it."""
        wrong, self.wrong, self._until = self.wrong, 0, 0
        return wrong


def weakness(name, password):
    """What is wrong with a new password, or None."""
    if len(password) < PASSWORD_LEAST_OCTETS:
        return "a password has at least %d characters" % PASSWORD_LEAST_OCTETS
    if len(password) > PASSWORD_OCTETS:
        return "a password has at most %d characters" % PASSWORD_OCTETS
    if not all(32 <= ord(c) < 127 for c in password):
        return "a password has printable ASCII only"
    if password.strip() != password:
        return "a password does not begin or end with a blank"
    if len(set(password)) < 4 or name in password:
        return "a password has four different characters at least, and not the user's name"
    return None
