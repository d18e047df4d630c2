"""The configurations that are kept: `settings`, and the last ten as `configurations/NUMBER`.

What commit() returned from is what the box starts with after a power cut; before that it is the
old one.  A configuration is written to `configurations/` first, so that the newest sound one is
there when `settings` itself cannot be read (files.py).  Numbers above that of `settings` are of a
commit that did not come to its end.

A file that the box wrote begins with a line that names it, with a CRC-32 of it and all that
follows; who edits such a file by hand removes that line.
"""

from restante.compat import crc32
from restante.errors import SettingsError, StoreError
from restante.settings import text

CURRENT = "settings"
FOLDER = "configurations"
NEW = ".new"
KEPT = 10
_BEGIN = b"# configuration "
_HEAD = "# configuration %d time %d by %s octets %d"
_EEXIST = 17
_ENOENT = 2


class Entry:
    """What is known of a kept configuration.

    `passed`: what lines of it set that this firmware does not know.  A file that is as the box
    wrote it was right when it was written: such a line is another firmware's, which was left
    since, and the rest of the file still counts.
    """

    def __init__(self, number, time, who):
        self.passed = []
        self.number = number
        self.time = time
        self.who = who


def framed(entry, body):
    """Octets of a file."""
    head = (_HEAD % (entry.number, entry.time, entry.who, len(body))).encode()
    crc = crc32(body, 0, len(body), crc32(head, 0, len(head), 0)) & 0xFFFFFFFF
    return head + b" crc %08x\n" % crc + body


def opened(data):
    """(Entry or None, values) of a file; SettingsError if it is damaged or wrong."""
    entry, _ = unframed(data)
    return entry, text.read(data, entry.passed if entry else None)


def unframed(data):
    """(Entry or None, body) of a file that is whole, its lines not read yet; SettingsError."""
    if not data.startswith(_BEGIN):
        return None, data
    end = data.find(b"\n") + 1
    words = bytes(data[:end]).split()
    body = data[end:]
    try:
        entry = Entry(int(words[2]), int(words[4]), words[6].decode())
        sound = framed(entry, body) == data
    except (ValueError, IndexError):
        sound = False
    if not sound:
        raise SettingsError(1, "it is not as it was written: its length or CRC differs")
    return entry, body


def is_cut(data):
    """Whether it may be the very beginning of a file that the box wrote, the empty one too."""
    return len(data) < len(_BEGIN) and _BEGIN.startswith(data)


def numbers(names):
    """Numbers of the kept ones among the names of the folder, newest first."""
    return sorted([int(n) for n in names if n.isdigit() and len(n) < 10], reverse=True)


class Kept:
    """`folder`: store.Folder of the data; `current`: Entry that `settings` has, or None."""

    def __init__(self, folder, helper, current=None):
        self._folder = folder
        self._off_loop = folder.off_loop(helper)
        self.current = current

    def entries(self):
        """[Entry], newest first, of the whole ones that were committed."""
        return [entry for entry, _ in self._whole()]

    def values(self, entry):
        """Values of one of the entries; SettingsError, StoreError."""
        try:
            return opened(self._read(entry.number))[1]
        except OSError as error:
            raise StoreError("it cannot be read: error %s" % error.args[0])

    def _whole(self):
        out = []
        for number in self._numbers():
            if self.current is not None and number > self.current.number:
                continue
            try:
                entry, body = unframed(self._read(number))
            except (OSError, SettingsError):
                continue
            if entry is not None:
                out.append((entry, body))
        return out

    async def commit(self, values, before, time, who):
        """Makes `values` what the box starts with; `before`: what it starts with now.

        StoreError: then it is what it was.
        """
        entry = None
        try:
            await self._begin()
            await self._keep_before(before)
            entry = Entry(self._next(), time, who)
            data = framed(entry, text.write(values).encode())
            await self._keep(entry, data)
        except OSError as error:
            await self._forget(entry)
            raise StoreError("the configuration cannot be written: error %s" % error.args[0])
        await self._replace(entry, data, before)
        self.current = entry
        await self._prune()

    async def _begin(self):
        self._folder.make(FOLDER)
        await self._off_loop.fsync_folder("")
        for name in self._folder.listdir(FOLDER):
            orphan = name.isdigit() and self.current and int(name) > self.current.number
            if orphan or not name.isdigit():
                await self._off_loop.unlink(FOLDER + "/" + name)

    async def _keep_before(self, before):
        """What was put there by hand gets a number, so that `rollback 1` leads back to it."""
        body = text.write(before).encode()
        whole = self._whole()
        if self.current is None or not whole or whole[0][1] != body:
            entry = Entry(self._next(), 0, "file")
            data = framed(entry, body)
            await self._keep(entry, data)
            await self._put(CURRENT, data)
            await self._off_loop.fsync_folder("")
            self.current = entry

    def _next(self):
        return (self._numbers() or [0])[0] + 1

    def _numbers(self):
        try:
            return numbers(self._folder.listdir(FOLDER))
        except OSError as error:
            if error.args[0] == _ENOENT:
                return []
            raise

    async def _keep(self, entry, data):
        await self._put("%s/%d" % (FOLDER, entry.number), data)
        await self._off_loop.fsync_folder(FOLDER)

    async def _replace(self, entry, data, before):
        try:
            await self._put(CURRENT, data)
            await self._off_loop.fsync_folder("")
        except OSError as error:
            why = "the configuration cannot be written: error %s" % error.args[0]
            if not await self._put_back(before):
                why += "; after a restart it may be the old one or the new one"
            await self._forget(entry)
            raise StoreError(why)

    async def _put_back(self, before):
        """The rename may have happened: the old content once more."""
        body = text.write(before).encode()
        try:
            await self._put(CURRENT, framed(self.current, body) if self.current else body)
            await self._off_loop.fsync_folder("")
        except OSError:
            return False
        return True

    async def _forget(self, entry):
        if entry is None:
            return
        try:
            await self._off_loop.unlink("%s/%d" % (FOLDER, entry.number))
        except OSError:
            return  # the next commit removes it, because its number is above the current one

    async def _put(self, name, data):
        """Replaces the file by rename; its folder is still to be synced."""
        new = name + NEW
        try:
            fd = self._folder.create(new)
        except OSError as error:
            if error.args[0] != _EEXIST:
                raise
            self._folder.unlink(new)
            fd = self._folder.create(new)
        try:
            self._folder.write(fd, data, 0, len(data))
            await self._off_loop.fsync(fd)
        finally:
            self._folder.close(fd)
        await self._off_loop.rename(new, name)

    async def _prune(self):
        for number in self._numbers()[KEPT:]:
            try:
                await self._off_loop.unlink("%s/%d" % (FOLDER, number))
            except OSError:
                return  # it is in nobody's way; the next commit tries again

    def _read(self, number):
        fd = self._folder.open("%s/%d" % (FOLDER, number))
        try:
            data = bytearray(min(self._folder.size(fd), text.FILE_OCTETS + 1))
            return bytes(data[: self._folder.read(fd, data, 0)])
        finally:
            self._folder.close(fd)
