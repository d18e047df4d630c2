"""Why a TLS session failed, in words: what, likely cause, next step.  Pure.

The numbers are those of native/tls/session.h, of the flags of mbedTLS's x509_crt.h, and of the
alerts of RFC 8446 §6.  What a peer sends is shown with nothing in it that a terminal obeys.
"""

from restante.compat import const

CERTIFICATE = const(1)
BAD_CERTIFICATE = const(2)
VERSION = const(3)
ALERT = const(4)
CLOSED = const(5)
MEMORY = const(6)
SYSTEM = const(7)
ROOTS = const(8)
PROTOCOL = const(9)

EXPIRED = const(0x01)
OTHER_NAME = const(0x04)
UNTRUSTED = const(0x08)
FUTURE = const(0x0200)
# A hash, a kind of key, a key that is too short.
WEAK = const(0x4000 | 0x8000 | 0x10000)

# Characters of an issuer's name that are shown.
ISSUER_CHARACTERS = const(100)

_ALERTS = {
    10: "unexpected message",
    20: "bad record",
    40: "no parameters of ours suit it",
    42: "bad certificate",
    47: "illegal parameter",
    48: "unknown CA",
    50: "decode error",
    51: "decrypt error",
    70: "protocol version: it wants one that the box does not speak",
    71: "insufficient security",
    80: "internal error",
    86: "inappropriate fallback",
    90: "cancelled",
    112: "it does not know this name",
    116: "it wants a certificate of the box, which has none",
}


def words(why, host):
    """`why`: (fault, number, issuer, key) of a session with `host`."""
    fault, number, issuer, key = why
    if fault == CERTIFICATE:
        return "its certificate is refused: " + "; ".join(_flags(number, host, issuer, key))
    if fault == BAD_CERTIFICATE:
        return "its certificates cannot be read, or are too many (error %x)" % number
    if fault == VERSION:
        return "it speaks no TLS 1.2 or 1.3: its software is too old"
    if fault == ALERT:
        return "it ended TLS: %s (alert %d)" % (_ALERTS.get(number, "no reason known"), number)
    if fault == CLOSED:
        return "it closed the connection without TLS's goodbye"
    if fault == MEMORY:
        return "TLS needs more memory than it may take: its chain of certificates is too large"
    if fault == SYSTEM:
        return "TLS lost the connection: error %d" % number
    if fault == ROOTS:
        return "the box's list of public CAs cannot be used: error %d" % number
    return "what it sends is no TLS, or damaged (error %x)" % number


def _flags(flags, host, issuer, key):
    found = []
    if flags & OTHER_NAME:
        found.append("it is not for %s" % host)
    if flags & EXPIRED:
        found.append("it, or one above it, has expired")
    if flags & FUTURE:
        found.append("it, or one above it, is not valid yet by the box's clock")
    if flags & UNTRUSTED:
        found.append(_untrusted(issuer, key))
    if flags & WEAK:
        found.append("its key or signature is too weak")
    return found or ["flags %x" % flags]


def _untrusted(issuer, key):
    text = "nobody that the box trusts issued it"
    name = printable(issuer)
    if name:
        text += ", but %s" % name
    digest = "".join(["%02x" % octet for octet in key])
    return "%s (SHA-256 of the last key in its chain: %s)" % (text, digest)


def printable(octets):
    """What can be shown of a name."""
    text = "".join([chr(o) if 32 <= o < 127 else "?" for o in octets])
    return text[:ISSUER_CHARACTERS]
