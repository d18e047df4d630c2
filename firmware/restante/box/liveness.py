"""Who answers, and what follows: kill, the fail rule, feeding the watchdog.  Pure.

`now` is in seconds of a clock that never jumps.  It does not know how a peer is asked, killed or
restarted: programs/warden.py does that.
"""

# A peer that is started gets so long for its first answer: the gate reads its settings and the
# quarantine's journal, on a slow board.
GRACE_SECONDS = 30
# A peer that gave no answer for so long is killed: three missed answers, so that a loop which is
# only busy is not taken for a stuck one.
KILL_SECONDS = 15
# More than one missed answer: the fail rule holds from then on.
FAIL_SECONDS = 6
# A peer that gave no answer for so long, in spite of being killed, starves the watchdog.  With
# the watchdog's own 15 s (softdog.soft_margin) a stuck box restarts within a minute.
STARVE_SECONDS = 40


class Peer:
    def __init__(self, name, now):
        self.name = name
        self.answers = False  # gave an answer when it was last asked
        self._since = now + GRACE_SECONDS  # of the last answer; at first, of the end of its grace
        self._next_kill = now + GRACE_SECONDS

    def answered(self, now):
        self.answers = True
        self._since = now
        self._next_kill = now + KILL_SECONDS

    def missed(self):
        self.answers = False

    def silent(self, now):
        """Seconds without an answer."""
        return max(0, now - self._since)

    def must_be_killed(self, now):
        """True once; then not until its successor had its time to start."""
        if self.answers or now < self._next_kill:
            return False
        self._next_kill = now + GRACE_SECONDS
        return True


class Wardenship:
    """Decides for the gate and the others together."""

    def __init__(self, now):
        self.gate = Peer("gate", now)
        self.screen = Peer("screen", now)
        self.peers = (self.gate, self.screen)
        self._gate_served = False

    def may_feed(self, now):
        return all(peer.silent(now) < STARVE_SECONDS for peer in self.peers)

    def gate_serves(self, now):
        """Whether POP3 may be redirected to the gate; not before its first answer."""
        if self.gate.answers:
            self._gate_served = True
        elif self.gate.silent(now) >= FAIL_SECONDS:
            self._gate_served = False
        return self._gate_served
