"""Who may log in at the console: names and the hashes of their passwords, in a file of their own.

Pure but for the disk it is given.  The file is not part of the configuration, so nothing that
shows, exports or compares settings can show a hash.  It is replaced by rename, each time whole: a
power cut leaves the old one or the new one.  A file that is damaged is never taken for none: with
none, whoever comes first sets the password.
"""

from restante.compat import crc32
from restante.errors import StoreError
from restante.limits import CONSOLE_USERS, USER_NAME_OCTETS
from restante.store.whole import replace

FILE = "console-users"
# With parameters, so that a later version can hash otherwise and still read these.
KIND = "argon2id-8192-3"
SALT_OCTETS = 16
HASH_OCTETS = 32
FILE_OCTETS = 4096
_HEAD = "restante console users 1"
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_ENOENT = 2


def is_name(name):
    """Whether a user may be called so; what is no name is not put into a log either."""
    if not 0 < len(name) <= USER_NAME_OCTETS or name[0] in "-0123456789":
        return False
    return all(c in _NAME_CHARACTERS for c in name)


def written(users):
    """Octets of the file; `users`: {name: (salt, hash)}."""
    lines = [_HEAD]
    for name in sorted(users):
        salt, hashed = users[name]
        lines.append("%s %s %s %s" % (name, KIND, _hex(salt), _hex(hashed)))
    body = ("\n".join(lines) + "\n").encode()
    return body + b"crc %08x\n" % (crc32(body, 0, len(body), 0) & 0xFFFFFFFF)


def read(data):
    """{name: (salt, hash)} of a file; ValueError if it is not as it was written."""
    users = {}
    for line in bytes(data).split(b"\n")[1:-2]:
        words = line.decode().split(" ")
        if len(words) != 4:
            raise ValueError("a line is damaged")
        users[words[0]] = (_octets(words[2]), _octets(words[3]))
    if written(users) != bytes(data):
        raise ValueError("its CRC or form is wrong")
    return users


def _hex(octets):
    return "".join(["%02x" % octet for octet in octets])


def _octets(text):
    return bytes([int(text[at : at + 2], 16) for at in range(0, len(text), 2)])


class Users:
    """`folder`: store.Folder of the data; `off_loop`: its OffLoop."""

    def __init__(self, folder, off_loop):
        self._folder = folder
        self._off_loop = off_loop
        self._users = {}
        self.why = "they were not read yet"  # why nobody is known, "" if they could be read

    async def start(self):
        """Reads them.  A box without the file gets an empty one: what cannot keep it could not
        keep a password."""
        try:
            self._users = read(self._read())
            self.why = ""
        except OSError as error:
            if error.args[0] == _ENOENT:
                await self._begin()
            else:
                self.why = "%s cannot be read: error %s" % (FILE, error.args[0])
        except ValueError as error:
            self.why = "%s is damaged: %s" % (FILE, error)

    async def _begin(self):
        try:
            await self._put({})
            self.why = ""
        except StoreError as error:
            self.why = str(error)

    def _read(self):
        fd = self._folder.open(FILE)
        try:
            data = bytearray(FILE_OCTETS)
            return data[: self._folder.read(fd, data, 0)]
        finally:
            self._folder.close(fd)

    def names(self):
        return sorted(self._users)

    def entry(self, name):
        """(salt, hash), or None."""
        return self._users.get(name)

    def full(self):
        return len(self._users) >= CONSOLE_USERS

    async def set(self, name, salt, hashed):
        """Durable when it returns; StoreError: as before."""
        users = dict(self._users)
        users[name] = (salt, hashed)
        await self._put(users)

    async def delete(self, name):
        users = dict(self._users)
        del users[name]
        await self._put(users)

    async def _put(self, users):
        data = written(users)
        try:
            await replace(self._folder, self._off_loop, FILE, data)
            await self._off_loop.fsync_folder("")
        except OSError as error:
            raise StoreError("the users cannot be written: error %s" % error.args[0])
        self._users = users
