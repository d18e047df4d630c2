"""What a maildrop holds, as the journal's records tell it.  Pure.

The same `apply` serves reading the journal and each new record, so that both can never differ.
Its rule: no object per message.  An entry is a slot: a place in columns of small numbers, and a
UIDL in a packed list.  A slot is never given to another message; the id in the journal rises
with the slot.  It does not know files, nor why something changes.
"""

import struct

from restante.compat import const
from restante.store.columns import Column, Digests
from restante.store.entries import UIDL_PREFIX, NewerVersion
from restante.store.uidls import Uidls

VERSION = const(1)
OWN_PREFIX = UIDL_PREFIX.encode()

# Kinds of records.
BEGIN = const(1)  # version, next id, next file, whether a listing was complete; always the first
ENTRY = const(2)  # a new entry; `source`: the entry that gives its body away to it, or 0
STATE = const(3)  # an entry is now thus
FORGET = const(4)  # an entry is gone
COMPLETE = const(5)  # a whole listing was applied

# Flags of an entry.
STORED = const(1)  # the body is here
SERVED = const(2)  # its true octets are known: it was stored once
DELIVERED = const(4)  # a client has it
DELETED = const(8)  # by a client, or known under another UIDL as deleted: a tombstone
OWNED = const(16)  # by the box
GONE = const(32)  # not in the origin's last listing
HIDDEN = const(64)  # perhaps a deleted message under a new UIDL; not shown before it is known
VANISHED = const(128)  # owned by the box because the origin lost it
KEPT_FLAGS = const(255)
# Only in memory.
FORGOTTEN = const(256)
CHECKED = const(512)  # its content was right once since the start

SHA_OCTETS = const(16)  # of the 32 of SHA-256: 128 bits tell any two messages apart
NO_SHA = bytes(SHA_OCTETS)

_BEGIN = "<HIIB"
_STATE = "<IHIIIII16s16s"
_STATE_OCTETS = const(58)
_SOURCE_OCTETS = const(4)


class Entry:
    """A copy of one entry, to be changed and packed.  Octets: see README."""

    def __init__(self, id):
        self.id = id
        self.flags = 0
        self.listed = 0  # octets, as the origin's LIST has it
        self.octets = 0  # true octets of what is served
        self.size = 0  # octets of the wire form
        self.file = 0  # number of the file
        self.time = 0  # when it was deleted or vanished, seconds since 1970
        self.sha = NO_SHA  # of the original
        self.served = NO_SHA  # of what is served

    def pack(self):
        return struct.pack(
            _STATE,
            self.id,
            self.flags & KEPT_FLAGS,
            self.listed,
            self.octets,
            self.size,
            self.file,
            self.time,
            self.sha,
            self.served,
        )

    def drop_body(self):
        self.flags &= ~STORED
        self.size = self.file = 0


def unpack(body):
    entry = Entry(0)
    (
        entry.id,
        entry.flags,
        entry.listed,
        entry.octets,
        entry.size,
        entry.file,
        entry.time,
        entry.sha,
        entry.served,
    ) = struct.unpack_from(_STATE, body, 0)
    return entry


def state_record(entry):
    return STATE, entry.pack()


def entry_record(entry, uidl, source=0):
    return ENTRY, entry.pack() + struct.pack("<I", source) + uidl


def forget_record(id):
    return FORGET, struct.pack("<I", id)


COMPLETE_RECORD = (COMPLETE, b"")


