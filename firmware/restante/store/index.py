"""What a maildrop holds, as the journal's records tell it.  Pure.

The same `apply` serves reading the journal and each new record, so that both can never differ.
Its rule: no object per message.  An entry is a slot: a row of octets in a packed table, and a UIDL
in a packed list.  A slot is never given to another message; the id in the journal rises
with the slot.  It does not know files, nor why something changes.
"""

import struct

from restante.compat import const
from restante.store.columns import Numbers, Rows
from restante.store.entries import UIDL_PREFIX, NewerVersion
from restante.store.screened import NOTHING, Screened
from restante.store.screened import OCTETS as SCREENED_OCTETS
from restante.store.uidls import Uidls

VERSION = const(1)
OWN_PREFIX = UIDL_PREFIX.encode()

# Kinds of records.
BEGIN = const(1)  # version, next id, next file, whether a listing was complete; always the first
ENTRY = const(2)  # a new entry; `source`: the entry that gives its body away to it, or 0
STATE = const(3)  # an entry is now thus
FORGET = const(4)  # an entry is gone
COMPLETE = const(5)  # a whole listing was applied
SCREENED = const(6)  # which bodies the newest signature set has judged

# Flags of an entry.
STORED = const(1)  # the body is here
SERVED = const(2)  # its true octets are known: it was stored once
DELIVERED = const(4)  # a client has it
DELETED = const(8)  # by a client, or known under another UIDL as deleted: a tombstone
OWNED = const(16)  # by the box
GONE = const(32)  # not in the origin's last listing
HIDDEN = const(64)  # perhaps a deleted message under a new UIDL; not shown before it is known
VANISHED = const(128)  # owned by the box because the origin lost it
DEPARTED = const(256)  # the origin has confirmed that it deleted it: no new UIDL of it can come
KEPT_FLAGS = const(511)
# Only in memory.
FORGOTTEN = const(512)
CHECKED = const(1024)  # its content was right once since the start

SHA_OCTETS = const(16)  # of the 32 of SHA-256: 128 bits tell any two messages apart
NO_SHA = bytes(SHA_OCTETS)

_BEGIN = "<HIIB"
_BEGIN_OCTETS = const(11)
# A row, as it stands in a record and in memory: id, flags, listed, octets, size, file, time, sha.
_ROW = "<IHIIIII16s"
_FLAGS = const(4)
_LISTED = const(6)
_OCTETS = const(10)
_SIZE = const(14)
_FILE = const(18)
_TIME = const(22)
_SHA = const(26)
ROW_OCTETS = const(42)
# Behind it in a record: the hash of what is served, the entry that gave its body away, the UIDL.
_STATE_OCTETS = const(58)
_HEAD_OCTETS = const(62)
_LEAST_OCTETS = {BEGIN: 2, ENTRY: 63, STATE: 58, FORGET: 4, SCREENED: SCREENED_OCTETS}


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
        row = struct.pack(
            _ROW,
            self.id,
            self.flags & KEPT_FLAGS,
            self.listed,
            self.octets,
            self.size,
            self.file,
            self.time,
            self.sha,
        )
        return row + self.served

    def drop_body(self):
        self.flags &= ~STORED
        self.size = self.file = 0


def state_record(entry):
    return STATE, entry.pack()


def entry_record(entry, uidl, source=0):
    return ENTRY, entry.pack() + struct.pack("<I", source) + uidl


def listed_record(id, flags, listed, uidl):
    """entry_record() of a new message of the origin, in one piece: there may be thousands."""
    body = bytearray(_HEAD_OCTETS)
    struct.pack_into("<IHI", body, 0, id, flags, listed)
    body.extend(uidl)
    return ENTRY, body


def forget_record(id):
    return FORGET, struct.pack("<I", id)


COMPLETE_RECORD = (COMPLETE, b"")


