"""A user name and a password that a client offers, from USER/PASS, PLAIN or LOGIN.  Pure.

Its rule: the password is kept here only, for as long as one login takes; wipe() overwrites it.
"""

import binascii

from restante.accounts.state import LOGIN_LOGIN, LOGIN_PLAIN

# What AUTH LOGIN asks: "Username:" and "Password:".
ASK_USER = b"+ VXNlcm5hbWU6"
ASK_PASSWORD = b"+ UGFzc3dvcmQ6"
ASK_BOTH = b"+ "

MECHANISMS = (b"PLAIN", b"LOGIN")


class Offer:
    """`user`: octets; `how`: LOGIN_USER, LOGIN_PLAIN or LOGIN_LOGIN."""

    def __init__(self, user, password, how):
        self.user = user
        self.password = bytearray(password)
        self.how = how

    def wipe(self):
        for i in range(len(self.password)):
            self.password[i] = 0


class Exchange:
    """One AUTH PLAIN or LOGIN with a client; `challenge` is to be said, b"": it is complete."""

    def __init__(self, mechanism, initial):
        self.challenge = ASK_BOTH if mechanism == b"PLAIN" else ASK_USER
        self.offer = None  # after the last response
        self._plain = mechanism == b"PLAIN"
        self._user = None
        if initial is not None:
            self.response(b"" if initial == b"=" else initial)

    def response(self, line):
        """A line of the client in base64.  ValueError: it is none, or not for this mechanism."""
        octets = binascii.a2b_base64(line)
        if self._plain:
            self._both(octets)
        elif self._user is None:
            self._user = octets
            self.challenge = ASK_PASSWORD
        else:
            self._done(self._user, octets, LOGIN_LOGIN)

    def _both(self, octets):
        # RFC 4616: authorization identity NUL authentication identity NUL password.
        parts = octets.split(b"\0")
        # To act for another user is not known at POP3 servers of providers; it is refused.
        if len(parts) != 3 or parts[0] not in (b"", parts[1]):
            raise ValueError("not as RFC 4616 has it")
        self._done(parts[1], parts[2], LOGIN_PLAIN)

    def _done(self, user, password, how):
        self.challenge = b""
        self.offer = Offer(user, password, how)
