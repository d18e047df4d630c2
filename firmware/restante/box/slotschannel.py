"""The gate's question to `slots` (programs/slots.py): a word, and a dict comes back.

Its rule: every wait has a deadline.  It does not know what the words mean.
"""

import json

import _sys

from restante import loop

REPLY_OCTETS = 4096
# 4 MiB are read three times, written and read back, on a slow card; less than who asks at the
# console waits (control/server.py).
ANSWER_MS = 80000


class SlotsChannel:
    def __init__(self, path):
        self._path = path

    async def ask(self, words):
        """The reply; OSError if nobody answers."""
        fd = _sys.unix_connect(self._path, seq=True)
        try:
            request = words.encode()
            _sys.write(fd, request, 0, len(request))
            await loop.readable(fd, ANSWER_MS)
            reply = bytearray(REPLY_OCTETS)
            n = _sys.read(fd, reply, 0, REPLY_OCTETS) or 0
        finally:
            _sys.close(fd)
        try:
            return json.loads(bytes(reply[:n]).decode())
        except ValueError:
            raise OSError(5)
