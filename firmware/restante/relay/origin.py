"""The connection to the origin: commands out, their answers as events, in order.

Its rule: whatever goes wrong there is an OriginError whose text may be shown to the client.  It
decides nothing about messages.
"""

from restante.errors import OriginError, ProtocolError
from restante.inet import sockaddr
from restante.pop3.client import ClientEngine
from restante.pop3.commands import SINGLE
from restante.pop3.events import NEED_DATA
from restante.relay.leg import Leg, stream_socket


class Origin:
    def __init__(self, address, port, settings):
        self.engine = ClientEngine()
        who = "the mail server %s port %d" % (address, port)
        self.leg = Leg(stream_socket(), who, OriginError)
        self._place = sockaddr(address, port)
        self._connect_ms = settings.get("origin connect-timeout") * 1000
        self.reply_ms = settings.get("origin reply-timeout") * 1000

    async def connect(self, ms=0):
        """Connects and reads the greeting: its +OK or -ERR line.  OriginError.

        `ms`: for both together; 0: as the settings say.
        """
        self.leg.within(ms or self._connect_ms, "the connection")
        await self.leg.connect(self._place)
        if not ms:
            self.leg.each_within(self.reply_ms, "its greeting")
        await self.event()
        return self.engine.line

    async def event(self):
        """The next event of the answer in progress.  OriginError."""
        try:
            while True:
                event = self.engine.next_event()
                if event != NEED_DATA:
                    return event
                n = await self.leg.read(self.engine.room())
                if not n:
                    raise OriginError("the mail server closed the connection")
                self.engine.filled(n)
        except ProtocolError as error:
            raise OriginError(str(error))

    async def send(self, outgoing, *shapes):
        """Sends commands, mostly one, whose answers have these shapes.  OriginError."""
        self._expect_silence()
        try:
            self.engine.expect(*shapes)
        except ProtocolError as error:
            raise OriginError(str(error))
        self.leg.each_within(self.reply_ms, "its answer")
        await self.leg.write(outgoing)

    async def more(self, outgoing):
        """Sends a continuation of the exchange in progress.  OriginError."""
        self.leg.each_within(self.reply_ms, "its answer")
        await self.leg.write(outgoing)

    async def ask(self, outgoing, shape=SINGLE):
        """Sends a command and awaits the first line of its answer: True for +OK.  OriginError."""
        await self.send(outgoing, shape)
        return await self.answer()

    async def answer(self):
        """Awaits the first line of the next answer: True for +OK.  OriginError."""
        self.leg.each_within(self.reply_ms, "its answer")
        await self.event()
        return self.engine.ok

    def _expect_silence(self):
        """What arrived without being asked for must not become the answer to the next command."""
        n = self.leg.read_now(self.engine.room())
        if n == 0:
            raise OriginError("the mail server closed the connection")
        if n:
            self.engine.filled(n)

    def close(self):
        self.leg.close()
