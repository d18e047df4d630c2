"""Runs on the box's own interpreter: maildrops on a real file system, with the real helper thread.

    maildrops_on_disk.py COMMAND FOLDER [ARGUMENTS]

Prints one line for each acknowledged step; test_maildrops.py reads them.
"""

import asyncio
import gc
import sys
import time

import _sys
from restante.errors import StoreError, StoreFull
from restante.loop import Helper
from restante.store.folder import Folder
from restante.store.maildrops import Maildrops
from restante.store.spool import Spool

MIB = 1048576
ANNA = "a0"


class Store:
    def __init__(self, path):
        self.folder = Folder(path)
        self.spool = Spool(self.folder, 32 * MIB)
        self.drops = Maildrops(self.folder, Helper(), time.time, self.spool, 64 * MIB)

    async def store(self, drop, slot, content, times=1):
        f = self.spool.create()
        try:
            for _ in range(times):
                f.write(content, 0, len(content))
            f.seal()
            await drop.store(slot, f, None, f.size)
        finally:
            f.close()

    async def content(self, drop, slot):
        fd = await drop.open(slot)
        buf = bytearray(_sys.fsize(fd))
        self.folder.read(fd, buf, 0)
        _sys.close(fd)
        return bytes(buf)


def say(*words):
    print(*words)


def uidl(i):
    return b"uidl-%d" % i


def text(i):
    """A content that tells which it is, up to 12 KiB, as (octets, repetitions)."""
    return b"message %d\r\n" % i, 1 + (i * 7919) % 1024


async def apply(drop, numbers):
    listing = drop.listing()
    for place, i in enumerate(numbers, 1):
        data, times = text(i)
        listing.uidl(place, uidl(i))
        listing.size(place, len(data) * times)
    await listing.end()


async def opened(path):
    s = Store(path)
    await s.drops.start()
    return s, await s.drops.open(ANNA)


async def once(path):
    """The calls once; then a second run sees the same."""
    s, drop = await opened(path)
    await apply(drop, range(4))
    for i in (0, 1, 2):
        await s.store(drop, i, *text(i))
    await drop.take(2)
    await drop.delete([1])
    drop.retention = 100
    await drop.delete([0])
    new = await drop.restore(0)
    await drop.keep_house(time.time() + 1000)
    for slot in (2, new):
        data, times = text(slot if slot == 2 else 0)
        assert await s.content(drop, slot) == data * times
    names = sorted(_sys.listdir(path + "/maildrops/" + ANNA))
    assert names == ["1.eml", "3.eml", "journal"] and _sys.listdir(path + "/spool") == []
    assert _sys.stat(path + "/maildrops/a0/1.eml")[0] & 0o777 == 0o600
    assert _sys.stat(path + "/maildrops/a0")[0] & 0o777 == 0o700
    assert s.drops.problems == []
    say("seen", *[str(drop.uidl(slot), "utf-8") for slot in drop.slots()])


async def look(path):
    """What a new run finds."""
    s, drop = await opened(path)
    for slot in drop.slots():
        name = str(drop.uidl(slot), "utf-8")
        if not drop.is_stored(slot):
            say("message", name, "listed")
            continue
        try:
            content = await s.content(drop, slot)
        except StoreError as error:
            say("message", name, "refused", error)
            continue
        data, times = text(0 if name.startswith("restante-") else int(name[5:]))
        say("message", name, "whole" if data * times == content else "WRONG")
    for problem in s.drops.problems + s.spool.problems:
        say("problem", problem)
    bodies = len([1 for slot in range(drop.slots_in_memory) if drop.is_stored(slot)])
    files = [n for n in _sys.listdir(path + "/maildrops/" + ANNA) if n.endswith(".eml")]
    say("files", len(files) - bodies, len(_sys.listdir(path + "/spool")))


async def busy(path, first):
    """Lists, stores and deletes until it is killed."""
    s, drop = await opened(path)
    i = int(first)
    held = [int(drop.uidl(slot)[5:]) for slot in drop.slots()]
    while True:
        say("listing", i)
        held.append(i)
        await apply(drop, held)
        say("listed", i)
        await s.store(drop, drop.find(uidl(i)), *text(i))
        say("stored", i)
        if i % 3 == 0:
            say("deleting", i)
            await drop.delete([drop.find(uidl(i))])
            say("deleted", i)
        i += 1


async def full(path):
    """On a small file system that somebody else fills to the last octet."""
    s, drop = await opened(path)
    await apply(drop, range(600))
    await s.store(drop, 0, *text(0))
    filler = _sys.open(path + "/filler", _sys.O_WRONLY | _sys.O_CREAT | _sys.O_EXCL)
    for piece in (32768, 1024, 1):
        try:
            while True:
                s.folder.write(filler, b"x" * piece, 0, piece)
        except OSError:
            pass
    say("free", s.folder.free())
    try:
        await s.store(drop, 1, *text(1))
    except StoreFull:
        say("refused")
    data, times = text(0)
    assert await s.content(drop, 0) == data * times
    for slot in range(1, 600):
        await drop.delete([slot])
    say("recorded", drop.count, "reserve" in _sys.listdir(path + "/maildrops"))
    _sys.unlink(path + "/filler")
    _sys.close(filler)
    s.drops.release(drop)
    again = Maildrops(s.folder, s.drops._helper, time.time, s.spool, 64 * MIB)
    await again.start()
    drop = await again.open(ANNA)
    say("again", drop.count, "reserve" in _sys.listdir(path + "/maildrops"))


async def many(path, count, octets):
    """A large maildrop: prints milliseconds and octets of memory."""
    count = int(count)
    name = "%0" + octets + "d"

    async def listed(drop):
        listing = drop.listing()
        for i in range(count):
            listing.uidl(i + 1, (name % i).encode())
            listing.size(i + 1, 100 + i)
        await listing.end()

    s, drop = await opened(path)
    for what in ("first-listing", "same-listing"):
        begin = time.ticks_ms()
        await listed(drop)
        say(what, time.ticks_diff(time.ticks_ms(), begin))
    assert drop.count == count
    begin = time.ticks_ms()
    await drop.delete(list(range(0, count, 10)))
    say("delete-a-tenth", time.ticks_diff(time.ticks_ms(), begin))
    assert drop.count == len(drop.wanted(1 << 29)) == count - count // 10


async def load(path):
    s = Store(path)
    gc.collect()
    before = gc.mem_alloc()
    begin = time.ticks_ms()
    drop = await s.drops.open(ANNA)
    say("load", time.ticks_diff(time.ticks_ms(), begin))
    gc.collect()
    say("memory", gc.mem_alloc() - before)
    say("count", drop.count)


commands = {"once": once, "look": look, "busy": busy, "full": full, "many": many, "load": load}
asyncio.run(commands[sys.argv[1]](*sys.argv[2:]))
