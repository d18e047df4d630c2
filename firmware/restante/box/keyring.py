"""The key of the data partition: found, made, destroyed.  Pure but for the disk that it is given.

    disk.read(copy) -> octets       copy is 0 or 1; OSError where the medium cannot be read
    disk.write(copy, octets)        durable when it returns
    disk.discard(copy)              asks the medium to forget what lay there

The copies are written one after the other, and the one that does not count first: after a power
cut at any moment one of them is whole, and says either what was before or what is after.
"""

from restante.box import keys

COPIES = (0, 1)
_NO_KEY = bytes(keys.KEY_OCTETS)


class Keyring:
    def __init__(self, disk):
        self._disk = disk
        self._copies = [self._read(copy) for copy in COPIES]
        self.record = keys.newest(self._copies)  # None: no copy is whole

    def _read(self, copy):
        try:
            return keys.unpack(self._disk.read(copy))
        except OSError:
            return None  # as good as damaged: the other copy is there for this

    def repair(self):
        """Makes the copies alike again; gives how many were not.  OSError if one cannot be."""
        behind = self._behind()
        self._write(behind)
        return len(behind)

    def _behind(self):
        return [copy for copy in COPIES if not self._counts(self._copies[copy])]

    def _counts(self, record):
        return record is not None and record.sequence == self.record.sequence

    def renew(self, key):
        """A key for a data partition that is given up."""
        self._put(self._next(keys.FRESH, key))

    def filled(self):
        """The data partition now holds a whole file system."""
        self._put(self._next(keys.FILLED, self.record.key))

    def destroy(self):
        """Factory reset.  From the first write on the next start begins as new.

        Then each copy is discarded, so that flash does not keep the old one, and written again.
        OSError if a copy could not be overwritten; the other one was tried all the same.
        """
        self._put(self._next(keys.DESTROYED, _NO_KEY))
        for copy in COPIES:
            self._disk.discard(copy)
            self._write([copy])

    def _next(self, state, key):
        if self.record is None:
            return keys.Record(state, 1, key)
        return self.record.changed(state, key)

    def _put(self, record):
        order = self._behind() if self.record else []
        order += [copy for copy in COPIES if copy not in order]
        self.record = record
        self._write(order)

    def _write(self, order):
        failed = None
        for copy in order:
            try:
                self._disk.write(copy, keys.pack(self.record))
                self._copies[copy] = self.record
            except OSError as error:
                failed = error
        if failed:
            raise failed
