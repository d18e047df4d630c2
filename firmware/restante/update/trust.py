"""Whether a bundle may be installed on this box: a decision with its reason.  Pure.

Its rule: first the signatures, then the manifest, then what it says.  Nothing here is a question
of taste: what a person at the console may override is an argument (`asked`), and it overrides
three things only: going back to the kept previous one, trying again what was rolled back, and an
older firmware of today's epoch.
"""

from restante.compat import const
from restante.update import keys as key_sets
from restante.update import lines
from restante.update import manifest as manifests
from restante.update.bundle import Payload
from restante.update.fault import BundleError, malformed

# A publisher's clock may be ahead of ours by so much before it is worth a word.
CLOCK_SECONDS = const(86400)


class Installed:
    """What is in use, or kept as previous, of one kind: epoch, serial, SHA-256, ids of signers."""

    def __init__(self, epoch, serial, sha256, signers=()):
        self.epoch = epoch
        self.serial = serial
        self.sha256 = sha256
        self.signers = signers


class Box:
    """What a decision depends on.

    `firmware`: (major, minor, patch); `engine`: its level; `keys`: the KeySet in use; `now`:
    seconds since 1970, or None while the clock is not trusted; `installed`, `previous`: {kind:
    Installed}; `rolled_back`: SHA-256s of what was tried and did not stay; `running`: the version
    that new firmware must reach, None: any will do.
    """

    def __init__(self, hardware, channel, firmware, engine, keys, now=None):
        self.hardware = hardware
        self.channel = channel
        self.firmware = firmware
        self.engine = engine
        self.keys = keys
        self.now = now
        self.running = None
        self.installed = {}
        self.previous = {}
        self.rolled_back = ()


class Decision:
    """`accepted`, and if not: `code`, `what`, `cause`, `step` as in BundleError.

    `warnings`: lines to show and to raise as alarms.  `manifest`: None before a signature held.
    `payload()` gives the check that the content must still pass.
    """

    def __init__(self, manifest, octets, signers, warnings, error):
        self.accepted = error is None
        self.manifest = manifest
        self.octets = octets
        self.signers = signers
        self.warnings = warnings
        self.code = error.code if error else ""
        self.what = error.what if error else ""
        self.cause = error.cause if error else ""
        self.step = error.step if error else ""
        self.keys = None

    def check(self):
        """BundleError if it is refused."""
        if not self.accepted:
            raise BundleError(self.code, self.what, self.cause, self.step)

    def payload(self):
        return Payload(self.octets, self.manifest.payload)

    def __repr__(self):
        return "<Decision %s>" % (self.code or "accepted")


def without_keys():
    """A box like this accepts nothing."""
    return BundleError(
        "no-keys",
        "this box has no key set, so it trusts nobody",
        "its image was made without one, or the image is damaged",
        "write an image that was made with RESTANTE_KEYS",
    )


def judge(front, box, crypto, asked=False):
    """A Decision on a bundle.Front.  A bundle of keys needs judge_keys() besides."""
    found = None
    signers = []
    warnings = []
    try:
        signers = _signers(front, box.keys, crypto)
        found = manifests.parse(front.manifest)
        key_sets.check_threshold(box.keys, key_sets.ROLE_OF[found.kind], signers)
        _check_size(found, front)
        check_fits(found, box, asked)
        warnings = _check_time(found, box.now)
    except BundleError as error:
        return Decision(found, front.payload_octets, signers, warnings, error)
    return Decision(found, front.payload_octets, signers, warnings, None)


def check_fits(found, box, asked=False):
    """BundleError unless what the manifest says fits the box; signatures and time aside.

    Of `box.keys` only the epoch is used: who sends a bundle asks before it sends it.
    """
    _check_place(found, box)
    _check_needs(found, box)
    if found.kind != manifests.KEYS:
        _check_order(found, box, asked)
    if found.kind == manifests.DELTA:
        _check_base(found, box)


def judge_keys(front, data, box, crypto):
    """A Decision on a bundle of keys with its payload; `keys` of it is the new KeySet."""
    decision = judge(front, box, crypto)
    if not decision.accepted:
        return decision
    try:
        check = decision.payload()
        check.update(data)
        check.finish()
        if decision.manifest.kind != manifests.KEYS:
            raise malformed("a bundle of another kind than keys")
        new = key_sets.parse(data)
        if new.epoch != decision.manifest.epoch:
            raise malformed("a key set of another epoch than its manifest")
        key_sets.check_next(box.keys, new, front, crypto)
    except BundleError as error:
        return Decision(
            decision.manifest, decision.octets, decision.signers, decision.warnings, error
        )
    decision.keys = new
    return decision


def withdrawn(keys, installed):
    """Names of the keys that vouched for what is installed and are revoked: it must go."""
    return [key.name for key in keys.revoked if key.id in installed.signers]


