"""One bundle of the index comes from the server into the part's file that the console uses too.

Its rule: its begin is judged as soon as it is there, before the rest is fetched, so that whoever
has no key can waste FRONT_OCTETS and no more; and the index must have told the truth of it.  It
goes on where anybody broke off, and leaves what it has for the next one.
"""

from restante import log
from restante.errors import ProtocolError
from restante.update import bundle, http
from restante.update.fault import BundleError, PollError

# Connections for one bundle in one poll, as long as each brings some of it.
CONNECTIONS = 4


class Download:
    """`etag`: of the file, as known when it began to arrive, or ""."""

    def __init__(self, entry, url, arriving, installer, fetcher, buffer, etag):
        self.entry = entry
        self.etag = etag
        self.at = 0  # octets that are there
        self.arrived = False  # all of it is, with the SHA-256 that it must have
        self._url = url
        self._arriving = arriving
        self._installer = installer
        self._fetcher = fetcher
        self._buffer = buffer
        self.turn = 0  # arriving's, once it has begun
        self._judged = False

    async def run(self, began):
        """It has arrived: `incoming`.  Awaits began(etag) when the file begins to arrive anew.

        BundleError: refused, damaged, or somebody else's turn.  PollError, ProtocolError, OSError:
        the rest may come another time.
        """
        entry, arriving = self.entry, self._arriving
        try:
            self.at = await arriving.begin(entry.sha256, entry.octets)
        finally:
            self.turn = arriving.turn
        for n in range(CONNECTIONS):
            if self.at == entry.octets:
                break
            before = self.at
            try:
                await self._one_answer(began)
            except (PollError, ProtocolError):
                if self.at <= before or n == CONNECTIONS - 1:
                    raise
        if arriving.turn != self.turn:
            raise BundleError("busy", "another transfer has begun", "the console", "wait")
        await arriving.end()
        self.arrived = True

    async def _one_answer(self, began):
        entry = self.entry
        if self.at:
            self._judge()  # what is there already may be of no use
        answer = await self._fetcher.open(
            self._url + entry.file, entry.octets, self._buffer, start=self.at, match=self.etag
        )
        try:
            await self._begin(answer, began)
            view = await answer.next()
            while view is not None:
                self.at = await self._arriving.put(self.turn, view)
                self._judge()
                view = await answer.next()
        finally:
            answer.close()
        if self.at < entry.octets:
            raise PollError("%s is shorter than the index says" % entry.file)

    async def _begin(self, answer, began):
        """The answer is what is wanted: the rest, or all of it from the start."""
        entry = self.entry
        if answer.status not in (http.OK, http.PARTIAL, http.NOT_SATISFIABLE):
            raise PollError("the server answers %d to %s" % (answer.status, entry.file))
        if answer.status != http.PARTIAL and self.at:
            self._arriving.again(self.turn)
            self.at = 0
            self._judged = False
        if answer.status == http.NOT_SATISFIABLE:
            raise PollError("the server has less of %s than there is already" % entry.file)
        if answer.length not in (-1, entry.octets - self.at):
            raise PollError(
                "%s has %d octets to come, not %d as the index says"
                % (entry.file, answer.length, entry.octets - self.at)
            )
        if not self.at:
            self.etag = answer.etag
            await began(answer.etag)

    def _judge(self):
        """As soon as all before the payload is there, once."""
        need = min(bundle.FRONT_OCTETS, self.entry.octets)
        if self._judged or self.at < need:
            return
        front = self._arriving.front(self.turn, need)
        try:
            found = self._installer.check(front, self.entry.octets)
            self._check_told(found)
        except BundleError:
            self._arriving.drop(self.turn)
            raise
        self._judged = True

    def _check_told(self, found):
        """What is taken is what was chosen: a list that lies must not choose for us."""
        entry = self.entry
        told = (entry.kind, entry.epoch, entry.serial, entry.base, entry.content)
        if told != (found.kind, found.epoch, found.serial, found.base, found.whole):
            raise BundleError(
                "index",
                "%s is not what the index says of it" % entry.file,
                "the index is of another time, or somebody has changed it",
                "write the index again: restante bundle publish FOLDER",
            )
        log.record(log.DEBUG, "update.front", file=entry.file, serial=found.serial)