class Index:
    """`count`: slots; `numbers`: by slot, where it stands in the origin's last listing, or 0.

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
        self.screened = Screened()
        self.uidls = Uidls()
        self.numbers = Numbers()
        self._rows = Rows(ROW_OCTETS)
        self._served = {}  # slot: hash of what is served, where it is not the original's: few

    # -- reading

    def id(self, slot):
        return self._rows.number(slot, 0)

    def flags(self, slot):
        return self._rows.octet(slot, _FLAGS) | self._rows.octet(slot, _FLAGS + 1) << 8

    def listed(self, slot):
        return self._rows.number(slot, _LISTED)

    def size(self, slot):
        return self._rows.number(slot, _SIZE)

    def file(self, slot):
        return self._rows.number(slot, _FILE)

    def time(self, slot):
        return self._rows.number(slot, _TIME)

    def sha(self, slot):
        return self._rows.octets(slot, _SHA, SHA_OCTETS)

    def served(self, slot):
        return self._served.get(slot) or self.sha(slot)

    def find(self, uidl):
        """The slot of an entry that is not forgotten, or -1."""
        slot = self.uidls.find(uidl)
        return -1 if slot < 0 or self.flags(slot) & FORGOTTEN else slot

    def is_own(self, slot):
        """A message that never was at the origin."""
        return self.uidls.get(slot).startswith(OWN_PREFIX)

    def is_visible(self, slot):
        return _is_shown(self._rows.octet(slot, _FLAGS))

    def visible(self, slots):
        """Appends all visible slots to the array, in order."""
        slot = 0
        for piece in self._rows.pieces:
            for at in range(_FLAGS, len(piece), ROW_OCTETS):
                if slot == self.count:
                    return
                if _is_shown(piece[at]):
                    slots.append(slot)
                slot += 1

    def is_hidden(self, slot):
        return self.flags(slot) & (HIDDEN | DELETED | FORGOTTEN) == HIDDEN

    def is_retained(self, slot):
        """A body is here of what clients deleted or the origin lost."""
        flags = self.flags(slot)
        return bool(flags & STORED) and not flags & FORGOTTEN and not self.is_visible(slot)

    def octets(self, slot):
        return self._rows.number(slot, _OCTETS if self.flags(slot) & SERVED else _LISTED)

    def get(self, slot):
        """A copy, to be changed and made a record of."""
        entry = Entry(self.id(slot))
        entry.flags = self.flags(slot)
        entry.listed = self.listed(slot)
        entry.octets = self._rows.number(slot, _OCTETS)
        entry.size = self.size(slot)
        entry.file = self.file(slot)
        entry.time = self.time(slot)
        entry.sha = self.sha(slot)
        entry.served = self.served(slot)
        return entry

    def mark(self, slot, flag):
        """Sets a flag that no record tells yet."""
        for at in (_FLAGS, _FLAGS + 1):
            self._rows.put_octet(slot, at, self._rows.octet(slot, at) | flag & 255)
            flag >>= 8

    # -- records

    def apply(self, record):
        """ValueError if the record makes no sense here; NewerVersion."""
        kind, body = record
        if len(body) < _LEAST_OCTETS.get(kind, 0):
            raise ValueError("kind %d with a body of %d octets" % (kind, len(body)))
        if kind == BEGIN:
            self._begin(body)
        elif kind == ENTRY:
            self._add(body)
        elif kind == STATE:
            self._set(self._slot(_number(body, 0)), body)
        elif kind == FORGET:
            self._forget(self._slot(_number(body, 0)))
        elif kind == COMPLETE:
            self.complete = True
        elif kind == SCREENED:
            self.screened.apply(body)
        else:
            raise ValueError("unknown kind %d" % kind)

    def _begin(self, body):
        version = struct.unpack_from("<H", body, 0)[0]  # stays so in all versions
        if version > VERSION:
            raise NewerVersion()
        if len(body) < _BEGIN_OCTETS:
            raise ValueError("a beginning of %d octets" % len(body))
        _, self.next_id, self.next_file, complete = struct.unpack_from(_BEGIN, body, 0)
        self.complete = bool(complete)

    def _add(self, body):
        id = _number(body, 0)
        source = _number(body, _STATE_OCTETS)
        uidl = bytes(body[_HEAD_OCTETS:])
        if self.count and id <= self.id(self.count - 1):
            raise ValueError("entry %d again" % id)
        if not uidl or self.find(uidl) >= 0:
            raise ValueError("entry %d has a UIDL that is taken" % id)
        if source:
            self._give_away(self._slot(source))
        slot = self.count
        self._rows.reach(slot)
        self.numbers.reach(slot)
        self.uidls.add(uidl)
        self.count += 1
        self.live += 1
        self.next_id = max(self.next_id, id + 1)
        self._rows.put_octet(slot, _FLAGS, HIDDEN)
        self._set(slot, body)

    def _give_away(self, slot):
        giver = self.get(slot)
        file = giver.file
        giver.drop_body()
        self._set(slot, giver.pack())
        self.released.remove(file)

    def _set(self, slot, body):
        """`body` of a record becomes the row of this entry."""
        file = _number(body, _FILE)
        self._leave(slot, file)
        visible = self.is_visible(slot)
        checked = self.flags(slot) & CHECKED if self.file(slot) == file else 0
        self._rows.put(slot, body)
        if checked:
            self.mark(slot, CHECKED)
        self._note_served(slot, body)
        self.next_file = max(self.next_file, file + 1)
        if self.flags(slot) & STORED:
            self.stored_octets += self.size(slot)
        self.views += visible != self.is_visible(slot)

    def _note_served(self, slot, body):
        served = bytes(body[ROW_OCTETS:_STATE_OCTETS])
        if served != self.sha(slot):
            self._served[slot] = served
        elif slot in self._served:
            del self._served[slot]

    def _leave(self, slot, file):
        """The entry's body counts no more; its file is released unless it is `file`."""
        if self.flags(slot) & STORED:
            self.stored_octets -= self.size(slot)
            if self.file(slot) != file:
                self.released.append(self.file(slot))

    def _forget(self, slot):
        if self.flags(slot) & FORGOTTEN:
            raise ValueError("entry %d is forgotten already" % self.id(slot))
        self._leave(slot, 0)
        self.views += self.is_visible(slot)
        gone = Entry(self.id(slot))
        gone.flags = DELETED
        self._rows.put(slot, gone.pack())
        self.mark(slot, FORGOTTEN)
        self._served.pop(slot, None)
        self.live -= 1

    def _slot(self, id):
        """By bisection; ValueError."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self.id(middle) < id:
                low = middle + 1
            else:
                high = middle
        if low == self.count or self.id(low) != id:
            raise ValueError("no entry %d" % id)
        return low

    def records(self):
        """The shortest journal that gives this state."""
        version = struct.pack(_BEGIN, VERSION, self.next_id, self.next_file, self.complete)
        yield BEGIN, version
        if self.screened.bundle != NOTHING or self.screened.until:
            yield SCREENED, self.screened.body()
        for slot in range(self.count):
            if not self.flags(slot) & FORGOTTEN:
                yield entry_record(self.get(slot), self.uidls.get(slot))


def _number(body, at):
    return struct.unpack_from("<I", body, at)[0]


def _is_shown(flags):
    # What is forgotten is deleted too.
    return not flags & (DELETED | HIDDEN) and flags & (OWNED | GONE) != GONE
