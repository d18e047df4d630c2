"""Mail in passage: one file a message, in wire form, gone when it is closed.

Its rule: nothing here is promised to anyone, so nothing is synced; what must outlive a power cut
is taken by the quarantine.  It does not know POP3: the relay says how many octets are stuffing.
"""

from restante.compat import const
from restante.errors import StoreError, StoreFull
from restante.store.faults import EEXIST, ENOENT, store_error

# Kept free on the data partition, octets, so that journal records and settings can be written
# when mail has filled the rest (deletions are still recorded).
RESERVE_OCTETS = const(1048576)
# How much is written, by all files together, between two looks at the free space, octets: half of
# the reserve, so that it is not eaten unseen.
LOOK_OCTETS = const(524288)
# Names tried for a new file before we give up: each one taken means that somebody plants files.
NAME_TRIES = const(100)
# Problems kept for `show status`.
PROBLEMS = const(20)

FOLDER = "spool"


class Spool:
    """`used` is what the open files hold, octets; `problems` what start-up could not remove."""

    def __init__(self, folder, quota):
        self.folder = folder
        self.quota = quota
        self.used = 0
        self.files = 0
        self.problems = []
        self._next = 0
        self._room = 0  # octets that may be written before the next look
        try:
            folder.make(FOLDER)
            names = folder.listdir(FOLDER)
        except OSError as error:
            raise store_error("opening the spool folder", error)
        for name in names:
            self._remove_leftover(name)

    def _remove_leftover(self, name):
        # unlink(2) removes a link, never what it points to; a folder it refuses.
        self.discard(FOLDER + "/" + name)

    def create(self):
        """A new, empty SpoolFile.  StoreFull, StoreError."""
        self.take_room(1)
        f = SpoolFile(self)
        try:
            f.open()
        except BaseException as error:
            f.close()
            if isinstance(error, OSError):
                raise store_error("creating a spool file", error)
            raise
        return f

    def new_file(self):
        """(name, write descriptor); OSError."""
        return self._new(self.folder.create)

    def nameless(self):
        """A descriptor to read and write of a file without a name (scratch.py); OSError."""
        return self._new(self.folder.create_nameless)[1]

    def end_nameless(self, fd):
        """Gives its room back at once, whoever else has it open, and closes it."""
        try:
            self.folder.truncate(fd, 0)
        except OSError as error:
            self._note("emptying a scratch file", error)
        self.close(fd)

    def _new(self, create):
        for _ in range(NAME_TRIES):
            name = "%s/%d" % (FOLDER, self._next)
            self._next += 1
            try:
                return name, create(name)
            except OSError as error:
                if error.args[0] != EEXIST:
                    raise
        raise OSError(EEXIST)

    def take_room(self, octets):
        """StoreFull if the quota or the partition has no room for so many more octets."""
        if self.used + octets > self.quota:
            raise StoreFull("the spool is full: %d octets in passage" % self.used)
        if octets > self._room:
            self._look(octets)
        self._room -= octets

    def _look(self, octets):
        try:
            free = self.folder.free()
        except OSError as error:
            raise store_error("asking for free space", error)
        if free < RESERVE_OCTETS + octets:
            raise StoreFull("the data partition is full: %d octets free" % free)
        self._room = max(octets, min(free - RESERVE_OCTETS, LOOK_OCTETS))

    def discard(self, name):
        """Unlinks; a file that is already gone is no problem, another failure is noted."""
        try:
            self.folder.unlink(name)
        except OSError as error:
            if error.args[0] != ENOENT:
                self._note("cannot remove %s" % name, error)

    def close(self, fd):
        """Closes a descriptor whose file is dropped: a failure is noted, not raised."""
        try:
            self.folder.close(fd)
        except OSError as error:
            self._note("closing a file", error)

    def _note(self, what, error):
        if len(self.problems) < PROBLEMS:
            self.problems.append(str(store_error("spool: " + what, error)))


class SpoolFile:
    """One message.  open -> sealed -> closed; `failed` holds the error that ended it early."""

    def __init__(self, spool):
        self.name = ""  # the quarantine changes it when it moves the file
        self.fd = -1  # read-only
        self.size = 0  # octets in wire form
        self.stuffed = 0  # stuffing dots among them; counted by the relay
        self.taken = False  # the quarantine owns the file: close() leaves it there
        self.failed = None
        self._spool = spool
        self._write_fd = -1
        self._open = False
        self._holds = 0
        self._closing = False

    def open(self):
        """Makes the file; OSError."""
        self._open = True
        self._spool.files += 1
        self.name, self._write_fd = self._spool.new_file()
        # Opened before the first write, so that a sync of this descriptor reports a failed
        # write-back from any time since (fsync(2): errors after the open are seen).
        self.fd = self._spool.folder.open(self.name)

    @property
    def octets(self):
        """True octets, RFC 1939 §11: without the stuffing dots."""
        return self.size - self.stuffed

    def write(self, buf, start, end):
        """Appends buf[start:end].  StoreFull, StoreError; after one of them only close() helps."""
        if self.failed:
            raise self.failed
        if self._write_fd < 0:
            raise StoreError("write to a sealed spool file")
        n = end - start
        spool = self._spool
        try:
            spool.take_room(n)
            spool.folder.write(self._write_fd, buf, start, end)
        except StoreError as error:
            self.failed = error
            raise
        except OSError as error:
            self.failed = store_error("writing to the spool", error)
            raise self.failed
        self.size += n
        spool.used += n

    @property
    def sealed(self):
        return self._write_fd < 0

    def seal(self):
        """The message is complete: nothing is written after this.  StoreError."""
        fd = self._write_fd
        if fd >= 0:
            self._write_fd = -1
            try:
                self._spool.folder.close(fd)
            except OSError as error:
                self.failed = store_error("closing a spool file", error)
                raise self.failed

    def read(self, offset, count):
        """Up to `count` octets at `offset`, as bytes.  StoreError."""
        buf = bytearray(count)
        try:
            n = self._spool.folder.read(self.fd, buf, offset)
        except OSError as error:
            raise store_error("reading the spool", error)
        return bytes(buf[:n])

    def read_from(self, fd, buf, offset):
        """Fills `buf` from another open file; how much.  StoreError, also at its end."""
        try:
            n = self._spool.folder.read(fd, buf, offset)
        except OSError as error:
            raise store_error("reading a stored message", error)
        if not n:
            raise StoreError("a stored message is shorter than it was")
        return n

    def hold(self):
        """Puts close() off until unhold(): a call on the helper thread uses the descriptor."""
        self._holds += 1

    def unhold(self):
        self._holds -= 1
        if self._closing and not self._holds:
            self._close()

    def close(self):
        """Ends the passage; drops the file unless the quarantine took it.  May be repeated."""
        self._closing = True
        if not self._holds:
            self._close()

    def _close(self):
        if not self._open:
            return
        self._open = False
        spool = self._spool
        for fd in (self._write_fd, self.fd):
            if fd >= 0:
                spool.close(fd)
        self._write_fd = self.fd = -1
        spool.used -= self.size
        spool.files -= 1
        if self.name and not self.taken:
            spool.discard(self.name)
