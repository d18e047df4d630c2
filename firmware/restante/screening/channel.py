"""One connection to the screen process: one request, one reply.

Its rule: every wait has a deadline, and close() is always safe.  It raises OSError and does not
know what the octets mean.
"""

import _sys

from restante import loop


class Channel:
    def __init__(self, path):
        """Connects; OSError if nobody listens or the queue is full."""
        self._fd = _sys.unix_connect(path, seq=True)

    async def ask(self, request, fds, reply, ms):
        """Sends, with the descriptors `fds`, at most two; the octets put into `reply`.

        0: closed without a reply.  OSError(ETIMEDOUT) after `ms`.
        """
        if fds:
            _sys.send_fd(self._fd, request, *fds)
        else:
            _sys.write(self._fd, request, 0, len(request))
        await loop.readable(self._fd, ms)
        return _sys.read(self._fd, reply, 0, len(reply)) or 0

    def close(self):
        if self._fd >= 0:
            _sys.close(self._fd)
            self._fd = -1
