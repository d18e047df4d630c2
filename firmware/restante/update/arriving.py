"""A bundle on its way to the box, in pieces of text that any line carries, or in octets.

It is written to `updates/part-SHA256-OCTETS` of the data folder, whose name says what it is to
become, and gets the name `updates/incoming` once it is there and its SHA-256 is right.  Its rule:
a piece is taken once, at its place, or not at all; what is there already is not sent again, also
after a restart.  It does not know what a bundle is, but for how long one may be.  The folder is
there: Installer.start().
"""

import binascii
import hashlib

from restante.box.places import UPDATES
from restante.compat import const, crc32
from restante.errors import StoreFull
from restante.store.faults import ENOENT
from restante.update import bundle
from restante.update.fault import BundleError
from restante.update.installing import INCOMING
from restante.update.writing import RESERVE_OCTETS, SLICE_OCTETS, SYNC_OCTETS

OCTETS_LIMIT = bundle.FRONT_OCTETS + bundle.PAYLOAD_LIMIT
# Octets of one piece; in base64 it fits CONTROL_LINE_OCTETS with its command.
PIECE_OCTETS = const(3072)
_PART = "part-"


class Arriving:
    """`folder`: store.Folder of the data; `calls`: its OffLoop; `busy()`: something installs."""

    def __init__(self, folder, calls, busy):
        self._folder = folder
        self._calls = calls
        self._busy = busy
        self._name = ""  # of the part's file, "": nothing is on its way
        self._sha256 = b""
        self._octets = 0
        self._have = 0
        self._synced = 0
        self._arrived = b""  # SHA-256 of `incoming`
        self._ends = False  # end() is under way
        self.turn = 0  # grows with each begin(): whose transfer it is

    @property
    def ending(self):
        return self._ends

    @property
    def open(self):
        """A transfer has begun and has not ended, or what has arrived waits to be installed."""
        return bool(self._name) or bool(self._arrived and self._size(INCOMING))

    @property
    def progress(self):
        """Something else whenever a transfer has begun, moved on or ended."""
        return self.turn, self._have, self._arrived

    async def begin(self, sha256, octets):
        """The offset from which to go on.  `sha256`: 32 octets.

        BundleError, StoreFull; OSError, as the other calls.
        """
        self._check_ending()
        if not 0 < octets <= OCTETS_LIMIT:
            raise BundleError(
                "malformed",
                "a bundle of %d octets; 1 to %d are allowed" % (octets, OCTETS_LIMIT),
                "this is no bundle, or the number is wrong",
                "look at the file with: restante bundle inspect FILE",
            )
        self.turn += 1
        self._name = ""
        self._sha256 = sha256
        self._octets = octets
        if sha256 == self._arrived and self._size(INCOMING) == octets:
            return octets
        if not self._busy():
            self._remove(INCOMING)  # this one takes its place, and may need its room
        name = "%s/%s%s-%d" % (UPDATES, _PART, binascii.hexlify(sha256).decode(), octets)
        self._remove_others(name)
        self._have = self._synced = self._size(name)
        if self._have > octets:
            self._folder.unlink(name)
            self._have = self._synced = 0
        self._check_room()
        if not self._have:
            self._create(name)
        self._name = name
        return self._have

    async def data(self, offset, text, crc):
        """One piece in base64 with the CRC-32 of its octets; the offset of the next one."""
        self._check_ending()
        if not self._name:
            raise _none_begun()
        if offset != self._have:
            raise self._wanted("a piece for offset %d" % offset)
        piece = _decoded(text)
        if crc32(piece, 0, len(piece), 0) & 0xFFFFFFFF != crc:
            raise self._wanted("a piece that is not as it was sent (CRC-32)")
        if len(piece) > min(PIECE_OCTETS, self._octets - self._have):
            raise self._wanted("a piece of %d octets, which is too long" % len(piece))
        return await self._taken(piece)

    async def _taken(self, piece):
        self._write(piece)
        if self._have - self._synced >= SYNC_OCTETS:
            await self._sync()
        return self._have

    # -- for who fetches it, octets as they are, in order (poller.py)

    async def put(self, turn, view):
        """The next octets of the transfer that `turn` is; the offset of the next ones."""
        self._check_turn(turn)
        if len(view) > self._octets - self._have:
            raise self._wanted("more octets than were announced")
        return await self._taken(view)

    def front(self, turn, octets):
        """The first octets of what is there already."""
        self._check_turn(turn)
        data = bytearray(min(octets, self._have))
        fd = self._folder.open(self._name)
        try:
            return bytes(data[: self._folder.read(fd, data, 0)])
        finally:
            self._folder.close(fd)

    def again(self, turn):
        """What is there is of no use: from the start."""
        self._check_turn(turn)
        self._remove(self._name)
        self._create(self._name)
        self._have = self._synced = 0

    def drop(self, turn):
        """The transfer is given up, and what is there is removed."""
        self._check_turn(turn)
        self._remove(self._name)
        self._name = ""

    def _check_turn(self, turn):
        if turn != self.turn or not self._name:
            raise BundleError(
                "busy",
                "another transfer has begun",
                "somebody at the console sends a bundle",
                "wait until it is done",
            )
        self._check_ending()

    async def end(self):
        """All of it is there, and is what was announced: it is `incoming` from now on."""
        self._check_ending()
        if self._arrived and self._arrived == self._sha256 and not self._name:
            if self._size(INCOMING) == self._octets:
                return
        if not self._name:
            raise _none_begun()
        if self._have != self._octets:
            raise self._wanted("it has %d octets" % self._octets)
        if self._busy():
            raise BundleError(
                "busy",
                "another update is under way",
                "somebody else has begun it, or the box itself",
                "say update end again when it is done",
            )
        self._ends = True
        try:
            await self._end()
        finally:
            self._ends = False

    async def _end(self):
        name = self._name
        await self._sync()
        if await self._hashed(name) != self._sha256:
            self._folder.unlink(name)
            self._name = ""
            raise BundleError(
                "payload",
                "what has arrived is not what was announced (its SHA-256 differs)",
                "another file was sent in between, or the medium is failing",
                "send it again from the start: update begin",
            )
        self._arrived = b""
        await self._calls.rename(name, INCOMING)
        self._name = ""
        await self._calls.fsync_folder(UPDATES)
        self._arrived = self._sha256

    # -- what is wrong

    def _check_ending(self):
        if self._ends:
            raise BundleError(
                "busy",
                "the transfer is being ended",
                "update end is still under way",
                "wait for its answer",
            )

    def _wanted(self, what):
        return BundleError(
            "offset",
            "%s; wanted is offset %d" % (what, self._have),
            "a line was lost, repeated or changed on its way",
            "send the octets from offset %d on" % self._have,
        )

    def _check_room(self):
        """For the rest of it, and once more for what it brings."""
        need = self._octets - self._have + self._octets + RESERVE_OCTETS
        free = self._folder.free()
        if free < need:
            raise StoreFull(
                "no room: %d octets are needed and %d are free; delete from the quarantine"
                % (need, free)
            )

    # -- the file

    def _remove_others(self, kept):
        """One transfer at a time: what another one left is of no use."""
        for each in self._folder.listdir(UPDATES):
            name = UPDATES + "/" + each
            if each.startswith(_PART) and name != kept:
                self._folder.unlink(name)

    def _create(self, name):
        if self._size(name) == 0:
            self._remove(name)
        self._folder.close(self._folder.create(name))

    def _remove(self, name):
        try:
            self._folder.unlink(name)
        except OSError as error:
            if error.args[0] != ENOENT:
                raise

    def _size(self, name):
        try:
            fd = self._folder.open(name)
        except OSError as error:
            if error.args[0] != ENOENT:
                raise
            return 0
        try:
            return self._folder.size(fd)
        finally:
            self._folder.close(fd)

    def _write(self, piece):
        fd = self._folder.append(self._name)
        try:
            self._folder.write(fd, piece, 0, len(piece))
            self._have += len(piece)
        except OSError:  # a part of it may be there
            self._have = self._folder.size(fd)
            raise
        finally:
            self._folder.close(fd)

    async def _sync(self):
        fd = self._folder.open(self._name)
        try:
            have = self._have
            await self._calls.fsync(fd)
            self._synced = have
        finally:
            self._folder.close(fd)

    async def _hashed(self, name):
        """In slices, so that others run between them."""
        found = hashlib.sha256()
        buffer = memoryview(bytearray(SLICE_OCTETS))
        fd = self._folder.open(name)
        try:
            at = 0
            while at < self._octets:
                n = self._folder.read(fd, buffer, at)
                if not n:
                    break
                found.update(buffer[:n])
                at += n
                await self._calls.pause()
        finally:
            self._folder.close(fd)
        return found.digest()


def _none_begun():
    return BundleError(
        "nothing",
        "no transfer has begun",
        "the box has started again, or it was ended",
        "type: update begin SHA256 OCTETS, which says from where to go on",
    )


def _decoded(text):
    try:
        return binascii.a2b_base64(text)
    except ValueError:
        return b""
