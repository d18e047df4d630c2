"""minisign's signatures of the prehashed kind (`ED`), and its public keys.  Pure, given `crypto`.

A signature is Ed25519 over the BLAKE2b-512 of a file; a second one covers the first and the
trusted comment.  Both must hold.  `Ed`, the older kind over the file itself, is refused.

`crypto` has `hash512(data) -> 64 octets` and `verify(public, signature, data) -> bool`: _crypto
on the box, restante_tools.bundles.crypto on the host.
"""

import binascii

from restante.compat import const
from restante.update.fault import malformed

KEY_ID_OCTETS = const(8)
PUBLIC_OCTETS = const(32)
SIGNATURE_OCTETS = const(64)
# minisign itself takes 8 KiB; its own comments are a time and a file name.
COMMENT_OCTETS = const(512)
# Of a .minisig or .pub file as a whole.
FILE_OCTETS = const(4096)

PREHASHED = b"ED"
_KEY = b"Ed"
_UNTRUSTED = b"untrusted comment: "
_TRUSTED = b"trusted comment: "


def shown(key_id):
    """A key id as minisign prints it: 16 hex digits of a little-endian number."""
    return "%016X" % int.from_bytes(key_id, "little")


class Signature:
    """Of one key.  `first`: over the hash; `second`: over `first` and `comment`."""

    def __init__(self, key_id, first, second, comment):
        self.key_id = bytes(key_id)
        self.first = bytes(first)
        self.second = bytes(second)
        self.comment = bytes(comment)

    def holds(self, crypto, public, digest):
        """Whether the key made both; `digest`: the file's BLAKE2b-512."""
        return crypto.verify(public, self.first, digest) and crypto.verify(
            public, self.second, self.first + self.comment
        )

    def minisig(self, untrusted="signature of a Restante bundle"):
        """The octets of a .minisig file, which the stock minisign reads."""
        body = binascii.b2a_base64(PREHASHED + self.key_id + self.first)
        first = _UNTRUSTED + untrusted.encode() + b"\n" + body
        return first + _TRUSTED + self.comment + b"\n" + binascii.b2a_base64(self.second)


def check_comment(comment):
    """A trusted comment is one line."""
    if len(comment) > COMMENT_OCTETS:
        raise malformed("a trusted comment of more than %d octets" % COMMENT_OCTETS)
    if any(c < 0x20 and c != 0x09 for c in comment):
        raise malformed("a trusted comment with control characters")


def parse_minisig(data):
    """The Signature in a .minisig file."""
    if len(data) > FILE_OCTETS:
        raise malformed("a signature file of more than %d octets" % FILE_OCTETS)
    rows = bytes(data).split(b"\n")
    if len(rows) != 5 or rows[4] or not rows[0].startswith(_UNTRUSTED):
        raise malformed("a signature file that minisign did not write")
    if not rows[2].startswith(_TRUSTED):
        raise malformed("a signature file without a trusted comment")
    body = decoded(rows[1], len(PREHASHED) + KEY_ID_OCTETS + SIGNATURE_OCTETS, "a signature")
    second = decoded(rows[3], SIGNATURE_OCTETS, "a signature of the comment")
    if body[:2] != PREHASHED:
        raise malformed("a signature of another kind than ED (prehashed)")
    comment = rows[2][len(_TRUSTED) :]
    check_comment(comment)
    return Signature(body[2:10], body[10:], second, comment)


def decoded(text, octets, what):
    """Base64 in its one canonical spelling, of so many octets."""
    try:
        data = binascii.a2b_base64(text)
    except ValueError:
        data = b""
    if len(data) != octets or binascii.b2a_base64(data)[:-1] != bytes(text):
        raise malformed("%s that is not base64 of %d octets" % (what, octets))
    return data


def parse_public(text):
    """(key id, public key) of minisign's line `RW...`, bytes."""
    data = decoded(text, len(_KEY) + KEY_ID_OCTETS + PUBLIC_OCTETS, "a public key")
    if data[:2] != _KEY:
        raise malformed("a public key of another kind than Ed25519")
    return data[2:10], data[10:]


def public_line(key_id, public):
    """The line `RW...`, str."""
    return binascii.b2a_base64(_KEY + key_id + public)[:-1].decode()
