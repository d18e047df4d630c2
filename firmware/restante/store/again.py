"""The bodies of a maildrop that wait to be judged again, because there is a newer signature set.

Its rule: how far it got is durable now and then, so that it goes on after a restart; which bodies
wait is screened.py's to tell.  It belongs to the Maildrop, whose records it writes.
"""

from restante.compat import const
from restante.store import index as book
from restante.store.screened import mark_of

# Entries looked at before others get their turn: a few ms on the box.
STRIDE = const(64)


class Again:
    def __init__(self, drop):
        self._drop = drop

    async def begin(self, bundle):
        """The set of this name is in use now: all that it did not judge waits.  StoreError."""
        await self._record(lambda s: s.with_bundle(mark_of(bundle), self._index.next_file))

    async def waiting(self, count, start=0):
        """[(number of a file, slot)]: the next ones from number `start` on, lowest first."""
        index = self._index
        found = []
        for slot in range(index.count):
            if slot % STRIDE == 0:
                await self._drop._off_loop.pause()
            number = index.file(slot)
            if number < start or not index.flags(slot) & book.STORED:
                continue
            if index.screened.waits(number) and (len(found) < count or number < found[-1][0]):
                found.append((number, slot))
                found.sort()
                if len(found) > count:
                    found.pop()
        return found

    def waits(self, slot):
        """Its body is to be judged by the set in use."""
        index = self._index
        return bool(index.flags(slot) & book.STORED) and index.screened.waits(index.file(slot))

    async def judged(self, number):
        """All up to this number of a file are done.  StoreError."""
        await self._record(lambda s: s.with_done(number + 1))

    async def finished(self):
        """All that waited are done.  StoreError."""
        await self._record(lambda s: s.with_done(s.until))

    async def _record(self, body):
        await self._drop._turns.take(None, self._write, body)

    async def _write(self, body):
        screened = self._index.screened
        if body(screened) is not None:
            await self._drop._change(lambda: [(book.SCREENED, body(screened))])

    @property
    def _index(self):
        return self._drop._index
