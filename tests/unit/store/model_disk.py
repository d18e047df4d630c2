"""A disk that loses what was not synced: the stand-in for a medium whose power is cut.

It keeps, besides the present state, what is durable: of each file the content at its last sync and
the writes since; of each folder the names at its last sync and the changes since.  `crashes()`
lists what a medium may hold after a cut: any prefix of the writes of each dirty file (also a write
torn in the middle, or its room filled with zeros) combined with any prefix of each folder's
changes.  A file's sync does not make its name durable.  A failed sync poisons the file as Linux
does: the next sync reports success and saves nothing.

`ModelFolder` has the calls of restante.store.folder.Folder on it.
"""

import copy
import hashlib
import itertools

from restante.store.faults import EEXIST, EINVAL, ENOENT, ENOTDIR


class Inode:
    def __init__(self):
        self.data = b""
        self.synced = b""
        self.versions = []  # contents after each write since the last sync, with torn ones
        self.poisoned = False

    def change(self, data, torn):
        self.versions += torn + [data]
        self.data = data

    def sync(self):
        if not self.poisoned:
            self.synced = self.data
            self.versions = []

    def possible(self):
        return list(dict.fromkeys([self.synced] + self.versions))


class Directory:
    def __init__(self):
        self.names = {}  # name -> Inode or Directory
        self.synced = {}
        self.changes = []  # dicts after each change since the last sync

    def change(self, names):
        self.names = names
        self.changes.append(names)

    def sync(self):
        self.synced = self.names
        self.changes = []

    def possible(self):
        return [self.synced] + self.changes


class ModelDisk:
    def __init__(self):
        self.root = Directory()

    def snapshot(self):
        return copy.deepcopy(self)

    def content(self):
        """What is on it, comparable."""
        return _content(self.root)

    def crashes(self):
        """Every disk that may be found after a power cut now; durable as a whole."""
        for tree in _trees(self.root):
            yield from self._with_contents(tree)

    def _with_contents(self, tree):
        inodes = list({id(i): i for i in _leaves(tree)}.values())
        for contents in itertools.product(*(i.possible() for i in inodes)):
            made = {}
            for inode, data in zip(inodes, contents, strict=True):
                made[id(inode)] = new = Inode()
                new.data = new.synced = data
            disk = ModelDisk()
            disk.root = _directory(tree, made)
            yield disk


def _content(directory):
    nodes = sorted(directory.names.items())
    return tuple((n, d.data if isinstance(d, Inode) else _content(d)) for n, d in nodes)


def _trees(directory):
    """Dicts of names that it may hold after a cut: of inodes, and of such dicts for folders."""
    for names in directory.possible():
        folders = [n for n, node in names.items() if isinstance(node, Directory)]
        for choice in itertools.product(*(list(_trees(names[n])) for n in folders)):
            yield {**names, **dict(zip(folders, choice, strict=True))}


def _leaves(tree):
    for node in tree.values():
        if isinstance(node, dict):
            yield from _leaves(node)
        else:
            yield node


def _directory(tree, made):
    directory = Directory()
    for name, node in tree.items():
        new = _directory(node, made) if isinstance(node, dict) else made[id(node)]
        directory.names[name] = directory.synced[name] = new
    return directory


