"""The last records, in memory.  Pure.

Fixed size: the newest record replaces the oldest.  What was replaced is counted, so that a reader
knows what the ring does not show.
"""

# Records kept: a busy minute of 20 clients is under 100 (a record for each session's start, end
# and replaced message); 200 records take 128 KiB at most.
RECORDS = 200


class Ring:
    def __init__(self, size=RECORDS):
        self._slots = [None] * size
        self._next = 0
        self.total = 0

    def add(self, text):
        self._slots[self._next] = text
        self._next = (self._next + 1) % len(self._slots)
        self.total += 1

    @property
    def lost(self):
        """Records that were replaced by newer ones."""
        return max(0, self.total - len(self._slots))

    def lines(self):
        """Oldest first."""
        kept = self._slots[self._next :] + self._slots[: self._next]
        return [text for text in kept if text is not None]

    def since(self, number):
        """(first, lines): those of the records from `number` on that are kept, oldest first.

        Records are counted from 0; `first` is the number of the first one of `lines`.
        """
        first = max(number, self.lost)
        lines = self.lines()
        return first, lines[len(lines) - (self.total - first) :] if first < self.total else []
