"""The data folder: the few file calls that the store needs, over `_sys`.

Its rule: names are relative to the data folder, links are never followed, nothing but regular
files is opened (a pipe would block the loop).  Raises OSError; it does not know what the files
mean.  What can block for long (sync, rename, hash) is in `OffLoop` and runs on the helper thread.
"""

import asyncio

import _sys

from restante.store.faults import EEXIST, EINVAL, EIO

_KIND = 0o170000
_REGULAR = 0o100000
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700


class Folder:
    def __init__(self, path):
        self.root = path.rstrip("/")

    def path(self, name):
        return self.root + "/" + name if name else self.root

    def make(self, name):
        """Makes the sub-folder if it is not there; OSError(ENOTDIR) if something else is."""
        try:
            _sys.mkdir(self.path(name), _FOLDER_MODE)
        except OSError as error:
            if error.args[0] != EEXIST:
                raise
            flags = _sys.O_RDONLY | _sys.O_DIRECTORY | _sys.O_NOFOLLOW
            _sys.close(_sys.open(self.path(name), flags))

    def listdir(self, name):
        return _sys.listdir(self.path(name))

    def create(self, name):
        """A write descriptor of a new file, mode 0600; each write goes to its end.

        OSError(EEXIST) if the name is taken.
        """
        flags = _sys.O_WRONLY | _sys.O_APPEND | _sys.O_CREAT | _sys.O_EXCL | _sys.O_NOFOLLOW
        return _sys.open(self.path(name), flags, _FILE_MODE)

    def create_nameless(self, name):
        """A descriptor to read and write of a new file that has no name any more.

        `name` is in use for a moment; OSError(EEXIST) if it is taken.
        """
        flags = _sys.O_RDWR | _sys.O_CREAT | _sys.O_EXCL | _sys.O_NOFOLLOW
        fd = _sys.open(self.path(name), flags, _FILE_MODE)
        try:
            _sys.unlink(self.path(name))
        except OSError:
            _sys.close(fd)
            raise
        return fd

    def open(self, name):
        """A read-only descriptor."""
        self._regular(name)
        return _sys.open(self.path(name), _sys.O_RDONLY | _sys.O_NOFOLLOW)

    def append(self, name):
        """A write descriptor of an existing file; each write goes to its end."""
        self._regular(name)
        return _sys.open(self.path(name), _sys.O_WRONLY | _sys.O_APPEND | _sys.O_NOFOLLOW)

    def _regular(self, name):
        if _sys.stat(self.path(name))[0] & _KIND != _REGULAR:
            raise OSError(EINVAL)

    def write(self, fd, buf, start, end):
        """All of buf[start:end]; what was written before an OSError stays in the file."""
        while start < end:
            n = _sys.write(fd, buf, start, end)
            if not n:
                raise OSError(EIO)
            start += n

    def read(self, fd, buf, offset):
        """Fills `buf` from `offset`; the count, less than len(buf) only at the end."""
        got = 0
        size = len(buf)
        while got < size:
            n = _sys.pread(fd, buf, got, size, offset + got)
            if not n:
                break
            got += n
        return got

    def size(self, fd):
        return _sys.fsize(fd)

    def truncate(self, fd, octets):
        _sys.ftruncate(fd, octets)

    def close(self, fd):
        _sys.close(fd)

    def unlink(self, name):
        _sys.unlink(self.path(name))

    def link(self, old, new):
        """A second name for a file; OSError(EEXIST) if it is taken."""
        _sys.link(self.path(old), self.path(new))

    def free(self):
        """Octets free to us on the file system."""
        return _sys.free_octets(self.root)

    def off_loop(self, helper):
        return OffLoop(self, helper)


class OffLoop:
    """The calls that wait for the medium, on the helper thread (restante.loop.Helper).

    Raises OSError; after ETIMEDOUT the call may still happen, but calls never overtake each other.
    """

    def __init__(self, folder, helper):
        self._folder = folder
        self._helper = helper

    async def pause(self):
        """Lets others run."""
        await asyncio.sleep(0)

    async def fsync(self, fd):
        await self._helper.fsync(fd)

    async def fsync_folder(self, name):
        await self._helper.fsync_dir(self._folder.path(name))

    async def rename(self, old, new):
        await self._helper.rename(self._folder.path(old), self._folder.path(new))

    async def unlink(self, name):
        await self._helper.unlink(self._folder.path(name))

    async def sha256(self, fd):
        """The 32 octets of the whole file's SHA-256."""
        return await self._helper.sha256(fd)
