"""The files of one maildrop: `<n>.eml`, one a stored message.

Its rule: a file is here before a record names it, and goes after no record does.  It does not
write the journal.  Works on a Folder and its OffLoop.
"""

from restante.compat import const
from restante.errors import StoreError
from restante.store.faults import EMFILE, ENFILE, ENOENT, store_error

SUFFIX = ".eml"
# Read at once to count dots.
BLOCK_OCTETS = const(4096)
# Problems kept for `show status`.
PROBLEMS = const(20)


class Spoiled(StoreError):
    """The file is not what was stored."""


class OpenBody:
    """An open message as the screen process wants it: `fd`, `size`; `octets`: true ones."""

    def __init__(self, fd, size, octets):
        self.fd = fd
        self.size = size
        self.octets = octets


class Bodies:
    """`problems`: texts for the operator."""

    def __init__(self, folder, off_loop, room):
        self.problems = []
        self._folder = folder
        self._off_loop = off_loop
        self._room = room

    def name(self, number):
        return "%s/%d%s" % (self._room, number, SUFFIX)

    def note(self, text):
        if len(self.problems) < PROBLEMS:
            self.problems.append(text)

    async def hash(self, fd):
        """The 32 octets of SHA-256; StoreError."""
        try:
            return await self._off_loop.sha256(fd)
        except OSError as error:
            raise store_error("hashing a message", error)

    async def take(self, f, number):
        """Moves the spool file here, durably; f.name tells where it is, even after StoreError."""
        name = self.name(number)
        try:
            await self._off_loop.fsync(f.fd)
            await self._off_loop.rename(f.name, name)
            f.name = name
            await self._off_loop.fsync_folder(self._room)
        except OSError as error:
            raise store_error("storing a message", error)

    async def sync_folder(self):
        """The folder itself, which may just have been made."""
        try:
            await self._off_loop.fsync_folder(self._room.rpartition("/")[0])
        except OSError as error:
            raise store_error("syncing the folder of the maildrops", error)

    async def measure(self, number):
        """(octets in wire form, true octets, SHA-256) of a file; StoreError."""
        fd = self.open(number)
        try:
            size = self._folder.size(fd)
            return size, size - self._stuffed(fd), await self.hash(fd)
        except OSError as error:
            raise store_error("reading a stored message", error)
        finally:
            self._folder.close(fd)

    def _stuffed(self, fd):
        """Lines that begin with a dot: in wire form each has one that does not count."""
        buf = bytearray(BLOCK_OCTETS)
        offset = dots = 0
        last = b"\n"
        while True:
            n = self._folder.read(fd, buf, offset)
            if not n:
                return dots
            data = last + bytes(buf[:n])
            dots += data.count(b"\n.")
            last = data[-1:]
            offset += n

    def open(self, number):
        """A read-only descriptor.  Spoiled; StoreError where another try may help."""
        try:
            return self._folder.open(self.name(number))
        except OSError as error:
            failed = store_error("opening a stored message", error)
            if error.args[0] in (EMFILE, ENFILE):
                raise failed
            raise Spoiled(str(failed))

    async def check(self, fd, size, sha):
        """Spoiled if the open file is not of this size and hash (its first octets)."""
        try:
            right = self._folder.size(fd) == size
            right = right and (await self._off_loop.sha256(fd))[: len(sha)] == sha
        except OSError as error:
            raise Spoiled(str(store_error("reading a stored message", error)))
        if not right:
            raise Spoiled("a stored message is not what was stored; the medium may be failing")

    def close(self, fd):
        self._folder.close(fd)

    async def drop(self, numbers):
        """Unlinks; what cannot be unlinked now has no record, so the next start does it."""
        for number in numbers:
            try:
                await self._off_loop.unlink(self.name(number))
            except OSError as error:
                if error.args[0] != ENOENT:
                    self.note("cannot remove %s: error %s" % (self.name(number), error.args[0]))
            except MemoryError:
                self.note("no memory to remove a file")

    async def erase(self, others):
        """After the bodies: what else is in the folder; durable.  StoreError."""
        try:
            await self._off_loop.fsync_folder(self._room)
            for name in others:
                await self._off_loop.unlink(self._room + "/" + name)
            await self._off_loop.fsync_folder(self._room)
        except OSError as error:
            raise store_error("erasing a maildrop", error)

    def names(self):
        """What is in the folder: (numbers of bodies, other names); StoreError."""
        try:
            names = self._folder.listdir(self._room)
        except OSError as error:
            raise store_error("listing a maildrop", error)
        numbers = set()
        others = []
        for name in names:
            stem = name[: -len(SUFFIX)]
            if name == stem + SUFFIX and stem.isdigit() and len(stem) < 11:
                numbers.add(int(stem))
            else:
                others.append(name)
        return numbers, others

    def remove(self, name):
        """At start: what a change that was cut off has left."""
        try:
            self._folder.unlink(self._room + "/" + name)
        except OSError as error:
            self.note("cannot remove %s/%s: error %s" % (self._room, name, error.args[0]))
