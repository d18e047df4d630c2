"""Passwords of one account go to the origin one after the other.

Its rule: who tries many at once is bounded as who tries them in a row; bounds.py counts what the
origin has answered.  Only accounts that somebody asks for now are known here.
"""

import asyncio


class Asking:
    def __init__(self):
        self._queues = {}  # key: _Turn

    @property
    def accounts(self):
        """How many are asked for now."""
        return len(self._queues)

    def turn(self, key):
        """`async with`: nobody else asks for this account."""
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Turn(self._queues, key)
        return queue


class _Turn:
    """In `queues` as long as somebody has it or waits for it."""

    def __init__(self, queues, key):
        self._queues = queues
        self._key = key
        self._lock = asyncio.Lock()
        self._users = 0

    async def __aenter__(self):
        self._users += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, kind, error, trace):
        self._lock.release()
        self._leave()

    def _leave(self):
        self._users -= 1
        if not self._users:
            del self._queues[self._key]
