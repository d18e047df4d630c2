"""One file from a server: the name looked up, connection, request, redirects, the answer's octets.

Its rule: no wait is without an end.  A TLS handshake is over in HANDSHAKE_MS, a head is there in
HEAD_MS, however they trickle in; of a body SLICE_OCTETS must arrive in each SLICE_MS, or it is too
slow (FAULTS 67).  It does not know what the files mean.
"""

from restante import log, loop
from restante.errors import ProtocolError
from restante.inet import sockaddr
from restante.relay.leg import Leg, stream_socket
from restante.relay.secured import SecuredLeg
from restante.settings.kinds import is_address, url_parts
from restante.update import http
from restante.update.fault import PollError, Waiting

CONNECT_MS = 15000
HANDSHAKE_MS = 30000
HEAD_MS = 30000
# 256 octets a second: a modem has ten times as much.
SLICE_OCTETS = 7680
SLICE_MS = 30000
# For one answer; what has arrived until then is kept, and the next poll goes on there.
WHOLE_MS = 21600000
# Addresses of a name that are tried.
ADDRESSES = 3


class Fetcher:
    """`addresses(name)`: awaits ([addresses], seconds), Resolver.answer; `is_own(place)`:
    whether an (address, port) is the box itself; `agent`: how the box names itself; `helper`:
    loop.Helper; `roots`: path of the list of CAs; `now()`: None, while the clock is not trusted.

    `pins`: see SecuredLeg.secure.
    """

    def __init__(self, addresses, is_own, agent, helper, roots, now):
        self.pins = b""
        self._addresses = addresses
        self._is_own = is_own
        self._agent = agent
        self._helper = helper
        self._roots = roots
        self._now = now

    async def open(self, url, limit, buffer, etag="", start=0, match=""):
        """An Answer whose head is there; the caller closes it.  PollError, ProtocolError.

        Redirects are followed.  `limit`: octets of the content; others as of http.request().
        """
        for _ in range(http.REDIRECTS + 1):
            answer = await self._asked(url, limit, buffer, etag, start, match)
            if answer.status not in http.MOVED:
                return answer
            answer.close()
            url = http.redirected(url, answer.location)
        raise ProtocolError("the server redirects more than %d times" % http.REDIRECTS)

    async def _asked(self, url, limit, buffer, etag, start, match):
        scheme, host, port, _ = url_parts(url)
        octets = http.request(url, self._agent, etag, start, match)
        if scheme == "https":
            leg = await self._secured(host, port)
        else:
            leg = await self._connected(host, port, Leg)
        answer = Answer(leg, http.Response(limit, start, buffer))
        try:
            await answer.begin(octets)
        except BaseException:
            answer.close()
            raise
        return answer

    async def _secured(self, host, port):
        """A certificate is good for some time, so a clock that is wrong says nothing of it."""
        if self._now() is None:
            raise Waiting("https needs the time, and the clock is not set yet: show status")
        leg = await self._connected(host, port, SecuredLeg)
        try:
            leg.within(HANDSHAKE_MS, "the TLS handshake")
            kind = await leg.secure(self._helper, host, self._roots, self.pins)
        except BaseException:
            leg.close()
            raise
        version, suite, ms = kind
        log.record(log.DEBUG, "update.secured", host=host, version=version, suite=suite, ms=ms)
        return leg

    async def _connected(self, host, port, kind):
        why = None
        for address in (await self._places(host))[:ADDRESSES]:
            if self._is_own((address, port)):
                why = PollError("%s leads back to this box: %s" % (host, address))
                continue
            leg = _leg(address, port, kind)
            try:
                leg.within(CONNECT_MS, "the connection")
                await leg.connect(sockaddr(address, port))
                return leg
            except BaseException as error:
                leg.close()
                if not isinstance(error, PollError):
                    raise
                why = error
        raise why or PollError("the name %s has no address" % host)

    async def _places(self, host):
        if is_address(host):
            return [host]
        try:
            return (await self._addresses(host))[0]
        except (OSError, ProtocolError) as error:
            raise PollError("the name %s cannot be looked up: %s" % (host, error))


def _leg(address, port, kind):
    try:
        return kind(stream_socket(), "the server %s port %d" % (address, port), PollError)
    except OSError as error:
        raise PollError("no connection can be made: error %s" % error.args[0])


class Answer:
    """What the server says; close() it."""

    def __init__(self, leg, response):
        self._leg = leg
        self._response = response
        self._slice = 0  # octets since the last deadline was set
        self._until = None  # of all of the body

    async def begin(self, request):
        self._leg.within(HEAD_MS, "its answer")
        await self._leg.write(request)
        await self._event()
        self._leg.within(SLICE_MS, "the file")
        self._until = loop.Deadline(WHOLE_MS)

    @property
    def status(self):
        return self._response.status

    @property
    def etag(self):
        return self._response.etag

    @property
    def location(self):
        return self._response.location

    @property
    def length(self):
        return self._response.length

    async def next(self):
        """The next octets of the content, until the next call; None: that was all."""
        event = await self._event()
        return self._response.data if event == http.DATA else None

    async def _event(self):
        response = self._response
        event = response.next_event()
        while event == http.NEED_DATA:
            n = await self._leg.read(response.room())
            response.filled(n)
            self._slice += n
            if self._until and self._slice >= SLICE_OCTETS:
                self._renew()
            event = response.next_event()
        return event

    def _renew(self):
        self._slice = 0
        self._leg.within(min(SLICE_MS, self._until.left()), "the file")

    def close(self):
        self._leg.close()
