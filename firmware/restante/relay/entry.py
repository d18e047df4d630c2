"""The way into a maildrop: USER, PASS, APOP, AUTH; and STLS, the way past us.

Its rule: the exchange is the client's and the origin's; lines are passed between them.  The user
name is noted where it is said in clear; secrets are neither kept nor recorded.
"""

import asyncio
from time import ticks_ms

from restante import log
from restante.accounts import seen
from restante.log.alarms import TUNNEL
from restante.pop3 import commands as c
from restante.pop3.events import CHALLENGE
from restante.relay import login, tunnel
from restante.relay.endings import ClientGone

# What `show sessions` says of mail that passes unseen.
NOT_SCREENED = "not screened"

_TOO_MANY = b"-ERR [SYS/TEMP] too many wrong passwords from your computer, try again in a minute"
# Refusals that say nothing about the password (RFC 2449 §8.1, RFC 3206).
_NOT_A_GUESS = (b"-ERR [SYS/", b"-ERR [IN-USE]", b"-ERR [LOGIN-DELAY]")
_OAUTH = (b"XOAUTH2", b"OAUTHBEARER")
_NO_STLS = b"-ERR STLS is refused here by policy: mail in a tunnel cannot be screened"


class Entry:
    def __init__(self, session):
        self._session = session
        self._user = ""
        self._why = seen.NO_GROUP  # why this login does not accelerate

    def handlers(self):
        return {
            c.USER: self.user,
            c.PASS: self.password,
            c.APOP: self.apop,
            c.AUTH: self.auth,
            c.STLS: self.stls,
        }

    async def user(self):
        session = self._session
        self._user = login.name(session.engine.argument)
        await session.origin.ask(session.engine.outgoing)
        await session.answer(session.origin.engine.ok, session.origin.engine.line)

    async def password(self):
        if await self._turn():
            await self._session.origin.ask(self._session.engine.outgoing)
            await self._answer()

    async def apop(self):
        self._user = login.of_apop(self._session.engine.argument)
        self._say_why(seen.APOP)
        if await self._turn():
            await self._session.origin.ask(self._session.engine.outgoing)
            await self._answer()

    async def _turn(self):
        """Waits for this client's turn if it guesses passwords; False if it was refused."""
        session = self._session
        ms = session.services.guesses.wait(session.client_address, ticks_ms())
        if ms < 0:
            session.record(log.WARNING, "login.refused", why="too many wrong passwords")
            await session.answer(False, _TOO_MANY)
            return False
        if ms:
            session.record(log.WARNING, "login.delayed", ms=ms)
            await asyncio.sleep_ms(ms)
        return True

    async def auth(self):
        session = self._session
        engine = session.engine
        origin = session.origin
        if engine.shape != c.BODY and not await self._turn():
            return
        await origin.send(engine.outgoing, engine.shape)
        if engine.shape == c.BODY:
            await self._mechanisms()
            return
        mechanism = engine.argument.split(b" ", 1)[0]
        self._say_why(seen.OAUTH if mechanism in _OAUTH else seen.MECHANISM % mechanism.decode())
        sasl = login.Sasl(mechanism, engine.initial)
        while await origin.event() == CHALLENGE:
            await session.say(origin.engine.line)
            engine.challenge()
            if await session.client_event() is None:
                raise ClientGone("the client closed while it logged in")
            sasl.response(engine.argument)
            await origin.more(engine.outgoing)
        self._user = sasl.user
        await self._answer()

    def _say_why(self, why):
        if self._session.group is not None:
            self._why = why

    async def _mechanisms(self):
        """AUTH alone: a list, which some clients ask for instead of CAPA."""
        session = self._session
        await session.origin.event()
        if session.origin.engine.ok:
            await session.relay_body()
            session.engine.replied(True)
        else:
            await session.answer(False, session.origin.engine.line)

    async def _answer(self):
        """The origin's answer to a login."""
        session = self._session
        ok = session.origin.engine.ok
        line = session.origin.engine.line
        guesses = session.services.guesses
        if not ok:
            if not line.startswith(_NOT_A_GUESS):
                guesses.failed(session.client_address, ticks_ms())
        else:
            guesses.succeeded(session.client_address)
            session.passes(self._user, self._why)
            await session.released.begin()
        await session.answer(ok, line)

    async def stls(self):
        session = self._session
        if session.settings.get("interception starttls") != "tunnel":
            await session.answer(False, _NO_STLS)
            return
        if not await session.origin.ask(session.engine.outgoing):
            await session.answer(False, session.origin.engine.line)
            return
        self._drop_plaintext()
        await session.answer(True, session.origin.engine.line)
        session.state = "tunnel"
        session.note = NOT_SCREENED
        session.services.seen.note(
            self._user, session.destination, seen.TUNNEL, session.services.clock()
        )
        log.counters.add("tunnels")
        log.alarms.set(TUNNEL, "mail for %s passed, not screened" % session.client_address)
        session.record(log.WARNING, "session.tunnel", note=NOT_SCREENED)
        await tunnel.run(session.client, session.origin.leg, session.idle_ms)

    def _drop_plaintext(self):
        """What either side said before the handshake does not count (RFC 2595 §4, RULES R20)."""
        session = self._session
        session.engine.forget()
        session.client.drop_unread(session.engine.room())
        session.origin.engine.forget()
        session.origin.leg.drop_unread(session.origin.engine.room())
