"""How a user name, which is opaque octets, is written as text.  Pure.

Its rule: two different names never become the same text, because accounts and held mail are told
apart by it.  Nothing is folded or trimmed.
"""

import binascii
import hashlib

from restante.compat import const

# Octets of a user name: e-mail addresses have 254 at most (RFC 5321).
USER_OCTETS = const(254)
# Octets of the hash that names an account: with 2,000 accounts two are alike once in 10^12 boxes.
ID_OCTETS = const(8)
_PERCENT = const(37)


def name(octets):
    """Printable text of a user name, other octets as %XX; "" for none or one that is too long."""
    if len(octets) > USER_OCTETS:
        return ""
    return "".join(chr(o) if 32 < o < 127 and o != _PERCENT else "%%%02X" % o for o in octets)


def octets(text):
    """The user name that name() wrote as `text`."""
    out = bytearray()
    pieces = text.split("%")
    out.extend(pieces[0].encode())
    for piece in pieces[1:]:
        out.append(int(piece[:2], 16))
        out.extend(piece[2:].encode())
    return bytes(out)


def account_id(group, user):
    """16 hexadecimal digits for the group's name and the user's octets."""
    digest = hashlib.sha256(group.encode() + b"\0" + user).digest()
    return binascii.hexlify(digest[:ID_OCTETS]).decode()
