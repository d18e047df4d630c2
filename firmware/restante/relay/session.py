"""One client's session: its life from the greeting to the end.

Its rule: the client's engine says what is allowed when, the origin or the store says whether it
worked.  What a command does is in plain.py, entry.py, message.py and released.py; for an origin
of a group in admission.py and served.py.  Secrets pass through here and are never recorded.
"""

from time import ticks_diff, ticks_ms

from restante import log
from restante.errors import OriginError, ProtocolError
from restante.pop3 import commands as c
from restante.pop3.events import COMMAND, END, NEED_DATA, REFUSED
from restante.pop3.server import ServerEngine
from restante.relay import capa, greeting
from restante.relay.admission import Admission
from restante.relay.endings import Abandoned, ClientGone
from restante.relay.entry import Entry
from restante.relay.leg import Leg
from restante.relay.plain import Plain
from restante.relay.released import Released

CRLF = b"\r\n"
FINAL = b".\r\n"

_LOOP = (
    b"-ERR [SYS/PERM] this is the mail gateway itself, not a mail server;"
    b" enter the mail server of your provider in your mail program"
)
# Wait for a client to take our last words and to close, in ms.
_FAREWELL_MS = 2000


class Session:
    """`services`: what programs/gate.py made (Services there)."""

    def __init__(self, services, sock, address, local, destination):
        self.id = services.next_id()
        self.client_address = address
        self.local = local  # (address, port) that accepted it
        self.destination = destination  # (address, port) that the client wanted
        self.group = services.groups.of(*destination)  # of the accounts; None: pass-through
        self.account = ""  # once logged in, if the name was said in clear: logged_in()
        self.state = "greeting"  # authorization, transaction, served or tunnel; for people
        self.note = services.note  # why mail of this session is not screened
        self.messages = 0  # retrieved
        self.deleted = 0  # in pass-through
        self.services = services
        self.settings = services.settings  # those it began with, to its end
        self.idle_ms = self.settings.get("sessions idle-timeout") * 1000
        self.client = Leg(sock, "the client", ClientGone)
        self.engine = ServerEngine()
        self.origin = None  # the connection to it: reach()
        self.unreachable = False  # it was not there when this session began
        self.learned = None  # Account whose first listing waits for the end of this session
        self.served = None  # Served, once the store has taken over
        self.in_body = False  # a body has begun: an error can only be shown by closing
        self.released = Released(self, services.quarantine)
        self._begun = ticks_ms()
        self._delivery = services.delivery(self)
        self._plain = Plain(self)
        self._handlers = self._plain.handlers()
        self._handlers[c.CAPA] = self._capa
        entry = Entry(self) if self.group is None else Admission(self)
        self._handlers.update(entry.handlers())
        self._handlers.update(self._delivery.handlers())

    def snapshot(self):
        """What `show sessions` shows of it."""
        return {
            "id": self.id,
            "client": self.client_address,
            "account": self.account,
            "origin": "%s:%d" % self.destination,
            "state": self.state + (", " + self.note if self.note else ""),
            "seconds": ticks_diff(ticks_ms(), self._begun) // 1000,
            "messages": self.messages,
            "octets": self.client.octets_out,
        }

    async def run(self):
        polite = False
        try:
            await self._until_end()
            polite = True
        finally:
            if self.served is not None:
                self.client.end()  # it need not wait until the origin is left
                await self.served.end(polite)
            elif self.learned is not None:
                self._hand_over()

    def _hand_over(self):
        """The account of this session in pass-through is the collector's from now on."""
        collector = self.services.collector
        if self.engine.state == c.ENDED and self.deleted < self.messages:
            collector.left_mail(self.learned)
        collector.poke(self.learned)

    async def _until_end(self):
        try:
            await self._converse()
        except ClientGone as error:
            self.record(log.DEBUG, "session.gone", why=str(error))
        except Abandoned as error:
            self.record(log.WARNING, "session.abandoned", why=str(error))
        except OriginError as error:
            log.counters.add("origin_failures")
            self.record(log.WARNING, "origin.failed", why=str(error))
            await self._last_words(b"-ERR [SYS/TEMP] " + str(error).encode())
        except ProtocolError as error:
            self.record(log.WARNING, "client.protocol", why=str(error))
            await self._last_words(b"-ERR " + str(error).encode())
        self.record(
            log.INFO, "session.end", state=self.state, messages=self.messages, note=self.note
        )

    def shutdown(self):
        """Ends both connections; the session's task then ends by itself."""
        self.client.shutdown()
        if self.origin is not None:
            self.origin.leg.shutdown()

    def close(self):
        self._delivery.close()
        self.released.close()
        self.part()
        self.client.close()

    async def reach(self, ms=0):
        """The connection to the origin, made if there is none.  OriginError.

        `ms`: for the connection and the greeting; 0: as the settings say.  In a group an origin
        that greets with -ERR is one that does not answer.
        """
        if self.origin is None:
            self.origin = self.services.origin(*self.destination)
            try:
                line = await self.origin.connect(ms)
                if self.group is not None and not self.origin.engine.ok:
                    raise OriginError("the mail server refuses: " + str(line, "ascii"))
            except BaseException:
                self.part()
                raise
        return self.origin

    def part(self):
        """Closes the connection to the origin, if there is one."""
        if self.origin is not None:
            self.origin.close()
            self.origin = None

    def logged_in(self, user):
        """`user`: as names.py writes it.  The account is the group's, or the place's."""
        if user:
            place = "%s:%d" % self.destination if self.group is None else self.group.name
            self.account = "%s @ %s" % (user, place)
        self.state = "transaction"

    def passes(self, user, why):
        """Logged in, and in pass-through to the end; `why` for the operator."""
        self.logged_in(user)
        self.record(log.INFO, "session.passes")
        self.services.seen.note(user, self.destination, why, self.services.clock())

    def serve(self, served):
        """From now on the store answers, not the origin."""
        self.served = served
        self.state = "served" if served.online else "served, origin offline"
        self._handlers = served.handlers()
        self.services.seen.forget(served.account.user, self.destination)
        self.record(log.DEBUG, "session.served", online=served.online)

    def record(self, level, event, **fields):
        log.record(
            level,
            event,
            client=self.client_address,
            account=self.account,
            origin="%s:%d" % self.destination,
            **fields,
        )

    async def _last_words(self, line):
        """The cause, unless a body has begun: then the missing final line says it."""
        if self.in_body:
            return
        try:
            self.client.within(_FAREWELL_MS, "taking the last line")
            await self.say(line)
            await self.client.farewell()
        except ClientGone as error:
            self.record(log.DEBUG, "session.gone", why=str(error))

    async def _converse(self):
        self.client.within(self.idle_ms, "its next command")
        if self.services.is_own(self.destination, self.local):
            self.record(log.WARNING, "session.loop")
            await self.say(_LOOP)
            return
        if not await greeting.greet(self):
            return
        self.state = "authorization"
        while self.engine.state != c.ENDED and self.engine.state != c.TUNNEL:
            event = await self.client_event()
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
            await self._handlers.get(self.engine.command, self._plain.single)()

    async def _capa(self):
        await capa.answer(self)

    async def client_event(self):
        """The next event of the client; None when it has ended."""
        # Once for a whole command: one octet now and then does not keep a session alive.
        self.client.within(self.idle_ms, "its next command")
        while True:
            event = self.engine.next_event()
            if event != NEED_DATA:
                return event
            n = await self.client.read(self.engine.room())
            if not n:
                return None
            self.engine.filled(n)

    # -- what handlers use to answer

    async def say(self, line):
        """One line to the client."""
        await self.client.write(line + CRLF)

    async def answer(self, ok, line):
        """Ends a command: the line to the client, the state to the engine."""
        await self.say(line)
        self.engine.replied(ok)

    async def begin_body(self, line, follows=False):
        """The first line; if the octets that follow are at hand, it goes out with them."""
        self.client.each_within(self.idle_ms, "taking what it asked for")
        self.in_body = True
        line += CRLF
        if follows:
            line = self.client.write_ahead(line)
        if line:
            await self.client.write(line)

    async def end_body(self):
        await self.client.write(FINAL)
        self.in_body = False

    async def relay_body(self, limit=0, more=b""):
        """The origin's first line and its body as they come, up to `limit` octets; then `more`."""
        await self.begin_body(self.origin.engine.line)
        body = self.origin.engine.body
        while await self.origin.event() != END:
            await self.client.write(body.chunk, body.chunk_start, body.chunk_end)
            if limit and body.octets > limit:
                raise OriginError("a listing of more than %d octets" % limit)
        await self.client.write(more)
        await self.end_body()

    async def send_message(self, line, segments, fd):
        """+OK and a message in wire form: ranges of `fd`, or octets.  `line` None: was said."""
        if line is not None:
            await self.begin_body(line, follows=True)
        for segment in segments:
            if isinstance(segment, bytes):
                await self.client.write(segment)
            else:
                await self.client.send_file(fd, segment[0], segment[1])
        await self.end_body()
