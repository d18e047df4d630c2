"""Installs a bundle that has arrived: `updates/incoming` of the data folder.

Signatures first, then what the manifest says (trust.py); the content is written to
`signatures/new` and hashed there (writing.py), the screen process tries it, one rename makes it
current (sets.py).  What is installed is in `updates/state`, a newer key set in `updates/keys`;
both are replaced by a rename.

Its rule: the record of a new set is durable before the set becomes current, so that at any cut of
the power the files say which of the known sets is current, and the state agrees with them.
One installs at a time, to its end, also when who asked for it does not wait any more.
"""

import asyncio

from restante import log
from restante.box import places
from restante.box.places import CURRENT_SET, PREVIOUS_SET
from restante.compat import const
from restante.errors import RestanteError, SetRefused, StoreError
from restante.log.alarms import UPDATE
from restante.store.faults import ENOENT, store_error
from restante.store.whole import NEW, replace
from restante.update import bundle, manifest, trust
from restante.update import keys as key_sets
from restante.update import state as states
from restante.update.fault import BundleError, malformed
from restante.update.sets import KEPT_SET, NEW_SET, identity_of
from restante.update.writing import SetWriter, remove, remove_quietly

INCOMING = "updates/incoming"
STATE = "updates/state"
KEYS = "updates/keys"
# Of the image's folder.
IMAGE_KEYS = "keys"
FACTORY_SET = "factory.sig"
# Between two tries to leave a set whose key was revoked, in s.
AGAIN_S = const(60)