def _signers(front, keys, crypto):
    signers = keys.signers(front, crypto)
    if signers:
        return signers
    revoked = [each for each in front.signatures if keys.is_revoked(each.key_id)]
    if revoked:
        raise BundleError(
            "revoked",
            "signed with a revoked key",
            "the key was lost or stolen; who holds it must not be trusted",
            "get a bundle that was signed after the key was revoked",
        )
    raise BundleError(
        "unsigned",
        "no signature of a key that this box knows",
        "another publisher's bundle, an unsigned one, or its keys are newer than the box's",
        "install the publisher's keys bundle first, if there is one",
    )


def _check_size(found, front):
    if front.payload_octets > manifests.PAYLOAD_LIMITS[found.kind]:
        raise malformed("a payload of %d octets for %s" % (front.payload_octets, found.kind))


def _check_place(found, box):
    if found.product != manifests.PRODUCT:
        raise _other("product", found.product, manifests.PRODUCT)
    if found.hardware not in (box.hardware, manifests.ANY):
        raise _other("hardware", found.hardware, box.hardware)
    if found.channel != box.channel and found.kind != manifests.KEYS:
        raise _other("channel", found.channel, box.channel)


def _other(code, theirs, ours):
    return BundleError(
        code,
        "made for %s %s; this box is %s" % (code, theirs, ours),
        "the bundle is for another kind of box",
        "get the bundle for %s %s" % (code, ours),
    )


def _check_needs(found, box):
    if found.firmware > box.firmware:
        raise BundleError(
            "firmware",
            "needs firmware %d.%d.%d or later; this is %d.%d.%d" % (found.firmware + box.firmware),
            "the bundle uses what this firmware does not have",
            "update the firmware first",
        )
    if found.engine > box.engine:
        raise BundleError(
            "engine",
            "needs engine level %d; this firmware has %d" % (found.engine, box.engine),
            "the bundle uses what this screening engine does not have",
            "update the firmware first",
        )


def _check_order(found, box, asked):
    kept = box.previous.get(found.installs)
    if asked and kept and found.whole == kept.sha256:
        return  # its signatures held under the key set of today
    if found.epoch != box.keys.epoch:
        newer = found.epoch > box.keys.epoch
        raise BundleError(
            "epoch",
            "of epoch %d; the box's keys are of epoch %d" % (found.epoch, box.keys.epoch),
            "the keys were changed since" if not newer else "the box has not got the new keys yet",
            "install the publisher's keys bundle first" if newer else "get a bundle of this epoch",
        )
    if found.whole in box.rolled_back and not asked:
        raise BundleError(
            "rolled-back",
            "this one was installed before and was rolled back",
            "it did not pass its trial, or somebody went back from it",
            "wait for a later one, or install it by hand at the console",
        )
    if found.kind == manifests.FIRMWARE:
        if not asked:
            _check_version(found, box)
        else:
            return  # an older one of today's epoch, by hand
    have = box.installed.get(found.installs)
    if have and (found.epoch, found.serial) <= (have.epoch, have.serial):
        raise BundleError(
            "serial",
            "epoch %d serial %d is not later than what is installed, epoch %d serial %d"
            % (found.epoch, found.serial, have.epoch, have.serial),
            "it is the same one or an older one",
            "nothing need be done; to go back, use the kept previous one at the console",
        )


def _check_version(found, box):
    """Serials know nothing of the firmware that came with the image."""
    if box.running is not None and lines.release("version", found.version) < box.running:
        raise BundleError(
            "version",
            "firmware %s is older than the one that runs, %d.%d.%d"
            % ((found.version,) + box.running),
            "it is an older one",
            "nothing need be done; to go back: firmware rollback",
        )


def _check_base(found, box):
    have = box.installed.get(manifests.SIGNATURES)
    if have is None or have.sha256 != found.base:
        raise BundleError(
            "base",
            "a delta for another set of signatures than the installed one",
            "one or more bundles before it were left out",
            "get the bundle with the whole set",
        )


def _check_time(found, now):
    """Warnings.  Only firmware expires for good: old signatures are better than none, and a chain
    of key sets must be walked years later."""
    if now is None:
        return ["the clock is not set: whether the bundle has expired is not known"]
    if now < found.created - CLOCK_SECONDS:
        return ["the bundle was made later than this box's clock shows: check the clock"]
    if now < found.expires:
        return []
    if found.kind == manifests.FIRMWARE:
        raise BundleError(
            "expired",
            "this firmware has expired",
            "it is old, and a later one closes its known holes; or the clock is wrong",
            "get the latest firmware; see: show status",
        )
    return ["the bundle has expired %d days ago" % ((now - found.expires) // 86400)]
