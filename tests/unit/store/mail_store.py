"""Maildrops on the model of a disk, as one run of the gate has them; what is seen of one."""

import asyncio

from model_disk import ModelDisk, ModelFolder
from restante.store.maildrops import Maildrops
from restante.store.spool import Spool

MAXIMUM = 100000
ANNA, BERT = "a0", "b0"


class Store:
    def __init__(self, disk=None, maximum=MAXIMUM, **faults):
        self.disk = disk or ModelDisk()
        self.folder = ModelFolder(self.disk, **faults)
        self.spool = Spool(self.folder, MAXIMUM)
        self.now = 1000
        self.drops = Maildrops(self.folder, None, lambda: self.now, self.spool, maximum)

    async def open(self, id=ANNA, retention=0):
        drop = await self.drops.open(id)
        drop.retention = retention
        return drop

    def file(self, content):
        f = self.spool.create()
        try:
            f.write(content, 0, len(content))
            f.seal()
        except BaseException:
            f.close()
            raise
        return f

    async def store(self, drop, uidl, content, sha=None, octets=None, bundle=""):
        f = self.file(content)
        try:
            size = len(content) if octets is None else octets
            await drop.store(drop.find(uidl), f, sha, size, bundle)
        finally:
            f.close()

    async def add(self, drop, uidl, content):
        f = self.file(content)
        try:
            return await drop.add(f, uidl, len(content))
        finally:
            f.close()

    async def replace(self, drop, uidl, content):
        """The body that waits to be judged is replaced; whether it was."""
        slot = drop.find(uidl)
        number = [n for n, s in await drop.again.waiting(100) if s == slot][0]
        f = self.file(content)
        try:
            return await drop.replace(slot, number, f, len(content))
        finally:
            f.close()

    async def content(self, drop, slot):
        fd = await drop.open(slot)
        try:
            buf = bytearray(1000)
            return bytes(buf[: self.folder.read(fd, buf, 0)])
        finally:
            self.folder.close(fd)

    def files(self, id=ANNA):
        return sorted(self.folder.listdir("maildrops/" + id))

    async def view(self, drop):
        """{uidl: all that can be seen of it}, without what is forgotten."""
        seen = {}
        for slot in range(drop.slots_in_memory):
            uidl = drop.uidl(slot)
            if drop.find(uidl) == slot:
                seen[uidl] = await self._look(drop, slot)
        return seen

    async def _look(self, drop, slot):
        deleted = drop.is_deleted(slot)
        content = None
        if drop.is_stored(slot) and not deleted:
            content = await self.content(drop, slot)
        retained = slot in drop.retained()
        visible = slot in drop.slots()
        return visible, deleted, drop.is_box_owned(slot), retained, drop.octets(slot), content


async def apply(drop, *messages):
    """A complete listing of (uidl, octets)."""
    listing = drop.listing()
    for number, (uidl, octets) in enumerate(messages, 1):
        listing.uidl(number, uidl)
        listing.size(number, octets)
    await listing.end()


def uidls(drop):
    return [drop.uidl(slot) for slot in drop.slots()]


def run(coroutine):
    return asyncio.run(coroutine)


async def ready(*contents, retention=0, **store):
    """A store and a maildrop with u1, u2 and so on: stored where there is content."""
    s = Store(**store)
    await s.drops.start()
    drop = await s.open(retention=retention)
    await apply(drop, *[(b"u%d" % i, len(c) or 7) for i, c in enumerate(contents, 1)])
    for i, content in enumerate(contents, 1):
        if content:
            await s.store(drop, b"u%d" % i, content)
    return s, drop


async def again(s, id=ANNA, retention=0):
    """What the next run of the gate finds on the same disk."""
    new = Store(s.disk)
    await new.drops.start()
    return new, await new.open(id, retention)
