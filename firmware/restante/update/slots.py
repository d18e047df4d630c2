"""Firmware in two slots: installed, proved, gone back from.  Pure but for what is handed in.

Runs as root in a program of its own (programs/slots.py).  Its rules: the slot that runs is never
written; what is started next is said by one write of the boot record, and a slot is written only
while the record says that it is not to be started; nobody's word is taken for what is installed:
the signature, the content and what was read back from the slot are checked here.

    disk.records()  disk.ledgers()    octets of the two copies
    disk.put_record(copy, octets)     durable when it returns, as is put_ledger(copy, octets)
    slots[0 or 1]                     .room: octets of (kernel, root file system)
                                      .write(part, at, view)  .settle(): durable, nothing cached
                                      .read(part, at, view)   count of octets
    source                            .octets  .read(at, view): count of octets
"""

import hashlib

from restante import log
from restante.box import bootrecord as boot
from restante.compat import const
from restante.update import bundle, ledger, manifest, slotimage, trust
from restante.update import keys as key_sets
from restante.update.fault import BundleError, malformed
from restante.update.ledger import Label

# What is read, hashed or written at once.
SLICE_OCTETS = const(65536)
# Octets that are written before they are synced: a small box has not much memory for them.
SYNC_OCTETS = const(1048576)


class Slots:
    """`running`: 0 or 1; `image_keys`: KeySet of the image, or None; `place`: as of Installer."""

    def __init__(self, disk, slots, running, image_keys, crypto, place, now):
        self._disk = disk
        self._slots = slots
        self.running = running
        self._image_keys = image_keys
        self._crypto = crypto
        self._place = place
        self._now = now
        self._copies = []
        self.record = None  # the boot record that counts, None: no copy is whole
        self.ledger = ledger.Ledger()

    @property
    def _other(self):
        return 1 - self.running

    @property
    def keys(self):
        """The higher epoch of the image's and the kept ones."""
        kept = self.ledger.keys
        if kept is not None and (self._image_keys is None or kept.epoch > self._image_keys.epoch):
            return kept
        return self._image_keys

    # -- what is known

    def load(self):
        """Reads both; sees whether U-Boot went back since."""
        self._copies = self._disk.records()
        self.record, _ = boot.newest(self._copies)
        self.ledger, whole = ledger.newest(self._disk.ledgers())
        if self.record is not None and self.record.fallbacks > self.ledger.fallbacks:
            self._fell_back()
        elif self.ledger.sequence and not whole:
            self._keep()

    def _fell_back(self):
        """The slot that U-Boot left: its firmware is not installed again by itself."""
        failed = self.ledger.labels.get(1 - self.record.slot)
        if failed is not None:
            failed.failed = True
            self.ledger.remember(failed.sha256)
        self.ledger.fallbacks = self.record.fallbacks
        self._keep()
        log.record(
            log.ERROR,
            "firmware.fallback",
            slot=boot.SLOTS[1 - self.record.slot],
            version=failed.version if failed else "",
        )

    @property
    def on_trial(self):
        """Whether what runs is still to be proved."""
        record = self.record
        if record is None:
            return True
        return record.slot == self.running and not record.proven

    @property
    def may_be_left(self):
        """Whether U-Boot goes back once this one has failed often enough."""
        return self.on_trial and self.record is not None and self.record.other_proven

    def status(self):
        """What is to be shown, for the gate: words and numbers."""
        record = self.record
        slots = []
        for slot in (0, 1):
            label = self.ledger.labels.get(slot)
            found = {"slot": boot.SLOTS[slot], "running": slot == self.running}
            found["next"] = record is not None and record.slot == slot
            found["proven"] = record is not None and record.is_proven(slot)
            found["tries"] = record.tries if found["next"] and not found["proven"] else None
            found["label"] = _described(label) if label else None
            slots.append(found)
        keys = self.keys
        return {
            "slots": slots,
            "record": record is not None,
            "fallbacks": self.ledger.fallbacks,
            "keys": keys.epoch if keys else None,
            "withdrawn": self._withdrawn(self.running),
        }

    def _withdrawn(self, slot):
        """Names of the revoked keys that vouched for what a slot holds."""
        label = self.ledger.labels.get(slot)
        return trust.withdrawn(self.keys, label) if label and self.keys else []

    # -- what the console asks for

    def install(self, source, asked):
        """(Label, warnings) of the firmware that is started next; BundleError, OSError."""
        self.load()
        front, decision = self._judged(source, asked)
        found = decision.manifest
        if found.kind != manifest.FIRMWARE:
            raise BundleError(
                "kind",
                "this is a bundle of %s, not of firmware" % found.kind,
                "another bundle has arrived than was thought",
                "type: signatures install",
            )
        head = _filled(source, front.payload_at, bytearray(slotimage.HEAD_OCTETS))
        image = slotimage.read(head, front.payload_octets)
        self._check_room(image)
        self._check_proven()
        # Once before the older firmware in the other slot is given up for it.
        self._each(source, front, head, decision.payload(), _nothing)
        self._put(boot.emptied(self.record, self.running))
        self._label(None)
        self._fill(source, front, head, decision.payload(), image)
        self._check_written(image)
        label = Label(
            found.epoch,
            found.serial,
            found.whole,
            tuple([key.id for key in decision.signers]),
            found.version,
            found.created,
        )
        self._label(label)
        self._put(boot.installed(self.record, self.running))
        return label, decision.warnings

    def rollback(self):
        """The name of the slot that is started next."""
        self.load()
        record = self.record
        target = self._other
        if record is not None and record.slot != self.running:
            target = self.running  # what was to be started next is not wanted any more
        if record is None or not record.is_proven(target):
            raise BundleError(
                "nothing",
                "the other slot holds no firmware that was proven",
                "it failed, was not written to its end, or was never in use for long enough",
                "install a firmware; see: show firmware",
            )
        if self._withdrawn(target):
            raise BundleError(
                "revoked",
                "the other slot's firmware is signed with a key that does not count any more",
                "the key was revoked since",
                "install a newer firmware",
            )
        left = self.ledger.labels.get(1 - target)
        if left is not None:
            self.ledger.remember(left.sha256)
        wanted = self.ledger.labels.get(target)
        if wanted is not None:
            self.ledger.forget(wanted.sha256)
        self._keep()
        self._put(boot.back(self.record, 1 - target))
        return boot.SLOTS[target]

    def take_keys(self, source):
        """The epoch of the keys that count for firmware from now on."""
        self.load()
        front = self._front(source)
        if front.payload_octets > key_sets.KEY_SET_OCTETS:
            raise malformed("a key set of %d octets" % front.payload_octets)
        data = bytes(_filled(source, front.payload_at, bytearray(front.payload_octets)))
        if self.keys is not None and data == self.keys.write():
            return self.keys.epoch  # of an earlier try that was cut off afterwards
        decision = trust.judge_keys(front, data, self._box(), self._crypto)
        decision.check()
        self.ledger.keys = decision.keys
        self._keep()
        return decision.keys.epoch

    def prove(self):
        """What runs was healthy for a while."""
        self.load()
        if not self.on_trial:
            return
        label = self.ledger.labels.get(self.running)
        if label is not None:  # also after it had failed: somebody wanted it
            self.ledger.forget(label.sha256)
            label.failed = False
        # An image's newer keys still count should it be left.
        self.ledger.keys = self.keys
        if label is not None or self.ledger.keys is not None:
            self._keep()
        if self.record is None:
            record = boot.found_none(self.running)
            record.fallbacks = self.ledger.fallbacks
            self._put(record)
            self._put(boot.again(record))
        else:
            self._put(boot.proved(self.record))

    # -- judging

    def _front(self, source):
        octets = min(source.octets, bundle.FRONT_OCTETS)
        return bundle.read(_filled(source, 0, bytearray(octets)), source.octets)

    def _judged(self, source, asked):
        front = self._front(source)
        decision = trust.judge(front, self._box(), self._crypto, asked)
        decision.check()
        return front, decision

    def _box(self):
        if self.keys is None:
            raise trust.without_keys()
        hardware, channel, firmware, engine = self._place
        box = trust.Box(hardware, channel, firmware, engine, self.keys, self._now())
        box.running = firmware
        if self.running in self.ledger.labels:
            box.installed[manifest.FIRMWARE] = self.ledger.labels[self.running]
        box.rolled_back = tuple(self.ledger.rolled_back)
        return box

    def _check_room(self, image):
        room = self._slots[self._other].room
        for part in (0, 1):
            if image.octets[part] > room[part]:
                raise BundleError(
                    "room",
                    "the %s has %d octets; its partition has %d"
                    % (("kernel", "root file system")[part], image.octets[part], room[part]),
                    "this firmware needs another partition map",
                    "write a new image with the host tools",
                )

    def _check_proven(self):
        if self.record is not None and self.record.is_proven(self.running):
            return
        raise BundleError(
            "unproven",
            "the firmware that runs is not proven yet, and the other slot is the way back",
            "it was started a short while ago, or the box is not healthy",
            "wait; see: show firmware",
        )

    # -- writing

    def _each(self, source, front, head, check, take):
        """take(offset behind the head, view) for each slice of the payload; all of it hashed."""
        check.update(head)
        buffer = memoryview(bytearray(SLICE_OCTETS))
        end = front.payload_octets - slotimage.HEAD_OCTETS
        begin = front.payload_at + slotimage.HEAD_OCTETS
        at = 0
        while at < end:
            view = buffer[: min(SLICE_OCTETS, end - at)]
            _filled(source, begin + at, view)
            check.update(view)
            take(at, view)
            at += len(view)
        check.finish()

    def _fill(self, source, front, head, check, image):
        target = self._slots[self._other]
        kernel = image.octets[0]
        dirty = 0

        def take(at, view):
            nonlocal dirty
            here = max(0, min(len(view), kernel - at))  # octets that are the kernel's
            if here:
                target.write(0, at, view[:here])
            if here < len(view):
                target.write(1, max(0, at - kernel), view[here:])
            dirty += len(view)
            if dirty >= SYNC_OCTETS:
                target.settle()
                dirty = 0

        self._each(source, front, head, check, take)
        target.settle()

    def _check_written(self, image):
        """What the medium gives back is what was signed."""
        target = self._slots[self._other]
        buffer = memoryview(bytearray(SLICE_OCTETS))
        for part in (0, 1):
            found = hashlib.sha256()
            at = 0
            while at < image.octets[part]:
                view = buffer[: min(SLICE_OCTETS, image.octets[part] - at)]
                if target.read(part, at, view) != len(view):
                    break
                found.update(view)
                at += len(view)
            if found.digest() != image.sums[part]:
                raise BundleError(
                    "medium",
                    "the slot gives back something else than was written to it",
                    "the medium is failing",
                    "try again; if it happens again, replace the medium or the box",
                )

    def _label(self, label):
        """Of the slot that does not run."""
        if label is not None:
            self.ledger.labels[self._other] = label
        elif self._other in self.ledger.labels:
            del self.ledger.labels[self._other]
        self._keep()

    def _put(self, record):
        """The boot record; the older copy is overwritten."""
        copy = boot.next_copy(self._copies)
        octets = boot.pack(record)
        self._disk.put_record(copy, octets)
        self._copies[copy] = octets
        self.record = record

    def _keep(self):
        """The ledger, both copies.

        Each lies in one erase block with a copy of the boot record, which a cut of the power may
        take with it: both of those say the same before.
        """
        records = [boot.unpack(copy) for copy in self._copies]
        if self.record is not None and not _alike(records):
            self._put(boot.again(self.record))
        self.ledger.sequence += 1
        octets = ledger.pack(self.ledger)
        first = boot.next_copy(self._copies)
        for copy in (first, 1 - first):
            self._disk.put_ledger(copy, octets)


def _alike(records):
    one, other = records
    return one is not None and other is not None and one.says() == other.says()


def _described(label):
    return {
        "version": label.version,
        "epoch": label.epoch,
        "serial": label.serial,
        "created": label.created,
        "signers": " ".join(label.names),
        "failed": label.failed,
    }


def _filled(source, at, buffer):
    if source.read(at, buffer) != len(buffer):
        raise malformed("a bundle that became shorter while it was read")
    return buffer


def _nothing(at, view):
    pass
