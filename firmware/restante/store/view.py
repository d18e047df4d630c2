"""What sessions, spiders and the operator see of a maildrop.

Its rule: it changes nothing, and it makes no object per message.  What a slot is: README.
"""

from array import array

from restante.store import eviction
from restante.store import index as book
from restante.store.ledger import Ledger


class View(Ledger):
    def __init__(self, rooms, folder, helper, clock, name):
        super().__init__(rooms, folder, helper, clock, name)
        self.quota = rooms.maximum
        self._view = None
        self._view_of = -1

    def slots(self):
        """An array that never changes, of what a session may see, oldest first."""
        index = self._index
        if self._view_of != index.views:
            view = array("H" if index.count < 65536 else "I")
            index.visible(view)
            self._view = view
            self._view_of = index.views
        return self._view

    def find(self, uidl):
        return self._index.find(bytes(uidl))

    def uidl(self, slot):
        return self._index.uidls.get(slot)

    def octets(self, slot):
        return self._index.octets(slot)

    def size(self, slot):
        return self._index.size(slot)

    def number(self, slot):
        return self._index.numbers[slot]

    def is_stored(self, slot):
        return bool(self._index.flags(slot) & book.STORED)

    def is_deleted(self, slot):
        return bool(self._index.flags(slot) & book.DELETED)

    def is_delivered(self, slot):
        return bool(self._index.flags(slot) & book.DELIVERED)

    def is_box_owned(self, slot):
        return bool(self._index.flags(slot) & book.OWNED)

    @property
    def complete(self):
        return self._index.complete

    @property
    def stored_octets(self):
        return self._index.stored_octets

    @property
    def count(self):
        return len(self.slots())

    @property
    def slots_in_memory(self):
        return self._index.count

    @property
    def problems(self):
        return self._bodies.problems

    def departing(self):
        """Slots that are to be deleted at the origin and are in its last listing."""
        index = self._index
        flags = book.DELETED | book.OWNED
        return [s for s in range(index.count) if index.numbers[s] and index.flags(s) & flags]

    def wanted(self, budget):
        """Slots to fetch now, in this order."""
        return eviction.wanted(self._index, budget, self.quota)

    def hidden(self):
        """Slots of new mail that is not shown before its content is known: fetch it soon."""
        return eviction.hidden(self._index)

    def serial(self, slot):
        """The message's number in the journal, which it keeps for ever."""
        return self._index.id(slot)

    def deleted_at(self, slot):
        """When it was deleted, or vanished at the origin: seconds since 1970."""
        return self._index.time(slot)

    def retained(self):
        """Slots of what clients deleted or the origin lost, and can be restored."""
        index = self._index
        return [slot for slot in range(index.count) if index.is_retained(slot)]
