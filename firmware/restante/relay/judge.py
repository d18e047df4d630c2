"""From a client's RETR or TOP to what may be sent in its place: fetch here, judging.py judges.

Its rule: whatever stands in the way is a Refusal, recorded once.  It sends nothing to the client.
"""

from restante import log
from restante.collect import fetching
from restante.collect.fetching import Withheld as Refusal
from restante.collect.judging import Judging
from restante.relay import login


class Judged:
    """A message in the spool with what is to be sent in its place.  close() it."""

    def __init__(self, number, line, judged):
        self.number = number
        self.line = line  # the origin's +OK
        self.file = judged.file
        self.segments = judged.segments  # splice.py
        self.untouched = judged.untouched

    def close(self):
        self.file.close()


class Judge:
    """`services`: those of Judging."""

    def __init__(self, session, services):
        self._session = session
        self._spool = services.spool
        self._judging = Judging(services)

    async def judge(self, number, command, patience):
        """Fetches message `number` with `command` and judges it: Judged.  Refusal, OriginError."""
        try:
            file = fetching.create(self._spool)
            try:
                return await self._judge(number, command, patience, file)
            except BaseException:
                file.close()
                raise
        except Refusal as refusal:
            if refusal.ours:
                log.counters.add("refused")
                self._session.record(
                    log.WARNING, "message.refused", number=number, why=str(refusal)
                )
            raise

    async def _judge(self, number, command, patience, file):
        session = self._session
        line = await fetching.fetch(session.origin, command, file, self._spool, patience.follow)
        group = session.group.name if session.group is not None else ""
        judged = await self._judging.judge(
            file, session.account, number, lambda: self._uidl(number), group
        )
        return Judged(number, line, judged)

    async def _uidl(self, number):
        """The message's UIDL, "" if the origin does not say it."""
        origin = self._session.origin
        if not await origin.ask(b"UIDL %d\r\n" % number):
            return ""
        words = origin.engine.line.split()
        return login.name(words[2]) if len(words) == 3 else ""
