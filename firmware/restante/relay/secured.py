"""A leg in TLS.  The peer is verified before an octet of ours is sent or one of its own is shown.

Its rule: the arithmetic of a handshake runs in the helper thread, since it would keep all other
sessions waiting; records are worked on at once.  It does not know what goes through it.
"""

from time import ticks_diff, ticks_ms

import _tls

from restante import loop
from restante.relay import tlsfaults
from restante.relay.leg import Leg


class SecuredLeg(Leg):
    """As Leg; secure() it as soon as it is connected."""

    def __init__(self, sock, who, lost):
        super().__init__(sock, who, lost)
        self._host = ""
        self._session = None

    async def secure(self, helper, host, roots, pins):
        """The handshake as a client, with `host`; raises `lost`.  (version, cipher suite, ms).

        `roots`: path of the list of CAs; `pins`: SHA-256 of public keys, joined; if there are any,
        they count and the list does not.
        """
        self._host = host
        began = ticks_ms()
        try:
            self._session = _tls.client(self._fd, host, roots, pins)
        except OSError as error:
            raise self._lost(
                "%s: no TLS session can be made: error %d" % (self._who, error.args[0])
            )
        result = await self._step(helper)
        while result:
            self._check_time()
            await self._wait(loop.readable if result == _tls.WANT_READ else loop.writable)
            result = await self._step(helper)
        version, suite = self._session.kind()
        return version, suite, ticks_diff(ticks_ms(), began)

    async def _step(self, helper):
        left = max(1, ticks_diff(self._until, ticks_ms()))
        try:
            await helper.handshake(self._session, left)
        except OSError:  # too late, or the helper thread has too much to do
            raise self._lost("%s: %s took too long" % (self._who, self._what))
        return self._checked(self._session.result())

    def _checked(self, result):
        if result == _tls.FAILED:
            why = tlsfaults.words(self._session.why(), self._host)
            raise self._lost("%s: %s" % (self._who, why))
        return result

    def read_now(self, room):
        n = self._checked(self._session.read(room))
        if n < 0:  # it waits for the peer; renegotiation, which would write, is not there
            self._check_time()
            return None
        self.octets_in += n
        return n

    def _check_time(self):
        """Octets that mean nothing keep the descriptor readable, so no wait would end."""
        if ticks_diff(self._until, ticks_ms()) <= 0:
            raise self._lost("%s: %s took too long" % (self._who, self._what))

    def write_now(self, view):
        n = max(0, self._checked(self._session.write(view)))
        self.octets_out += n
        if n:
            self.renew()
        return n

    def write_ahead(self, data):
        return data

    async def send_file(self, fd, start, end):
        raise NotImplementedError  # the system's sendfile would send it in the clear

    def close(self):
        if self._session is not None:
            self._session.close()
            self._session = None
        super().close()
