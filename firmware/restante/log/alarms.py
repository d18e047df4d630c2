"""Alarms: what somebody must see, up until acknowledged.  Pure.

An alarm has a fixed name, a text and a count.  Raising it again adds to the count.  What `keep` is
given is called with lines when the set of alarms changes, so that they outlive a restart; it is
not called for a mere count, since a busy tunnel must not write a disk each time.
"""

from restante.log.records import escaped

TUNNEL = "tunnel"  # mail passed in a tunnel, not screened
SETTINGS = "settings"  # the settings file was refused
SCREENING = "screening"  # screening is off, or does not answer
STORE = "store"  # the data partition is damaged or full
SELF_TEST = "self-test"  # the self-test failed
ACCELERATION = "acceleration"  # groups are set, but nothing can be learned or served
SIGNATURES = "signatures"  # a set was refused, or an older one is in use than should be
UPDATE = "update"  # what was installed has expired or was withdrawn, or is not known any more
FIRMWARE = "firmware"  # a firmware failed, or runs and should not
AGE = "signatures-age"  # no newer signature set came for too long

NAMES = (
    TUNNEL,
    SETTINGS,
    SCREENING,
    STORE,
    SELF_TEST,
    ACCELERATION,
    SIGNATURES,
    UPDATE,
    FIRMWARE,
    AGE,
)

# Octets of an alarm's text: two lines of a terminal.
TEXT_OCTETS = 160


class Alarms:
    def __init__(self):
        self._up = {}  # name -> [text, count]
        self._changed = None

    def keep(self, lines, changed):
        """Takes the lines that `changed` was given by an earlier run, and calls it from now on.

        Lines that make no sense are left out.
        """
        self._changed = changed
        for line in lines:
            name, _, text = line.strip().partition(" ")
            if name in NAMES and name not in self._up:
                self._up[name] = [escaped(text, TEXT_OCTETS), 0]

    def set(self, name, text):
        if name not in NAMES:
            raise KeyError(name)
        text = escaped(text, TEXT_OCTETS)
        known = self._up.get(name)
        if known is None:
            self._up[name] = [text, 1]
            self._tell()
        else:
            known[0] = text
            known[1] += 1

    def active(self):
        """[(name, text, count)] in the order of NAMES; count 0: from before the last start."""
        return [(name, self._up[name][0], self._up[name][1]) for name in NAMES if name in self._up]

    def acknowledge(self):
        """Takes all down; gives how many there were."""
        n = len(self._up)
        self._up = {}
        if n:
            self._tell()
        return n

    def _tell(self):
        if self._changed:
            self._changed(["%s %s" % (name, text) for name, text, _ in self.active()])
