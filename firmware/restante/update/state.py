"""What a box remembers of the sets that it installed, as octets.  Pure.

Canonical lines, the last one a CRC-32 of all before it.  `current`, `previous` and `next` have a
record each; `next` is of the set that is about to become current.  Its rule: which set is current
is said by the files, not here: after a cut of the power settled() gives each file its record, by
the set's identity.

An identity is cheap: size, header with its section table, the name that stands in the set, the
last octets.  All of them are covered by the SHA-256 that was checked when the set was installed,
and no two sets that meet have one name (sets.py).
"""

import hashlib
import struct

from restante.compat import const, crc32
from restante.update import lines, signature
from restante.update.fault import malformed
from restante.update.trust import Installed

STATE_OCTETS = const(4096)
FORM = "1"
# SHA-256s of what was tried and did not stay; the oldest is forgotten first.
ROLLED_BACK = const(16)
CURRENT = "current"
PREVIOUS = "previous"
NEXT = "next"
PLACES = (CURRENT, PREVIOUS, NEXT)
NONE = "-"

# Of a set's file (native/engine/sigfile.h): where its name's place stands, and where the names do.
HEAD_OCTETS = const(4096)
NAME_AT = const(40)
NAMES_AT = const(72)
NAME_OCTETS = const(256)
TAIL_OCTETS = const(4096)
IDENTITY_OCTETS = const(16)


class Record(Installed):
    """Of an installed set; `identity`: 16 octets; `signers`: key ids; times: since 1970."""

    def __init__(self, epoch, serial, sha256, signers, identity, version, created, expires):
        super().__init__(epoch, serial, sha256, signers)
        self.identity = identity
        self.version = version
        self.created = created
        self.expires = expires

    @property
    def names(self):
        """Of the keys that vouched for it."""
        return [signature.shown(id) for id in self.signers]


class State:
    """`records`: {place: Record}; `rolled_back`: SHA-256s; `leaving`: the SHA-256 that is rolled
    back once `next` is current, or None; `epoch`: of the newest key set there was, 0: the image's.
    """

    def __init__(self):
        self.records = {}
        self.rolled_back = []
        self.leaving = None
        self.epoch = 0

    def copy(self):
        made = State()
        made.records = dict(self.records)
        made.rolled_back = list(self.rolled_back)
        made.leaving = self.leaving
        made.epoch = self.epoch
        return made

    def remember(self, sha256):
        """It is not installed again by itself."""
        kept = [each for each in self.rolled_back if each != sha256]
        self.rolled_back = (kept + [sha256])[-ROLLED_BACK:]

    def settled(self, current, previous):
        """The State when these are the identities of the two files; None: there is no file."""
        made = State()
        made.epoch = self.epoch
        made.rolled_back = list(self.rolled_back)
        for place, identity in ((CURRENT, current), (PREVIOUS, previous)):
            found = self._of(identity)
            if found is not None:
                made.records[place] = found
        coming = self.records.get(NEXT)
        if self.leaving and coming and current == coming.identity:
            made.remember(self.leaving)
        using = made.records.get(CURRENT)
        if using is not None:  # somebody wanted it back
            made.rolled_back = [each for each in made.rolled_back if each != using.sha256]
        return made

    def _of(self, identity):
        if identity is None:
            return None
        for place in (NEXT, CURRENT, PREVIOUS):
            found = self.records.get(place)
            if found is not None and found.identity == identity:
                return found
        return None

    def write(self):
        """The octets."""
        pairs = [("restante-updates", FORM), ("epoch", str(self.epoch))]
        for place in PLACES:
            if place in self.records:
                pairs += _pairs(place, self.records[place])
        if self.leaving:
            pairs.append(("leaving", _hex(self.leaving)))
        pairs += [("rolled-back", _hex(each)) for each in self.rolled_back]
        return sealed(lines.join(pairs))


def parse(data):
    """The State, or BundleError."""
    pairs = lines.split(unsealed(data), STATE_OCTETS, "the record of what is installed")
    if [key for key, _ in pairs[:2]] != ["restante-updates", "epoch"] or pairs[0][1] != FORM:
        raise malformed("a record of what is installed that does not begin as one")
    state = State()
    state.epoch = lines.number(*pairs[1])
    fields = {}
    for key, text in pairs[2:]:
        if key == "leaving":
            state.leaving = lines.sha256(key, text)
        elif key == "rolled-back":
            state.rolled_back.append(lines.sha256(key, text))
        else:
            fields[key] = text
    for place in PLACES:
        if place + ".epoch" in fields:
            state.records[place] = _record(place, fields)
    if state.write() != bytes(data):
        raise malformed("a record of what is installed with lines that are out of order")
    return state


def _pairs(place, record):
    signers = ",".join([_hex(id) for id in record.signers])
    return [
        (place + ".epoch", str(record.epoch)),
        (place + ".serial", str(record.serial)),
        (place + ".sha256", _hex(record.sha256)),
        (place + ".signers", signers or NONE),
        (place + ".identity", _hex(record.identity)),
        (place + ".version", record.version),
        (place + ".created", str(record.created)),
        (place + ".expires", str(record.expires)),
    ]


def _record(place, fields):
    try:
        signers = fields[place + ".signers"]
        ids = [] if signers == NONE else signers.split(",")
        return Record(
            lines.number("epoch", fields[place + ".epoch"]),
            lines.number("serial", fields[place + ".serial"]),
            lines.sha256("sha256", fields[place + ".sha256"]),
            tuple([bytes.fromhex(id) for id in ids]),
            bytes.fromhex(fields[place + ".identity"]),
            lines.word("version", fields[place + ".version"]),
            lines.number("created", fields[place + ".created"]),
            lines.number("expires", fields[place + ".expires"]),
        )
    except (KeyError, ValueError):
        raise malformed("a record of what is installed with a line that is missing or wrong")


def sealed(body):
    """The lines with their CRC-32."""
    return body + b"crc=%08x\n" % (crc32(body, 0, len(body), 0) & 0xFFFFFFFF)


def unsealed(data):
    """The lines of sealed(), or BundleError."""
    at = bytes(data).rfind(b"crc=")
    body = bytes(data[: max(at, 0)])
    if at < 0 or sealed(body) != bytes(data):
        raise malformed("a file of the box that is not as it was written")
    return body


def name_place(head):
    """Where in a set's file its name stands; `head`: its first octets."""
    if len(head) < NAMES_AT + 8:
        return 0
    (name,) = struct.unpack("<I", bytes(head[NAME_AT : NAME_AT + 4]))
    (names,) = struct.unpack("<Q", bytes(head[NAMES_AT : NAMES_AT + 8]))
    return names + name


def identity(octets, head, name, tail):
    """Of a set of so many octets: its first HEAD_OCTETS, NAME_OCTETS at name_place(), and last."""
    found = hashlib.sha256(struct.pack("<Q", octets))
    for part in (head, name, tail):
        found.update(struct.pack("<I", len(part)))
        found.update(part)
    return found.digest()[:IDENTITY_OCTETS]


def _hex(data):
    return "".join(["%02x" % octet for octet in data])
