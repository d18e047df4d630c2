"""Runs on the box's own interpreter: spool and quarantine on a real file system.

    store_on_disk.py COMMAND FOLDER [ARGUMENTS]

Prints one line for each acknowledged step; test_store.py reads them.
"""

import asyncio
import sys
import time

import _sys
from restante.errors import StoreError, StoreFull
from restante.loop import Helper
from restante.screening.verdicts import CLEAN_PART, INFECTED
from restante.store.entries import Record
from restante.store.folder import Folder
from restante.store.quarantine import Quarantine
from restante.store.spool import Spool

ACCOUNT = "anna @ 192.0.2.1:110"
MIB = 1048576


class Store:
    def __init__(self, path):
        self.folder = Folder(path)
        self.spool = Spool(self.folder, 32 * MIB)
        self.quarantine = Quarantine(self.folder, Helper(), time.time, 32 * MIB)

    def file(self, content, times=1):
        f = self.spool.create()
        try:
            for _ in range(times):
                f.write(content, 0, len(content))
            f.seal()
        except BaseException:
            f.close()
            raise
        return f

    async def keep(self, content, times=1):
        f = self.file(content, times)
        try:
            return await self.quarantine.keep(f, Record(ACCOUNT, INFECTED, CLEAN_PART))
        finally:
            f.close()

    def content(self, fd):
        return store_content(self.folder, fd)


def say(*words):
    print(*words)


def text(i):
    """A content that tells which it is, up to 12 KiB, as (octets, repetitions)."""
    return b"message %d\r\n" % i, 1 + (i * 7919) % 1024


async def once(path):
    """The calls once; then a second store on the same folder sees the same."""
    store = Store(path)
    q = store.quarantine
    await q.start()
    entry = await store.keep(b"..hello\r\n", 1000)
    again = await store.keep(b"..hello\r\n", 1000)
    assert again is entry and entry.seen == 2
    await q.release(entry.id, "console")
    (released,) = q.released_for(ACCOUNT)
    assert store.content(await released.open()) == b"..hello\r\n" * 1000
    other = await store.keep(b"other\r\n")
    await q.delete(other.id, "console")
    await q.delivered(ACCOUNT, [released.uidl])
    assert sorted(_sys.listdir(path + "/quarantine")) == ["1.eml", "journal"]
    assert _sys.listdir(path + "/spool") == [] and q.problems == []
    assert _sys.stat(path + "/quarantine/1.eml")[0] & 0o777 == 0o600
    assert _sys.stat(path + "/quarantine")[0] & 0o777 == 0o700
    await q.close()
    say("done", entry.id)


async def cut(path):
    """A write after a cut stands at the new end, whether the file was made or opened."""
    folder = Folder(path)
    for way in (folder.create, folder.append):
        fd = way("file")
        folder.write(fd, b"0123456789", 0, 10)
        folder.truncate(fd, 5)
        folder.write(fd, b"abc", 0, 3)
        folder.truncate(fd, 8)
        folder.close(fd)
        say(str(store_content(folder, folder.open("file")), "utf-8"))


def store_content(folder, fd):
    buf = bytearray(_sys.fsize(fd))
    folder.read(fd, buf, 0)
    _sys.close(fd)
    return bytes(buf)


async def look(path):
    """What a new process finds."""
    store = Store(path)
    await store.quarantine.start()
    for entry in store.quarantine.entries():
        if entry.damaged:
            say("entry", entry.id, entry.state, -1, "damaged")
            continue
        content = store.content(store.quarantine.open(entry))
        number = int(content[8:20].split()[0])
        data, times = text(number)
        good = "whole" if data * times == content else "WRONG"
        say("entry", entry.id, entry.state, number, good)
    for problem in store.quarantine.problems + store.spool.problems:
        say("problem", problem)
    say("spool", len(_sys.listdir(path + "/spool")))


async def busy(path, first):
    """Keeps and deletes until it is killed."""
    store = Store(path)
    await store.quarantine.start()
    i = int(first)
    while True:
        entry = await store.keep(*text(i))
        say("kept", entry.id, i)
        if i % 3 == 0:
            say("deleting", entry.id)
            await store.quarantine.delete(entry.id, "console")
            say("deleted", entry.id)
        i += 1


async def planted(path):
    store = Store(path)
    f = store.file(b"x")
    say("created", f.name)
    f.close()
    for problem in store.spool.problems:
        say("problem", problem)


async def full(path):
    """On a small file system that somebody else fills."""
    store = Store(path)
    q = store.quarantine
    await q.start()
    one = await store.keep(*text(1))
    two = await store.keep(*text(2))
    say("kept")
    try:
        await store.keep(b"x" * 4096, 100000)
    except StoreFull:
        say("full")
    filler = _sys.open(path + "/filler", _sys.O_WRONLY | _sys.O_CREAT | _sys.O_EXCL)
    while store.folder.free() > 65536:
        _sys.write(filler, b"x" * 32768, 0, 32768)
    try:
        await store.keep(*text(3))
    except StoreFull:
        say("refused")
    await q.release(one.id, "console")
    await q.delete(two.id, "console")
    say("recorded", [e.id for e in q.entries()], store.spool.used)
    _sys.unlink(path + "/filler")
    _sys.close(filler)
    await store.keep(*text(3))
    say("again")


async def odd(path):
    """Something that is no file stands where an entry's file was."""
    store = Store(path)
    q = store.quarantine
    await q.start()
    for entry in q.entries():
        try:
            _sys.close(q.open(entry))
            say("opened", entry.id)
        except StoreError as error:
            say("refused", entry.id, error)


commands = {
    "once": once,
    "cut": cut,
    "look": look,
    "busy": busy,
    "planted": planted,
    "full": full,
    "odd": odd,
}
asyncio.run(commands[sys.argv[1]](*sys.argv[2:]))
