"""How old the signature set in use is, and the alarm when it is too old.  Pure.

Its rule: age is told and nothing else: screening goes on, old signatures are better than none.
Where the clock is not trusted nothing is said of it.
"""

from restante import log
from restante.log.alarms import AGE

DAY = 86400


def days(made, now):
    """Whole days since `made`; None: the clock is not trusted.  Both in s since 1970."""
    return None if now is None else max(0, now - made) // DAY


class Age:
    """`now()`: seconds since 1970, or None while the clock is not trusted.

    `maximum`: days from which on it is an alarm; 0: never.
    """

    def __init__(self, now, maximum):
        self.maximum = maximum
        self._now = now
        self._said = None

    def noticed(self, bundle, made):
        """What the screen process uses; an alarm once a day while it is too old."""
        old = days(made, self._now())
        if not self.maximum or old is None or old < self.maximum:
            return
        if (bundle, old) != self._said:
            self._said = bundle, old
            log.alarms.set(AGE, text_of(bundle, old) + ": install a newer one")
            log.record(log.WARNING, "signatures.old", bundle=bundle, days=old)


def text_of(bundle, old):
    return "the signature set %s is %d days old" % (bundle, old)
