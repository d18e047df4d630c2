"""What the readers of both journals have in common (journal.py, records.py).  Pure."""

from restante.compat import const

# Texts about damage that are kept: more would only repeat the same trouble.
DAMAGE_KEPT = const(20)


class Reading:
    """Takes a journal in pieces of any size; hands each good record to `apply(record)`.

    After the last piece call end().  Then: `next_seq`; `good` octets up to the end of the last
    good record; `torn`: octets of an unfinished last one; `damage`: one text per bad place.
    `apply` raises ValueError for a record that makes no sense: that is damage too.
    """

    def __init__(self, apply):
        self.next_seq = 0
        self.good = 0
        self.torn = 0
        self.records = 0
        self.damage = []
        self._apply = apply
        self._rest = b""
        self._offset = 0  # of _rest in the file

    def _damaged(self, what, offset):
        if len(self.damage) < DAMAGE_KEPT:
            self.damage.append("journal, octet %d: %s" % (offset, what))
