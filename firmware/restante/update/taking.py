"""Takes what an index offers, from a server or from a stick, and has it installed.

Its rule: it adds no trust.  What it takes goes the way of a bundle from the console: the same
part's file (arriving.py), so that each goes on where another broke off, the same installer.  The
console comes first: a transfer or a change of its own is never disturbed, it is waited for.
"""

from restante import log
from restante.update import http, index
from restante.update import state as states
from restante.update.download import Download
from restante.update.fault import BundleError, Waiting

# A transfer of the console that has not moved for so long is given up.
CONSOLE_S = 600
# Bundles that are taken in a row: a chain of key sets and deltas; the next time goes on.
BUNDLES = 16
# Bundles that were refused, by SHA-256, at most so many.  They are not fetched again until
# somebody asks, or a restart; for a day only, if not all of it was there: it may have been another
# one that somebody sent under this name, and the right one must not be lost for ever.
REFUSALS = 32
REFUSED_S = 86400
EVER_S = 315360000
# No transfer's number: what was fetched for somebody is his.
_NOBODY = -1
# Of a refusal: it had to wait, and says nothing of the bundle.
_PASSING = ("busy", "nothing")


class Refusals:
    """SHA-256s of bundles that are not fetched again for now."""

    def __init__(self, up):
        self._up = up
        self._until = {}

    def __len__(self):
        return len(self._until)

    def add(self, sha256, whole):
        if len(self._until) >= REFUSALS:
            self._until = {}
        self._until[sha256] = self._up() + (EVER_S if whole else REFUSED_S)

    def clear(self):
        self._until = {}

    def now(self):
        return [each for each in self._until if self._up() < self._until[each]]


class Source:
    """Where bundles come from.  `fetcher`: as Fetcher; `url`: what stands before a file's name."""

    def __init__(self, name, fetcher, url, up):
        self.name = name
        self.fetcher = fetcher
        self.url = url
        self.buffer = bytearray(http.ROOM_OCTETS)
        self.refusals = Refusals(up)

    def etag(self, sha256):
        """Of the file that began to arrive as this bundle, or ""."""
        return ""

    async def began(self, sha256, etag):
        """It begins to arrive anew."""


class Taker:
    """`installer`, `arriving`: of this room; `up()`: seconds that only grow."""

    def __init__(self, installer, arriving, up):
        self.download = None  # the one that is under way
        self._installer = installer
        self._arriving = arriving
        self._up = up
        self._source = None  # whose bundles are being taken
        self._progress = arriving.progress  # as the console left it
        self._moved = -CONSOLE_S  # when it last changed, up()
        self._turn = arriving.turn  # of our last transfer

    # -- who goes first

    def look_at_console(self):
        """What has changed since, and not by us, is the console's."""
        if self._source is None:
            self._look()

    def _look(self):
        if self._arriving.progress != self._progress:
            self._progress = self._arriving.progress
            self._moved = self._up()

    def check_free(self, source):
        """Waiting, if something else goes first."""
        self._look()
        if self._source not in (None, source):
            raise Waiting("bundles from %s are being taken" % self._source.name)
        if self._installer.busy or self._arriving.ending:
            raise Waiting("another update is under way")
        theirs = self._arriving.open and self._arriving.turn != self._turn
        if theirs and self._up() - self._moved < CONSOLE_S:
            raise Waiting("somebody at the console sends a bundle")

    # -- what is taken

    def here(self, refusals):
        installer = self._installer
        return index.Here(
            installer.hardware,
            installer.channel,
            installer.keys.epoch,
            installer.state.epoch,
            installer.state.records.get(states.CURRENT),
            refusals.now() + installer.state.rolled_back,
        )

    async def take_all(self, entries, source):
        """(what became of each, in words; whether nothing more is to be taken)."""
        self.check_free(source)
        self._source = source
        done = []
        try:
            for _ in range(BUNDLES):
                entry = index.choose(entries, self.here(source.refusals))
                if entry is None:
                    return done, True
                done.append(await self._take(entry, source))
            return done, False
        finally:
            self._source = None
            self.download = None
            self._ours()

    async def fetch(self, entry, source):
        """It has arrived, for somebody at the console, as if he had sent it."""
        self.check_free(source)
        self._source = source
        try:
            await self._fetched(entry, source)
            self._turn = _NOBODY
        finally:
            self._source = None
            self.download = None

    async def _take(self, entry, source):
        """It is fetched, if it is not there yet, and installed; what became of it, in words."""
        self.check_free(source)
        await self._fetched(entry, source)
        try:
            text, warnings = await self._installer.install()
        except BundleError as error:
            self._note(error, entry, source)
            raise
        finally:
            self._ours()
        for each in warnings:
            log.record(log.WARNING, "update.warning", file=entry.file, what=each)
        return text

    async def _fetched(self, entry, source):
        self.download = Download(
            entry,
            source.url,
            self._arriving,
            self._installer,
            source.fetcher,
            source.buffer,
            source.etag(entry.sha256),
        )

        async def began(etag):
            await source.began(entry.sha256, etag)

        log.record(
            log.INFO, "update.fetching", file=entry.file, octets=entry.octets, source=source.name
        )
        try:
            await self.download.run(began)
        except BundleError as error:
            self._note(error, entry, source)
            raise
        finally:
            self._turn = self.download.turn or self._turn
            self._ours()

    def _note(self, error, entry, source):
        if error.code in _PASSING:
            raise Waiting(str(error))
        if error.code != "payload":  # another copy of it may be whole
            source.refusals.add(entry.sha256, self.download.arrived)

    def _ours(self):
        """What has changed was our own transfer."""
        if self._arriving.turn == self._turn:
            self._progress = self._arriving.progress

    def under_way(self):
        """In words, "" if nothing is."""
        if self.download is None:
            return ""
        entry = self.download.entry
        return "%s: %d of %d octets" % (entry.file, self.download.at, entry.octets)


async def index_of(answer):
    """[Entry] of an answer with the index, which is closed; BundleError."""
    try:
        data = bytearray()
        view = await answer.next()
        while view is not None:
            data.extend(view)
            view = await answer.next()
    finally:
        answer.close()
    return index.parse(bytes(data))


def failure(error):
    code = getattr(error, "code", "")
    return "%s (%s)" % (error, code) if code else str(error)
