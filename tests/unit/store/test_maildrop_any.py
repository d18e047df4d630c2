"""Any order of events at the origin and at the box: the listing is true (promises 2, 3).

Invariant: after a poll a session sees exactly what the origin holds and no client deleted, under
the origin's UIDLs, each with its content; what a client deleted is never seen again.
"""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from mail_store import Store, apply, uidls

EVENTS = st.sampled_from(
    [
        "new",
        "new",
        "poll",
        "poll",
        "poll without fetching",
        "delete here",
        "delete outside",
        "new UIDLs",
        "restart",
        "cut-off listing",
    ]
)


class World:
    """An origin, a maildrop, and what must be seen."""

    def __init__(self):
        self.origin = []  # (uidl, content)
        self.deleted = set()  # contents
        self.made = 0
        self.s = Store()
        self.drop = None

    async def start(self):
        await self.s.drops.start()
        self.drop = await self.s.open()

    def name(self):
        self.made += 1
        return b"u%d" % self.made

    async def do(self, event, i):
        if event == "new":
            # Two lengths: what is new is often as long as something that was deleted.
            uidl = self.name()
            self.origin.append((uidl, b"%05d%s\r\n" % (self.made, b"x" * (i % 2))))
        elif event == "delete here" and len(self.drop.slots()):
            slot = self.drop.slots()[i % len(self.drop.slots())]
            if self.drop.is_stored(slot):
                self.deleted.add(await self.s.content(self.drop, slot))
                await self.drop.delete([slot])
        elif event == "delete outside" and self.origin:
            del self.origin[i % len(self.origin)]
        elif event == "new UIDLs":
            self.origin = [(self.name(), content) for _, content in self.origin]
        elif event == "restart":
            self.s = Store(self.s.disk)
            await self.start()
        elif event == "cut-off listing":  # an origin that says it is empty, once
            await apply(self.drop)
            await self.list()
        elif event == "poll without fetching":
            await self.list()
        elif event == "poll":
            await self.poll(i)

    async def list(self):
        await apply(self.drop, *[(uidl, len(content)) for uidl, content in self.origin])
        shown = {dict(self.origin)[uidl] for uidl in uidls(self.drop)}
        assert not shown & self.deleted

    async def poll(self, i):
        await self.list()
        for slot in self.drop.wanted(1000000):
            uidl = self.drop.uidl(slot)
            await self.s.store(self.drop, uidl, dict(self.origin)[uidl])
        expected = [(uidl, c) for uidl, c in self.origin if c not in self.deleted]
        slots = self.drop.slots()
        seen = [(self.drop.uidl(s), await self.s.content(self.drop, s)) for s in slots]
        assert sorted(seen) == sorted(expected)
        leaving = {self.drop.uidl(slot) for slot in self.drop.departing()}
        assert leaving == {uidl for uidl, c in self.origin if c in self.deleted}
        if i % 3:  # else the session at the origin ends without QUIT
            self.origin = [(uidl, c) for uidl, c in self.origin if uidl not in leaving]

    async def check(self):
        for slot in self.drop.slots():
            if self.drop.is_stored(slot):
                assert await self.s.content(self.drop, slot) not in self.deleted
        assert len(set(uidls(self.drop))) == self.drop.count
        assert self.s.drops.octets == self.drop.stored_octets and self.s.drops.problems == []


@settings(max_examples=60)
@given(st.lists(st.tuples(EVENTS, st.integers(0, 9)), min_size=15, max_size=50))
def test_the_listing_is_true(events):
    async def main():
        world = World()
        await world.start()
        for event, i in [*events, ("poll", 1), ("poll", 1)]:
            await world.do(event, i)
            await world.check()
        assert world.drop.departing() == []

    asyncio.run(main())
