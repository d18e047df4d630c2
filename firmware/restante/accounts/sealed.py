"""Passwords at rest: sealed with XChaCha20-Poly1305 for one account.  Pure, given `_crypto`.

Its rule: what it gives out is bound to the account's id, and its size tells the password's length
in steps only.  A password is in memory only while somebody has asked for it.
"""

from restante.compat import const

KEY_OCTETS = const(32)
NONCE_OCTETS = const(24)
# Longer ones do not fit a command line (limits.COMMAND_OCTETS), so no client sends them.
PASSWORD_OCTETS = const(512)
# Octets that a sealed password is filled up to a multiple of.
STEP_OCTETS = const(64)
_LENGTH_OCTETS = const(2)

# What the device key is made into: another purpose is another key.
PURPOSE = b"accounts: passwords at rest, 1"


class Sealer:
    """`crypto`: the module _crypto; `device_key`: 32 octets, or None: nothing can be sealed."""

    def __init__(self, crypto, device_key):
        self._crypto = crypto
        self._key = crypto.derive(device_key, PURPOSE) if device_key is not None else None

    @property
    def usable(self):
        return self._key is not None

    def seal(self, id, password):
        """Octets that can be kept; `id`: the account's, a str."""
        nonce = self._crypto.random(NONCE_OCTETS)
        length = len(password)
        filled = -(_LENGTH_OCTETS + length) % STEP_OCTETS
        plain = bytes((length >> 8, length & 255)) + password + bytes(filled)
        return nonce + self._crypto.seal(self._key, nonce, id.encode(), plain)

    def open(self, id, sealed):
        """The password, or None: another key, another account, or damaged."""
        if self._key is None:
            return None
        nonce = sealed[:NONCE_OCTETS]
        try:
            plain = self._crypto.open(self._key, nonce, id.encode(), sealed[NONCE_OCTETS:])
        except ValueError:
            return None
        length = plain[0] << 8 | plain[1]
        return plain[_LENGTH_OCTETS : _LENGTH_OCTETS + length]

    def same(self, one, other):
        """Constant time; None is never the same."""
        return one is not None and other is not None and self._crypto.same(one, other)

    def __repr__(self):
        return "<Sealer>"
