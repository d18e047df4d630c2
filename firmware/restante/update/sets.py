"""A new signature set: tried by the screen process, made current, kept; or refused.

The data folder has `signatures/new`, which somebody we trust has put there, `current`, and
`previous`.  A set becomes current by one rename, after the screen process has looked into it and
the self-test has passed both ways with it; each message is screened by the old set or by the new
one meanwhile, never by one that was not tried.  At any cut of the power `current` is the old set
or the new one, whole; `previous` is what it was then, or is made so by the next start.

Its rule: it does not know what a bundle is.  Who calls use() vouches for the file: nothing here
may be reached from the console before signatures are verified.
"""

from restante import log
from restante.box import places
from restante.box.places import CURRENT_SET, PREVIOUS_SET
from restante.errors import RestanteError, ScreenUnavailable, SetRefused
from restante.log.alarms import SIGNATURES
from restante.screening import wire
from restante.screening.client import Candidate
from restante.store.faults import ENOENT, store_error
from restante.update import state

NEW_SET = "signatures/new"
# A second name of what was current, until the new one is used.
KEPT_SET = "signatures/kept"
# The screen process may be started again just when it is asked to adopt a set.
_TRIES = 3


def identity_of(folder, name):
    """Of a set's file (state.py), None if there is none.  OSError."""
    try:
        fd = folder.open(name)
    except OSError as error:
        if error.args[0] != ENOENT:
            raise
        return None
    try:
        size = folder.size(fd)
        head = _read(folder, fd, 0, state.HEAD_OCTETS)
        at = state.name_place(head)
        name = _read(folder, fd, at, state.NAME_OCTETS) if at < size else b""
        tail = _read(folder, fd, max(0, size - state.TAIL_OCTETS), state.TAIL_OCTETS)
        return state.identity(size, head, name, tail)
    finally:
        folder.close(fd)


def name_of(folder, fd):
    """The name that a set's file seems to have.  OSError."""
    at = state.name_place(_read(folder, fd, 0, state.HEAD_OCTETS))
    if at >= folder.size(fd):
        return ""
    octets = _read(folder, fd, at, state.NAME_OCTETS).split(b"\0")[0]
    return "".join([chr(octet) for octet in octets])


def _read(folder, fd, at, octets):
    data = bytearray(octets)
    return bytes(data[: folder.read(fd, data, at)])


def _busy():
    refused = SetRefused("another signature set is being tried; try again when it is done")
    refused.transient = True
    return refused


