"""Room on the data partition for what a worker of the screen process unpacks.  Pure.

Each worker gets a file of its own, without a name: a worker that a message has taken over may
still write to its file when its reply is here, and must not reach the next message's.  What is in
it is given back to the disk when the worker is done.

Its rule: what is kept free for deletions (spool.py) is not promised to workers.  What mail takes
while a worker runs is not known here: then the reserve can be short until that worker ends.
"""

from restante.compat import const
from restante.screening.wire import SCRATCH_OCTETS
from restante.store.faults import store_error
from restante.store.spool import RESERVE_OCTETS

# Left besides the reserve, for mail that arrives meanwhile, octets.
SPARE_OCTETS = const(4194304)


class Scratch:
    """`share`: workers at once, among which the room is divided."""

    def __init__(self, spool, share):
        self._spool = spool
        self._share = share

    def open(self):
        """A ScratchFile; close() it.  StoreFull, StoreError."""
        try:
            free = self._spool.folder.free() - RESERVE_OCTETS - SPARE_OCTETS
            octets = max(0, min(SCRATCH_OCTETS, free // self._share))
            return ScratchFile(self._spool, self._spool.nameless(), octets)
        except OSError as error:
            raise store_error("opening a scratch file", error)


class ScratchFile:
    """`fd`: for the worker, read and write; `octets`: how many it may take."""

    def __init__(self, spool, fd, octets):
        self.fd = fd
        self.octets = octets
        self._spool = spool

    def close(self):
        """Gives the room back, even while a worker still has the file.  May be repeated."""
        if self.fd >= 0:
            self._spool.end_nameless(self.fd)
            self.fd = -1
