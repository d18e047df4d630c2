"""All maildrops: which are in memory, what they take together, the room that is kept free.

Its rule: a maildrop is one object for all who hold it; what nobody holds is unloaded when others
need the memory.  It does not know accounts: an id is a name of a folder.
"""

from restante.compat import const
from restante.errors import StoreError, StoreFull
from restante.store.faults import ENOENT, store_error
from restante.store.maildrop import Maildrop

FOLDER = "maildrops"
# Messages of maildrops that are in memory although nobody holds them: 1 MiB at most.
IDLE_SLOTS = const(10000)
# Given up when a deletion finds no room on the partition, octets: thousands of records.
RESERVE_OCTETS = const(65536)
_RESERVE = FOLDER + "/reserve"


class Maildrops:
    """`octets` stored of `maximum`; `problems`: texts for the operator."""

    def __init__(self, folder, helper, clock, spool, maximum):
        """`helper`: loop.Helper; `clock()`: seconds since 1970, UTC."""
        self.octets = 0
        self.maximum = maximum
        self.dated_from = 0  # set by the owner: a time before it is of a clock that was not set
        self._folder = folder
        self._helper = helper
        self._clock = clock
        self._spool = spool
        self._off_loop = folder.off_loop(helper)
        self._drops = {}  # id: Maildrop; the longest unheld first
        self._holders = {}  # id: how many
        self._weights = {}  # id: octets
        self._problems = []

    # -- start

    async def start(self):
        """Looks at each maildrop once: its octets, what a cut-off change left.  StoreError."""
        try:
            self._folder.make(FOLDER)
            await self._off_loop.fsync_folder("")
            names = self._folder.listdir(FOLDER)
        except OSError as error:
            raise store_error("opening the folder of the maildrops", error)
        await self._make_reserve()
        for name in sorted(names):
            if _is_id(name):
                await self._look_at(name)

    async def _look_at(self, name):
        try:
            if self._folder.listdir(FOLDER + "/" + name):
                self.release(await self.open(name))
        except (OSError, StoreError) as error:
            self._note("maildrop %s: %s" % (name, error))

    def _note(self, text):
        self._problems.append(text)

    @property
    def problems(self):
        found = list(self._problems)
        for id in self._drops:
            found += ["maildrop %s: %s" % (id, text) for text in self._drops[id].problems]
        return found

    # -- who holds which

    async def open(self, id):
        """The maildrop of this id, loaded; each open() needs a release().  StoreError."""
        drop = self._drops.pop(id, None) or self._new(id)
        self._drops[id] = drop
        self._holders[id] = self._holders.get(id, 0) + 1
        try:
            await drop.load()
        except BaseException:
            self.release(drop)
            if not self._holders.get(id):
                self._drops.pop(id, None)
            raise
        await self._unload_idle()
        return drop

    def _new(self, id):
        if not _is_id(id):
            raise StoreError("%s is no name of a maildrop" % id)
        try:
            self._folder.make(FOLDER)
            self._folder.make(FOLDER + "/" + id)
        except OSError as error:
            raise store_error("making a maildrop", error)
        return Maildrop(self, self._folder, self._helper, self._clock, FOLDER + "/" + id)

    def release(self, drop):
        id = drop.id
        self._holders[id] -= 1
        if not self._holders[id]:
            del self._holders[id]

    async def _unload_idle(self):
        """The ones that nobody holds, the longest unused first, until they are few enough."""
        idle = [id for id in self._drops if id not in self._holders]
        slots = sum([self._drops[id].slots_in_memory for id in idle])
        for id in idle:
            if slots <= IDLE_SLOTS:
                return
            if id not in self._holders and id in self._drops:
                drop = self._drops.pop(id)
                slots -= drop.slots_in_memory
                await drop.close()

    async def erase(self, id):
        """Nothing of this maildrop is left.  StoreError."""
        drop = await self.open(id)
        try:
            await drop.erase()
        finally:
            self.release(drop)
            self._drops.pop(id, None)
            self._weighed(id, 0)

    # -- room

    def weigh(self, drop):
        """The maildrop tells that its octets changed."""
        self._weighed(drop.id, drop.stored_octets)

    def _weighed(self, id, octets):
        self.octets += octets - self._weights.get(id, 0)
        self._weights[id] = octets

    async def make_room(self, drop, octets, before):
        """Evicts for a new body; of undelivered ones only slots below `before`.  StoreFull."""
        over = drop.stored_octets + octets - drop.quota
        if over > 0:
            if not drop.can_evict(over, before):
                raise StoreFull("the maildrop is full: %d octets stored" % drop.stored_octets)
            await drop.evict(over, before)
        over = self.octets + octets - self.maximum
        if over > 0:
            over -= await drop.evict(over, before)
        for id in sorted(self._weights, key=lambda id: -self._weights[id]):
            if over <= 0:
                return
            if id != drop.id:
                over -= await self._evict_elsewhere(id, over)
        if over > 0:
            raise StoreFull("the maildrops are full: %d octets stored" % self.octets)

    async def _evict_elsewhere(self, id, octets):
        # What another account has not seen yet is not given up for this one.
        try:
            other = await self.open(id)
        except StoreError:
            return 0  # told at start
        try:
            return await other.evict(octets, 0)
        finally:
            self.release(other)

    async def _make_reserve(self):
        """Octets on the partition that only a deletion may use."""
        try:
            if self._reserved():
                return
            fd = self._folder.create(_RESERVE)
            try:
                self._folder.write(fd, bytes(RESERVE_OCTETS), 0, RESERVE_OCTETS)
                await self._off_loop.fsync(fd)  # until then no room may be taken on the medium
            finally:
                self._folder.close(fd)
        except OSError as error:
            self._note(str(store_error("reserving room for deletions", error)))

    def _reserved(self):
        """The reserve is there; what is left of an unfinished one is removed."""
        try:
            fd = self._folder.open(_RESERVE)
        except OSError as error:
            if error.args[0] == ENOENT:
                return False
            raise
        try:
            whole = self._folder.size(fd) == RESERVE_OCTETS
        finally:
            self._folder.close(fd)
        if not whole:
            self._folder.unlink(_RESERVE)
        return whole

    def give_up_reserve(self):
        """A deletion finds no room: True if there is some now."""
        try:
            self._folder.unlink(_RESERVE)
        except OSError as error:
            if error.args[0] != ENOENT:
                self._note(str(store_error("giving up the reserve", error)))
            return False
        return True


def _is_id(name):
    return 0 < len(name) <= 64 and all([c in "0123456789abcdef" for c in name])
