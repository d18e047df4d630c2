"""A small file that is replaced whole: after a power cut it is the old one or the new one."""

from restante.store.faults import EEXIST, store_error

# What a replacement is called until it is whole.
NEW = ".new"


async def replace(folder, off_loop, name, data):
    """Writes, syncs, renames.  Its folder is still to be synced.  OSError."""
    fd = _created(folder, name + NEW)
    try:
        folder.write(fd, data, 0, len(data))
        await off_loop.fsync(fd)
    finally:
        folder.close(fd)
    await off_loop.rename(name + NEW, name)


def _created(folder, name):
    try:
        return folder.create(name)
    except OSError as error:
        if error.args[0] != EEXIST:
            raise
    folder.unlink(name)  # left by a power cut
    return folder.create(name)


class WholeFile:
    """The same as an object: one file of the data folder, at most `limit` octets."""

    def __init__(self, folder, off_loop, name, limit):
        self._folder = folder
        self._off_loop = off_loop
        self._name = name
        self._limit = limit

    def read(self):
        """Its octets; none if there is no such file, or if it cannot be read."""
        data = bytearray(self._limit)
        try:
            fd = self._folder.open(self._name)
        except OSError:
            return b""
        try:
            return bytes(data[: self._folder.read(fd, data, 0)])
        except OSError:
            return b""
        finally:
            self._folder.close(fd)

    async def replace(self, data):
        """StoreError."""
        try:
            await replace(self._folder, self._off_loop, self._name, data)
        except OSError as error:
            raise store_error("writing " + self._name, error)
