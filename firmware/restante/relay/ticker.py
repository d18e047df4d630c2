"""Looks once a second at everything that has a deadline.

One task for the whole program instead of one for each wait.  What it watches has `tick(now)`,
which must not wait and must not raise; `now` is in ticks_ms().
"""

import asyncio
from time import ticks_ms

PERIOD_MS = 1000


class Ticker:
    def __init__(self):
        self._watched = []

    def add(self, watched):
        self._watched.append(watched)

    def remove(self, watched):
        self._watched.remove(watched)

    def tick(self, now):
        # A copy: what is watched may remove itself or others.
        for watched in list(self._watched):
            watched.tick(now)

    async def run(self):
        while True:
            await asyncio.sleep_ms(PERIOD_MS)
            self.tick(ticks_ms())
