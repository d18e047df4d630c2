"""Who logs in: the user name in USER, APOP and the SASL mechanisms that say it in clear.  Pure.

Its rule: it gives names, never secrets, and it never fails: what cannot be read is no name.  Two
different names never become the same text, because held mail is given out by it.
"""

import binascii

from restante.accounts.names import name

_BY_NAME = (b"PLAIN", b"LOGIN")


def of_apop(argument):
    """APOP's argument is "name digest"."""
    return name(argument[: max(0, argument.rfind(b" "))])


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
        try:
            octets = binascii.a2b_base64(line)
        except ValueError:
            return
        if self._mechanism == b"LOGIN":
            self.user = name(octets)
            return
        # PLAIN (RFC 4616): authorization identity NUL authentication identity NUL password.
        parts = octets.split(b"\0")
        if len(parts) == 3:
            self.user = name(parts[0] or parts[1])
