"""Keeps a client waiting that fetches a message which is not judged yet.

Its rule: nothing before +OK; after it only complete lines `X-Restante-Wait: n`, only if the
message's own first line is a header field, never after the cap.  Then the connections are shut
down: no final line, so the client knows that it has no message.  It never waits itself: the
ticker calls it, and what the system does not take at once is kept for the next time.
"""

from time import ticks_add, ticks_diff, ticks_ms

from restante.errors import RestanteError
from restante.mail import header

_OK = b"+OK message follows\r\n"


class Patience:
    def __init__(self, session, settings, ticker):
        self.begun = False  # +OK was said: the answer can no longer be an error
        self.over = False  # the cap has passed, or the client has gone
        self._session = session
        self._interval = settings.get("delivery keep-alive") * 1000
        self._cap = settings.get("delivery keep-alive-cap") * 1000
        self._ticker = ticker
        self._body = None
        self._unsent = b""
        self._lines = 0
        now = ticks_ms()
        self._next = ticks_add(now, self._interval)
        self._until = ticks_add(now, self._cap)
        ticker.add(self)

    def follow(self, body):
        """The origin said +OK: `body` (pop3/dots.py) is what comes now."""
        self._body = body

    def tick(self, now):
        if self.over:
            return
        if ticks_diff(now, self._until) >= 0:
            self.over = True
            self._session.shutdown()
            return
        if ticks_diff(now, self._next) >= 0:
            self._next = ticks_add(now, self._interval)
            self._line()

    def _line(self):
        if self._body is None or header.field_name(self._body.head) is None:
            return
        text = b"" if self.begun else _OK
        self.begun = self._session.in_body = True
        self._lines += 1
        self._unsent += text + b"X-Restante-Wait: %d\r\n" % self._lines
        try:
            self._unsent = self._unsent[self._session.client.write_now(self._unsent) :]
        except RestanteError:
            self.over = True
            self._session.shutdown()

    async def end(self):
        """The wait is over: sends what is left of the last line."""
        self.close()
        if self._unsent:
            await self._session.client.write(self._unsent)
            self._unsent = b""

    def close(self):
        """No more lines.  May be repeated."""
        if self._ticker is not None:
            self._ticker.remove(self)
            self._ticker = None
