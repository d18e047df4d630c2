"""One client's session in pass-through: commands in, the origin's answers out.

Its rule: the client's engine says what is allowed when, the origin says whether it worked, and
messages go through `Delivery`.  It does not know how a message is screened.  Secrets pass through
here and are never recorded.
"""

import time

from restante import log
from restante.errors import OriginError, ProtocolError, StoreError
from restante.limits import CAPA_LINES
from restante.log.alarms import TUNNEL
from restante.pop3 import capabilities
from restante.pop3 import commands as c
from restante.pop3.events import CHALLENGE, COMMAND, END, LINE, NEED_DATA, REFUSED
from restante.pop3.server import ServerEngine
from restante.relay import login, tunnel
from restante.relay.endings import Abandoned, ClientGone
from restante.relay.leg import Leg
from restante.relay.origin import Origin
from restante.relay.released import Released

CRLF = b"\r\n"
FINAL = b".\r\n"

# What `show sessions` says of mail that passes unseen.
NOT_SCREENED = "not screened"

_LOOP = (
    b"-ERR [SYS/PERM] this is the mail gateway itself, not a mail server;"
    b" enter the mail server of your provider in your mail program"
)
_NO_STLS = b"-ERR STLS is refused here by policy: mail in a tunnel cannot be screened"
_NOT_RECORDED = b"-ERR [SYS/TEMP] released messages could not be marked as fetched"
# Octets of a LIST or UIDL that are passed on: 200,000 messages (limits.LISTING_LINES) of 80.
LISTING_OCTETS = 16777216


