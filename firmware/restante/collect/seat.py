"""An account's place in the collector: who is at its origin, and what was learned there.  Pure."""

from restante.compat import const

# Messages that a spider no longer tries, per account; more are tried again at each poll.
SKIPPED = const(1000)


class Seat:
    """`vacated`, `done`: events, set when nobody is at the origin and when no spider polls."""

    def __init__(self, account, vacated, done):
        self.account = account
        self.turns = 0  # sessions of clients that have priority now
        self.visit = None  # who is at the origin
        self.vacated = vacated
        self.task = None  # of the spider, while it polls
        self.done = done
        self.began = 0  # when it began, seconds
        self.listed = None  # the visit whose numbers the maildrop has now
        self.first = True  # no listing yet since the start: what was retrieved is not known
        self.retrieved = set()  # slots that our RETR has touched since the last listing
        self.skipped = set()  # slots that only a client's own RETR can fetch
        self.broken = -1  # the slot at which the last visit broke off
        self.collects = False  # what is stored is deleted at the origin at once
        self.leaves_mail = False  # a client was seen leaving mail at the origin
        self.warned = False
        self.house_at = 0  # when its maildrop is tidied next

    def broke(self, slot):
        """The connection ended while this was fetched; twice, and it stops the others no more."""
        if self.broken == slot:
            self.skip(slot)
        self.broken = slot

    def skip(self, slot):
        if len(self.skipped) < SKIPPED:
            self.skipped.add(slot)
