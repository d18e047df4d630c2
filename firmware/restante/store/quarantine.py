"""Originals of whatever was replaced or held, until the operator or the retention deletes them.

Its rule: each call that changes something is durable when it returns, or raises and changed
nothing; what leaves for age or room leaves a record.  It does not know POP3 nor policy.
"""

from restante.compat import const
from restante.errors import RestanteError, StoreError, StoreFull
from restante.screening.verdicts import BLOCK
from restante.store import entries as book
from restante.store import journal, leaving
from restante.store.faults import store_error
from restante.store.journalfile import JournalFile
from restante.store.shelf import FOLDER, Shelf
from restante.store.turns import Turns

# Entries at most: one takes about 0.8 KiB of the gate's memory.
ENTRIES = const(1000)
# Superseded journal lines before it is rewritten: under 1 MiB.
SLACK_RECORDS = const(1000)
# Entries that leave with one sync: a few KiB of records.
STRIDE = const(16)
# Who deleted, in the record, if it was not the operator.
BY_AGE = "retention"
FOR_ROOM = "lack of room"


class Refused(RestanteError):
    """The operator asked for what cannot be done: unknown id, `force` missing, damaged."""

    transient = False


class Released:
    """An original that its account may fetch now.  Sizes in octets; `size` is of the wire form."""

    def __init__(self, shelf, entry):
        self.id = entry.id
        self.uidl = entry.waiting.uidl
        self.octets = entry.octets
        self.size = entry.size
        self._shelf = shelf
        self._entry = entry

    async def open(self):
        """A read-only descriptor of the wire form; the caller closes it.  StoreError."""
        return self._shelf.open(self._entry)


