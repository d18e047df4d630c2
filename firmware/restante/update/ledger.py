"""What root remembers of the two slots, beside the boot record, where only root can write.  Pure.

What each slot holds, what was rolled back, how many of U-Boot's fallbacks are known, and the
newest key set.  The gate has records of its own (state.py); it is not believed in these things,
since who took it over would else bring keys of his own.

    0   8   `RSTSLED` and LF
    8   4   sequence: of two whole copies the higher counts
    12  4   octets of the lines
    16  4   octets of the key set, 0: the image's counts
    20  32  SHA-256 of the 20 octets before, the lines and the key set
    52      the lines, then the key set
"""

import hashlib
import struct

from restante.compat import const
from restante.update import keys as key_sets
from restante.update import lines, signature
from restante.update.fault import BundleError, malformed
from restante.update.trust import Installed

COPY_OCTETS = const(16384)
LINES_OCTETS = const(4096)
ROLLED_BACK = const(16)
FORM = "1"
SLOTS = ("a", "b")
NONE = "-"
_MAGIC = b"RSTSLED\n"
_HEADER = "<8sIII"
_HEADER_OCTETS = const(20)
_BODY = const(52)


class Label(Installed):
    """Of what a slot holds.  `failed`: U-Boot went back from it."""

    def __init__(self, epoch, serial, sha256, signers, version, created, failed=False):
        super().__init__(epoch, serial, sha256, signers)
        self.version = version
        self.created = created
        self.failed = failed

    @property
    def names(self):
        """Of the keys that vouched for it."""
        return [signature.shown(id) for id in self.signers]


class Ledger:
    """`labels`: {0 or 1: Label}, none: as it came with the image; `keys`: KeySet or None.

    `fallbacks`: of the boot record, as far as they are known; `rolled_back`: SHA-256s.
    """

    def __init__(self):
        self.sequence = 0
        self.labels = {}
        self.rolled_back = []
        self.fallbacks = 0
        self.keys = None

    def remember(self, sha256):
        """It is not installed again by itself."""
        self.forget(sha256)
        self.rolled_back = (self.rolled_back + [sha256])[-ROLLED_BACK:]

    def forget(self, sha256):
        self.rolled_back = [each for each in self.rolled_back if each != sha256]


def pack(ledger):
    """One copy, without what follows it."""
    pairs = [("restante-slots", FORM), ("fallbacks", str(ledger.fallbacks))]
    for slot in (0, 1):
        if slot in ledger.labels:
            pairs += _pairs(SLOTS[slot], ledger.labels[slot])
    pairs += [("rolled-back", _hex(each)) for each in ledger.rolled_back]
    body = lines.join(pairs)
    keys = ledger.keys.write() if ledger.keys else b""
    head = struct.pack(_HEADER, _MAGIC, ledger.sequence, len(body), len(keys))
    return head + hashlib.sha256(head + body + keys).digest() + body + keys


def unpack(copy):
    """The Ledger of a copy, or None: blank, or damaged."""
    if len(copy) < _BODY:
        return None
    magic, sequence, body, keys = struct.unpack(_HEADER, bytes(copy[:_HEADER_OCTETS]))
    if magic != _MAGIC or body > LINES_OCTETS or keys > key_sets.KEY_SET_OCTETS:
        return None
    end = _BODY + body + keys
    found = hashlib.sha256(copy[:_HEADER_OCTETS])
    found.update(copy[_BODY:end])
    if len(copy) < end or found.digest() != copy[_HEADER_OCTETS:_BODY]:
        return None
    try:
        ledger = _read(bytes(copy[_BODY : _BODY + body]))
        ledger.keys = key_sets.parse(copy[end - keys : end]) if keys else None
    except BundleError:
        return None  # whole, but of a firmware that writes other lines
    ledger.sequence = sequence
    return ledger


def newest(copies):
    """(Ledger that counts, whether both copies are it); a new one where none is whole."""
    found = [unpack(copy) for copy in copies]
    best = None
    for ledger in found:
        if ledger is not None and (best is None or ledger.sequence > best.sequence):
            best = ledger
    if best is None:
        return Ledger(), False
    return best, all(each is not None and each.sequence == best.sequence for each in found)


def _read(data):
    pairs = lines.split(data, LINES_OCTETS, "what is remembered of the slots")
    if [key for key, _ in pairs[:2]] != ["restante-slots", "fallbacks"] or pairs[0][1] != FORM:
        raise malformed("what is remembered of the slots does not begin as such")
    ledger = Ledger()
    ledger.fallbacks = lines.number(*pairs[1])
    fields = {}
    for key, text in pairs[2:]:
        if key == "rolled-back":
            ledger.rolled_back.append(lines.sha256(key, text))
        else:
            fields[key] = text
    for slot in (0, 1):
        if SLOTS[slot] + ".epoch" in fields:
            ledger.labels[slot] = _label(SLOTS[slot], fields)
    return ledger


def _pairs(slot, label):
    signers = ",".join([_hex(id) for id in label.signers])
    return [
        (slot + ".epoch", str(label.epoch)),
        (slot + ".serial", str(label.serial)),
        (slot + ".sha256", _hex(label.sha256)),
        (slot + ".signers", signers or NONE),
        (slot + ".version", label.version),
        (slot + ".created", str(label.created)),
        (slot + ".failed", str(int(label.failed))),
    ]


def _label(slot, fields):
    try:
        signers = fields[slot + ".signers"]
        ids = [] if signers == NONE else signers.split(",")
        return Label(
            lines.number("epoch", fields[slot + ".epoch"]),
            lines.number("serial", fields[slot + ".serial"]),
            lines.sha256("sha256", fields[slot + ".sha256"]),
            tuple([bytes.fromhex(id) for id in ids]),
            lines.word("version", fields[slot + ".version"]),
            lines.number("created", fields[slot + ".created"]),
            fields[slot + ".failed"] == "1",
        )
    except (KeyError, ValueError):
        raise malformed("what is remembered of the slots has a line that is missing or wrong")


def _hex(data):
    return "".join(["%02x" % octet for octet in data])
