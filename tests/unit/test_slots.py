"""Firmware in two slots, on a medium whose power is cut at each write.  Also on MicroPython.

FAULTS 61, 65, 66, 68, 69, 70, 71, 74, 85, 86.  Signatures are those of a crypto that everybody can
make: what the real ones are worth is test_bundles.py's.
"""

import hashlib
import struct

from restante import log
from restante.box import bootrecord as boot
from restante.log.ring import Ring
from restante.update import bundle, ledger, manifest, signature, slotimage
from restante.update import keys as key_sets
from restante.update.fault import BundleError
from restante.update.signature import Signature
from restante.update.slots import Slots

A, B = 0, 1
DAY = 86400
NOW = 1800000000
PLACE = ("virt", "stable", (0, 1, 0), 1)
ROOM = (200000, 200000)


class Crypto:
    """Who knows a public key can sign with it."""

    def hash512(self, data):
        digest = hashlib.sha256(bytes(data)).digest()
        return digest + digest

    def sign(self, public, data):
        digest = hashlib.sha256(bytes(public) + bytes(data)).digest()
        return digest + digest

    def verify(self, public, given, data):
        return self.sign(public, data) == given


crypto = Crypto()


def key(role, n):
    return key_sets.Key(role, bytes([n]) * 8, bytes([n]) * 32)


ROOTS = [key("root", n) for n in (1, 2, 3)]
ONE, TWO = key("firmware", 10), key("firmware", 11)
SIGNATURES = key("signatures", 20)
LEAST = {"root": 2, "firmware": 1, "signatures": 1}
KEYS_1 = key_sets.KeySet(1, LEAST, ROOTS + [ONE, SIGNATURES], [])
KEYS_2 = key_sets.KeySet(
    2, LEAST, ROOTS + [TWO, SIGNATURES], [key_sets.Key(None, ONE.id, ONE.public)]
)


def signed(head, key):
    first = crypto.sign(key.public, crypto.hash512(head))
    return Signature(key.id, first, crypto.sign(key.public, first + b"made"), b"made")


def packed(payload, signers, **changed):
    texts = {
        "product": "restante",
        "hardware": "virt",
        "kind": "firmware",
        "version": "0.2.0",
        "channel": "stable",
        "epoch": "1",
        "serial": "7",
        "created": str(NOW - DAY),
        "expires": str(NOW + DAY),
        "firmware": "0.1.0",
        "engine": "1",
        "payload": "".join(["%02x" % octet for octet in hashlib.sha256(payload).digest()]),
    }
    texts.update(changed)
    head = bundle.write_head(manifest.write(texts), len(payload))
    return bundle.write_front(head, [signed(head, each) for each in signers]) + payload


