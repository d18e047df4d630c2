"""Asks a server for newer bundles, fetches them into `updates/part-...`, and has them installed.

Its rule: it adds no trust.  What it takes goes the way of a bundle from the console: the same
part's file (arriving.py), so that either goes on where the other broke off, the same installer.
The signatures are checked as soon as the begin of a bundle is there, before the rest is fetched.
The console comes first: a transfer or a change of its own is never disturbed, it is waited for.
"""

import asyncio
import hashlib
import os

from restante import log, loop
from restante.errors import RestanteError, SetRefused, StoreError
from restante.log.alarms import POLL
from restante.update import http, index, polling
from restante.update import state as states
from restante.update.download import Download
from restante.update.fault import BundleError, PollError, Waiting
from restante.update.installing import contents
from restante.version import VERSION

MEMORY = "updates/poll"
AGENT = "restante/" + VERSION
LOOK_S = 5
# A transfer of the console that has not moved for so long is given up.
CONSOLE_S = 600
# Bundles of one poll: a chain of key sets and deltas; the next poll goes on.
BUNDLES = 16
# `update poll` waits so long for what comes of it.
ANSWER_S = 10
_STEP_MS = 50
# Bundles that were refused, by SHA-256, at most so many.  They are not fetched again until
# somebody asks, or a restart; for a day only, if not all of it was there: it may have been another
# one that somebody sent under this name, and the right one must not be lost for ever.
REFUSALS = 32
REFUSED_S = 86400
EVER_S = 315360000
# Of a refusal: it had to wait, and says nothing of the bundle.
_PASSING = ("busy", "nothing")


