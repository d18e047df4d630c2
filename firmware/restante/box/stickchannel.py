"""The gate's connection to the stick's reader (programs/stick.py).

Its rule: every wait has a deadline.  It does not know what is said (update/stickwire.py).
"""

import errno

import _sys

from restante import loop

# A stick that must be read again and again gives each piece late; one that is stuck keeps the
# kernel trying for minutes, which nobody waits for.
ANSWER_MS = 15000


class StickChannel:
    def __init__(self, path):
        self._path = path

    def open(self):
        """A connection, or None: there is no reader at this moment."""
        try:
            return _Peer(_sys.unix_connect(self._path, seq=True))
        except OSError:
            return None


class _Peer:
    def __init__(self, fd):
        self._fd = fd
        self._reply = None

    async def ask(self, request, octets):
        """The reply, a view until the next one; b"": the reader has ended.  OSError(ETIMEDOUT)."""
        if self._reply is None:
            self._reply = bytearray(octets)
        try:
            _sys.write(self._fd, request, 0, len(request))
            await loop.readable(self._fd, ANSWER_MS)
            n = _sys.read(self._fd, self._reply, 0, octets) or 0
        except OSError as error:
            if error.args[0] == errno.ETIMEDOUT:
                raise
            return b""
        return memoryview(self._reply)[:n]

    def close(self):
        _sys.close(self._fd)