class Session:
    """`services` is what programs/gate.py made: settings, ticker, own addresses, screening."""

    def __init__(self, services, sock, address, local, destination):
        self.id = services.next_id()
        self.client_address = address
        self.local = local  # (address, port) that accepted it
        self.destination = destination  # (address, port) that the client wanted
        self.account = ""
        self.user = ""
        self.state = "greeting"
        self.note = services.note
        self.started = time.time()
        self.messages = 0
        self.services = services
        self.client = Leg(sock, "the client", ClientGone)
        self.engine = ServerEngine()
        self.origin = Origin(destination[0], destination[1], services.settings)
        self.in_body = False  # a body has begun: an error can only be shown by closing
        self._sasl = None
        self._idle_ms = services.settings.get("sessions idle-timeout") * 1000
        self.delivery = services.delivery(self)
        self.released = Released(self, services.quarantine)
        self._handlers = {
            c.CAPA: self._capa,
            c.AUTH: self._auth,
            c.STLS: self._stls,
            c.QUIT: self._quit,
            c.LIST: self._listing,
            c.UIDL: self._listing,
            c.LANG: self._listing,
            c.RETR: self.delivery.retr,
            c.TOP: self.delivery.top,
            c.DELE: self.delivery.dele,
            c.STAT: self._stat,
            c.RSET: self._rset,
        }

    def snapshot(self):
        """What `show sessions` shows of it."""
        return {
            "id": self.id,
            "client": self.client_address,
            "account": self.account,
            "origin": "%s:%d" % self.destination,
            "state": self.state + (", " + self.note if self.note else ""),
            "seconds": int(time.time() - self.started),
            "messages": self.messages,
            "octets": self.client.octets_out,
        }

    async def run(self):
        try:
            await self._converse()
        except ClientGone as error:
            log.record(log.DEBUG, "session.gone", client=self.client_address, why=str(error))
        except Abandoned as error:
            self._record(log.WARNING, "session.abandoned", why=str(error))
        except OriginError as error:
            log.counters.add("origin_failures")
            self._record(log.WARNING, "origin.failed", why=str(error))
            await self._last_words(b"-ERR [SYS/TEMP] " + str(error).encode())
        except ProtocolError as error:
            self._record(log.WARNING, "client.protocol", why=str(error))
            await self._last_words(b"-ERR " + str(error).encode())
        self._record(log.INFO, "session.end", messages=self.messages, note=self.note)

    def shutdown(self):
        self.client.shutdown()
        if self.origin.leg is not None:
            self.origin.leg.shutdown()

    def close(self):
        self.delivery.close()
        self.origin.close()
        self.client.close()

    async def say(self, line):
        """One line to the client."""
        await self.client.write(line + CRLF)

    async def _last_words(self, line):
        """The cause, unless a body has begun: then the missing final line says it."""
        if self.in_body:
            return
        try:
            await self.say(line)
        except ClientGone as error:
            log.record(log.DEBUG, "session.gone", client=self.client_address, why=str(error))

    def _record(self, level, event, **fields):
        log.record(
            level,
            event,
            client=self.client_address,
            account=self.account,
            origin="%s:%d" % self.destination,
            **fields,
        )

    async def _converse(self):
        self.client.within(self._idle_ms, "its next command")
        if self.services.is_own(self.destination, self.local):
            self._record(log.WARNING, "session.loop")
            await self.say(_LOOP)
            return
        await self.say(await self.origin.connect())
        if not self.origin.engine.ok:
            self._record(log.WARNING, "origin.refused")
            return
        self.state = "authorization"
        while self.engine.state != c.ENDED and self.engine.state != c.TUNNEL:
            event = await self._client_event()
            if event is None:
                return  # RULES R7: no QUIT, so none for the origin either
            if event == REFUSED:
                await self.say(self.engine.reply)
            elif event == COMMAND:
                await self._command()

    async def _command(self):
        if self.released.owns(self.engine.number):
            await self.released.answer()
        else:
            await self._handlers.get(self.engine.command, self._single)()

    async def _client_event(self):
        """The next event of the client; None when it has ended."""
        # Once for a whole command: one octet now and then does not keep a session alive.
        self.client.within(self._idle_ms, "its next command")
        while True:
            event = self.engine.next_event()
            if event != NEED_DATA:
                return event
            n = await self.client.read(self.engine.room())
            if not n:
                return None
            self.engine.filled(n)

    async def answer(self, ok, line):
        """Ends a command: the line to the client, the state to the engine."""
        await self.say(line)
        self.engine.replied(ok)

    async def _single(self):
        """One line there, one line back."""
        if self.engine.command == c.USER:
            self.user = login.name(self.engine.argument)
        elif self.engine.command == c.APOP:
            self.user = login.of_apop(self.engine.argument)
        await self.origin.ask(self.engine.outgoing)
        await self._answer_from_origin()

    async def _answer_from_origin(self):
        was = self.engine.state
        ok = self.origin.engine.ok
        line = self.origin.engine.line
        if ok and self.engine.command in (c.PASS, c.APOP, c.AUTH):
            await self._logged_in()
        await self.answer(ok, line)
        if self.engine.state == c.TRANSACTION and was != c.TRANSACTION:
            self.state = "transaction"

    async def _logged_in(self):
        if self.user:
            self.account = "%s @ %s:%d" % (self.user, self.destination[0], self.destination[1])
        self._record(log.INFO, "session.login")
        await self.released.begin()

    async def _listing(self):
        """LIST, UIDL, LANG: a line, or lines that are passed on as they are."""
        shape = self.engine.shape
        await self.origin.send(self.engine.outgoing, shape)
        await self.origin.event()
        if shape == c.BODY and self.origin.engine.ok:
            await self.relay_body(LISTING_OCTETS)
        else:
            await self.say(self.origin.engine.line)
        self.engine.replied(self.origin.engine.ok)

    async def _stat(self):
        await self.origin.ask(self.engine.outgoing)
        ok = self.origin.engine.ok
        line = self.origin.engine.line
        await self.answer(ok, self.released.stat(line) if ok else line)

    async def _rset(self):
        await self.origin.ask(self.engine.outgoing)
        if self.origin.engine.ok:
            self.released.reset()
        await self.answer(self.origin.engine.ok, self.origin.engine.line)

    async def relay_body(self, limit=0):
        """The origin's first line and its body, passed on as they come, up to `limit` octets."""
        await self.begin_body(self.origin.engine.line)
        body = self.origin.engine.body
        while await self.origin.event() != END:
            await self.client.write(body.chunk, body.chunk_start, body.chunk_end)
            if limit and body.octets > limit:
                raise OriginError("a listing of more than %d octets" % limit)
        await self.client.write(self.released.more_lines(self.engine.command))
        await self.end_body()

    async def begin_body(self, line):
        self.client.each_within(self._idle_ms, "taking what it asked for")
        self.in_body = True
        await self.say(line)

    async def end_body(self):
        await self.client.write(FINAL)
        self.in_body = False

    async def send_message(self, line, segments, fd):
        """+OK and a message in wire form: ranges of `fd`, or octets.  `line` None: was said."""
        if line is not None:
            await self.begin_body(line)
        for segment in segments:
            if isinstance(segment, bytes):
                await self.client.write(segment)
            else:
                await self.client.send_file(fd, segment[0], segment[1])
        await self.end_body()

    async def _capa(self):
        """What the origin offers and works here.  An origin without CAPA is passed on as it is."""
        lines = []
        if await self.origin.ask(b"CAPA\r\n", c.LISTING):
            while await self.origin.event() == LINE:
                if len(lines) == CAPA_LINES:
                    raise OriginError(
                        "the mail server lists more than %d capabilities" % CAPA_LINES
                    )
                lines.append(self.origin.engine.line)
            tunnels = self.services.settings.get("interception starttls") == "tunnel"
            offered = capabilities.offered(lines, tunnels)
            text = b"".join(line + CRLF for line in offered)
            await self.client.write(b"+OK capabilities follow\r\n" + text + FINAL)
        else:
            await self.say(self.origin.engine.line)
        self.engine.replied(self.origin.engine.ok)

    async def _auth(self):
        """AUTH: the exchange is the origin's and the client's; lines are passed between them."""
        engine = self.engine
        if engine.shape == c.BODY:
            await self._listing()
            return
        self._sasl = login.Sasl(engine.argument.split(b" ", 1)[0], engine.initial)
        await self.origin.send(engine.outgoing, c.EXCHANGE)
        while await self.origin.event() == CHALLENGE:
            await self.say(self.origin.engine.line)
            engine.challenge()
            if await self._client_event() is None:
                raise ClientGone("the client closed while it logged in")
            if engine.argument is not None:
                self._sasl.response(engine.argument)
            await self.origin.more(engine.outgoing)
        self.user = self._sasl.user
        await self._answer_from_origin()

    async def _stls(self):
        if self.services.settings.get("interception starttls") != "tunnel":
            await self.answer(False, _NO_STLS)
            return
        if not await self.origin.ask(self.engine.outgoing):
            await self.answer(False, self.origin.engine.line)
            return
        self._drop_plaintext()
        await self.answer(True, self.origin.engine.line)
        self.state = "tunnel"
        self.note = NOT_SCREENED
        log.counters.add("tunnels")
        log.alarms.set(
            TUNNEL, "mail for %s passed in a tunnel, not screened" % self.client_address
        )
        self._record(log.WARNING, "session.tunnel", note=NOT_SCREENED)
        await tunnel.run(self.client, self.origin.leg, self._idle_ms)

    def _drop_plaintext(self):
        """What either side said before the handshake does not count (RFC 2595 §4, RULES R20)."""
        self.engine.forget()
        self.client.drop_unread(self.engine.room())
        self.origin.engine.forget()
        self.origin.leg.drop_unread(self.origin.engine.room())

    async def _quit(self):
        await self.origin.ask(self.engine.outgoing)
        line = self.origin.engine.line
        if self.origin.engine.ok:
            try:
                await self.released.ended()
            except StoreError as error:
                self._record(log.ERROR, "released.not-recorded", why=str(error))
                line = _NOT_RECORDED
        await self.say(line)
        # A -ERR means that some deletions were not done (RFC 1939 §6); it ends either way.
        self.engine.replied(True)
