"""Changes one after the other, each carried to its end.

Its rule: what began is finished even if the session that asked is cancelled, so that no file is
half moved and no record half counted.  It does not know what is changed.
"""

import asyncio

from restante.errors import RestanteError, StoreError


class Turns:
    """`prepare`: awaited at the start of each turn; `what`: names the changed thing in errors."""

    def __init__(self, prepare, what):
        self.lock = asyncio.Lock()
        self._prepare = prepare
        self._what = what
        self._jobs = []

    @property
    def idle(self):
        return not self._jobs

    async def take(self, f, work, *args):
        """What `work(*args)` returns or raises, run as a task of its own.

        `f`, a SpoolFile or None, keeps its descriptor until then.
        """
        job = _Job(f, StoreError("%s stopped in the middle of a change" % self._what))
        job.task = asyncio.create_task(self._run(job, work, args))
        self._jobs.append(job)
        if f is not None:
            f.hold()
        await job.done.wait()
        if job.error:
            raise job.error
        return job.result

    async def _run(self, job, work, args):
        try:
            async with self.lock:
                await self._prepare()
                job.result = await work(*args)
                job.error = None
        except (RestanteError, MemoryError) as error:
            job.error = error
        finally:
            if job.file is not None:
                job.file.unhold()
            self._jobs.remove(job)
            job.done.set()


class _Job:
    """One change on its way: `error` or `result` is right once `done` is set."""

    def __init__(self, file, error):
        self.file = file
        self.task = None
        self.done = asyncio.Event()
        self.result = None
        self.error = error
