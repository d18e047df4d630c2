"""A stick as a server of files: what download.py asks a Fetcher for, asked of the stick's reader.

Pure: the channel comes in.  Each octet is asked for once and goes into the part's file of the
box, where it is judged: nothing is read a second time from a medium that may have changed.
"""

from restante.update import http, index, stickwire
from restante.update.fault import StickError


class StickFetcher:
    """`channel.open()` gives a connection: `await ask(request, octets)` gives a reply of at most
    so many octets (a view until the next one), b"" from a reader that ended; `close()`.  OSError:
    no reply came in time."""

    def __init__(self, channel):
        self._channel = channel
        self._peer = None

    async def who(self):
        """The mark of the stick that is in, "" if none is.  StickError."""
        peer = self._channel.open()
        if peer is None:
            return ""
        try:
            mark = stickwire.text_of(await _reply(peer, b"who"))
        finally:
            peer.close()
        return mark[: stickwire.MARK_OCTETS]

    async def leave(self):
        """The reader lets go of the stick."""
        peer = self._channel.open()
        if peer is not None:
            try:
                await _reply(peer, b"leave")
            finally:
                peer.close()

    async def begin(self):
        """One connection for all that follows, until end().  StickError."""
        self._peer = self._channel.open()
        if self._peer is None:
            raise stickwire.gone()

    def end(self):
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    async def open(self, name, limit, buffer, etag="", start=0, match=""):
        """An Answer, as of Fetcher.open().  StickError."""
        request = b"index" if name == index.FILE else b"open " + name.encode()
        octets = stickwire.number_of(await self._ask(request))
        if octets > limit:
            raise StickError(
                "%s has %d octets; %d at most are allowed" % (name, octets, limit),
                "copy to the stick what `restante bundle publish` made",
            )
        return Answer(self._ask, octets, start)

    async def _ask(self, request):
        if self._peer is None:
            raise stickwire.gone()
        return await _reply(self._peer, request)


async def _reply(peer, request):
    try:
        return await peer.ask(request, stickwire.REPLY_OCTETS)
    except OSError:
        raise stickwire.late()


class Answer:
    """The octets of one file, from `start` on."""

    etag = ""

    def __init__(self, ask, octets, start):
        self.status = http.OK if not start else http.PARTIAL
        if start > octets:
            self.status = http.NOT_SATISFIABLE
        self.length = max(0, octets - start)
        self._ask = ask
        self._at = start
        self._end = octets

    async def next(self):
        """The next octets, until the next call; None: that was all."""
        n = min(stickwire.PIECE_OCTETS, self._end - self._at)
        if n <= 0:
            return None
        reply = await self._ask(b"read %d %d" % (self._at, n))
        stickwire.check_octets(reply, n)
        self._at += n
        return memoryview(reply)[1:]

    def close(self):
        """The file stays open at the reader until the next one is asked for."""
