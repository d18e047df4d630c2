"""The journal as a file: append durably, rewrite atomically, read at start.

Its rule: what append() or rewrite() returned from is on the medium; what they raised from is not
in the file after repair().  A descriptor whose sync failed is never synced again, because Linux
then reports success for what it dropped: the journal is rewritten into a new file instead.
Works on a Folder and its OffLoop; imports nothing of the machine.
"""

from restante.compat import const
from restante.errors import StoreError
from restante.store.faults import ENOENT, store_error

# Read and written at once; between two blocks others get their turn.
BLOCK_OCTETS = const(4096)
# Problems kept for `show status`.
PROBLEMS = const(20)


class JournalFile:
    """`broken`: the next change must rewrite() first.  `records`: how many are in the file.

    `codec`: the module that knows the format: encode(seq, record) and Reader(apply).
    """

    def __init__(self, folder, off_loop, name, codec):
        self.problems = []
        self.broken = True
        self.damaged = False
        self.missing = False
        self.records = 0
        self._folder = folder
        self._off_loop = off_loop
        self._codec = codec
        self._room = name.rpartition("/")[0]  # the sub-folder that holds it
        self._name = name
        self._fd = -1
        self._size = 0
        self._seq = 0
        self._attempt = 0

    def load(self, apply):
        """Reads what is there.  True if records may be lost: damaged, or unreadable."""
        for _ in self.loading(apply):
            pass
        return self.damaged

    def loading(self, apply):
        """load() in steps, one a block, so that a long journal can be read between other work."""
        try:
            fd = self._folder.open(self._name)
        except OSError as error:
            if error.args[0] == ENOENT:
                self.missing = True
                return  # the first start: rewrite() makes it
            raise store_error("opening the journal", error)
        reader = self._codec.Reader(apply)
        try:
            yield from self._read(fd, reader)
        except OSError as error:
            raise store_error("reading the journal", error)
        finally:
            self._folder.close(fd)
        self.problems = reader.damage
        self.damaged = bool(reader.damage)
        self.records = reader.records
        self._size = reader.good
        self._seq = reader.next_seq
        self.broken = bool(reader.torn or reader.damage)

    def _read(self, fd, reader):
        buf = bytearray(BLOCK_OCTETS)
        offset = 0
        while True:
            n = self._folder.read(fd, buf, offset)
            if not n:
                break
            reader.feed(bytes(buf[:n]))
            offset += n
            yield
        reader.end()

    async def adopt(self):
        """Makes an undamaged file that load() read the one that is appended to.

        An earlier run may have died before its sync: what was read is synced before it counts.
        """
        try:
            self._fd = self._folder.append(self._name)
            await self._off_loop.fsync(self._fd)
            await self._off_loop.fsync_folder(self._room)
        except OSError as error:
            self.broken = True
            raise store_error("syncing the journal", error)

    async def append(self, records):
        """Durable when it returns: one sync for all of them."""
        if self.broken:
            raise StoreError("the journal is broken")
        self.broken = True  # until it is known what stands in the file, whatever goes wrong
        try:
            size, seq = await self._write_all(self._fd, self._seq, records)
        except OSError as error:
            self.broken = not self._cut()
            raise store_error("writing the journal", error)
        try:
            await self._off_loop.fsync(self._fd)
        except OSError as error:
            self._cut()
            raise store_error("syncing the journal", error)
        self.records += seq - self._seq
        self._size += size
        self._seq = seq
        self.broken = False

    async def _write_all(self, fd, seq, records):
        """(octets written, next sequence number); OSError."""
        size = 0
        block = bytearray()
        for record in records:
            block.extend(self._codec.encode(seq, record))
            seq += 1
            if len(block) >= BLOCK_OCTETS:
                size += self._write(fd, block)
                block = bytearray()
                await self._off_loop.pause()
        return size + self._write(fd, block), seq

    def _write(self, fd, block):
        if block:
            self._folder.write(fd, block, 0, len(block))
        return len(block)

    def _cut(self):
        """Removes what a failed append() left; False if it may still be there."""
        try:
            self._folder.truncate(self._fd, self._size)
        except OSError:
            return False
        return True

    async def rewrite(self, records):
        """A new file with these records takes the journal's place in one step.

        If there is no room for it, the journal stays as it was.  Each attempt has a name of its
        own: a rename that timed out may still come, and must not find a half-written file under
        its old name.
        """
        self._attempt += 1
        new = "%s.new%d" % (self._name, self._attempt)
        fd = -1
        try:
            fd = self._folder.create(new)
            size, seq = await self._write_all(fd, 0, records)
            await self._off_loop.fsync(fd)
            self.broken = True  # until it is known which of the two is the journal
            await self._off_loop.rename(new, self._name)
            await self._off_loop.fsync_folder(self._room)
        except BaseException as error:
            if fd >= 0:
                self._folder.close(fd)
                self._discard(new)
            if isinstance(error, OSError):
                raise store_error("rewriting the journal", error)
            raise
        self.close()
        self._fd = fd
        self._size = size
        self._seq = self.records = seq
        self.broken = False

    def _discard(self, name):
        try:
            self._folder.unlink(name)
        except OSError as error:
            # The next start removes it.
            if error.args[0] != ENOENT and len(self.problems) < PROBLEMS:
                self.problems.append(str(store_error("removing an unfinished journal", error)))

    def close(self):
        if self._fd >= 0:
            self._folder.close(self._fd)
            self._fd = -1
