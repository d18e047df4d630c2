"""Names of groups are asked for when they are due, and at once when the settings change."""

import asyncio
import time

from restante.collect import lookup
from restante.collect.lookup import LOOK_S, Lookup

TTL = 3600


class Groups:
    def __init__(self):
        self.wanted = ["one.example"]
        self.found = []

    def names(self):
        return self.wanted

    def resolved(self, name, addresses, now, ttl):
        self.found.append(name)


class Resolver:
    def __init__(self, path, port):
        pass

    async def answer(self, name):
        return ["192.0.2.1"], TTL


async def until(condition):
    """Before a look that nobody asked for."""
    end = time.ticks_add(time.ticks_ms(), LOOK_S * 900)
    while not condition():
        assert time.ticks_diff(end, time.ticks_ms()) > 0, "not asked for in time"
        await asyncio.sleep_ms(1)


def test_a_new_name_is_asked_for_at_once():
    async def run():
        lookup.Resolver = Resolver
        groups = Groups()
        looks = Lookup(groups, lambda: time.ticks_ms() // 1000, "")
        task = asyncio.create_task(looks.run())
        await until(lambda: groups.found == ["one.example"])
        for name in ("two.example", "three.example"):
            groups.wanted.append(name)
            looks.takes(None, None)
            await until(lambda: groups.found == groups.wanted)
        task.cancel()

    asyncio.run(run())
