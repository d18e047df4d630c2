"""Key sets: which key may sign what, how many must, and how one set follows another.  Pure.

A set is a text of canonical lines; README.md shows one.  Its rule: a key has one role, and is
there once, by its id and by its octets.  A set follows another only if enough root keys of the old
set AND enough root keys of the new one signed it, and its epoch is the next one.
"""

from restante.compat import const
from restante.update import lines, manifest, signature
from restante.update.fault import BundleError, malformed

KEY_SET_OCTETS = const(8192)
FORM = "1"
ROOT = "root"
FIRMWARE = "firmware"
SIGNATURES = "signatures"
ROLES = (ROOT, FIRMWARE, SIGNATURES)
# The role that a kind of bundle needs.
ROLE_OF = {
    manifest.SIGNATURES: SIGNATURES,
    manifest.DELTA: SIGNATURES,
    manifest.FIRMWARE: FIRMWARE,
    manifest.KEYS: ROOT,
}
KEYS_OF_A_ROLE = const(4)
# One person alone must not be able to replace the keys of all boxes.
ROOT_THRESHOLD = const(2)
# Keys that were ever revoked; they stay named.
REVOKED_KEYS = const(64)


class Key:
    """`id`: 8 octets; `public`: 32 octets; `role`: one of ROLES, or None: revoked."""

    def __init__(self, role, id, public):
        self.role = role
        self.id = id
        self.public = public

    @property
    def line(self):
        return signature.public_line(self.id, self.public)

    @property
    def name(self):
        return signature.shown(self.id)


class KeySet:
    """`thresholds`: {role: how many}; `keys`, `revoked`: lists of Key, sorted by id in a role."""

    def __init__(self, epoch, thresholds, keys, revoked):
        self.epoch = epoch
        self.thresholds = thresholds
        self.keys = keys
        self.revoked = revoked

    def of(self, role):
        return [key for key in self.keys if key.role == role]

    def find(self, id):
        """The Key with this id, or None."""
        for key in self.keys:
            if key.id == id:
                return key
        return None

    def is_revoked(self, id):
        return any(key.id == id for key in self.revoked)

    def signers(self, front, crypto):
        """The keys of this set whose signature of the head holds, each once.

        A signature of a key that is not in the set counts for nothing; a bad one of a key that is
        in the set is an error.
        """
        digest = crypto.hash512(front.head)
        found = []
        for each in front.signatures:
            key = self.find(each.key_id)
            if key is None:
                continue
            if not each.holds(crypto, key.public, digest):
                raise BundleError(
                    "signature",
                    "the signature of key %s does not hold" % key.name,
                    "the bundle was changed after it was signed",
                    "fetch the bundle again from the publisher; do not use this one",
                )
            found.append(key)
        return found

    def write(self):
        """The canonical octets."""
        pairs = [("restante-keys", FORM), ("epoch", str(self.epoch))]
        pairs += [(role, str(self.thresholds[role])) for role in ROLES]
        for role in ROLES:
            pairs += [("%s-key" % role, key.line) for key in sorted(self.of(role), key=_id)]
        pairs += [("revoked", key.line) for key in sorted(self.revoked, key=_id)]
        return lines.join(pairs)


def _id(key):
    return key.id


def parse(data):
    """A KeySet, or BundleError."""
    pairs = lines.split(data, KEY_SET_OCTETS, "the key set")
    heads = ["restante-keys", "epoch"] + list(ROLES)
    if [key for key, _ in pairs[: len(heads)]] != heads or pairs[0][1] != FORM:
        raise malformed("a key set that does not begin as one")
    numbers = [lines.number(key, text) for key, text in pairs[1 : len(heads)]]
    found = {role: [] for role in ROLES}
    revoked = []
    for label, text in pairs[len(heads) :]:
        id, public = signature.parse_public(text.encode())
        role = label[: -len("-key")]
        if label == "revoked":
            revoked.append(Key(None, id, public))
        elif label.endswith("-key") and role in ROLES:
            found[role].append(Key(role, id, public))
        else:
            raise malformed("a key set with the unknown line %s" % label)
    every = [key for role in ROLES for key in found[role]]
    keys = KeySet(numbers[0], dict(zip(ROLES, numbers[1:])), every, revoked)
    _check(keys)
    if keys.write() != bytes(data):
        raise malformed("a key set whose lines are out of order")
    return keys


def _check(keys):
    if keys.epoch == 0:
        raise malformed("a key set's epoch begins with 1")
    if len(keys.revoked) > REVOKED_KEYS:
        raise malformed("more than %d revoked keys" % REVOKED_KEYS)
    every = keys.keys + keys.revoked
    if len({key.id for key in every}) != len(every):
        raise malformed("a key set that names a key id twice")
    if len({key.public for key in every}) != len(every):
        raise malformed("a key set that names a key twice")
    for role in ROLES:
        least = ROOT_THRESHOLD if role == ROOT else 1
        there = len(keys.of(role))
        if there > KEYS_OF_A_ROLE or not least <= keys.thresholds[role] <= there:
            raise malformed(
                "a threshold of %d of %d keys for %s" % (keys.thresholds[role], there, role)
            )


def check_threshold(keys, role, signers):
    """BundleError unless enough keys of `role` are among `signers`."""
    theirs = len([key for key in signers if key.role == role])
    if theirs >= keys.thresholds[role]:
        return
    others = sorted({key.role for key in signers if key.role != role})
    if others and not theirs:
        what = "signed by a key for %s; a key for %s is needed" % (" and ".join(others), role)
    else:
        what = "%d of %d signatures for %s" % (theirs, keys.thresholds[role], role)
    raise BundleError(
        "role" if others and not theirs else "threshold",
        what,
        "not everybody signed who has to, or a key was used for what it is not for",
        "let the publisher sign it with: restante bundle sign",
    )


def check_next(old, new, front, crypto):
    """BundleError unless `new` may follow `old`; `front`: of the keys bundle that brings it."""
    if new.epoch != old.epoch + 1:
        raise BundleError(
            "epoch",
            "a key set of epoch %d, and epoch %d is in use" % (new.epoch, old.epoch),
            "key sets follow one another without a gap; this one is old, or one is missing",
            "install the keys bundle of epoch %d" % (old.epoch + 1),
        )
    forgotten = {key.public for key in old.revoked} - {key.public for key in new.revoked}
    if forgotten:
        raise BundleError(
            "revoked",
            "the new key set forgets %d revoked keys" % len(forgotten),
            "it was not made from the one in use",
            "make it with: restante keys rotate, or restante keys revoke",
        )
    check_threshold(old, ROOT, old.signers(front, crypto))
    check_threshold(new, ROOT, new.signers(front, crypto))
