"""The self-test at start, every hour, and when it is asked for; what a failure means.

Its rule: while a sample got a wrong verdict no verdict is believed, so that with fail mode deny
nothing is delivered; the first run that passes ends that.  A run that could not be made to its end
(nobody answers, no room) says nothing about verdicts: then each message has no verdict for the
same cause.  It does not know what a sample is.
"""

import asyncio

from restante import log
from restante.compat import const
from restante.log.alarms import SELF_TEST

# Between two runs, in s.
HOUR_S = const(3600)
# After a run that failed or was not made to its end, in s: what was wrong may be repaired.
AGAIN_S = const(60)


class Watch:
    """`selftest`: SelfTest; `screen`: ScreenClient; `clock()`: seconds since 1970, for people.

    `passed`: True, False, or None before the first run; `text`: of the last run; `at`: its time.
    """

    def __init__(self, selftest, screen, clock):
        self.passed = None
        self.text = "not run yet"
        self.at = None
        self._selftest = selftest
        self._screen = screen
        self._clock = clock
        self._lock = asyncio.Lock()

    @property
    def bundle(self):
        """The name of the set that was tested last."""
        return self._selftest.bundle

    async def serve(self):
        """Until it is cancelled."""
        await self.begun()
        while True:
            await asyncio.sleep(HOUR_S if self.passed else AGAIN_S)
            await self.run()

    async def run(self):
        """[(name, ok, text)], as SelfTest.run(); what follows from them is done."""
        async with self._lock:
            return await self._run()

    async def begun(self):
        """Returns when it has been run once."""
        async with self._lock:
            if self.passed is None:
                await self._run()

    async def _run(self):
        try:
            results, tried = await self._selftest.run()
        except Exception as error:  # noqa: BLE001 (MemoryError, a fault of ours: it did not pass)
            log.record(log.ERROR, "selftest.fault", trace=log.trace(error))
            results, tried = [("self-test", False, "it broke off")], False
        self._conclude(results, tried)
        return results

    def _conclude(self, results, tried):
        failed = [name for name, ok, _ in results if not ok]
        self.at = self._clock()
        self.passed = not failed
        if not failed:
            self.text = "%d checks passed" % len(results)
            self._screen.distrusted = ""
            log.record(log.INFO, "selftest.passed", checks=len(results))
            return
        self.text = "%d of %d checks failed: %s" % (len(failed), len(results), " ".join(failed))
        if tried:
            self._screen.distrusted = "the self-test of the screening failed"
        log.alarms.set(SELF_TEST, self.text)
        log.record(log.ERROR, "selftest.failed", why=results[-1][2] if not tried else self.text)
