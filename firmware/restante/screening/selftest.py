"""Screens samples through the real spool and the real screen process.

Its rule: a bad sample must be found infected and a clean one clean; anything else is a failure,
and the caller raises an alarm.  Nothing is delivered or kept.
"""

from restante.errors import RestanteError
from restante.screening import samples
from restante.screening.verdicts import CLEAN, INFECTED, NAMES


class SelfTest:
    def __init__(self, spool, screen):
        self._spool = spool
        self._screen = screen

    async def run(self):
        """[(name, ok, text)], one for each sample; the last one that was tried if none can be."""
        results = []
        for name, bad, message in samples.all():
            try:
                ok, text = await self._check(bad, message)
            except RestanteError as error:  # no room, nobody there: so for the others too
                results.append((name, False, "%s; the others were not tried" % error))
                break
            results.append((name, ok, text))
        return results

    async def _check(self, bad, message):
        report = await self._screened(message)
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
            return await self._screen.screen(f)
        finally:
            f.close()