class Signatures:
    """`folder`: store.Folder; `calls`: its OffLoop; `screen`: ScreenClient; `watch`: Watch.

    `selftest(screen)`: a SelfTest that asks `screen`.
    """

    def __init__(self, folder, calls, screen, watch, selftest):
        self._folder = folder
        self._calls = calls
        self._screen = screen
        self._watch = watch
        self._candidate = selftest(Candidate(screen))
        self._busy = False
        self._said = None

    def start(self):
        """Ends what a cut of the power left half done.  StoreError."""
        self._remove(NEW_SET)
        try:
            self.end_change()
        except OSError as error:
            raise store_error("keeping the previous signature set", error)

    def end_change(self):
        """A set that was current and has another name still is `previous` if it was replaced.

        OSError.
        """
        kept = identity_of(self._folder, KEPT_SET)
        if kept is not None and kept != identity_of(self._folder, CURRENT_SET):
            self._remove(PREVIOUS_SET)
            self._folder.link(KEPT_SET, PREVIOUS_SET)
        self._remove(KEPT_SET)

    def noticed(self, status):
        """`status`: the screen process's.  Alarms if it could not use the current set."""
        if status.origin == self._said:
            return
        self._said = status.origin
        if status.origin in (wire.PREVIOUS, wire.FACTORY) and self._there(CURRENT_SET):
            text = "the current signature set is damaged: %s is in use" % status.bundle
            log.alarms.set(SIGNATURES, text + "; install a newer set")
            log.record(log.ERROR, "signatures.fallback", bundle=status.bundle)

    async def use(self):
        """Makes `signatures/new` current; its name.

        SetRefused: it is removed, and all is as before; an alarm says why.
        """
        if self._busy:
            raise _busy()
        self._busy = True
        try:
            return await self._use()
        finally:
            self._busy = False

    async def follow(self):
        """The screen process uses what is current, also if the gate was ended in a change.

        ScreenUnavailable, SetRefused, StoreError: it does not.
        """
        if self._busy:
            raise _busy()
        self._busy = True
        try:
            await self._follow((await self._screen.status()).bundle)
        except OSError as error:
            raise store_error("the current signature set", error)
        finally:
            self._busy = False

    async def _follow(self, using):
        if not self._there(CURRENT_SET):
            return
        fd = self._folder.open(CURRENT_SET)
        try:
            if name_of(self._folder, fd) == using:
                return
            octets = self._folder.size(fd)
            candidate = await self._offered(fd, octets)
            if candidate.bundle == using:
                await self._screen.withdraw()
                return
            await self._try(candidate)
            await self._adopted(fd, octets, candidate)
        finally:
            self._folder.close(fd)
        log.record(log.WARNING, "signatures.followed", bundle=candidate.bundle, before=using)
        await self._watch.run()

    async def leave(self, fd, octets):
        """What is current and what is kept go; the set that `fd` has is used, the factory's.

        SetRefused, StoreError: it has not been tried with success, or cannot be done.
        """
        if self._busy:
            raise _busy()
        self._busy = True
        try:
            candidate = await self._offered(fd, octets)
            await self._try(candidate)
            for name in (CURRENT_SET, PREVIOUS_SET):
                self._remove(name)
            await self._calls.fsync_folder(places.SIGNATURES)
            await self._adopted(fd, octets, candidate)
        except OSError as error:
            raise store_error("going back to the factory's signature set", error)
        finally:
            self._busy = False
        log.record(log.WARNING, "signatures.factory", bundle=candidate.bundle)
        await self._watch.run()

    async def _use(self):
        before = "unknown"
        try:
            before = (await self._screen.status()).bundle
            bundle = await self._install(before)
        except OSError as error:
            raise await self._refused(before, store_error("signature set", error))
        except RestanteError as error:
            raise await self._refused(before, error)
        log.record(log.INFO, "signatures.used", bundle=bundle, before=before)
        await self._watch.run()  # also ends the distrust in the set of before
        return bundle

    async def _refused(self, before, error):
        """All is as before, and it is said; a SetRefused, as lasting as `error`."""
        why = str(error)
        try:
            self._remove(NEW_SET)
            await self._screen.withdraw()
        except RestanteError as left:
            log.record(log.WARNING, "signatures.left", why=str(left))
        text = "a signature set was refused: %s; in use: %s" % (why, before)
        log.alarms.set(SIGNATURES, text)
        log.record(log.ERROR, "signatures.refused", why=why, bundle=before)
        refused = SetRefused(text + "; send a whole set with a name of its own, or see `show log`")
        refused.transient = error.transient
        return refused

    async def _install(self, before):
        fd = self._folder.open(NEW_SET)
        try:
            candidate = await self._offered(fd, self._folder.size(fd))
            if candidate.bundle == before:
                raise SetRefused("it has the name of the set in use")
            await self._try(candidate)
            await self._calls.fsync(fd)
            await self._change(fd, candidate)
        finally:
            self._folder.close(fd)
        return candidate.bundle

    async def _change(self, fd, candidate):
        """On the disk first: a screen process that is started again now takes it from there."""
        self.end_change()
        had = self._there(CURRENT_SET)
        if had:
            self._folder.link(CURRENT_SET, KEPT_SET)
        try:
            await self._calls.rename(NEW_SET, CURRENT_SET)
            await self._calls.fsync_folder(places.SIGNATURES)
            await self._adopted(fd, self._folder.size(fd), candidate)
        except (OSError, ScreenUnavailable):
            await self._take_back(had)
            raise
        if had:
            await self._keep_previous()

    async def _offered(self, fd, octets):
        reply = await self._screen.offer(fd, octets)
        if reply.wrong:
            raise SetRefused(reply.wrong)
        return reply

    async def _try(self, candidate):
        results, tried = await self._candidate.run()
        failed = [(name, text) for name, ok, text in results if not ok]
        if failed or not tried:
            name, text = failed[0]
            raise SetRefused("%d of the self-test failed: %s: %s" % (len(failed), name, text))
        if self._candidate.bundles != [candidate.bundle]:
            raise SetRefused("the screen process ended while the set was tried")

    async def _keep_previous(self):
        """What is used already stays so; what cannot be done now the next start does."""
        try:
            await self._calls.rename(KEPT_SET, PREVIOUS_SET)
            await self._calls.fsync_folder(places.SIGNATURES)
        except OSError as error:
            log.record(log.WARNING, "signatures.kept", error=str(error))

    async def _take_back(self, had):
        """The set of before is current again, as far as the medium lets us."""
        try:
            if had:
                await self._calls.rename(KEPT_SET, CURRENT_SET)
                self._remove(KEPT_SET)  # a rename between two names of one file does nothing
            else:
                self._remove(CURRENT_SET)
            await self._calls.fsync_folder(places.SIGNATURES)
        except OSError as error:
            raise store_error("making the old signature set current again", error)

    async def _adopted(self, fd, octets, candidate):
        """Each message from now on gets this set.  ScreenUnavailable.

        A screen process that was started again has taken it from the disk, or is told once more.
        """
        number, why = candidate.number, ""
        for _ in range(_TRIES):
            try:
                why = (await self._screen.adopt(number)).wrong
                if not why or (await self._screen.status()).bundle == candidate.bundle:
                    return
                number = (await self._offered(fd, octets)).number
            except (ScreenUnavailable, SetRefused) as error:
                why = str(error)
        raise ScreenUnavailable("the screen process does not take it: %s" % why)

    def _there(self, name):
        try:
            self._folder.close(self._folder.open(name))
            return True
        except OSError as error:
            return error.args[0] != ENOENT

    def _remove(self, name):
        try:
            self._folder.unlink(name)
        except OSError as error:
            if error.args[0] != ENOENT:
                raise store_error("removing a signature set", error)
