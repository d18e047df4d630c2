"""Screens samples through the real spool and the real screen process.

Its rule: a bad sample must be found infected and a clean one clean; anything else is a failure.
What follows from it is watch.py's.  The engine's own limits hold and nobody's settings, so that
only the engine and its signatures can fail.  Nothing is delivered or kept.
"""

from restante.errors import RestanteError
from restante.screening import samples
from restante.screening.verdicts import CLEAN, INFECTED, NAMES

# Seconds for one sample, which takes some milliseconds.
DEADLINE_S = 60


class Defaults:
    """Settings of nobody."""

    def get(self, path):
        return DEADLINE_S if path == "screening deadline" else 0  # 0: the engine's own limit


DEFAULTS = Defaults()


class SelfTest:
    """`bundle`: the name of the set that judged the last sample, "" before the first.

    `bundles`: the names of those that judged the samples of the last run.
    """

    def __init__(self, spool, screen):
        self.bundle = ""
        self.bundles = []
        self._spool = spool
        self._screen = screen

    async def run(self):
        """([(name, ok, text)], one for each sample, True); after what stopped it, False."""
        results = []
        self.bundles = []
        for name, bad, message in samples.all():
            try:
                ok, text = await self._check(bad, message)
            except RestanteError as error:  # no room, nobody there: so for the others too
                results.append((name, False, "%s; the others were not tried" % error))
                return results, False
            results.append((name, ok, text))
        return results, True

    async def _check(self, bad, message):
        report = await self._screened(message)
        self.bundle = report.bundle
        if report.bundle not in self.bundles:
            self.bundles.append(report.bundle)
        expected = INFECTED if bad else CLEAN
        text = NAMES[report.verdict]
        if report.findings:
            text += ", " + report.findings[0].signature
        return report.verdict == expected, text

    async def _screened(self, message):
        f = self._spool.create()
        try:
            f.write(message, 0, len(message))
            f.seal()
            return await self._screen.examine(f, DEFAULTS)
        finally:
            f.close()
