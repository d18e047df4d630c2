"""Waiting on raw descriptors and on the helper thread, within MicroPython's asyncio.

The rule: every wait has a deadline, and one task keeps all of them (`wait_for` would make a task
for each read).  When a deadline passes, the wait raises OSError(ETIMEDOUT).  Deadlines are given
as milliseconds from now; whoever has several waits to make passes down what is left of one
`Deadline`.  One reader and one writer per descriptor at a time, as asyncio has it.

It knows nothing of protocols.  MicroPython only: it stands on the inside of `asyncio.core`.
"""

from asyncio import core
from errno import ETIMEDOUT
from time import ticks_add, ticks_diff, ticks_ms

import _sys

from restante.compat import const

# The longest wait, in ms: a day.  The ticks of a 32-bit machine wrap after 12 days and compare
# right within half of that.
LONGEST_MS = const(86400000)
# A sync or a rename may wait behind the medium's own housekeeping; cards were seen to take
# seconds.  After this many ms the medium counts as failed.
MEDIUM_MS = const(30000)

_READ = const(0)  # index into asyncio's entry of a descriptor
_WRITE = const(1)
_PARKED = const(2)  # waits for `_wake`, not for a descriptor


class Deadline:
    """A moment; `left()` tells the milliseconds to it, never negative."""

    def __init__(self, ms):
        self._until = ticks_add(ticks_ms(), min(ms, LONGEST_MS))

    def left(self):
        return max(0, ticks_diff(self._until, ticks_ms()))


class _Wait:
    # One wait of one task.  It is the task's `data` while the task sleeps, which is how asyncio
    # finds out whom to ask (`remove`) when the task is cancelled.  asyncio's own queue would
    # forget the other direction's task as well.

    def __init__(self, fd, side, ms):
        self.fd = fd
        self.side = side
        self.ms = ms
        self.until = 0
        self.task = core.cur_task
        self.place = 0  # in the list of all waits
        self.expired = False

    def begin(self):
        # create_task() starts a wait later, and in another task, than the one that made it.
        self.until = ticks_add(ticks_ms(), max(0, min(self.ms, LONGEST_MS)))
        self.task = core.cur_task

    def remove(self, task):
        if self.side == _PARKED:
            return
        queue = core._io_queue
        entry = queue.map[id(self.fd)]
        entry[self.side] = None
        if entry[1 - self.side] is None:
            queue._dequeue(self.fd)
        else:
            poll = core.select.POLLOUT if self.side == _READ else core.select.POLLIN
            queue.poller.modify(self.fd, poll)

    def expire(self):
        # A task that something else woke meanwhile has other data: it is not late.
        if self.task.data is self:
            self.expired = True
            self.remove(self.task)
            core._task_queue.push(self.task)


class _Watch:
    # Keeps the deadlines of all waits of one event loop with one task, which sleeps until the
    # earliest.  A wait that ended early leaves it a wake-up for nothing, no more.

    def __init__(self):
        self.queue = core._task_queue
        self.waits = []
        self.task = None
        self.next = 0

    def add(self, wait):
        wait.place = len(self.waits)
        self.waits.append(wait)
        if self.task is None:
            self.next = wait.until
            self.task = core.create_task(self._run())
        elif ticks_diff(wait.until, self.next) < 0:
            # The task is asleep in the queue, since another one is running: bring it forward.
            self.next = wait.until
            self.queue.remove(self.task)
            self.queue.push(self.task, wait.until)

    def discard(self, wait):
        last = self.waits.pop()
        if last is not wait:
            last.place = wait.place
            self.waits[last.place] = last

    def _expire(self):
        # Wakes who is late; returns the ms to the next deadline, or -1 if there is none.
        now = ticks_ms()
        ahead = -1
        for wait in self.waits:
            left = ticks_diff(wait.until, now)
            if left <= 0:
                wait.expire()
            elif ahead < 0 or left < ahead:
                ahead = left
        return ahead

    async def _run(self):
        try:
            while True:
                ahead = self._expire()
                if ahead < 0:
                    return
                self.next = ticks_add(ticks_ms(), ahead)
                await core.sleep_ms(ahead)
        finally:
            self.task = None


