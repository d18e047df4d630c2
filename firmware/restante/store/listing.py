"""A listing of the origin, and what it changes in a maildrop.  Pure.

Its rule: nothing changes before the listing is complete.  New UIDLs become entries; what is
missing vanishes.  An origin may give all its messages new UIDLs: so what vanished is remembered
(UIDL, size, hash) until the next complete listing, and as long as a message of the same size is
listed that was not compared yet.  A new one that may be a deleted one is hidden until then.
"""

from array import array

from restante.compat import const
from restante.errors import QuirkError
from restante.limits import LISTING_LINES
from restante.store import index as book
from restante.store.index import (
    DELETED,
    FORGOTTEN,
    GONE,
    HIDDEN,
    OWN_PREFIX,
    OWNED,
    STORED,
    VANISHED,
)
from restante.store.uidls import UIDL_OCTETS, Uidls

# Sizes above this are lies (RULES, origin quirks): no message of 4 GiB passes the box.
LARGEST_OCTETS = const(0xFFFFFFFF)


class Listing:
    """One listing as it comes in: UIDL and LIST lines in any order, by message number."""

    def __init__(self, index):
        self._index = index
        self._new = Uidls()
        self._places = array("I", [0])  # by number: slot + 1, or slots + place in `_new` + 1
        self._sizes = array("I", [0])
        self._slots = index.count  # entries that come meanwhile are the box's own
        self._seen = bytearray(self._slots // 8 + 1)

    def uidl(self, number, uidl):
        """`uidl`: bytes.  QuirkError."""
        self._reach(number)
        if self._places[number]:
            raise QuirkError("the origin lists message %d twice" % number)
        _check(number, uidl)
        slot = self._index.find(uidl)
        if slot < 0:
            if self._new.find(uidl) >= 0:
                raise QuirkError("the origin gives a UIDL to two messages, also to %d" % number)
            self._places[number] = self._slots + self._new.add(uidl) + 1
        else:
            if self.has(slot):
                raise QuirkError("the origin gives a UIDL to two messages, also to %d" % number)
            self._seen[slot >> 3] |= 1 << (slot & 7)
            self._places[number] = slot + 1

    def size(self, number, octets):
        """Of a LIST line."""
        self._reach(number)
        self._sizes[number] = min(max(octets, 0), LARGEST_OCTETS)

    def _reach(self, number):
        if not 0 < number <= LISTING_LINES:
            raise QuirkError("the origin lists a message number %d" % number)
        while len(self._places) <= number:
            self._places.append(0)
            self._sizes.append(0)

    def has(self, slot):
        """This entry is listed."""
        return slot < self._slots and bool(self._seen[slot >> 3] & 1 << (slot & 7))

    def known(self):
        """(slot, number, octets) of what has an entry already."""
        for number in range(1, len(self._places)):
            place = self._places[number]
            if 0 < place <= self._slots:
                yield place - 1, number, self._sizes[number]

    def new(self):
        """(UIDL, number, octets) of what has none, by number."""
        for number in range(1, len(self._places)):
            place = self._places[number]
            if place > self._slots:
                yield self._new.get(place - self._slots - 1), number, self._sizes[number]


def _check(number, uidl):
    if not 0 < len(uidl) <= UIDL_OCTETS:
        raise QuirkError("message %d has a UIDL of %d octets" % (number, len(uidl)))
    for octet in uidl:
        if not 0x21 <= octet <= 0x7E:
            raise QuirkError("message %d has a UIDL with an octet %d" % (number, octet))
    if uidl.startswith(OWN_PREFIX):
        raise QuirkError("message %d has a UIDL that is reserved for the box" % number)


def changes(index, listing, now, retention, keep_vanished):
    """Records for a complete listing.  `keep_vanished`: what was fetched here becomes the box's."""
    missing = _missing(index, listing)
    hiding = _sizes_that_hide(index, missing, keep_vanished)
    for slot, _, octets in listing.known():
        record = _listed_again(index, slot, octets)
        if record:
            yield record
    id = index.next_id
    for uidl, _, octets in listing.new():
        entry = book.Entry(id)
        entry.listed = octets
        entry.flags = HIDDEN if octets in hiding else 0
        yield book.entry_record(entry, uidl)
        id += 1
    waiting = _sizes_to_compare(index, listing) if missing else ()
    for slot in missing:
        record = _missed(index, slot, now, retention, keep_vanished, waiting)
        if record:
            yield record
    if not index.complete:
        yield book.COMPLETE_RECORD


def number(index, listing):
    """After the records were applied: what stands where in the listing."""
    for slot in range(index.count):
        index.numbers[slot] = 0
    for slot, number, _ in listing.known():
        index.numbers[slot] = number
    for uidl, number, _ in listing.new():
        index.numbers[index.find(uidl)] = number


def _missing(index, listing):
    """Slots of entries of the origin that it does not list."""
    slots = array("I")
    for slot in range(index.count):
        if not index.flags[slot] & FORGOTTEN and not listing.has(slot) and not index.is_own(slot):
            slots.append(slot)
    return slots


def _sizes_that_hide(index, missing, keep_vanished):
    """LIST sizes of messages that nobody may see again under a new UIDL."""
    sizes = set()
    for slot in missing:
        flags = index.flags[slot]
        here = flags & OWNED or keep_vanished and flags & STORED
        if flags & DELETED or here and not flags & GONE:
            sizes.add(index.listed[slot])
    return sizes


def _sizes_to_compare(index, listing):
    """LIST sizes of listed messages whose content is not known."""
    sizes = set()
    for _, _, octets in listing.new():
        sizes.add(octets)
    for slot, _, octets in listing.known():
        if index.sha(slot) == book.NO_SHA and not index.flags[slot] & DELETED:
            sizes.add(octets)
    return sizes


def _listed_again(index, slot, octets):
    flags = index.flags[slot]
    if not flags & GONE and (octets == index.listed[slot] or not octets):
        return None
    entry = index.get(slot)
    entry.flags &= ~GONE
    if flags & VANISHED:
        entry.flags &= ~(OWNED | VANISHED)
    entry.listed = octets or entry.listed
    return book.state_record(entry)


def _missed(index, slot, now, retention, keep_vanished, waiting):
    flags = index.flags[slot]
    if not flags & GONE:
        return book.state_record(_vanished(index.get(slot), now, retention, keep_vanished))
    if index.is_visible(slot) or index.is_retained(slot) or index.listed[slot] in waiting:
        return None
    return book.forget_record(index.ids[slot])


def _vanished(entry, now, retention, keep_vanished):
    entry.flags |= GONE
    if entry.flags & (DELETED | OWNED):
        return entry
    if keep_vanished and entry.flags & STORED:
        entry.flags |= OWNED | VANISHED
        return entry
    entry.time = now
    if not retention:
        entry.drop_body()
    return entry


def twin(index, slot, sha):
    """The vanished entry that is the same message under its former UIDL, or -1."""
    hidden = index.is_hidden(slot)
    for other in range(index.count):
        flags = index.flags[other]
        if flags & (GONE | FORGOTTEN) != GONE or index.sha(other) != sha or index.is_own(other):
            continue
        if other != slot and (hidden or not _was_taken(flags)):
            return other
    return -1


def departs_with(index, other):
    """The message whose former entry is `other` is not to be at the origin any more."""
    flags = index.flags[other]
    return bool(flags & DELETED) or _was_taken(flags)


def _was_taken(flags):
    return flags & (OWNED | VANISHED | DELETED) == OWNED