class Installer:
    """`folder`: store.Folder of the data, `image`: of the image's own files; `calls`: OffLoop.

    `signatures`: Signatures; `place`: (hardware, channel, firmware, engine) of trust.Box;
    `now()`: seconds since 1970, or None while the clock is not trusted.
    """

    def __init__(self, folder, image, calls, signatures, crypto, place, now):
        self._folder = folder
        self._image = image
        self._calls = calls
        self._writer = SetWriter(folder, calls)
        self._signatures = signatures
        self._crypto = crypto
        self._place = place
        self._now = now
        self._task = None
        self.hardware = place[0]
        self.channel = place[1]
        self.first_takes_keys = None  # async: who is to take new keys before they count here
        self.state = states.State()
        self.keys = None  # KeySet in use; None: the box has none

    @property
    def place(self):
        """(hardware, channel, firmware as text, engine level), to be shown."""
        _, _, firmware, engine = self._place
        return self.hardware, self.channel, "%d.%d.%d" % firmware, engine

    @property
    def busy(self):
        return self._task is not None

    # -- the start

    async def start(self):
        """Which set is current, and whose keys count.  StoreError."""
        try:
            self._read_keys()  # first: also where nothing can be written somebody is trusted
            self._read_state()
            self._folder.make(places.UPDATES)
            await self._calls.fsync_folder("")
            for name in (STATE, KEYS):
                remove(self._folder, name + NEW)
            await self._settle()
        except OSError as error:
            raise store_error("the record of what is installed", error)

    def _read_keys(self):
        """The higher epoch of the image's and the data partition's."""
        found = self._key_set(self._image, IMAGE_KEYS, bytes)
        kept = self._key_set(self._folder, KEYS, states.unsealed)
        if kept is not None and (found is None or kept.epoch > found.epoch):
            found = kept
        self.keys = found

    def _key_set(self, folder, name, opened):
        data = contents(folder, name, 2 * key_sets.KEY_SET_OCTETS)
        if data is None:
            return None
        try:
            return key_sets.parse(opened(data))
        except BundleError as error:
            _alarm("the key set %s cannot be used: %s" % (name, error))
            return None

    def _read_state(self):
        data = contents(self._folder, STATE, states.STATE_OCTETS)
        if data is None:
            return
        try:
            self.state = states.parse(data)
        except BundleError as error:
            _alarm("what is installed is not known any more: %s; install a newer set" % error)

    # -- what the console asks for

    async def install(self, asked=False):
        """What became of the bundle that has arrived, in words: (text, warnings).

        BundleError, SetRefused: it is refused and removed.  StoreError, ScreenUnavailable:
        nothing has changed, and it is still there.
        """
        return await self.alone(self._install, asked)

    def check(self, front, octets):
        """The manifest of a bundle of so many octets, if its `front`, the first FRONT_OCTETS of
        it or all, would be accepted now; BundleError.  The content is judged by install().
        """
        decision = trust.judge(bundle.read(front, octets), self._box(), self._crypto)
        decision.check()
        return decision.manifest

    async def keep(self, name, data):
        """Replaces a small file of `updates`; what was acknowledged is durable.  StoreError."""
        await self._put(name, data)

    async def rollback(self):
        """The kept previous set is current again; its name.  Errors as of install()."""
        return await self.alone(self._rollback)

    async def serve(self):
        """Until it is cancelled: leaves sets whose key was revoked, as soon as that can be.

        First the screen process uses what is current: a gate that was killed may not have said so.
        """
        try:
            await self.alone(self._signatures.follow)
        except RestanteError as error:
            log.record(log.WARNING, "update.follow", error=str(error))
        while True:
            if self._withdrawn() and not self.busy:
                try:
                    await self.alone(self._leave_withdrawn)
                except RestanteError as error:
                    log.record(log.WARNING, "update.withdraw", error=str(error))
            await asyncio.sleep(AGAIN_S)

    async def alone(self, work, *arguments):
        """In a task of its own, so that a console that goes away does not end it half done."""
        if self.busy:
            raise BundleError(
                "busy",
                "another update is under way",
                "somebody else has begun it, or the box itself",
                "wait until it is done; see: show signatures",
            )
        job = _Job(work, arguments)
        self._task = asyncio.create_task(self._run(job))
        await job.done.wait()
        if job.error is not None:
            raise job.error
        return job.result

    async def _run(self, job):
        try:
            job.result = await job.work(*job.arguments)
        except OSError as error:
            job.error = store_error("installing", error)
        except Exception as error:  # noqa: BLE001 (also MemoryError: who waits is told)
            job.error = error
        self._task = None
        job.done.set()

    # -- a bundle

    def has_incoming(self):
        return contents(self._folder, INCOMING, 0) is not None

    def forget_incoming(self):
        remove_quietly(self._folder, INCOMING)

    async def _install(self, asked):
        try:
            fd = self._folder.open(INCOMING)
        except OSError as error:
            if error.args[0] != ENOENT:
                raise
            raise BundleError(
                "nothing",
                "no bundle has arrived",
                "none was sent, or it was taken already",
                "send one: update begin, update data, update end",
            )
        try:
            found = await self._taken(fd, asked)
        except BundleError as error:
            self._refused(error.code, error)
            if error.code not in ("rolled-back", "kind"):  # another command may follow
                remove_quietly(self._folder, INCOMING)
            raise
        except SetRefused as error:
            self._refused("trial", error)
            if not error.transient:
                remove_quietly(self._folder, INCOMING)
            raise
        finally:
            self._folder.close(fd)
        remove_quietly(self._folder, INCOMING)
        return found

    def _refused(self, code, error):
        log.record(log.WARNING, "update.refused", code=code, why=str(error))

    async def _taken(self, fd, asked):
        size = self._folder.size(fd)
        front = bundle.read(self._read(fd, 0, min(size, bundle.FRONT_OCTETS)), size)
        box = self._box()
        decision = trust.judge(front, box, self._crypto, asked)
        decision.check()
        found = decision.manifest
        if found.kind == manifest.KEYS:
            return await self._take_keys(fd, front, box)
        self._check_keys()
        if found.kind == manifest.FIRMWARE:
            raise BundleError(
                "kind",
                "this is firmware, not a signature set",
                "firmware goes into the slot that does not run",
                "type: firmware install",
            )
        await self._writer.write(fd, front, found)
        try:
            record = self._record(found, decision.signers)
            await self._use(record, None)
        except (OSError, RestanteError):
            remove_quietly(self._folder, NEW_SET)
            raise
        for text in decision.warnings:
            _alarm("%s: %s" % (found.version, text))
        self._installed(found, decision.signers)
        return "%s is in use" % found.version, decision.warnings

    def _box(self):
        if self.keys is None:
            raise trust.without_keys()
        hardware, _, firmware, engine = self._place
        box = trust.Box(hardware, self.channel, firmware, engine, self.keys, self._now())
        for place, kept in ((states.CURRENT, box.installed), (states.PREVIOUS, box.previous)):
            if place in self.state.records:
                kept[manifest.SIGNATURES] = self.state.records[place]
        box.rolled_back = tuple(self.state.rolled_back)
        return box

    def _check_keys(self):
        """A damaged file must not bring back keys that were revoked since."""
        if self.keys.epoch < self.state.epoch:
            raise BundleError(
                "keys-lost",
                "the box had keys of epoch %d and has those of epoch %d"
                % (self.state.epoch, self.keys.epoch),
                "its key set was damaged on the medium",
                "install the publisher's keys bundles from epoch %d on" % (self.keys.epoch + 1),
            )

    def _installed(self, found, signers):
        log.record(
            log.INFO,
            "update.installed",
            kind=found.kind,
            version=found.version,
            epoch=found.epoch,
            serial=found.serial,
            signers=" ".join([key.name for key in signers]),
        )

    # -- keys

    async def _take_keys(self, fd, front, box):
        if front.payload_octets > key_sets.KEY_SET_OCTETS:
            raise malformed("a key set of %d octets" % front.payload_octets)
        data = self._read(fd, front.payload_at, front.payload_octets)
        decision = trust.judge_keys(front, data, box, self._crypto)
        decision.check()
        if self.first_takes_keys is not None:
            await self.first_takes_keys()
        await self._put(KEYS, states.sealed(bytes(data)))
        self.keys = decision.keys
        self._installed(decision.manifest, decision.signers)
        await self._settle()
        warnings = list(decision.warnings)
        if self._withdrawn():
            warnings += await self._left()
        return "keys of epoch %d are in use" % self.keys.epoch, warnings

    async def _left(self):
        try:
            return [await self._leave_withdrawn()]
        except RestanteError as error:  # serve() tries again
            text = "the set in use is of a revoked key and cannot be left yet: %s" % error
            _alarm(text)
            return [text]

    def _withdrawn(self):
        """Names of the revoked keys that vouched for what is current or kept."""
        names = []
        if self.keys is not None:
            for place in self.state.records:
                names += trust.withdrawn(self.keys, self.state.records[place])
        return names

    def _is_withdrawn(self, place):
        record = self.state.records.get(place)
        return record is not None and bool(trust.withdrawn(self.keys, record))

    async def _leave_withdrawn(self):
        """The previous set if its keys count, else the factory's; what was done, in words."""
        names = " ".join(sorted(set(self._withdrawn())))
        text = "the kept previous set is removed: key %s is revoked" % names
        if self._is_withdrawn(states.CURRENT):
            using = await self._older_set()
            text = "a signature set was left: key %s is revoked; in use: %s" % (names, using)
            _alarm(text)
        if self._is_withdrawn(states.PREVIOUS):
            remove(self._folder, PREVIOUS_SET)
            await self._calls.fsync_folder(places.SIGNATURES)
            await self._settle()
        log.record(log.WARNING, "update.withdrawn", what=text)
        return text

    async def _older_set(self):
        kept = self.state.records.get(states.PREVIOUS)
        if kept is not None and not self._is_withdrawn(states.PREVIOUS):
            try:
                return await self._go_back()
            except SetRefused as error:
                if error.transient:
                    raise
        fd = self._image.open(FACTORY_SET)
        try:
            await self._signatures.leave(fd, self._image.size(fd))
        finally:
            self._image.close(fd)
            await self._settle()
        return "the factory's"

    # -- back

    async def _rollback(self):
        kept = self.state.records.get(states.PREVIOUS)
        if kept is None:
            raise BundleError(
                "nothing",
                "no previous set is kept that this box knows",
                "there was none before, or what was known of it is lost",
                "install a bundle with another set",
            )
        if self.keys is None or self._is_withdrawn(states.PREVIOUS):
            raise BundleError(
                "revoked",
                "the kept previous set is signed with a key that does not count any more",
                "the key was revoked since",
                "install a newer set",
            )
        name = await self._go_back()
        log.record(log.WARNING, "update.rolled-back", to=name)
        return name

    async def _go_back(self):
        record = self.state.records[states.PREVIOUS]
        have = self.state.records.get(states.CURRENT)
        self._signatures.end_change()
        remove(self._folder, NEW_SET)
        self._folder.link(PREVIOUS_SET, NEW_SET)
        try:
            return await self._use(record, have.sha256 if have else None)
        except (OSError, RestanteError):
            remove_quietly(self._folder, NEW_SET)
            raise

    # -- a set

    async def _use(self, record, leaving):
        """`signatures/new` becomes current; its name."""
        coming = self.state.copy()
        coming.records[states.NEXT] = record
        coming.leaving = leaving
        await self._put(STATE, coming.write())
        self.state = coming
        refused = None
        try:
            return await self._signatures.use()
        except SetRefused as error:
            refused = None if error.transient else record.sha256
            raise
        finally:
            await self._settle_quietly(refused)

    async def _settle_quietly(self, refused):
        """What cannot be written now is found out at the next start."""
        try:
            await self._settle(refused)
        except (OSError, StoreError) as error:
            log.record(log.WARNING, "update.state", error=str(error))

    async def _settle(self, refused=None):
        """Each file's record, by its identity; written if it is not what is written already."""
        before = self.state.write()
        current = identity_of(self._folder, CURRENT_SET)
        previous = identity_of(self._folder, KEPT_SET)  # where end_change() could not be made
        if previous is None or previous == current:
            previous = identity_of(self._folder, PREVIOUS_SET)
        made = self.state.settled(current, previous)
        if refused is not None:
            made.remember(refused)
        if self.keys is not None:
            made.epoch = max(made.epoch, self.keys.epoch)
        self.state = made
        if made.write() != before:
            await self._put(STATE, made.write())

    def _record(self, found, signers):
        """Of `signatures/new`."""
        return states.Record(
            found.epoch,
            found.serial,
            found.whole,
            tuple([key.id for key in signers]),
            identity_of(self._folder, NEW_SET),
            found.version,
            found.created,
            found.expires,
        )

    # -- files

    def _read(self, fd, at, octets):
        """So many octets, or what there are."""
        data = bytearray(octets)
        return bytes(data[: self._folder.read(fd, data, at)])

    async def _put(self, name, data):
        """Replaces a small file; what was acknowledged is durable.  StoreError."""
        try:
            await replace(self._folder, self._calls, name, data)
            await self._calls.fsync_folder(places.UPDATES)
        except OSError as error:
            raise store_error("writing " + name, error)


class _Job:
    """What one task does, for who waits for it."""

    def __init__(self, work, arguments):
        self.work = work
        self.arguments = arguments
        self.done = asyncio.Event()
        self.result = None
        self.error = None


def contents(folder, name, limit):
    """Octets of a small file, at most `limit` and one; None if it is not there."""
    try:
        fd = folder.open(name)
    except OSError as error:
        if error.args[0] != ENOENT:
            raise
        return None
    try:
        data = bytearray(limit + 1)
        return bytes(data[: folder.read(fd, data, 0)])
    finally:
        folder.close(fd)


def _alarm(text):
    log.alarms.set(UPDATE, text)
    log.record(log.WARNING, "update.alarm", what=text)
