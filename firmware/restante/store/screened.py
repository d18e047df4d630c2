"""Which bodies of a maildrop the newest signature set has judged.  Pure.

Files are numbered as they come, so one range tells it: `bundle` judged all bodies but those with
numbers from `done` up to `until`, which wait.  A body that another set judged, or none, joins the
range, so that after any order of sets nothing is taken for judged that is not; a message that
stands between may be judged twice.
"""

import hashlib
import struct

from restante.compat import const

# Of SHA-256 of a set's name: enough to tell one set from the next.
MARK_OCTETS = const(8)
NOTHING = bytes(MARK_OCTETS)  # not judged by any set
_FORM = "<II8s"
OCTETS = const(16)


def mark_of(bundle):
    """The mark of a set by its name; "": not judged."""
    return hashlib.sha256(bundle.encode()).digest()[:MARK_OCTETS] if bundle else NOTHING


class Screened:
    def __init__(self):
        self.bundle = NOTHING
        self.done = 0
        self.until = 0

    def waits(self, file):
        return self.done <= file < self.until

    def apply(self, body):
        self.done, self.until, self.bundle = struct.unpack_from(_FORM, body, 0)

    def body(self):
        """Of the record that gives this state."""
        return struct.pack(_FORM, self.done, self.until, self.bundle)

    def with_body(self, file, bundle):
        """The record's body after a body `file` came that `bundle` judged; None: as it is."""
        if bundle == self.bundle:
            return None
        if file == 1 and self.bundle == NOTHING:
            return struct.pack(_FORM, 0, 0, bundle)
        done = self.done if self.done < self.until else file
        return struct.pack(_FORM, done, file + 1, self.bundle)

    def with_bundle(self, bundle, next_file):
        """The record's body once `bundle` is the set in use: all bodies wait; None: as it is."""
        if bundle == self.bundle:
            return None
        return struct.pack(_FORM, 0, next_file, bundle)

    def with_done(self, done):
        """The record's body once all before `done` are judged; None: as it is."""
        if done <= self.done or self.done >= self.until:
            return None
        return struct.pack(_FORM, done, self.until, self.bundle)
