"""When which account is polled.  Pure: the time is seconds that only ever grow, since the start
of the program; chance is an integer from 0 to 999 that the caller draws.

    after            the next poll is
    ---------------  --------------------------------------------------------------------
    start            within one interval, spread, never in the first FIRST_S seconds
    a poll           an interval later, 10 % more or less
    a break (MORE)   at once, for RESUME_LOGINS logins an hour, then as after a poll
    a failure        failures.pause() later, up to a quarter more
    poke()           now, unless a login was refused for a lasting cause

and never before the bounds allow it: LOGINS of a spider in any hour, no more than FAILED_LOGINS of
them refused, the origin's LOGIN-DELAY since anybody's login.  What is due longest comes first.
"""

from restante.collect import failures
from restante.compat import const

HOUR_S = const(3600)
# Logins of a spider an hour and account (RULES): providers count them.
LOGINS = const(12)
FAILED_LOGINS = const(4)
# Of those, so many may go on with a large maildrop; the others are kept for new mail.
RESUME_LOGINS = const(8)
# A gate that fails and starts again and again polls nothing.
FIRST_S = const(30)
# A LOGIN-DELAY beyond this is not believed (RFC 2449 §6.5: seconds; a day).
DELAY_S = const(86400)

# How a visit ended, besides the kinds of failures.py.
DONE = const(0)
MORE = const(-1)  # there is more to fetch

CHANCES = const(1000)
# Kinds after which only a login that succeeded elsewhere helps, or time.
_LASTING = (failures.WRONG_PASSWORD, failures.PERMANENT, failures.UNCLEAR)


class _Plan:
    def __init__(self, interval, next):
        self.interval = interval
        self.next = next
        self.logins = []  # of the spider, at most LOGINS, oldest first
        self.refused = []  # those that were refused, at most FAILED_LOGINS
        self.last = -DELAY_S  # anybody's login
        self.delay = 0  # LOGIN-DELAY
        self.failure = DONE  # the last visit's, a kind
        self.times = 0  # so often in a row
        self.more = False  # the last visit broke off with more to fetch
        self.running = False
        self.poked = False  # while it was running


class Schedule:
    """Accounts by any key; intervals in seconds."""

    def __init__(self):
        self.running = 0
        self._plans = {}

    def add(self, key, interval, now, chance):
        """Also takes a new interval of an account that is known."""
        plan = self._plans.get(key)
        if plan is None:
            first = now + FIRST_S + interval * chance // CHANCES
            self._plans[key] = _Plan(interval, first)
        elif plan.interval != interval:
            plan.interval = interval
            plan.next = min(plan.next, now + interval)

    def remove(self, key):
        plan = self._plans.pop(key, None)
        if plan is not None and plan.running:
            self.running -= 1

    def keys(self):
        return list(self._plans)

    def due(self, now, busy=()):
        """The key that is due longest and neither running nor in `busy`, or None."""
        best = None
        since = now + 1
        for key, plan in self._plans.items():
            if not plan.running and key not in busy:
                at = _earliest(plan)
                if at < since:
                    best = key
                    since = at
        return best

    def next(self, key):
        """When it is polled next, as far as known now."""
        return _earliest(self._plans[key])

    def began(self, key):
        """A visit begins; ended() follows, unless it is removed."""
        self._plans[key].running = True
        self.running += 1

    def login(self, key, now, spider=True):
        """A login is sent to the origin now."""
        plan = self._plans.get(key)
        if plan is None:
            return
        plan.last = now
        if spider:
            _note(plan.logins, now, LOGINS)

    def delay(self, key, seconds):
        """The origin announces LOGIN-DELAY."""
        plan = self._plans.get(key)
        if plan is not None:
            plan.delay = min(max(seconds, 0), DELAY_S)

    def ended(self, key, now, how, chance):
        """The visit ended: DONE, MORE or a kind of failures.py."""
        plan = self._plans.get(key)
        if plan is None or not plan.running:
            return
        plan.running = False
        self.running -= 1
        if how > DONE:
            plan.times = plan.times + 1 if plan.failure == how else 1
            if how != failures.UNREACHABLE:
                _note(plan.refused, plan.last, FAILED_LOGINS)
            pause = failures.pause(how, plan.times)
            plan.next = now + pause + pause * chance // (4 * CHANCES)
        elif how == MORE and _logins_since(plan, now - HOUR_S) < RESUME_LOGINS:
            plan.next = now
        else:
            plan.next = now + _jittered(plan.interval, chance)
        plan.failure = max(how, DONE)
        plan.more = how == MORE
        if plan.poked:
            plan.poked = False
            self.poke(key, now)

    def refreshed(self, key, now, chance):
        """A client's session has just done what a poll does, with a login that succeeded."""
        plan = self._plans.get(key)
        if plan is not None:
            plan.failure = DONE
            if not plan.more:
                plan.next = now + _jittered(plan.interval, chance)

    def forgive(self, key):
        """The password is known to be right again."""
        plan = self._plans.get(key)
        if plan is not None and plan.failure in _LASTING:
            plan.failure = DONE

    def poke(self, key, now):
        plan = self._plans.get(key)
        if plan is None:
            return
        if plan.running:
            plan.poked = True
        elif plan.failure not in _LASTING:
            plan.next = min(plan.next, now)


def _jittered(interval, chance):
    return interval * (900 + chance // 5) // CHANCES


def _logins_since(plan, since):
    return sum(1 for at in plan.logins if at > since)


def _note(times, at, most):
    times.append(at)
    if len(times) > most:
        times.pop(0)


def _earliest(plan):
    at = plan.next
    if plan.delay:
        at = max(at, plan.last + plan.delay)
    if len(plan.logins) == LOGINS:
        at = max(at, plan.logins[0] + HOUR_S)
    if len(plan.refused) == FAILED_LOGINS:
        at = max(at, plan.refused[0] + HOUR_S)
    return at