class Quarantine:
    """`maximum` octets; `octets` held; `problems`: texts for the operator.

    Set by the owner: `retention` seconds, 0 for ever; `evicts`: when it is full, the oldest that
    is not young goes; `aged()`: the time by which things get old, None while the clock is not
    trusted; `dated_from`: a time before it says nothing, because the clock was not set;
    `evicted(entry, who)` is told what left by itself.
    """

    def __init__(self, folder, helper, clock, maximum):
        """`helper`: loop.Helper; `clock()`: seconds since 1970, UTC.  Reads the journal."""
        self.maximum = maximum
        self.retention = 0
        self.evicts = False
        self.dated_from = 0
        self.aged = _unknown
        self.evicted = _nobody
        self._folder = folder
        self._off_loop = folder.off_loop(helper)
        self._clock = clock
        self._book = book.Book()
        self._shelf = Shelf(folder, self._off_loop)
        self._journal = JournalFile(folder, self._off_loop, FOLDER + "/journal", journal)
        self._turns = Turns(self._make_ready, "the quarantine")
        self._ready = False
        self._unusable = None
        self._records_lost = False
        # Files whose keep failed after the rename, and which the journal may name all the same.
        self._doubtful = []
        self._load()
        self._rewrite_at = 2 * self._book.count() + SLACK_RECORDS

    # -- start

    def _load(self):
        try:
            self._folder.make(FOLDER)
            self._records_lost = self._journal.load(self._book.apply)
        except OSError as error:
            self._unusable = store_error("opening the quarantine folder", error)
        except book.NewerVersion:
            self._unusable = StoreError("the quarantine was written by a newer firmware")
        except StoreError as error:
            self._unusable = error
        if self._unusable:
            self._shelf.note(str(self._unusable))

    async def start(self):
        """Repairs the journal, checks the files, hashes what waits for delivery.  StoreError.

        Each later call does this first if it has not succeeded yet.
        """
        await self._turns.take(None, self._nothing)

    async def _nothing(self):
        pass

    async def _make_ready(self):
        if self._unusable:
            raise self._unusable
        if not self._ready:
            try:
                await self._off_loop.fsync_folder("")  # it may just have been made
            except OSError as error:
                raise store_error("syncing the data folder", error)
            self._shelf.inspect(self._book, self._records_lost)
            if not self._journal.broken:
                await self._journal.adopt()
            await self._check_released()
            self._ready = True
        if self._journal.broken or self._journal.records > self._rewrite_at:
            await self._rewrite()

    async def _check_released(self):
        for entry in self._book.entries.values():
            if entry.waiting:
                try:
                    await self._shelf.check_content(entry)
                except StoreError as error:
                    self._shelf.damaged(entry, str(error))

    async def _rewrite(self):
        await self._journal.rewrite(self._book.records())
        self._rewrite_at = 2 * self._journal.records + SLACK_RECORDS
        # Only now is it certain that no record names these files.
        for name in self._doubtful:
            await self._shelf.drop(name)
        self._doubtful = []

    async def close(self):
        """After what has begun: closes the journal."""
        async with self._turns.lock:
            self._journal.close()
            self._unusable = StoreError("the quarantine is closed")

    # -- reading

    @property
    def octets(self):
        return self._book.octets

    @property
    def problems(self):
        return self._shelf.problems + self._journal.problems

    def entries(self):
        """All entries, newest first."""
        return sorted(self._book.entries.values(), key=_number, reverse=True)

    def deleted(self):
        """The last delete records (entries.py), oldest first."""
        return self._book.deleted

    def find(self, id):
        """The entry, or Refused."""
        entry = self._book.entries.get(id)
        if entry is None:
            raise Refused("no entry %s in the quarantine; see: quarantine list" % id)
        return entry

    def open(self, entry):
        """A read-only descriptor of the entry's file; StoreError."""
        return self._shelf.open(entry)

    def released_for(self, account):
        """[Released] of this account, oldest first, without what was delivered."""
        found = [
            e for e in self._book.entries.values() if e.waiting and e.record.account == account
        ]
        return [Released(self._shelf, e) for e in sorted(found, key=_number)]

    # -- changing

    async def keep(self, f, record):
        """Takes the sealed spool file; the durable Entry.  StoreError, StoreFull.

        The same content of the same account is kept once: then `f` stays the spool's.
        """
        if not f.sealed:
            raise StoreError("keep of a message that is still being written")
        return await self._turns.take(f, self._keep, f, record)

    async def _keep(self, f, record):
        sha = await self._shelf.hash(f.fd)
        entry = self._book.find(record.account, sha)
        if entry is not None:
            entry.seen += 1
            return entry
        leaves = self._room_for(f.size)
        id = self._book.take_id()
        await self._shelf.take(f, id)
        entry = book.Entry(id, record, self._now(), sha, f.size, f.stuffed)
        try:
            await self._change(*self._farewells(leaves, FOR_ROOM), book.keep_record(entry))
        except (StoreError, MemoryError):
            if self._journal.broken:
                # The record may be there after a power cut, so its file must be there too.
                f.taken = True
                self._doubtful.append(f.name)
            raise
        f.taken = True
        await self._drop_files(leaves, FOR_ROOM)
        return self._book.entries[id]

    def _room_for(self, octets):
        """Entries that make room for so many octets; StoreFull if nothing may leave."""
        over = self._book.octets + octets - self.maximum
        count = len(self._book.entries) + 1 - ENTRIES
        if over <= 0 and count <= 0:
            return []
        now = self.aged()
        oldest = self.evicts and now is not None
        leaves = None
        if octets <= self.maximum:
            entries = sorted(self._book.entries.values(), key=_number)
            leaves = leaving.for_room(entries, over, count, oldest, now, self.dated_from)
        if leaves is None:
            what = "%d octets held" % self._book.octets if over > 0 else "%d entries" % ENTRIES
            raise StoreFull("the quarantine is full: " + what)
        return leaves

    async def keep_house(self):
        """What is older than the retention leaves, if the clock is trusted.  StoreError."""
        now = self.aged()
        if self.retention and now is not None:
            await self._turns.take(None, self._keep_house, now)

    async def _keep_house(self, now):
        entries = self._book.entries.values()
        due = leaving.due(entries, now, self.retention, self.dated_from)
        for start in range(0, len(due), STRIDE):
            some = due[start : start + STRIDE]
            await self._change(*self._farewells(some, BY_AGE))
            await self._drop_files(some, BY_AGE)

    def _farewells(self, entries, who):
        now = self._now()
        return [book.delete_record(entry, now, who) for entry in entries]

    async def _drop_files(self, entries, who):
        for entry in entries:
            await self._shelf.drop(self._shelf.name(entry.id))
            self.evicted(entry, who)

    async def release(self, id, who, force=False):
        """Lets the account fetch the original; the Entry.  Refused, StoreError."""
        return await self._turns.take(None, self._release, id, who, force)

    async def _release(self, id, who, force):
        entry = self.find(id)
        if entry.waiting and not entry.damaged:
            return entry
        if not entry.record.account:
            raise Refused("the account of %s is not known" % id)
        if entry.record.action == BLOCK and not force:
            raise Refused("%s is blocked; if it is really meant: release %s force" % (id, id))
        await self._shelf.check_content(entry)
        if entry.damaged:
            raise Refused("%s is damaged: %s" % (id, entry.damaged))
        if entry.waiting:
            return entry
        uidl = "%s%s-%d-%s" % (book.UIDL_PREFIX, id, len(entry.releases) + 1, entry.sha[:8])
        await self._change(book.release_record(id, self._now(), book.bounded(who), uidl))
        return entry

    async def delivered(self, account, uidls):
        """The account deleted these released messages (DELE and QUIT).  StoreError."""
        await self._turns.take(None, self._delivered, account, uidls)

    async def _delivered(self, account, uidls):
        records = []
        for uidl in set(uidls):
            entry = self._book.released(account, uidl)
            if entry is not None:
                records.append(book.delivered_record(entry.id, self._now(), uidl))
        if records:
            await self._change(*records)

    async def judged(self, outcomes):
        """[(id, verdict, bundle)]: another signature set has judged these.  StoreError."""
        await self._turns.take(None, self._judged, outcomes)

    async def _judged(self, outcomes):
        records = [
            book.judged_record(id, verdict, book.bounded(bundle))
            for id, verdict, bundle in outcomes
            if id in self._book.entries
        ]
        if records:
            await self._change(*records)

    async def delete(self, id, who):
        """The entry and its file are gone for good.  Refused, StoreError."""
        await self._turns.take(None, self._delete, id, who)

    async def _delete(self, id, who):
        entry = self.find(id)
        await self._change(*self._farewells([entry], book.bounded(who)))
        await self._shelf.drop(self._shelf.name(id))

    def _now(self):
        return max(0, int(self._clock()))

    async def _change(self, *records):
        await self._journal.append(records)
        try:
            for record in records:
                self._book.apply(record)
        except MemoryError:
            self._journal.broken = True  # the next call rewrites it as the book is
            raise


def _number(entry):
    return int(entry.id)


def _unknown():
    return None


def _nobody(entry, who):
    """The owner has not asked to be told."""
