"""Who logs in: the user name in USER, APOP and the SASL mechanisms that say it in clear.  Pure.

Its rule: it gives names, never secrets, and it never fails: what cannot be read is no name.
"""

import binascii

# Octets of a user name that are kept: e-mail addresses have 254 at most (RFC 5321).
USER_OCTETS = 254

_BY_NAME = (b"PLAIN", b"LOGIN")


def _decoded(text):
    try:
        return binascii.a2b_base64(text)
    except ValueError:
        return b""


def name(octets):
    """Printable text of a user name, bounded."""
    return "".join(chr(o) if 32 < o < 127 else "?" for o in octets[:USER_OCTETS])


def of_apop(argument):
    """APOP's argument is "name digest"."""
    return name(argument.rsplit(b" ", 1)[0])


class Sasl:
    """Follows one exchange; `user` is the name once it was said."""

    def __init__(self, mechanism, initial):
        self.user = ""
        self._mechanism = mechanism if mechanism in _BY_NAME else None
        self._done = False
        if initial is not None:
            self.response(initial)

    def response(self, line):
        """A line of the client: base64."""
        if self._done or not self._mechanism or line in (b"", b"=", b"*"):
            return
        self._done = True
        octets = _decoded(line)
        if self._mechanism == b"LOGIN":
            self.user = name(octets)
        else:
            # PLAIN (RFC 4616): authorization identity NUL authentication identity NUL password.
            parts = octets.split(b"\0")
            if len(parts) == 3:
                self.user = name(parts[1])
