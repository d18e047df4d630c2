"""What is below a maildrop's calls: index, journal and files, and how they stay one.

Its rule: a change is written, synced, then counted in, and only then are files removed that it
gave up.  At start a file without a record goes, and a record without its file is corrected.  It
does not know why anything changes.
"""

from restante.compat import const
from restante.errors import StoreError, StoreFull
from restante.store import index as book
from restante.store import records
from restante.store.bodies import SUFFIX, Bodies
from restante.store.entries import NewerVersion
from restante.store.journalfile import JournalFile
from restante.store.screened import Screened
from restante.store.turns import Turns

# Superseded records before the journal is rewritten: under 100 KiB.
SLACK_RECORDS = const(1000)
# A message whose record was lost.
LOST_PREFIX = book.OWN_PREFIX + b"lost-"
# Records counted in before others get their turn: a few ms on the box.
STRIDE = const(64)


class Ledger:
    """`rooms`: the Maildrops, for what concerns all of them; `name`: of the folder."""

    def __init__(self, rooms, folder, helper, clock, name):
        self._rooms = rooms
        self._clock = clock
        self._room = name
        self._off_loop = folder.off_loop(helper)
        self._index = book.Index()
        self._bodies = Bodies(folder, self._off_loop, name)
        self._journal = JournalFile(folder, self._off_loop, name + "/journal", records)
        self._turns = Turns(self._make_ready, "the maildrop")
        self._loaded = False
        self._ready = False
        self._unusable = None
        self._rewrite_at = 0  # records; not before, after an attempt that failed
        self._doubtful = []  # numbers of files that the journal may name all the same
        self._unsaved = []  # slots with a flag that no record tells yet

    # -- start

    async def _make_ready(self):
        if self._unusable:
            raise self._unusable
        if not self._loaded:
            await self._read_journal()
        if not self._ready:
            await self._adopt_journal()
            await self._match_files()
            self._rooms.weigh(self)
            self._ready = True
        if self._journal.broken:
            await self._rewrite_anyhow()
        elif self._journal.records > max(2 * self._index.live + SLACK_RECORDS, self._rewrite_at):
            await self._shorten()

    def _is_ready(self):
        """Nothing is to be read or repaired, and no change is on its way."""
        return self._ready and self._turns.idle and not (self._unusable or self._journal.broken)

    async def _read_journal(self):
        self._index = book.Index()
        try:
            for _ in self._journal.loading(self._index.apply):
                await self._off_loop.pause()
        except NewerVersion:
            self._unusable = StoreError("the maildrop was written by a newer firmware")
            raise self._unusable
        self._index.released = []
        if self._journal.damaged:
            self._index.screened = Screened()  # all bodies are judged again
        self._loaded = True
        for problem in self._journal.problems:
            self._bodies.note(problem)

    async def _adopt_journal(self):
        if not self._journal.broken:
            await self._journal.adopt()
        elif self._journal.missing:
            await self._bodies.sync_folder()

    async def _match_files(self):
        """Each stored entry has its file, each file its entry."""
        numbers, others = self._bodies.names()
        for name in others:
            if name.startswith("journal.new"):
                self._bodies.remove(name)
        index = self._index
        for slot in range(index.count):
            if index.flags(slot) & book.STORED:
                if index.file(slot) in numbers:
                    numbers.discard(index.file(slot))
                else:
                    self._lost_file(slot)
        records_lost = self._journal.damaged or self._journal.missing
        for number in sorted(numbers):
            # No later file takes a number that a removal not yet durable may bring back.
            index.next_file = max(index.next_file, number + 1)
            if records_lost:
                await self._adopt(number)
            else:
                self._bodies.remove("%d%s" % (number, SUFFIX))

    def _lost_file(self, slot):
        self._bodies.note("the file of %s is missing" % self._printable(slot))
        if not self._index.flags(slot) & book.OWNED:
            entry = self._index.get(slot)
            entry.drop_body()
            self._index.apply(book.state_record(entry))
            self._index.released = []
            self._journal.broken = True  # to be rewritten as it is known now

    async def _adopt(self, number):
        """A file whose record may have been lost is retained, for the operator to restore."""
        index = self._index
        entry = book.Entry(index.next_id)
        try:
            entry.size, entry.octets, sha = await self._bodies.measure(number)
        except StoreError as error:
            self._bodies.note(str(error))
            return
        entry.sha = entry.served = sha[: book.SHA_OCTETS]
        entry.flags = book.STORED | book.SERVED | book.DELETED
        entry.file = number
        entry.time = self._now()
        index.apply(book.entry_record(entry, LOST_PREFIX + b"%d" % entry.id))
        self._journal.broken = True

    def _printable(self, slot):
        return "message %s of %s" % (str(self._index.uidls.get(slot), "utf-8"), self._room)

    async def _rewrite(self):
        await self._journal.rewrite(self._index.records())
        # Only now is it certain that no record names these files.
        doubtful, self._doubtful = self._doubtful, []
        await self._bodies.drop(doubtful)

    async def _rewrite_anyhow(self):
        try:
            await self._rewrite()
        except StoreFull:
            if not self._rooms.give_up_reserve():
                raise
            await self._rewrite()

    async def _shorten(self):
        """Leaves out what is superseded; if there is no room for that, it can wait."""
        try:
            await self._rewrite()
        except StoreError:
            if self._journal.broken:
                raise
            self._rewrite_at = self._journal.records + SLACK_RECORDS

    # -- changes

    async def _change(self, make, reserved=False):
        """Writes the records that make() gives, then counts them in; `make` is called twice.

        `reserved`: a deletion, for which there is always room.
        """
        unsaved, self._unsaved = self._unsaved, []
        try:
            await self._append(lambda: self._with_unsaved(unsaved, make), reserved)
        except BaseException:
            self._unsaved += unsaved
            raise
        try:
            await self._count_in(make())
        except BaseException:
            self._journal.broken = True  # the next change rewrites it as the index is
            raise
        finally:
            self._rooms.weigh(self)
        released, self._index.released = self._index.released, []
        await self._bodies.drop(released)

    async def _count_in(self, changes):
        done = 0
        for record in changes:
            self._index.apply(record)
            done += 1
            if done % STRIDE == 0:
                await self._off_loop.pause()

    def _with_unsaved(self, slots, make):
        index = self._index
        for slot in slots:
            if not index.flags(slot) & book.FORGOTTEN:
                yield book.state_record(index.get(slot))
        for record in make():
            yield record

    async def _append(self, make, reserved):
        try:
            await self._journal.append(make())
        except StoreFull:
            if not reserved or not self._rooms.give_up_reserve():
                raise
            if self._journal.broken:
                await self._rewrite()
            await self._journal.append(make())

    def _now(self):
        return max(0, int(self._clock()))