class ModelFolder:
    """One process's view of the disk.

    `before(step, operation, target)` is called ahead of each call that changes or syncs; it may
    raise OSError.  `muted(operation, target)` true: the sync is left out, as a bug would.
    """

    def __init__(self, disk, before=None, muted=None, room=1 << 40):
        self.disk = disk
        self.step = 0
        self.room = room
        self.before = before or (lambda step, operation, target: None)
        self.muted = muted or (lambda operation, target: False)
        self.renamed = ""  # the last new name: tells which change a folder's sync is for
        self._files = {}
        self._next_fd = 3

    # -- names

    def _split(self, name):
        *folders, leaf = name.split("/")
        directory = self.disk.root
        for folder in folders:
            directory = directory.names.get(folder)
            if not isinstance(directory, Directory):
                raise OSError(ENOENT if directory is None else ENOTDIR)
        return directory, leaf

    def _find(self, name):
        directory, leaf = self._split(name)
        if leaf not in directory.names:
            raise OSError(ENOENT)
        return directory.names[leaf]

    def _step(self, operation, target):
        self.step += 1
        self.before(self.step, operation, target)

    def _put(self, name, node):
        directory, leaf = self._split(name)
        names = dict(directory.names)
        if node is None:
            del names[leaf]
        else:
            names[leaf] = node
        directory.change(names)

    def path_of(self, inode):
        return _path(self.disk.root, inode, "") or "(unlinked)"

    # -- the calls of Folder

    def make(self, name):
        directory, leaf = self._split(name)
        if leaf in directory.names:
            if not isinstance(directory.names[leaf], Directory):
                raise OSError(ENOTDIR)
            return
        self._step("mkdir", name)
        self._put(name, Directory())

    def listdir(self, name):
        return list(self._find(name).names)

    def _new_fd(self, inode):
        self._next_fd += 1
        self._files[self._next_fd] = inode
        return self._next_fd

    def create(self, name):
        self._step("create", name)
        directory, leaf = self._split(name)
        if leaf in directory.names:
            raise OSError(EEXIST)
        inode = Inode()
        self._put(name, inode)
        return self._new_fd(inode)

    def open(self, name):
        self._step("open", name)
        node = self._find(name)
        if not isinstance(node, Inode):
            raise OSError(EINVAL)
        return self._new_fd(node)

    append = open

    def write(self, fd, buf, start, end):
        inode = self._files[fd]
        data = bytes(buf[start:end])
        old = inode.data
        half = len(data) // 2
        torn = [old + data[:1], old + data[:half], old + data[:-1]]
        torn += [old + b"\0" * len(data), old + b"\0" * half + data[half:]]
        try:
            self._step("write", self.path_of(inode))
        except OSError:
            inode.change(old + data[:half], torn[:2])  # a part of it was written
            raise
        inode.change(old + data, torn)

    def read(self, fd, buf, offset):
        self._step("read", self.path_of(self._files[fd]))
        data = self._files[fd].data[offset : offset + len(buf)]
        buf[: len(data)] = data
        return len(data)

    def size(self, fd):
        return len(self._files[fd].data)

    def truncate(self, fd, octets):
        inode = self._files[fd]
        self._step("truncate", self.path_of(inode))
        inode.change(inode.data[:octets], [])

    def close(self, fd):
        del self._files[fd]  # KeyError: closed twice

    def unlink(self, name):
        self._step("unlink", name)
        if isinstance(self._find(name), Directory):
            raise OSError(21)
        self._put(name, None)

    def link(self, old, new):
        self._step("link", new)
        directory, leaf = self._split(new)
        if leaf in directory.names:
            raise OSError(EEXIST)
        self._put(new, self._find(old))

    def free(self):
        return self.room

    def off_loop(self, worker):
        return ModelOffLoop(self)

    @property
    def open_files(self):
        return len(self._files)


def _path(directory, inode, above):
    for name, node in directory.names.items():
        if node is inode:
            return above + name
        found = isinstance(node, Directory) and _path(node, inode, above + name + "/")
        if found:
            return found
    return ""


class ModelOffLoop:
    def __init__(self, folder):
        self._folder = folder

    async def pause(self):
        pass

    async def fsync(self, fd):
        inode = self._folder._files[fd]
        target = self._folder.path_of(inode)
        if self._folder.muted("fsync", target):
            return
        try:
            self._folder._step("fsync", target)
        except OSError:
            inode.poisoned = True
            raise
        inode.sync()

    async def fsync_folder(self, name):
        target = "%s after %s" % (name, self._folder.renamed)
        if self._folder.muted("fsync_folder", target):
            return
        self._folder._step("fsync_folder", target)
        node = self._folder._find(name) if name else self._folder.disk.root
        node.sync()

    async def rename(self, old, new):
        self._folder._step("rename", new)
        self._folder.renamed = new
        node = self._folder._find(old)
        old_directory, old_leaf = self._folder._split(old)
        new_directory, new_leaf = self._folder._split(new)
        if new_directory.names.get(new_leaf) is node:
            return  # rename(2): two names of one file stay
        if old_directory is new_directory:  # one step for whoever looks
            names = dict(old_directory.names)
            del names[old_leaf]
            names[new_leaf] = node
            old_directory.change(names)
        else:
            self._folder._put(new, node)
            self._folder._put(old, None)

    async def unlink(self, name):
        self._folder.unlink(name)

    async def sha256(self, fd):
        self._folder._step("hash", self._folder.path_of(self._folder._files[fd]))
        return hashlib.sha256(self._folder._files[fd].data).digest()
