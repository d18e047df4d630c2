"""Looks whether a USB stick is in, and has taken what the index on it offers (taking.py).

A stick is a source of bundles like a server, that comes and goes: each time one is put in it is
looked at once, and again if that failed for a cause that may pass.  Its rule: no wait without an
end; whatever a stick does, the gate goes on.
"""

import asyncio

from restante import log
from restante.errors import RestanteError, SetRefused
from restante.update import index, stickwire
from restante.update.fault import BundleError, StickError, Waiting
from restante.update.sticksource import StickFetcher
from restante.update.taking import Source, failure, index_of

LOOK_S = 3
# After a failure, twice as long each time; after a refusal the rest of the index is tried at once.
RETRY_S = 15
TRIES = 5
WAIT_S = 5
NAME = "the stick"
_NEVER = -1


class Stick:
    """`channel`: box.stickchannel.StickChannel; `installer`, `taker`: of this room; `up()`:
    seconds that only grow."""

    def __init__(self, channel, installer, taker, up):
        self.on = True
        self.off = False  # the kernel uses no USB device
        self.mark = ""  # of the stick that is in
        self.trouble = ""  # why it is not known whether one is in
        self.result = ""  # of the last one that was looked at, in words
        self.at = None  # when that was, up()
        self.works = False  # it is looked at just now
        self._installer = installer
        self._taker = taker
        self._up = up
        self._fetcher = StickFetcher(channel)
        self._source = Source(NAME, self._fetcher, "", up)
        self._tries = 0
        self._next = _NEVER  # when it is looked at again, up()
        self._wants_firmware = False  # somebody asked for it
        self._said = False  # the trouble

    def takes(self, settings, profiles):
        """Settings are in force."""
        self.on = settings.get("updates stick") == "on"

    async def run(self):
        """Until it is cancelled."""
        while True:
            try:
                await self._look()
                self.trouble = ""
            except RestanteError as error:
                self._note(str(error))
            await asyncio.sleep(LOOK_S)

    def _note(self, text):
        """Once is how each stick ends; twice is one that cannot be read."""
        level = log.WARNING if self.trouble and not self._said else log.DEBUG
        self._said = bool(self.trouble)
        self.trouble = text
        log.record(level, "stick.silent", error=text)

    async def _look(self):
        mark = await self._fetcher.who()
        self.off = mark == stickwire.OFF
        if self.off:
            mark = ""
        elif mark and not self.on:
            await self._fetcher.leave()
            mark = ""
        self._see(mark)
        if self.mark and self._next != _NEVER and self._up() >= self._next:
            await self._work()

    def _see(self, mark):
        if mark == self.mark:
            return
        if self.mark:
            log.record(log.INFO, "stick.pulled")
        self.mark = mark
        self._next = _NEVER
        if mark:
            log.record(log.INFO, "stick.inserted", mark=mark)
            self.again()

    def again(self, firmware=False):
        """It is looked at anew, also for what was refused; `firmware`: for that alone."""
        self._wants_firmware = firmware
        self._source.refusals.clear()
        self._tries = 0
        self._next = self._up()

    # -- one look at what it has

    async def _work(self):
        self.works = True
        self._next = _NEVER
        good = False
        try:
            self.result = await self._taken()
            good = True
        except Waiting as error:
            self.result = "it waits: %s" % error
            self._next = self._up() + WAIT_S
        except (BundleError, SetRefused) as error:
            self._failed(failure(error), RETRY_S if error.transient else 0)
        except (OSError, RestanteError) as error:
            self._failed(failure(error), RETRY_S)
        except Exception as error:  # noqa: BLE001 (also MemoryError: the next look is tried)
            self._failed("it failed: %s" % repr(error), RETRY_S)
        finally:
            self._fetcher.end()
            self.at = self._up()
            self.works = False
        log.record(log.INFO if good else log.WARNING, "stick.looked", ok=good, what=self.result)

    def _failed(self, text, pause):
        self.result = text
        self._next = self._up() + pause * (1 << self._tries)
        self._tries += 1
        if self._tries >= TRIES:
            self._next = _NEVER
            self.result += "; not tried again until it is put in anew"

    async def _taken(self):
        self._taker.check_free(self._source)
        if self._installer.keys is None:
            raise StickError(
                "this box has no key set, so it trusts no bundle",
                "write an image that was made with RESTANTE_KEYS",
            )
        entries = await self._index()
        if self._wants_firmware:
            return await self._firmware(entries)
        done, all_of_it = await self._taker.take_all(entries, self._source)
        if not all_of_it:
            self._next = self._up()
            done.append("more follows")
        return ("; ".join(done) or "nothing newer") + self._also(entries)

    async def _index(self):
        await self._fetcher.begin()
        answer = await self._fetcher.open(index.FILE, index.INDEX_OCTETS, self._source.buffer)
        try:
            return await index_of(answer)
        except BundleError as error:
            raise StickError(
                "its index cannot be used: %s" % error,
                "write it again: restante bundle publish FOLDER, and copy all files of FOLDER",
            )

    async def _firmware(self, entries):
        entry = index.newest_firmware(entries, self._taker.here(self._source.refusals))
        if entry is None:
            self._wants_firmware = False
            return "it has no firmware for this box"
        await self._taker.fetch(entry, self._source)
        self._wants_firmware = False
        return "%s has arrived; type: firmware install" % entry.file

    def _also(self, entries):
        """Firmware is never taken without being asked for."""
        entry = index.newest_firmware(entries, self._taker.here(self._source.refusals))
        if entry is None:
            return ""
        return "; it has firmware: %s; type: update stick firmware" % entry.file

    # -- for the console

    def state(self):
        """(on, is one in, in words, seconds since the last look or None, what became of it, what
        is under way or "")."""
        ago = None if self.at is None else self._up() - self.at
        now = (self._taker.under_way() or "it is looked at") if self.works else ""
        there = "is in" if self.mark else "none"
        if not self.on:
            there = "off" if self.off else "off: nothing is taken; the port is still on"
        return self.on, bool(self.mark), self.trouble or there, ago, self.result, now
