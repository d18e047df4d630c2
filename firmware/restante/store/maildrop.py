"""One account's messages: every change to them; what is seen of them is view.py's.

Its rule: each call that changes something is durable when it returns, or raises and changed
nothing; changes are made one at a time.  Files are moved here before the record that names them
is written, and removed after the record that gives them up.  It does not know POP3, origins or
policy.
"""

from binascii import hexlify

from restante.compat import const
from restante.errors import RestanteError, StoreError
from restante.store import eviction
from restante.store import index as book
from restante.store import listing as lists
from restante.store.again import Again
from restante.store.bodies import Spoiled
from restante.store.ledger import LOST_PREFIX
from restante.store.screened import mark_of
from restante.store.view import View

# A message whose record was lost is kept so long, seconds, whatever the retention is.
LOST_SECONDS = const(2592000)


class Evicted(StoreError):
    """The body is not here: fetch it from the origin first."""


class Deleted(StoreError):
    """Another session has deleted this message."""

    transient = False


class Refused(RestanteError):
    """The operator asked for what cannot be done."""

    transient = False


class Maildrop(View):
    """`quota` octets, `retention` seconds, `keep_vanished`: set by the owner, from the settings.

    `keep_vanished`: the origin drops what was fetched, so what vanishes becomes the box's.
    `rooms`: the Maildrops, for what concerns all of them.
    """

    def __init__(self, rooms, folder, helper, clock, name):
        super().__init__(rooms, folder, helper, clock, name)
        self.id = name.rpartition("/")[2]
        self.retention = 0
        self.keep_vanished = False
        self.listed_at = 0
        self.again = Again(self)
        self._withheld = set()  # numbers of files that are not given out in this run
        self._listing = None

    # -- start

    async def load(self):
        """Reads the journal; removes what a change that was cut off has left.  StoreError."""
        if not self._is_ready():
            await self._turns.take(None, self._nothing)

    async def _nothing(self):
        pass

    async def close(self):
        """After what has begun; saves what no record tells yet."""
        if self._unsaved and not self._unusable:
            await self._turns.take(None, self._change, tuple)
        async with self._turns.lock:
            self._journal.close()
            self._unusable = StoreError("the maildrop is closed")

    # -- the origin's listing

    def listing(self):
        """A new listing; what an earlier one collected and did not end is given up."""
        if self._listing is not None and self._listing.ending:
            raise StoreError("a listing is being applied")
        self._listing = OpenListing(self)
        return self._listing

    async def _apply_listing(self, listing):
        index = self._index
        now = self._now()

        def make():
            return lists.changes(index, listing, now, self.retention, self.keep_vanished)

        await self._change(make)
        lists.set_numbers(index, listing)
        self.listed_at = now

    # -- changing

    async def store(self, slot, f, sha, octets, bundle=""):
        """Takes the sealed spool file `f` as what is served of `slot`.  StoreError, StoreFull.

        `sha`: SHA-256 of the original as fetched, or None if `f` is the original; `bundle`: name
        of the signature set that judged it, "" if none did.
        """
        self._must_be_sealed(f)
        await self._rooms.make_room(self, f.size, slot)
        await self._turns.take(f, self._store, slot, f, sha, octets, mark_of(bundle))

    async def _store(self, slot, f, sha, octets, mark):
        index = self._index
        if index.flags(slot) & book.DELETED:
            return
        entry = index.get(slot)
        entry.served = (await self._bodies.hash(f.fd))[: book.SHA_OCTETS]
        entry.sha = bytes(sha[: book.SHA_OCTETS]) if sha else entry.served
        entry.octets = octets
        changes = []
        twin = lists.twin(index, slot, entry.sha)
        entry.flags = entry.flags & ~book.HIDDEN | book.SERVED
        if twin >= 0:
            entry.flags |= index.flags(twin) & book.DELIVERED
            if lists.departs_with(index, twin):
                entry.flags |= book.DELETED
                entry.time = index.time(twin) or self._now()
            if not index.flags(twin) & book.OWNED or index.flags(twin) & book.VANISHED:
                changes.append(book.forget_record(index.id(twin)))
        if entry.flags & book.DELETED and not self.retention:
            entry.drop_body()
            await self._change(lambda: [book.state_record(entry)] + changes)
        else:
            await self._take(f, entry, lambda: [book.state_record(entry)] + changes, mark)
            index.mark(slot, book.CHECKED)

    async def _take(self, f, entry, records, mark=None):
        """The file becomes the body of `entry`; `records` gives the records.

        `mark`: of the set that judged it; None: by the set in use, or words of the box.
        """

        def make():
            body = None if mark is None else self._index.screened.with_body(entry.file, mark)
            # First: if the rest is torn off, a body too much waits, never one too few.
            return ([] if body is None else [(book.SCREENED, body)]) + records()

        entry.flags |= book.STORED
        entry.size = f.size
        entry.file = self._index.next_file
        self._index.next_file += 1
        await self._bodies.take(f, entry.file)
        try:
            await self._change(make)
        except (StoreError, MemoryError):
            if self._journal.broken:
                # The record may be there after a power cut, so its file must be there too.
                f.taken = True
                self._doubtful.append(entry.file)
            raise
        f.taken = True

    async def add(self, f, uidl, octets):
        """The slot of a new message of the box's own; the same UIDL again adds nothing."""
        self._must_be_sealed(f)
        if not uidl.startswith(book.OWN_PREFIX):
            raise StoreError("the UIDL of a message of the box must begin with its prefix")
        await self._rooms.make_room(self, f.size, self._index.count)
        return await self._turns.take(f, self._add, f, bytes(uidl), octets)

    async def _add(self, f, uidl, octets):
        index = self._index
        slot = index.find(uidl)
        if slot >= 0:
            return slot
        entry = book.Entry(index.next_id)
        entry.flags = book.OWNED | book.SERVED
        entry.listed = entry.octets = octets
        entry.sha = entry.served = (await self._bodies.hash(f.fd))[: book.SHA_OCTETS]
        await self._take(f, entry, lambda: [book.entry_record(entry, uidl)])
        return index.find(uidl)

    def _must_be_sealed(self, f):
        if not f.sealed:
            raise StoreError("a message that is still being written cannot be stored")

    async def open(self, slot):
        """A read-only descriptor of the wire form, which the caller closes.

        Evicted, Deleted, StoreError: never wrong octets.
        """
        if self._index.flags(slot) & book.DELETED:
            raise Deleted("the message was deleted by another session")
        fd = await self.open_body(slot)
        if self._index.file(slot) in self._withheld:
            self._bodies.close(fd)
            raise StoreError("found bad by a newer signature set, and not in quarantine yet")
        return fd

    async def open_body(self, slot):
        """As open(), also of what clients deleted; nobody is given it."""
        index = self._index
        while True:
            if not index.flags(slot) & book.STORED:
                raise Evicted("the message is not here now")
            number = index.file(slot)
            try:
                fd = self._bodies.open(number)
                if not index.flags(slot) & book.CHECKED:
                    await self._check(fd, slot)
            except Spoiled as error:
                self._bodies.note("%s: %s" % (self._printable(slot), error))
                await self._turns.take(None, self._spoiled, slot, number)
                raise
            if index.file(slot) == number:
                return fd
            self._bodies.close(fd)  # replaced meanwhile: sizes are the new one's

    async def _check(self, fd, slot):
        index = self._index
        number = index.file(slot)
        try:
            await self._bodies.check(fd, index.size(slot), index.served(slot))
        except BaseException:
            self._bodies.close(fd)
            raise
        if index.file(slot) == number:
            index.mark(slot, book.CHECKED)

    async def _spoiled(self, slot, number):
        if self._index.file(slot) == number and not self._index.flags(slot) & book.OWNED:
            await self._drop_bodies([slot])

    async def replace(self, slot, number, f, octets):
        """`f`, in the form of a notice, takes the place of the body with this number of a file.

        False if it is not the message's body any more.  StoreError, StoreFull.
        """
        self._must_be_sealed(f)
        await self._rooms.make_room(self, f.size, slot)
        return await self._turns.take(f, self._replace, slot, number, f, octets)

    async def _replace(self, slot, number, f, octets):
        index = self._index
        served = (await self._bodies.hash(f.fd))[: book.SHA_OCTETS]
        if index.file(slot) != number or not index.flags(slot) & book.STORED:
            return False
        entry = index.get(slot)
        entry.served = served
        entry.octets = octets

        def records():
            entry.flags |= index.flags(slot) & book.DELIVERED  # a session may note it meanwhile
            return [book.state_record(entry)]

        await self._take(f, entry, records)
        index.mark(slot, book.CHECKED)
        self._withheld.discard(number)
        return True

    def withhold(self, number):
        """Nobody is given the body with this number of a file, as long as this program runs."""
        self._withheld.add(number)

    async def delete(self, slots):
        """A client's DELE and QUIT."""
        await self._turns.take(None, self._delete, list(slots))

    async def _delete(self, slots):
        index = self._index
        now = self._now()
        slots = [slot for slot in slots if not index.flags(slot) & book.DELETED]

        def make():
            for slot in slots:
                if index.is_own(slot) and not self.retention:
                    yield book.forget_record(index.id(slot))
                    continue
                entry = index.get(slot)
                entry.flags |= book.DELETED
                entry.time = now
                if not self.retention:
                    entry.drop_body()
                yield book.state_record(entry)

        await self._change(make, reserved=True)

    async def take(self, slot):
        """The box owns it from now on, and it departs from the origin."""
        await self._turns.take(None, self._own, slot)

    async def _own(self, slot):
        if not self.is_stored(slot):
            raise Evicted("a message that is not here cannot be taken over")
        entry = self._index.get(slot)
        entry.flags |= book.OWNED
        await self._change(lambda: [book.state_record(entry)])

    async def reveal(self, slots):
        """Shows hidden mail that cannot be fetched now: a deleted message may come back once under
        a new UIDL, but none is lost."""
        await self._turns.take(None, self._reveal, list(slots))

    async def _reveal(self, slots):
        index = self._index

        def make():
            for slot in slots:
                entry = index.get(slot)
                entry.flags &= ~book.HIDDEN
                yield book.state_record(entry)

        slots = [slot for slot in slots if index.is_hidden(slot)]
        if slots:
            await self._change(make)

    def delivered(self, slot):
        """A client has it: noted with the next record."""
        self._note(slot, book.DELIVERED)

    def departed(self, slots):
        """The origin said +OK to the QUIT after their DELE: noted with the next record."""
        for slot in slots:
            self._note(slot, book.DEPARTED)

    def _note(self, slot, flag):
        if not self._index.flags(slot) & flag:
            self._index.mark(slot, flag)
            self._unsaved.append(slot)

    async def restore(self, slot):
        """Shows a retained message again, as a new one; its slot.  Refused, StoreError."""
        return await self._turns.take(None, self._restore, slot)

    async def _restore(self, slot):
        index = self._index
        if not index.is_retained(slot):
            raise Refused("this message is not kept any more")
        old = index.get(slot)
        entry = index.get(slot)
        entry.id = index.next_id
        entry.flags = book.OWNED | book.STORED | book.SERVED
        entry.time = 0
        stamp = hexlify(entry.sha[:4])
        uidl = b"%srestored-%d-%s" % (book.OWN_PREFIX, entry.id, stamp)
        await self._change(lambda: [book.entry_record(entry, uidl, source=old.id)])
        return index.find(uidl)

    # -- house-keeping

    async def keep_house(self, now):
        """What is due by age or by quota; the journal.  StoreError.

        `now`: in s since 1970, None while the clock is not trusted.
        """
        await self._turns.take(None, self._keep_house, now)

    async def _keep_house(self, now):
        index = self._index
        due = [slot for slot in self.retained() if self._is_due(slot, now)]
        over = index.stored_octets - self.quota - sum([index.size(slot) for slot in due])
        for slot in eviction.choose(index, over, index.count)[0]:
            if slot not in due:
                due.append(slot)
        if due or self._unsaved:
            await self._drop_bodies(due)

    def _is_due(self, slot, now):
        # A time of a clock that was not set yet says nothing of the age.
        trusted = now is not None and self._index.time(slot) >= self._rooms.dated_from
        if self.uidl(slot).startswith(LOST_PREFIX):
            return trusted and now - self._index.time(slot) > LOST_SECONDS
        if not self.retention:
            return True
        return trusted and now - self._index.time(slot) > self.retention

    def can_evict(self, octets, before):
        return eviction.choose(self._index, octets, before)[1] >= octets

    async def evict(self, octets, before):
        """Drops bodies for so many octets, or all it may; what it freed.

        Of what no client has: only slots below `before`.
        """
        return await self._turns.take(None, self._evict, octets, before)

    async def _evict(self, octets, before):
        slots, freed = eviction.choose(self._index, octets, before)
        if slots:
            await self._drop_bodies(slots)
        return freed

    async def _drop_bodies(self, slots):
        index = self._index

        def make():
            for slot in slots:
                if index.is_own(slot):
                    yield book.forget_record(index.id(slot))
                    continue
                entry = index.get(slot)
                entry.drop_body()
                yield book.state_record(entry)

        await self._change(make)

    async def erase(self):
        """Every file goes, the journal last; nothing can be asked of it afterwards."""
        await self._turns.take(None, self._erase)

    async def _erase(self):
        numbers, others = self._bodies.names()
        await self._bodies.drop(sorted(numbers))
        await self._bodies.erase(others)
        self._journal.close()
        self._unusable = StoreError("the maildrop was erased")


class OpenListing(lists.Listing):
    """What drop.listing() gives: collects, then end() or drop()."""

    def __init__(self, drop):
        super().__init__(drop._index)
        self.ending = False
        self._drop = drop

    async def end(self):
        """Applies it, durably.  StoreError."""
        drop = self._drop
        if drop._listing is not self:
            raise StoreError("another listing has begun")
        self.ending = True
        try:
            await drop._turns.take(None, drop._apply_listing, self)
        finally:
            self.ending = False
            drop._listing = None

    def drop(self):
        if self._drop._listing is self:
            self._drop._listing = None