_watch = _Watch()


def _watch_of_loop():
    # A new event loop begins with new queues: what the old one left is not waited for.
    global _watch
    if _watch.queue is not core._task_queue:
        _watch = _Watch()
    return _watch


def _sleep(wait):
    # A generator, as asyncio's own waits are: no coroutine around each read.
    watch = _watch_of_loop()
    wait.begin()
    watch.add(wait)
    try:
        if wait.side != _PARKED:
            core._io_queue._enqueue(wait.fd, wait.side)
        wait.task.data = wait
        yield
    finally:
        watch.discard(wait)
    if wait.expired:
        raise OSError(ETIMEDOUT)


def readable(fd, ms):
    """Await it: `fd` (an int) can be read or is at its end; OSError(ETIMEDOUT) after `ms`."""
    return _sleep(_Wait(fd, _READ, ms))


def writable(fd, ms):
    """Await it: `fd` (an int) can be written or is broken; OSError(ETIMEDOUT) after `ms`."""
    return _sleep(_Wait(fd, _WRITE, ms))


def _readable_for_ever(fd):
    # For the collector only, which waits on nobody's behalf.
    core._io_queue.queue_read(fd)
    yield


async def end(tasks):
    """Cancels the tasks and waits until all of them are over."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        try:
            await task
        except core.CancelledError:
            continue


class Helper:
    """The helper thread for what blocks: one call is one job of it, results in order.

    It groups nothing.  OSError carries the errno of the job; EAGAIN says that 128 jobs are on
    their way already, ETIMEDOUT that the job may still happen later.  One per program, made
    before `seccomp`, which forbids new threads.
    """

    def __init__(self):
        self._worker = _sys.Worker()
        self._waits = {}  # ticket: _Wait
        self._results = {}  # ticket: (errno, result), until its task runs
        self._collector = None
        self._queue = None  # the task queue of the loop that the collector belongs to

    async def fsync(self, fd):
        await self.call(_sys.FSYNC, fd)

    async def fsync_dir(self, path):
        await self.call(_sys.FSYNC_DIR, path)

    async def rename(self, old, new):
        await self.call(_sys.RENAME, old, new)

    async def unlink(self, path):
        await self.call(_sys.UNLINK, path)

    async def sha256(self, fd, ms=MEDIUM_MS):
        """The 32 octets of the hash of the whole file."""
        return await self.call(_sys.SHA256, fd, ms=ms)

    async def argon2(self, password, salt):
        """The 32 octets of a password's hash; OSError(ENOMEM)."""
        return await self.call(_sys.ARGON2, password, salt)

    async def handshake(self, session, ms):
        """One step of a TLS session's handshake; what came of it, session.result() says."""
        await self.call(_sys.HANDSHAKE, session, ms=ms)

    async def call(self, operation, *arguments, ms=MEDIUM_MS):
        """One operation of `_sys.Worker` with its arguments; returns its result."""
        ticket = self._worker.submit(operation, *arguments)
        if self._queue is not core._task_queue:
            self._queue = core._task_queue
            self._collector = core.create_task(self._collect())
        wait = _Wait(-1, _PARKED, ms)
        self._waits[ticket] = wait
        try:
            await _sleep(wait)
        finally:
            del self._waits[ticket]
            answer = self._results.pop(ticket, None)
        if answer[0]:
            raise OSError(answer[0])
        return answer[1]

    async def _collect(self):
        # For as long as the loop runs; the result of a job that nobody waits for is dropped.
        fd = self._worker.fileno()
        while True:
            await _readable_for_ever(fd)
            done = self._worker.collect()
            while done is not None:
                wait = self._waits.get(done[0])
                if wait is not None and wait.task.data is wait:
                    self._results[done[0]] = done[1:]
                    core._task_queue.push(wait.task)
                done = self._worker.collect()
