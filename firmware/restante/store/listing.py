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
    DEPARTED,
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
        slot = self._index.find(uidl)
        if slot < 0:
            if self._new.find(uidl) >= 0:
                raise QuirkError("the origin gives a UIDL to two messages, also to %d" % number)
            _check(number, uidl)
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

    def numbers(self):
        """All message numbers up to the highest listed one."""
        return range(1, len(self._places))

    def slot(self, number):
        """Of what has an entry already, or -1."""
        place = self._places[number]
        return place - 1 if place <= self._slots else -1

    def new(self, number):
        """The UIDL of what has none, or None."""
        place = self._places[number] - self._slots
        return self._new.get(place - 1) if place > 0 else None

    def octets(self, number):
        return self._sizes[number]


def _check(number, uidl):
    if not 0 < len(uidl) <= UIDL_OCTETS:
        raise QuirkError("message %d has a UIDL of %d octets" % (number, len(uidl)))
    for octet in uidl:
        if not 0x21 <= octet <= 0x7E:
            raise QuirkError("message %d has a UIDL with an octet %d" % (number, octet))
    if uidl.startswith(OWN_PREFIX):
        raise QuirkError("message %d has a UIDL that is reserved for the box" % number)


def changes(index, listing, now, retention, keep_vanished):
    """Records for a complete listing; `keep_vanished`: what was fetched becomes the box's."""
    missing = _missing(index, listing)
    hiding = _sizes_that_hide(index, missing, keep_vanished)
    id = index.next_id
    for number in listing.numbers():
        octets = listing.octets(number)
        slot = listing.slot(number)
        if slot >= 0:
            if _differs(index, slot, octets):
                yield book.state_record(_listed_again(index.get(slot), octets))
            continue
        uidl = listing.new(number)
        if uidl is not None:
            yield book.listed_record(id, HIDDEN if octets in hiding else 0, octets, uidl)
            id += 1
    waiting = _sizes_to_compare(index, listing, missing) if missing else ()
    for slot in missing:
        record = _missed(index, slot, now, retention, keep_vanished, waiting)
        if record:
            yield record
    if not index.complete:
        yield book.COMPLETE_RECORD


def set_numbers(index, listing):
    """After the records were counted in: what stands where in the listing."""
    index.numbers.clear()
    for number in listing.numbers():
        slot = listing.slot(number)
        if slot < 0:
            uidl = listing.new(number)
            slot = -1 if uidl is None else index.find(uidl)
        if slot >= 0:
            index.numbers[slot] = number


def _missing(index, listing):
    """Slots of entries of the origin that it does not list."""
    slots = array("I")
    for slot in range(index.count):
        if listing.has(slot) or index.flags(slot) & FORGOTTEN or index.is_own(slot):
            continue
        slots.append(slot)
    return slots


def _sizes_that_hide(index, missing, keep_vanished):
    """LIST sizes of messages that nobody may see again under a new UIDL."""
    sizes = set()
    for slot in missing:
        flags = index.flags(slot)
        if flags & DEPARTED:
            continue
        here = flags & OWNED or keep_vanished and flags & STORED
        if flags & DELETED or here and not flags & GONE:
            sizes.add(index.listed(slot))
    return sizes


def _sizes_to_compare(index, listing, missing):
    """LIST sizes of messages whose content is not known: listed now, or the last time."""
    sizes = set()
    for number in listing.numbers():
        slot = listing.slot(number)
        if slot < 0 or _is_unknown(index, slot):
            sizes.add(listing.octets(number))
    for slot in missing:
        if not index.flags(slot) & GONE and _is_unknown(index, slot):
            sizes.add(index.listed(slot))
    return sizes


def _is_unknown(index, slot):
    return index.sha(slot) == book.NO_SHA and not index.flags(slot) & DELETED


def _differs(index, slot, octets):
    return index.flags(slot) & (GONE | DEPARTED) or octets and octets != index.listed(slot)


def _listed_again(entry, octets):
    if entry.flags & VANISHED:
        entry.flags &= ~(OWNED | VANISHED)
    entry.flags &= ~(GONE | DEPARTED)
    entry.listed = octets or entry.listed
    return entry


def _missed(index, slot, now, retention, keep_vanished, waiting):
    flags = index.flags(slot)
    if not flags & GONE:
        return book.state_record(_vanished(index.get(slot), now, retention, keep_vanished))
    if index.is_visible(slot) or index.is_retained(slot) or index.listed(slot) in waiting:
        return None
    return book.forget_record(index.id(slot))


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
        flags = index.flags(other)
        if (
            flags & (GONE | DEPARTED | FORGOTTEN) != GONE
            or index.sha(other) != sha
            or index.is_own(other)
        ):
            continue
        if other != slot and (hidden or not _was_taken(flags)):
            return other
    return -1


def departs_with(index, other):
    """The message whose former entry is `other` is not to be at the origin any more."""
    flags = index.flags(other)
    return bool(flags & DELETED) or _was_taken(flags)


def _was_taken(flags):
    return flags & (OWNED | VANISHED | DELETED) == OWNED