class Poller:
    """`folder`: store.Folder of the data; `installer`, `arriving`: of this room; `fetcher`:
    Fetcher; `up()`: seconds that only grow; `now()`: since 1970, None: the clock is not trusted.
    """

    def __init__(self, folder, installer, arriving, fetcher, up, now):
        self.plan = polling.Plan(up(), _chance())
        self.url = None
        self.result = ""  # of the last poll, in words
        self.at = None  # when it was, up()
        self._how = polling.GOOD  # and how it ended
        self._folder = folder
        self._installer = installer
        self._arriving = arriving
        self._fetcher = fetcher
        self._up = up
        self._now = now
        self._server = ""  # of the poll that is under way
        self._memory = polling.Memory()
        self._refused = {}  # SHA-256: until when, up()
        self._task = None
        self._download = None
        self._progress = arriving.progress  # as the console left it
        self._moved = -CONSOLE_S  # when it last changed, up()
        self._turn = arriving.turn  # of our last transfer
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
                if self._task is None:
                    self._look_at_console()
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
            self.result = _failure(error)
        except (OSError, RestanteError) as error:
            self.result = _failure(error)
        except Exception as error:  # noqa: BLE001 (also MemoryError: the next poll is tried)
            self.result = "it failed: %s" % repr(error)
        finally:
            self._download = None
            if self._arriving.turn == self._turn:
                self._progress = self._arriving.progress  # what changed was ours
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

    # -- who goes first

    def _look_at_console(self):
        """What has changed since, and not by a poll, is the console's."""
        if self._arriving.progress != self._progress:
            self._progress = self._arriving.progress
            self._moved = self._up()

    def _check_free(self):
        self._look_at_console()
        if self._installer.busy or self._arriving.ending:
            raise Waiting("another update is under way")
        theirs = self._arriving.open and self._arriving.turn != self._turn
        if theirs and self._up() - self._moved < CONSOLE_S:
            raise Waiting("somebody at the console sends a bundle")

    # -- one poll

    async def _work(self, asked):
        self._check_free()
        self._server = self.url or ""  # other settings are for the next poll
        if self._installer.keys is None:
            raise PollError("this box has no key set, so it trusts no bundle")
        if asked:
            self._refused = {}
        await self._remember_url()
        buffer = bytearray(http.ROOM_OCTETS)
        etag, entries = await self._index(buffer, asked)
        if entries is None:
            await self._good()
            return "nothing newer; the index is as it was"
        done = []
        for _ in range(BUNDLES):
            entry = index.choose(entries, self._here())
            if entry is None:
                self._memory.etag = etag
                self._memory.about = self._about()
                await self._good(True)
                return "; ".join(done) or "nothing newer" + self._left_out()
            done.append(await self._take(entry, buffer))
        await self._good()
        return "; ".join(done) + "; more follows"

    async def _index(self, buffer, asked):
        """(ETag, entries); None: it is the one that is known, and the box is as it was."""
        known = "" if asked or self._memory.about != self._about() else self._memory.etag
        answer = await self._fetcher.open(
            self._server + index.FILE, index.INDEX_OCTETS, buffer, etag=known
        )
        try:
            if answer.status == http.NOT_MODIFIED and known:
                return known, None
            if answer.status != http.OK:
                raise PollError("the server answers %d to %s" % (answer.status, index.FILE))
            data = bytearray()
            view = await answer.next()
            while view is not None:
                data.extend(view)
                view = await answer.next()
        finally:
            answer.close()
        try:
            return answer.etag, index.parse(bytes(data))
        except BundleError as error:
            raise PollError("its index cannot be used: %s" % error)

    def _here(self):
        installer = self._installer
        return index.Here(
            installer.hardware,
            installer.channel,
            installer.keys.epoch,
            installer.state.epoch,
            installer.state.records.get(states.CURRENT),
            [each for each in self._refused if self._up() < self._refused[each]]
            + installer.state.rolled_back,
        )

    def _about(self):
        """What else than the index a choice depends on, in 16 octets."""
        here = self._here()
        have = here.installed
        found = hashlib.sha256()
        for part in (self._server, here.channel, here.hardware, VERSION, str(here.epoch)):
            found.update(part.encode() + b"\n")
        for digest in ([have.sha256] if have else [bytes(32)]) + self._installer.state.rolled_back:
            found.update(digest)
        return found.digest()[:16]

    def _left_out(self):
        n = len(self._refused)
        return "; %d that were refused are not fetched again" % n if n else ""

    # -- one bundle

    async def _take(self, entry, buffer):
        """It is fetched, if it is not there yet, and installed; what became of it, in words."""
        self._check_free()
        etag = self._memory.part_etag if self._memory.part == entry.sha256 else ""
        self._download = Download(
            entry, self._server, self._arriving, self._installer, self._fetcher, buffer, etag
        )

        async def began(etag):
            self._memory.part = entry.sha256
            self._memory.part_etag = etag
            await self._save()

        log.record(log.INFO, "update.fetching", file=entry.file, octets=entry.octets)
        try:
            await self._download.run(began)
            text, warnings = await self._installer.install()
        except BundleError as error:
            if error.code in _PASSING:
                raise Waiting(str(error))
            if error.code != "payload":  # another copy of it may be whole
                self._refuse(entry.sha256)
            raise
        finally:
            self._turn = self._download.turn or self._turn
            if self._arriving.turn == self._turn:
                self._progress = self._arriving.progress
        for each in warnings:
            log.record(log.WARNING, "update.warning", file=entry.file, what=each)
        return text

    def _refuse(self, sha256):
        if len(self._refused) >= REFUSALS:
            self._refused = {}
        seconds = EVER_S if self._download.arrived else REFUSED_S
        self._refused[sha256] = self._up() + seconds

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
        if self._memory.url != self._server:
            self._memory = polling.Memory(self._server)
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
        if self._download is None:
            return "a poll is under way"
        entry = self._download.entry
        return "%s: %d of %d octets" % (entry.file, self._download.at, entry.octets)


def _failure(error):
    code = getattr(error, "code", "")
    return "%s (%s)" % (error, code) if code else str(error)


def _chance():
    octets = os.urandom(2)
    return (octets[0] << 8 | octets[1]) % polling.CHANCES
