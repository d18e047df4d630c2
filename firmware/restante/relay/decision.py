"""What becomes of a login at an origin of a group; decided once per session.  Pure.

    before the origin is asked
    user         maildrop  password         then
    -----------  --------  ---------------  -------------------------------------------
    ACCELERATE   ready     same, fresh      SERVE: the origin is not asked
    any other                               ASK

    the origin's answer
    answer                           user         maildrop  password          then
    -------------------------------  -----------  --------  ----------------  ---------
    TAKEN                            ACCELERATE   ready     any               TAKE_OVER
                                     ACCELERATE   not yet   any               TEACH
                                     LEARN        any       any               TEACH
                                     NOT          any       any               PASS
    WRONG_PASSWORD, UNCLEAR          any          any       same              REVOKE
    BUSY, TOO_SOON, TEMPORARY        ACCELERATE   ready     same, in grace    SERVE
    UNREACHABLE                      ACCELERATE   ready     same, in grace    SERVE
                                     any other                                LATER
    any other                                                                 RELAY

    SERVE      from the store
    TAKE_OVER  the password is learned, then from the store
    TEACH      the password is learned; this session passes through to its end
    PASS       passes through
    REVOKE     the sealed password counts no more; the origin's line is relayed
    RELAY      the origin's line is relayed, what is sealed is not touched
    LATER      -ERR [SYS/TEMP], never [AUTH]: nobody said that the password is wrong

It does not know sessions, accounts or sockets.
"""

from restante.accounts.groups import ACCELERATE, NOT
from restante.collect import failures
from restante.compat import const

SERVE = const(1)
ASK = const(2)
TAKE_OVER = const(3)
TEACH = const(4)
PASS = const(5)
REVOKE = const(6)
RELAY = const(7)
LATER = const(8)

# The answer beside the kinds of failures.py.
TAKEN = const(0)

# Answers by which a password counts as wrong.
DISPROVE = (failures.WRONG_PASSWORD, failures.UNCLEAR)
_SAY_NOTHING = (failures.BUSY, failures.TOO_SOON, failures.TEMPORARY)


class Case:
    """What is known of a login before the origin is asked."""

    def __init__(self, wants, ready, same, fresh, in_grace):
        self.wants = wants  # of the group: ACCELERATE, LEARN or NOT
        self.ready = ready  # a maildrop with a whole listing can be served
        self.same = same  # the offered password is the sealed one
        self.fresh = fresh
        self.in_grace = in_grace

    @property
    def trusted(self):
        """The password was right the last time: it may be sent on, however many were wrong."""
        return self.same and self.in_grace

    @property
    def servable(self):
        """It can be served if the origin has no answer."""
        return self.wants == ACCELERATE and self.ready and self.trusted


def before(case):
    if case.wants == ACCELERATE and case.ready and case.same and case.fresh:
        return SERVE
    return ASK


def after(case, answer):
    if answer == TAKEN:
        if case.wants == NOT:
            return PASS
        return TAKE_OVER if case.wants == ACCELERATE and case.ready else TEACH
    if answer == failures.UNREACHABLE:
        return SERVE if case.servable else LATER
    if answer in DISPROVE:
        return REVOKE if case.same else RELAY
    return SERVE if case.servable and answer in _SAY_NOTHING else RELAY
