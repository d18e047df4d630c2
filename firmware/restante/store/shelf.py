"""The files of the quarantine: `<id>.eml`, one an entry, and what is checked of them at start.

Its rule: a file is given out only as what was kept; a file that cannot be is left where it is and
its entry is marked.  It does not write the journal.  Works on a Folder and its OffLoop.
"""

import binascii

from restante.compat import const
from restante.errors import StoreError
from restante.screening.verdicts import QUARANTINE, UNSCANNABLE
from restante.store import entries
from restante.store.faults import ENOENT, store_error

FOLDER = "quarantine"
SUFFIX = ".eml"
# Problems kept for `show status`.
PROBLEMS = const(20)


class Shelf:
    """`problems`: texts for the operator."""

    def __init__(self, folder, off_loop):
        self.problems = []
        self._folder = folder
        self._off_loop = off_loop

    def name(self, id):
        return FOLDER + "/" + id + SUFFIX

    def note(self, text):
        if len(self.problems) < PROBLEMS:
            self.problems.append(text)

    def open(self, entry):
        """A read-only descriptor; StoreError."""
        if entry.damaged:
            raise StoreError("quarantine entry %s is damaged: %s" % (entry.id, entry.damaged))
        try:
            return self._folder.open(self.name(entry.id))
        except OSError as error:
            raise store_error("opening quarantine entry %s" % entry.id, error)

    async def hash(self, fd):
        """SHA-256 in hexadecimal; StoreError."""
        try:
            return binascii.hexlify(await self._off_loop.sha256(fd)).decode()
        except OSError as error:
            raise store_error("hashing a message", error)

    async def take(self, f, id):
        """Moves the spool file here, durably; f.name tells where it is, even after StoreError."""
        name = self.name(id)
        try:
            await self._off_loop.fsync(f.fd)
            await self._off_loop.rename(f.name, name)
            f.name = name
            await self._off_loop.fsync_folder(FOLDER)
        except OSError as error:
            raise store_error("moving a message to the quarantine", error)

    async def drop(self, name):
        """Unlinks; what cannot be unlinked now has no record, so the next start does it."""
        try:
            await self._off_loop.unlink(name)
        except OSError as error:
            if error.args[0] != ENOENT:
                self.note("quarantine: cannot remove %s: error %s" % (name, error.args[0]))
        except MemoryError:
            self.note("quarantine: no memory to remove a file")

    # -- checks

    def inspect(self, book, records_lost):
        """At start: each entry has its file, each file its entry.  StoreError."""
        try:
            names = set(self._folder.listdir(FOLDER))
        except OSError as error:
            raise store_error("listing the quarantine", error)
        for entry in book.entries.values():
            self._check_size(entry)
            names.discard(entry.id + SUFFIX)
        deleted = [record["id"] + SUFFIX for record in book.deleted]
        for name in sorted(names):
            if name.startswith("journal.new"):  # a rewriting that was cut off
                self._remove(name)
            elif name.endswith(SUFFIX):
                # A removal that was not durable yet may have come undone.
                if records_lost and name not in deleted:
                    self._adopt(book, name)
                else:  # from a keep that a power cut ended, or a delete
                    self._remove(name)

    async def check_content(self, entry):
        """Sets or clears `damaged` by what the file holds now; StoreError if it cannot be read."""
        entry.damaged = ""
        fd = self.open(entry)
        try:
            sha = await self.hash(fd)
        finally:
            self._folder.close(fd)
        if sha != entry.sha:
            self.damaged(entry, "its content is not what was kept")

    def damaged(self, entry, why):
        """From now on it is listed, and not given out."""
        if not entry.damaged:
            entry.damaged = why
            self.note("quarantine entry %s: %s" % (entry.id, why))

    def _check_size(self, entry):
        try:
            fd = self.open(entry)
        except StoreError as error:
            self.damaged(entry, str(error))
            return
        try:
            size = self._folder.size(fd)
        finally:
            self._folder.close(fd)
        if size != entry.size:
            self.damaged(entry, "%d octets instead of %d" % (size, entry.size))

    def _remove(self, name):
        try:
            self._folder.unlink(FOLDER + "/" + name)
        except OSError as error:
            self.note("quarantine: cannot remove %s: error %s" % (name, error.args[0]))

    def _adopt(self, book, name):
        """Lists a file whose record may have been lost, under an unknown account."""
        try:
            fd = self._folder.open(FOLDER + "/" + name)
            try:
                size = self._folder.size(fd)
            finally:
                self._folder.close(fd)
        except OSError as error:
            self.note("quarantine: cannot open %s: error %s" % (name, error.args[0]))
            return
        record = entries.Record("", UNSCANNABLE, QUARANTINE, subject="(its record was lost)")
        entry = entries.Entry(name[: -len(SUFFIX)], record, 0, "", size, 0)
        try:
            book.apply(entries.keep_record(entry))
        except ValueError:
            self.note("quarantine: %s is not ours" % name)