def image(mark, kernel=300, root=500):
    return mark * kernel, (mark + b"r") * (root // 2)


def firmware(mark=b"n", signers=(ONE,), size=(300, 500), **changed):
    return packed(slotimage.write(*image(mark, *size)), signers, **changed)


def of_keys(keys, signers):
    texts = {"kind": "keys", "hardware": "any", "version": "keys-%d" % keys.epoch}
    texts.update({"epoch": str(keys.epoch), "serial": "1"})
    return packed(keys.write(), signers, **texts)


class Cut(Exception):
    pass


class Medium:
    """Everything that lasts.  Loses power at the change number `cut`, as `how` says."""

    def __init__(self, cut=None, how=None):
        first = boot.pack(boot.made())
        self._records = [first, first]
        self._ledgers = [b"", b""]
        self.slots = [self.slot(A), self.slot(B)]
        self.changes = 0
        self.cut = cut
        self.how = how

    def slot(self, n):
        return Part(self, image(b"o"))

    def change(self, before, after):
        """What stands there afterwards."""
        cut = self.changes == self.cut
        self.changes += 1
        return (self.how(before, after) if cut else after), cut

    def records(self):
        return list(self._records)

    def ledgers(self):
        return list(self._ledgers)

    def put_record(self, copy, octets):
        self._records[copy], cut = self.change(self._records[copy], octets)
        self._ended(copy, cut)

    def put_ledger(self, copy, octets):
        before = self._ledgers[copy]
        before = before + bytes(max(0, len(octets) - len(before)))
        self._ledgers[copy], cut = self.change(before, octets)
        self._ended(copy, cut)

    def _ended(self, copy, cut):
        if cut and self.how is erased:  # the block that both lie in
            self._records[copy] = b"\xff" * 512
            self._ledgers[copy] = b"\xff" * 512
        if cut:
            raise Cut

    def start(self):
        """As U-Boot: the slot that is started."""
        found, at = boot.newest(self._records)
        if found is None:
            return A
        if found.proven or not (found.tries or found.other_proven):
            return found.slot
        if found.tries:
            after = found.next(found.slot, found.tries - 1, False, found.other_proven)
        else:
            after = found.next(1 - found.slot, 0, True, False)
            after.fallbacks += 1
        self._records[1 - at] = boot.pack(after)
        return after.slot


class Part:
    """One slot; `lies`: what is read back is another octet at this place of this part."""

    room = ROOM

    def __init__(self, medium, parts):
        self._medium = medium
        self.parts = [bytearray(part) for part in parts]
        self.lies = None
        self.settled = True
        self.touched = False

    def write(self, part, at, view):
        self.touched = True
        self.settled = False
        here = self.parts[part]
        if len(here) < at + len(view):
            here.extend(bytes(at + len(view) - len(here)))
        before = bytes(here[at : at + len(view)])
        after, cut = self._medium.change(before, bytes(view))
        here[at : at + len(after)] = after
        if cut:
            raise Cut

    def settle(self):
        self.settled = True

    def read(self, part, at, view):
        assert self.settled  # else it is memory that answers
        data = self.parts[part][at : at + len(view)]
        view[: len(data)] = data
        if self.lies is not None and self.lies[0] == part and at <= self.lies[1] < at + len(view):
            view[self.lies[1] - at] ^= 1
        return len(data)

    def holds(self, mark, size=(300, 500)):
        wanted = image(mark, *size)
        return all(bytes(self.parts[n][: len(wanted[n])]) == wanted[n] for n in (0, 1))


class Source:
    """`swap`: after so many octets of it were read, all that follows is of this one."""

    def __init__(self, data, swap=None, after=None):
        self._data = data
        self._swap = swap
        self._after = after
        self._read = 0
        self.octets = len(data)

    def read(self, at, view):
        data = self._data
        if self._after is not None and self._read >= self._after:
            data = self._swap
        found = data[at : at + len(view)]
        view[: len(found)] = found
        self._read += len(found)
        return len(found)


def slots(medium, running=A, keys=KEYS_1, now=NOW, place=PLACE):
    return Slots(medium, medium.slots, running, keys, crypto, place, lambda: now)


def install(medium, data, asked=False, running=A, **more):
    source = data if isinstance(data, Source) else Source(data)
    return slots(medium, running, **more).install(source, asked)


def code_of(work, *arguments, **more):
    try:
        work(*arguments, **more)
    except BundleError as error:
        assert error.what and error.cause and error.step
        return error.code
    return None


def states(medium):
    return boot.newest(medium.records())[0].says()


def setup_module(module=None):
    log.ring = Ring()


def test_a_firmware_is_written_beside_the_running_one_and_started_next():
    medium = Medium()
    label, warnings = install(medium, firmware())
    assert (label.version, label.serial, label.names) == (
        "0.2.0",
        7,
        [signature.shown(ONE.id)],
    )
    assert warnings == []
    assert medium.slots[B].holds(b"n") and not medium.slots[A].touched
    assert states(medium) == (B, boot.TRIES, False, True, 0)
    assert medium.start() == B
    there = slots(medium, B)
    there.load()
    assert there.on_trial and there.may_be_left
    there.prove()
    assert states(medium) == (B, 0, True, True, 0) and not there.on_trial
    changes = medium.changes
    there.prove()
    assert medium.changes == changes


def test_more_than_one_slice_and_a_border_within_one():
    for size in ((70000, 70000), (65536, 100), (100, 65536), (1, 2)):
        medium = Medium()
        install(medium, firmware(size=size))
        assert medium.slots[B].holds(b"n", size)


def test_the_running_slot_is_never_written():
    """Also where the record says that the other one is to be started."""
    for running in (A, B):
        medium = Medium()
        medium.put_record(1, boot.pack(boot.Record(2, 1 - running, 3, False, True)))
        install(medium, firmware(), running=running)
        assert not medium.slots[running].touched and medium.slots[1 - running].holds(b"n")
        assert states(medium) == (1 - running, boot.TRIES, False, True, 0)


def test_what_runs_on_trial_does_not_give_up_the_way_back():
    medium = Medium()
    install(medium, firmware())
    medium.start()
    changes = medium.changes
    assert code_of(install, medium, firmware(b"m", serial="8"), running=B) == "unproven"
    assert medium.changes == changes and medium.slots[A].holds(b"o")


def test_what_is_refused_writes_nothing():
    """FAULTS 61, 65, 66, 69, 70, 86."""
    good = firmware()
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    payload = slotimage.write(*image(b"n"))
    head = payload[: slotimage.HEAD_OCTETS]
    for code, data in (
        ("payload", flipped),
        ("malformed", good[:-1]),
        ("malformed", good + b"\0"),
        ("malformed", b"RSTBNDL\n"),
        ("unsigned", firmware(signers=())),
        ("unsigned", firmware(signers=(TWO,))),
        ("role", firmware(signers=(SIGNATURES,))),
        ("role", firmware(signers=tuple(ROOTS))),
        ("hardware", firmware(hardware="other")),
        ("channel", firmware(channel="beta")),
        ("firmware", firmware(firmware="0.1.1")),
        ("engine", firmware(engine="2")),
        ("epoch", firmware(epoch="2")),
        ("version", firmware(version="0.0.9")),
        ("expired", firmware(expires=str(NOW - 1))),
        ("kind", packed(b"set", (SIGNATURES,), kind="signatures", version="set-1")),
        ("malformed", packed(b"no slot", (ONE,))),
        ("malformed", packed(payload + b"\0", (ONE,))),
        ("format", packed(b"RSTSLOT\n\2\0\0\0" + payload[12:], (ONE,))),
        ("malformed", packed(head[:100] + b"\1" + payload[101:], (ONE,))),
        ("room", firmware(size=(ROOM[0] + 1, 500))),
        ("room", firmware(size=(300, ROOM[1] + 2))),
    ):
        medium = Medium()
        assert code_of(install, medium, data) == code, code
        assert medium.changes == 0, code
    assert code_of(install, Medium(), good, keys=None) == "no-keys"


def test_lengths_that_lie_are_refused_before_anything_is_read_by_them():
    payload = slotimage.write(*image(b"n"))
    for kernel, root in ((0, 800), (800, 0), (2**32 - 1, 801), (300, 501), (301, 500)):
        lying = payload[:12] + struct.pack("<II", kernel, root) + payload[20:]
        medium = Medium()
        assert code_of(install, medium, packed(lying, (ONE,))) == "malformed"
        assert medium.changes == 0
    swapped = payload[:12] + struct.pack("<II", 500, 300) + payload[20:]
    medium = Medium()
    assert code_of(install, medium, packed(swapped, (ONE,))) == "medium"
    assert states(medium)[:4] == (A, 0, True, False)


def test_a_bundle_that_is_swapped_after_any_octet_is_never_started():
    """FAULTS 74: between the check and the writing, and while it is written."""
    good = firmware()
    for bad in (
        firmware(b"x", signers=(TWO,)),
        good[:-1] + b"?",
        good[: len(good) // 2],
        good[:-700] + bytes(700),
    ):
        done = 0
        for after in range(0, 3 * len(good), 97):
            medium = Medium()
            code = code_of(install, medium, Source(good, bad, after))
            if code is None:
                assert medium.slots[B].holds(b"n")
                done += 1
            else:
                assert [medium.start() for _ in range(5)] == [A] * 5
        assert done  # it was swapped after the last octet was read


def test_what_the_medium_gives_back_is_what_was_signed():
    for lies in ((0, 0), (0, 299), (1, 0), (1, 499)):
        medium = Medium()
        medium.slots[B].lies = lies
        assert code_of(install, medium, firmware()) == "medium"
        assert states(medium) == (A, 0, True, False, 0)
        assert code_of(slots(medium).rollback) == "nothing"
        medium.slots[B].lies = None
        install(medium, firmware())
        assert medium.start() == B


def erased(before, after):
    return b"\xff" * len(after)


TORN = (
    lambda before, after: before,
    lambda before, after: after,
    lambda before, after: after[: len(after) // 2] + before[len(after) // 2 :],
    lambda before, after: before[: len(after) // 2] + after[len(after) // 2 :],
    erased,
)


def after_a_cut(work, before=None):
    """Each Medium that `work` may leave, and the whole one."""
    whole = Medium()
    if before:
        before(whole)
    done = whole.changes
    work(whole)
    assert whole.changes > done
    yield whole
    for cut in range(done, whole.changes):
        for how in TORN:
            medium = Medium(cut, how)
            if before:
                before(medium)
            try:
                work(medium)
            except Cut:
                medium.cut = None
                yield medium


def test_at_every_cut_of_an_installation_the_old_or_the_new_is_started():
    """FAULTS 68."""
    seen = set()
    for medium in after_a_cut(lambda medium: install(medium, firmware())):
        slot = medium.start()
        seen.add(slot)
        assert medium.slots[slot].holds(b"n" if slot == B else b"o")
        for _ in range(4):  # never healthy: what U-Boot goes back to is whole as well
            slot = medium.start()
            assert medium.slots[slot].holds(b"n" if slot == B else b"o")
        if medium.start() == A:
            install(medium, firmware(), asked=True)  # and it can be done again
            assert medium.start() == B
    assert seen == {A, B}


def tried(medium):
    install(medium, firmware())
    medium.start()


def test_at_every_cut_of_proving_it_stays_on_trial_or_is_proven():
    for medium in after_a_cut(lambda medium: slots(medium, B).prove(), tried):
        there = slots(medium, B)
        there.load()
        assert there.record.says()[0] == B and there.record.other_proven
        assert there.ledger.labels[B].serial == 7
        there.prove()
        assert states(medium) == (B, 0, True, True, 0)


def proven(medium):
    tried(medium)
    slots(medium, B).prove()


def test_at_every_cut_of_going_back_either_is_started():
    for medium in after_a_cut(lambda medium: slots(medium, B).rollback(), proven):
        slot = medium.start()
        assert medium.slots[slot].holds(b"n" if slot == B else b"o")
        assert states(medium)[1:4] == (0, True, True)


def test_at_every_cut_of_taking_keys_what_was_known_stays_known():
    taken = of_keys(KEYS_2, ROOTS)
    for medium in after_a_cut(lambda medium: slots(medium, B).take_keys(Source(taken)), proven):
        there = slots(medium, B)
        there.load()
        assert there.keys.epoch in (1, 2)
        assert there.ledger.labels[B].serial == 7
        assert states(medium) == (B, 0, True, True, 0)
        assert there.take_keys(Source(taken)) == 2


def test_a_firmware_that_failed_is_remembered_and_not_installed_again_by_itself():
    """FAULTS 85."""
    medium = Medium()
    install(medium, firmware())
    assert [medium.start() for _ in range(4)] == [B, B, B, A]
    there = slots(medium)
    there.load()
    assert there.ledger.labels[B].failed and there.ledger.fallbacks == 1
    shown = there.status()
    assert shown["fallbacks"] == 1 and shown["slots"][B]["label"]["failed"]
    changes = medium.changes
    there.load()
    assert medium.changes == changes  # seen once
    assert code_of(install, medium, firmware()) == "rolled-back"
    assert code_of(slots(medium).rollback) == "nothing"
    install(medium, firmware(b"m", serial="8"))
    assert not slots_label(medium, B).failed
    medium = Medium()
    install(medium, firmware())
    for _ in range(4):
        medium.start()
    install(medium, firmware(), asked=True)
    medium.start()
    slots(medium, B).prove()
    there = slots(medium, B)
    there.load()
    assert there.ledger.rolled_back == [] and not there.ledger.labels[B].failed


def slots_label(medium, slot):
    return ledger.newest(medium.ledgers())[0].labels[slot]


def test_serials_rise_and_older_ones_are_asked_for():
    """FAULTS 62, 86."""
    medium = Medium()
    proven(medium)
    for data in (firmware(), firmware(serial="6"), firmware(serial="6", version="9.9.9")):
        assert code_of(install, medium, data, running=B) == "serial"
    place = ("virt", "stable", (0, 2, 0), 1)
    older = firmware(b"m", serial="9", version="0.1.9")
    assert code_of(install, medium, older, running=B, place=place) == "version"
    install(medium, older, asked=True, running=B, place=place)
    assert medium.slots[A].holds(b"m")
    medium = Medium()
    proven(medium)
    install(medium, firmware(b"m", serial="6"), asked=True, running=B)
    assert medium.start() == A and medium.slots[A].holds(b"m")
    for data in (firmware(epoch="2"), firmware(signers=(SIGNATURES,)), firmware(hardware="x")):
        assert code_of(install, Medium(), data, asked=True) in ("epoch", "role", "hardware")


def test_going_back_and_forth():
    medium = Medium()
    proven(medium)
    assert slots(medium, B).rollback() == "A"
    assert medium.start() == A and states(medium) == (A, 0, True, True, 0)
    there = slots(medium, A)
    there.load()
    assert there.ledger.rolled_back == [there.ledger.labels[B].sha256]
    assert code_of(install, medium, firmware()) == "rolled-back"
    assert there.rollback() == "B"
    assert medium.start() == B
    there = slots(medium, B)
    there.load()
    assert there.ledger.rolled_back == []


def test_what_was_to_be_started_next_is_taken_back():
    medium = Medium()
    install(medium, firmware())
    assert slots(medium).rollback() == "A"
    assert states(medium) == (A, 0, True, False, 0) and medium.start() == A
    assert code_of(slots(medium).rollback) == "nothing"
    medium = Medium()
    proven(medium)
    there = slots(medium, B)
    there.rollback()
    assert there.rollback() == "B" and medium.start() == B


def test_from_a_firmware_on_trial_one_can_go_back_at_once():
    medium = Medium()
    tried(medium)
    assert slots(medium, B).rollback() == "A"
    assert states(medium) == (A, 0, True, False, 0)


def test_new_keys_count_and_a_stolen_one_no_more():
    """FAULTS 70, 71: also for what runs, and for what could be gone back to."""
    medium = Medium()
    tried(medium)
    slots(medium, B).prove()
    there = slots(medium, B)
    for signers, code in ((ROOTS[:1], "threshold"), ([ONE], "role"), ([], "unsigned")):
        assert code_of(there.take_keys, Source(of_keys(KEYS_2, signers))) == code
    assert there.take_keys(Source(of_keys(KEYS_2, ROOTS))) == 2
    assert there.take_keys(Source(of_keys(KEYS_2, ROOTS))) == 2
    assert there.status()["withdrawn"] == [signature.shown(ONE.id)]
    assert code_of(install, medium, firmware(serial="8"), running=B) == "revoked"
    newer = firmware(b"m", signers=(TWO,), serial="1", epoch="2")
    install(medium, newer, running=B)
    assert medium.start() == A
    slots(medium, A).prove()
    assert code_of(slots(medium, A).rollback) == "revoked"


def test_an_images_newer_keys_stay_when_it_is_left():
    medium = Medium()
    tried(medium)
    slots(medium, B, keys=KEYS_2).prove()
    slots(medium, B, keys=KEYS_2).status()
    older = slots(medium, A)
    older.load()
    assert older.keys.epoch == 2


def test_without_a_whole_record_what_is_healthy_becomes_the_record():
    medium = Medium()
    proven(medium)
    medium._records = [b"\xff" * 512, bytes(512)]
    there = slots(medium, B)
    there.load()
    assert there.on_trial and not there.may_be_left
    assert code_of(install, medium, firmware(serial="8"), running=B) == "unproven"
    assert code_of(there.rollback) == "nothing"
    assert not there.status()["record"]
    there.prove()
    assert states(medium) == (B, 0, True, False, 0)
    assert boot.unpack(medium._records[0]) and boot.unpack(medium._records[1])


def test_an_expired_one_is_refused_only_by_a_clock_that_is_right():
    expired = firmware(expires=str(NOW - 1))
    medium = Medium()
    _, warnings = install(medium, expired, now=None)
    assert medium.start() == B and "not known" in warnings[0]


def test_the_ledger_is_read_as_it_was_written_and_no_flipped_bit_counts():
    medium = Medium()
    proven(medium)
    slots(medium, B).take_keys(Source(of_keys(KEYS_2, ROOTS)))
    copy = medium.ledgers()[0]
    assert len(copy) < ledger.COPY_OCTETS
    found = ledger.unpack(copy)
    assert ledger.pack(found) == copy and found.keys.epoch == 2
    assert ledger.pack(ledger.unpack(copy + bytes(100))) == copy
    for at in range(0, len(copy), 7):
        assert ledger.unpack(copy[:at] + bytes([copy[at] ^ 4]) + copy[at + 1 :]) is None
    for cut in range(0, len(copy), 11):
        assert ledger.unpack(copy[:cut]) is None
    medium._ledgers[1] = bytes(100)
    there = slots(medium, B)
    there.load()  # makes them alike again
    assert medium.ledgers()[0] == medium.ledgers()[1]


def test_the_ledger_holds_all_that_it_may():
    full = ledger.Ledger()
    full.keys = KEYS_2
    for slot in (A, B):
        ids = tuple([bytes([n]) * 8 for n in range(8)])
        version = "255.255.4294967295"
        full.labels[slot] = ledger.Label(2**32 - 1, 2**32 - 1, b"x" * 32, ids, version, 2**32 - 1)
    for n in range(20):
        full.remember(bytes([n]) * 32)
    assert len(full.rolled_back) == ledger.ROLLED_BACK
    copy = ledger.pack(full)
    assert ledger.pack(ledger.unpack(copy)) == copy
    assert len(copy) < ledger.COPY_OCTETS - key_sets.KEY_SET_OCTETS
