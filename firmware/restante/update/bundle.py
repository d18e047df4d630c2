"""The container: header, manifest, signatures, payload.  Pure; README.md has the byte tables.

Its rule: the head (header and manifest) is what is signed, and nothing in it is acted upon before
a signature was found good, except the two lengths that say where the signatures are; those are
bounded first.
"""

import hashlib
import struct

from restante.compat import const
from restante.update import manifest, signature
from restante.update.fault import BundleError, malformed
from restante.update.signature import Signature

MAGIC = b"RSTBNDL\n"
FORMAT = const(1)
# magic, format, octets of the manifest, octets of the payload; little-endian
_HEADER = "<8sIIQ"
HEADER_OCTETS = const(24)
# Old and new keys of two thresholds, with room.
SIGNATURES = const(8)
# id, first, second, octets of the comment
_SIGNATURE = "<2s8s64s64sH"
_SIGNATURE_OCTETS = const(140)
# What a reader needs to find all before the payload.
FRONT_OCTETS = (
    HEADER_OCTETS
    + manifest.MANIFEST_OCTETS
    + 1
    + SIGNATURES * (_SIGNATURE_OCTETS + signature.COMMENT_OCTETS)
)
PAYLOAD_LIMIT = max(manifest.PAYLOAD_LIMITS.values())


class Front:
    """All before the payload, unverified.  `head`: the octets that are signed."""

    def __init__(self, head, payload_octets, signatures, payload_at):
        self.head = head
        self.payload_octets = payload_octets
        self.signatures = signatures
        self.payload_at = payload_at

    @property
    def total(self):
        return self.payload_at + self.payload_octets

    @property
    def manifest(self):
        """Its octets; parse them only once a signature of `head` is known to hold."""
        return self.head[HEADER_OCTETS:]


def read_head(data):
    """(octets of the head, octets of the payload) of what begins with a header."""
    if len(data) < HEADER_OCTETS:
        raise malformed("the bundle ends within its header")
    magic, form, lines, payload = struct.unpack(_HEADER, bytes(data[:HEADER_OCTETS]))
    if magic != MAGIC:
        raise malformed("this is no bundle: it does not begin as one")
    if form != FORMAT:
        raise BundleError(
            "format",
            "a bundle of format %d; this firmware reads format %d" % (form, FORMAT),
            "it was made for a newer firmware",
            "update the firmware first",
        )
    if not 0 < lines <= manifest.MANIFEST_OCTETS:
        raise malformed("a manifest of %d octets" % lines)
    if not 0 < payload <= PAYLOAD_LIMIT:
        raise malformed("a payload of %d octets" % payload)
    return HEADER_OCTETS + lines, payload


def read(data, total):
    """The Front of a bundle of `total` octets; `data`: the first FRONT_OCTETS, or all of them."""
    octets, payload = read_head(data)
    if len(data) <= octets:
        raise malformed("the bundle ends within its manifest")
    signatures, at = _read_signatures(data, octets)
    front = Front(bytes(data[:octets]), payload, signatures, at)
    if total != front.total:
        raise malformed("the bundle has %d octets instead of %d" % (total, front.total))
    return front


def _read_signatures(data, at):
    count = data[at]
    at += 1
    if count > SIGNATURES:
        raise malformed("%d signatures; %d are allowed" % (count, SIGNATURES))
    found = []
    for _ in range(count):
        if _SIGNATURE_OCTETS > len(data) - at:
            raise malformed("the bundle ends within its signatures")
        kind, key_id, first, second, octets = struct.unpack(
            _SIGNATURE, bytes(data[at : at + _SIGNATURE_OCTETS])
        )
        at += _SIGNATURE_OCTETS
        if kind != signature.PREHASHED:
            raise malformed("a signature of another kind than ED (prehashed)")
        if octets > signature.COMMENT_OCTETS or octets > len(data) - at:
            raise malformed("a trusted comment that does not fit")
        if found and found[-1].key_id >= key_id:
            raise malformed("signatures twice or out of order")
        comment = bytes(data[at : at + octets])
        signature.check_comment(comment)
        at += octets
        found.append(Signature(key_id, first, second, comment))
    return found, at


def write_head(manifest_octets, payload_octets):
    """Header and manifest: what is to be signed."""
    header = struct.pack(_HEADER, MAGIC, FORMAT, len(manifest_octets), payload_octets)
    head = header + manifest_octets
    read_head(head)
    return head


def write_front(head, signatures):
    """All before the payload."""
    if len(signatures) > SIGNATURES:
        raise malformed("%d signatures; %d are allowed" % (len(signatures), SIGNATURES))
    out = head + bytes((len(signatures),))
    for each in sorted(signatures, key=_key_id):
        out += struct.pack(
            _SIGNATURE,
            signature.PREHASHED,
            each.key_id,
            each.first,
            each.second,
            len(each.comment),
        )
        out += each.comment
    return out


def _key_id(each):
    return each.key_id


class Payload:
    """Checks octets as they come against a length and a SHA-256; counts before it hashes.

    Feed it what was written to our own storage, so that nobody can change it in between.
    """

    def __init__(self, octets, sha256):
        self._left = octets
        self._expected = sha256
        self._hash = hashlib.sha256()

    def update(self, data):
        if len(data) > self._left:
            raise malformed("more octets than the signed length")
        self._left -= len(data)
        self._hash.update(data)

    def finish(self):
        if self._left:
            raise malformed("%d octets of the signed length are missing" % self._left)
        if self._hash.digest() != self._expected:
            raise BundleError(
                "payload",
                "the content is not what was signed (its SHA-256 differs)",
                "it was damaged on its way, or put together from two bundles",
                "fetch the bundle again",
            )
