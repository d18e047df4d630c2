"""Writes `signatures/new` from a bundle whose signatures count, or from a delta and its base.

Its rule: a file counts only by the hash of what was read back from it.  Slices are bounded and
others run between them.
"""

from restante import log
from restante.box.places import CURRENT_SET
from restante.compat import const
from restante.errors import RestanteError, StoreFull
from restante.store.faults import ENOENT
from restante.update import bundle, manifest
from restante.update.delta import Applier
from restante.update.fault import malformed
from restante.update.sets import NEW_SET

# What is read, hashed or written before others run.
SLICE_OCTETS = const(32768)
# Octets that are written before they are synced, so that no sync takes long.
SYNC_OCTETS = const(4194304)
# What stays free of the data partition: mail in passage, journals, settings.
RESERVE_OCTETS = const(4194304)


class SetWriter:
    """`folder`: store.Folder of the data; `calls`: OffLoop."""

    def __init__(self, folder, calls):
        self._folder = folder
        self._calls = calls

    async def write(self, fd, front, found):
        """`signatures/new` is what was signed: written, synced, and read again for its hash.

        `fd`: the whole bundle, `front`: its bundle.Front, `found`: its manifest.  BundleError,
        StoreFull, OSError: there is no such file then.
        """
        octets = found.result_octets or front.payload_octets
        if self._folder.free() < octets + RESERVE_OCTETS:
            raise StoreFull(
                "no room for %d octets of signatures; delete from the quarantine" % octets
            )
        remove(self._folder, NEW_SET)
        out = _Written(self._folder, self._calls, self._folder.create(NEW_SET))
        try:
            if found.kind == manifest.DELTA:
                await self._check(fd, front.payload_at, front.payload_octets, found.payload)
                await self._apply(fd, front, found, out)
            else:
                await self._each(fd, front.payload_at, front.payload_octets, out.take)
            await out.end()
            await self._check_new(octets, found.whole)
        except (OSError, RestanteError):
            remove_quietly(self._folder, NEW_SET)
            raise
        finally:
            out.close()

    async def _apply(self, fd, front, found, out):
        base = self._folder.open(CURRENT_SET)
        try:
            applier = Applier(
                self._folder.size(base),
                found.result_octets,
                found.result,
                lambda place, view: self._filled(base, place, view),
                out.write,
            )

            async def take(view):
                for _ in applier.steps(view):
                    await out.breathe()

            await self._each(fd, front.payload_at, front.payload_octets, take)
            applier.finish()
        finally:
            self._folder.close(base)

    async def _check_new(self, octets, sha256):
        fd = self._folder.open(NEW_SET)
        try:
            if self._folder.size(fd) != octets:
                raise _short()
            await self._check(fd, 0, octets, sha256)
        finally:
            self._folder.close(fd)

    async def _check(self, fd, at, octets, sha256):
        """BundleError unless these octets of the file have this SHA-256."""
        check = bundle.Payload(octets, sha256)

        async def take(view):
            check.update(view)
            await self._calls.pause()

        await self._each(fd, at, octets, take)
        check.finish()

    async def _each(self, fd, at, octets, take):
        """Awaits take(view) for each slice of these octets of the file."""
        buffer = memoryview(bytearray(SLICE_OCTETS))
        end = at + octets
        while at < end:
            view = buffer[: min(SLICE_OCTETS, end - at)]
            self._filled(fd, at, view)
            await take(view)
            at += len(view)

    def _filled(self, fd, at, view):
        if self._folder.read(fd, view, at) != len(view):
            raise _short()


class _Written:
    """A file that is being written, synced now and then."""

    def __init__(self, folder, calls, fd):
        self._folder = folder
        self._calls = calls
        self._fd = fd
        self._dirty = 0

    def write(self, view):
        self._folder.write(self._fd, view, 0, len(view))
        self._dirty += len(view)

    async def take(self, view):
        self.write(view)
        await self.breathe()

    async def breathe(self):
        if self._dirty >= SYNC_OCTETS:
            await self.end()
        await self._calls.pause()

    async def end(self):
        await self._calls.fsync(self._fd)
        self._dirty = 0

    def close(self):
        self._folder.close(self._fd)


def remove(folder, name):
    """It is not there any more.  OSError."""
    try:
        folder.unlink(name)
    except OSError as error:
        if error.args[0] != ENOENT:
            raise


def remove_quietly(folder, name):
    """What is left over is said, and removed the next time."""
    try:
        remove(folder, name)
    except OSError as error:
        log.record(log.WARNING, "update.left", name=name, error=str(error))


def _short():
    return malformed("a file that is shorter or longer than it was written")
