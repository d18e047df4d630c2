"""Asks a server for newer bundles, and has taken what it offers (taking.py)."""

import asyncio
import hashlib
import os

from restante import log, loop
from restante.errors import RestanteError, SetRefused, StoreError
from restante.log.alarms import POLL
from restante.update import http, index, polling
from restante.update.fault import BundleError, PollError, Waiting
from restante.update.installing import contents
from restante.update.taking import Source, failure, index_of
from restante.version import VERSION

MEMORY = "updates/poll"
AGENT = "restante/" + VERSION
LOOK_S = 5
# `update poll` waits so long for what comes of it.
ANSWER_S = 10
_STEP_MS = 50


class Poller:
    """`folder`: store.Folder of the data; `installer`, `taker`: of this room; `fetcher`: Fetcher;
    `up()`: seconds that only grow; `now()`: since 1970, None: the clock is not trusted.
    """

    def __init__(self, folder, installer, taker, fetcher, up, now):
        self.plan = polling.Plan(up(), _chance())
        self.url = None
        self.result = ""  # of the last poll, in words
        self.at = None  # when it was, up()
        self._how = polling.GOOD  # and how it ended
        self._folder = folder
        self._installer = installer
        self._taker = taker
        self._fetcher = fetcher
        self._up = up
        self._now = now
        self._memory = polling.Memory()
        self._source = _Server(self, fetcher, up)
        self._task = None
        self._said = 0  # days of silence that the alarm said

    def takes(self, settings, profiles):
        """Settings are in force."""
        url = settings.get("updates url")
        self.plan.takes(settings.get("updates interval") * 60, url, self._up())
        self.url = url
        self._installer.channel = settings.get("updates channel")
        self._fetcher.pins = b"".join(settings.get("updates pin") or ())

    @property
    def busy(self):
        return self._task is not None

    # -- the task

    async def run(self):
        """Until it is cancelled; then no poll is under way."""
        self._load()
        try:
            while True:
                self._taker.look_at_console()
                if self.url:
                    self._look_at_silence()
                    if self.plan.due(self._up()):
                        self._start(False)
                await asyncio.sleep(LOOK_S)
        finally:
            if self._task is not None:
                await loop.end([self._task])

    async def poll(self):
        """A poll now, for the console: (whether it is over, whether it was good, in words)."""
        if not self.url:
            return True, False, "no server is set: set updates url https://HOST/FOLDER/"
        self._start(True)
        for _ in range(ANSWER_S * 1000 // _STEP_MS):
            if self._task is None:
                return True, self._how == polling.GOOD, self.result
            await asyncio.sleep_ms(_STEP_MS)
        return False, True, self._under_way()

    def _start(self, asked):
        if self._task is None:
            self._task = asyncio.create_task(self._poll(asked))

    async def _poll(self, asked):
        how = polling.FAILED
        try:
            self.result = await self._work(asked)
            how = polling.GOOD
        except Waiting as error:
            how, self.result = polling.WAITED, "it waits: %s" % error
        except (BundleError, SetRefused) as error:
            how = polling.FAILED if error.transient else polling.REFUSED
            self.result = failure(error)
        except (OSError, RestanteError) as error:
            self.result = failure(error)
        except Exception as error:  # noqa: BLE001 (also MemoryError: the next poll is tried)
            self.result = "it failed: %s" % repr(error)
        finally:
            self.at = self._up()
            self.plan.ended(how, self.at, _chance())
            self._how = how
            self._task = None
        self._tell(how)

    def _tell(self, how):
        level = (log.INFO, log.WARNING, log.WARNING, log.DEBUG)[how]
        log.record(level, "update.polled", ok=how == polling.GOOD, what=self.result)
        if how == polling.REFUSED:
            log.alarms.set(POLL, "what %s gave was refused: %s" % (self.url, self.result))
        if how == polling.GOOD:
            self._said = 0

    # -- one poll

    async def _work(self, asked):
        self._taker.check_free(self._source)
        self._source.url = self.url or ""  # other settings are for the next poll
        if self._installer.keys is None:
            raise PollError("this box has no key set, so it trusts no bundle")
        if asked:
            self._source.refusals.clear()
        await self._remember_url()
        etag, entries = await self._index(asked)
        if entries is None:
            await self._good()
            return "nothing newer; the index is as it was"
        done, all_of_it = await self._taker.take_all(entries, self._source)
        if not all_of_it:
            await self._good()
            return "; ".join(done) + "; more follows"
        self._memory.etag = etag
        self._memory.about = self._about()
        await self._good(True)
        return "; ".join(done) or "nothing newer" + self._left_out()

    async def _index(self, asked):
        """(ETag, entries); None: it is the one that is known, and the box is as it was."""
        known = "" if asked or self._memory.about != self._about() else self._memory.etag
        url = self._source.url + index.FILE
        answer = await self._fetcher.open(url, index.INDEX_OCTETS, self._source.buffer, etag=known)
        if answer.status != http.OK:
            answer.close()
            if answer.status == http.NOT_MODIFIED and known:
                return known, None
            raise PollError("the server answers %d to %s" % (answer.status, index.FILE))
        try:
            return answer.etag, await index_of(answer)
        except BundleError as error:
            raise PollError("its index cannot be used: %s" % error)

    def _about(self):
        """What else than the index a choice depends on, in 16 octets."""
        here = self._taker.here(self._source.refusals)
        have = here.installed
        found = hashlib.sha256()
        for part in (self._source.url, here.channel, here.hardware, VERSION, str(here.epoch)):
            found.update(part.encode() + b"\n")
        for digest in ([have.sha256] if have else [bytes(32)]) + self._installer.state.rolled_back:
            found.update(digest)
        return found.digest()[:16]

    def _left_out(self):
        n = len(self._source.refusals)
        return "; %d that were refused are not fetched again" % n if n else ""

    # -- what is remembered

    def _load(self):
        try:
            data = contents(self._folder, MEMORY, polling.MEMORY_OCTETS)
            if data is not None:
                self._memory = polling.parse(data)
        except (OSError, BundleError) as error:
            log.record(log.WARNING, "update.memory", error=str(error))

    async def _remember_url(self):
        """Another server: nothing is known of it, and its silence is counted from now on."""
        if self._memory.url != self._source.url:
            self._memory = polling.Memory(self._source.url)
        elif self._memory.good or self._now() is None:
            return
        self._memory.good = self._now() or 0
        await self._save()

    async def _good(self, changed=False):
        """A good poll; written at most once a day, unless something else has changed."""
        now = self._now()
        if now is not None and not 0 <= now - self._memory.good < polling.DAY:
            self._memory.good = now
            changed = True
        if changed:
            await self._save()

    async def _save(self):
        """What cannot be written costs one more fetch after a restart."""
        try:
            await self._installer.keep(MEMORY, self._memory.write())
        except StoreError as error:
            log.record(log.WARNING, "update.memory", error=str(error))

    def _look_at_silence(self):
        """An alarm, once a day, while the server has not answered well for too long."""
        if not self.plan.interval:
            return
        days = self._memory.silent(self._now(), self._up(), self.plan.good)
        known = self.at is not None and self._memory.url == self.url  # it was asked in this run
        if known and days >= polling.SILENT_DAYS and days > self._said:
            self._said = days
            text = "no good poll of %s for %d days: %s" % (self.url, days, self.result)
            log.alarms.set(POLL, text)
            log.record(log.WARNING, "update.silent", days=days, what=self.result)

    # -- for the console

    def state(self):
        """(server or None, channel, seconds since the last poll or None, what became of it,
        what is under way or "", seconds to the next poll or None, failures in a row)."""
        up = self._up()
        return (
            self.url,
            self._installer.channel,
            None if self.at is None else up - self.at,
            self.result,
            self._under_way() if self._task is not None else "",
            max(0, self.plan.next - up) if self.plan.interval else None,
            self.plan.times,
        )

    def _under_way(self):
        return self._taker.under_way() or "a poll is under way"

    # -- for its source

    def part_etag(self, sha256):
        return self._memory.part_etag if self._memory.part == sha256 else ""

    async def remember_part(self, sha256, etag):
        self._memory.part = sha256
        self._memory.part_etag = etag
        await self._save()


class _Server(Source):
    """The server that is polled; what is remembered of it is the poller's."""

    def __init__(self, poller, fetcher, up):
        super().__init__("the server", fetcher, "", up)
        self._poller = poller

    def etag(self, sha256):
        return self._poller.part_etag(sha256)

    async def began(self, sha256, etag):
        await self._poller.remember_part(sha256, etag)


def _chance():
    octets = os.urandom(2)
    return (octets[0] << 8 | octets[1]) % polling.CHANCES