class Index:
    """`count`: slots; columns by slot: `flags`, `sizes`, `files` and so on.

    `views`: how often what is visible changed.  `released`: numbers of files that no entry needs
    any more; whoever removes them empties it.
    """

    def __init__(self):
        self.count = 0
        self.next_id = 1
        self.next_file = 1
        self.complete = False
        self.live = 0  # entries that are not forgotten
        self.stored_octets = 0
        self.views = 0
        self.released = []
        self.uidls = Uidls()
        self.ids = Column("I")
        self.flags = Column("H")
        self.listed = Column("I")
        self.true_octets = Column("I")
        self.sizes = Column("I")
        self.files = Column("I")
        self.times = Column("I")
        self.numbers = Column("I")  # in the origin's last listing; not in the journal
        self._shas = Digests(SHA_OCTETS)
        self._served = {}  # slot: hash, where it is not the original's: few

    # -- reading

    def find(self, uidl):
        """The slot of an entry that is not forgotten, or -1."""
        slot = self.uidls.find(uidl)
        return -1 if slot < 0 or self.flags[slot] & FORGOTTEN else slot

    def is_own(self, slot):
        """A message that never was at the origin."""
        return self.uidls.get(slot).startswith(OWN_PREFIX)

    def is_visible(self, slot):
        flags = self.flags[slot]
        if flags & (DELETED | HIDDEN | FORGOTTEN):
            return False
        return bool(flags & OWNED) or not flags & GONE

    def visible(self, slots):
        """Appends all visible slots to the array, in order."""
        for slot in range(self.count):
            flags = self.flags[slot]
            if not flags & (DELETED | HIDDEN | FORGOTTEN | GONE) or self.is_visible(slot):
                slots.append(slot)

    def is_hidden(self, slot):
        return self.flags[slot] & (HIDDEN | DELETED | FORGOTTEN) == HIDDEN

    def is_retained(self, slot):
        """A body is here of what clients deleted or the origin lost."""
        flags = self.flags[slot]
        return bool(flags & STORED) and not flags & FORGOTTEN and not self.is_visible(slot)

    def octets(self, slot):
        return self.true_octets[slot] if self.flags[slot] & SERVED else self.listed[slot]

    def sha(self, slot):
        return self._shas.get(slot)

    def served(self, slot):
        return self._served.get(slot) or self._shas.get(slot)

    def get(self, slot):
        """A copy, to be changed and made a record of."""
        entry = Entry(self.ids[slot])
        entry.flags = self.flags[slot]
        entry.listed = self.listed[slot]
        entry.octets = self.true_octets[slot]
        entry.size = self.sizes[slot]
        entry.file = self.files[slot]
        entry.time = self.times[slot]
        entry.sha = self.sha(slot)
        entry.served = self.served(slot)
        return entry

    # -- records

    def apply(self, record):
        """ValueError if the record makes no sense here; NewerVersion."""
        kind, body = record
        try:
            if kind == BEGIN:
                self._begin(body)
            elif kind == ENTRY:
                self._add(body)
            elif kind == STATE:
                entry = unpack(body)
                self._set(self._slot(entry.id), entry)
            elif kind == FORGET:
                self._forget(self._slot(struct.unpack("<I", body)[0]))
            elif kind == COMPLETE:
                self.complete = True
            else:
                raise ValueError("unknown kind %d" % kind)
        except struct.error:
            raise ValueError("kind %d with a body of %d octets" % (kind, len(body)))

    def _begin(self, body):
        version = struct.unpack_from("<H", body, 0)[0]  # stays so in all versions
        if version > VERSION:
            raise NewerVersion()
        _, self.next_id, self.next_file, complete = struct.unpack(_BEGIN, body)
        self.complete = bool(complete)

    def _add(self, body):
        entry = unpack(body)
        uidl = bytes(body[_STATE_OCTETS + _SOURCE_OCTETS :])
        source = struct.unpack_from("<I", body, _STATE_OCTETS)[0]
        if entry.id < self.next_id:
            # In a rewritten journal `next_id` is ahead of the entries.
            if self.count and entry.id <= self.ids[self.count - 1]:
                raise ValueError("entry %d again" % entry.id)
        if not uidl or self.find(uidl) >= 0:
            raise ValueError("entry %d has a UIDL that is taken" % entry.id)
        giver = self._slot(source) if source else -1
        self._grow(uidl, entry.id)
        if giver >= 0:
            given = self.get(giver)
            given.drop_body()
            self._set(giver, given)
            self.released.remove(entry.file)
        self._set(self.count - 1, entry)

    def _grow(self, uidl, id):
        columns = (self.ids, self.flags, self.listed, self.true_octets, self.sizes, self.files)
        for column in columns:
            column.reach(self.count)
        self.times.reach(self.count)
        self.numbers.reach(self.count)
        self._shas.reach(self.count)
        self.uidls.add(uidl)
        self.ids[self.count] = id
        self.flags[self.count] = HIDDEN
        self.count += 1
        self.live += 1
        self.next_id = max(self.next_id, id + 1)

    def _set(self, slot, entry):
        self._leave(slot, entry.file)
        visible = self.is_visible(slot)
        checked = self.flags[slot] & CHECKED if self.files[slot] == entry.file else 0
        self.flags[slot] = entry.flags & KEPT_FLAGS | checked
        self.listed[slot] = entry.listed
        self.true_octets[slot] = entry.octets
        self.sizes[slot] = entry.size
        self.files[slot] = entry.file
        self.times[slot] = entry.time
        self._shas.set(slot, entry.sha)
        if entry.served != entry.sha:
            self._served[slot] = entry.served
        else:
            self._served.pop(slot, None)
        self.next_file = max(self.next_file, entry.file + 1)
        if entry.flags & STORED:
            self.stored_octets += entry.size
        self.views += visible != self.is_visible(slot)

    def _leave(self, slot, file):
        """The entry's body counts no more; its file is released unless it is `file`."""
        if self.flags[slot] & STORED:
            self.stored_octets -= self.sizes[slot]
            if self.files[slot] != file:
                self.released.append(self.files[slot])

    def _forget(self, slot):
        if self.flags[slot] & FORGOTTEN:
            raise ValueError("entry %d is forgotten already" % self.ids[slot])
        self._leave(slot, 0)
        self.views += self.is_visible(slot)
        self.flags[slot] = DELETED | FORGOTTEN
        self.sizes[slot] = self.files[slot] = 0
        self._served.pop(slot, None)
        self.live -= 1

    def _slot(self, id):
        """By bisection; ValueError."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self.ids[middle] < id:
                low = middle + 1
            else:
                high = middle
        if low == self.count or self.ids[low] != id:
            raise ValueError("no entry %d" % id)
        return low

    def records(self):
        """The shortest journal that gives this state."""
        version = struct.pack(_BEGIN, VERSION, self.next_id, self.next_file, self.complete)
        yield BEGIN, version
        for slot in range(self.count):
            if not self.flags[slot] & FORGOTTEN:
                yield entry_record(self.get(slot), self.uidls.get(slot))
