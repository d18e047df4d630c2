"""The journal as a file: append durably, rewrite atomically, read at start.

Its rule: what append() or rewrite() returned from is on the medium; what they raised from is not
in the file after repair().  A descriptor whose sync failed is never synced again, because Linux
then reports success for what it dropped: the journal is rewritten into a new file instead.
Works on a Folder and its OffLoop; imports nothing of the machine.
"""

from restante.compat import const
from restante.errors import StoreError
from restante.store import journal
from restante.store.faults import ENOENT, store_error

READ_OCTETS = const(4096)
# Problems kept for `show status`.
PROBLEMS = const(20)


class JournalFile:
    """`broken`: the next change must rewrite() first.  `records`: lines in the file."""

    def __init__(self, folder, off_loop, room, name):
        self.problems = []
        self.broken = True
        self.records = 0
        self._folder = folder
        self._off_loop = off_loop
        self._room = room  # the sub-folder that holds it
        self._name = room + "/" + name
        self._fd = -1
        self._size = 0
        self._seq = 0
        self._attempt = 0

    def load(self, apply):
        """Reads what is there.  True if records may be lost: damaged, or unreadable."""
        try:
            fd = self._folder.open(self._name)
        except OSError as error:
            if error.args[0] == ENOENT:
                return False  # the first start: rewrite() makes it
            raise store_error("opening the journal", error)
        reader = journal.Reader(apply)
        try:
            self._read(fd, reader)
        except OSError as error:
            raise store_error("reading the journal", error)
        finally:
            self._folder.close(fd)
        self.problems = reader.damage
        self.records = reader.records
        self._size = reader.good
        self._seq = reader.next_seq
        self.broken = bool(reader.torn or reader.damage)
        return bool(reader.damage)

    def _read(self, fd, reader):
        buf = bytearray(READ_OCTETS)
        offset = 0
        while True:
            n = self._folder.read(fd, buf, offset)
            if not n:
                break
            reader.feed(bytes(buf[:n]))
            offset += n
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
        """Durable when it returns: one write and one sync for all of them."""
        if self.broken:
            raise StoreError("the journal is broken")
        seq = self._seq
        data = b""
        for record in records:
            data += journal.encode(seq, record)
            seq += 1
        self.broken = True  # until it is known what stands in the file, whatever goes wrong
        try:
            self._folder.write(self._fd, data, 0, len(data))
        except OSError as error:
            self.broken = not self._cut()
            raise store_error("writing the journal", error)
        try:
            await self._off_loop.fsync(self._fd)
        except OSError as error:
            self._cut()
            raise store_error("syncing the journal", error)
        self._size += len(data)
        self._seq = seq
        self.records += len(records)
        self.broken = False

    def _cut(self):
        """Removes what a failed append() left; False if it may still be there."""
        try:
            self._folder.truncate(self._fd, self._size)
        except OSError:
            return False
        return True

    async def rewrite(self, records):
        """A new file with these records takes the journal's place in one step.

        Each attempt has a name of its own: a rename that timed out may still come, and must not
        find a half-written file under its old name.
        """
        self.broken = True
        self._attempt += 1
        new = "%s.new%d" % (self._name, self._attempt)
        fd = -1
        try:
            fd = self._folder.create(new)
            size, seq = self._write_all(fd, records)
            await self._off_loop.fsync(fd)
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

    def _write_all(self, fd, records):
        size = seq = 0
        for record in records:
            data = journal.encode(seq, record)
            self._folder.write(fd, data, 0, len(data))
            size += len(data)
            seq += 1
        return size, seq

    def close(self):
        if self._fd >= 0:
            self._folder.close(self._fd)
            self._fd = -1
