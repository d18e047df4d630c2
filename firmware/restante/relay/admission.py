"""Login at an origin of a group: who is it, is the origin asked, who serves (decision.py).

Its rule: USER is answered here, so that the origin is spared when it need not be asked; what
cannot be replayed goes to the origin word by word as ever.  A password lives as long as one login.
"""

import asyncio
from time import ticks_ms

from restante import log
from restante.accounts import names, seen
from restante.accounts.groups import LEARN
from restante.accounts.state import LOGIN_USER, PASSING, READY
from restante.collect import failures
from restante.collect import login as at_origin
from restante.collect.failures import LoginRefused
from restante.collect.fetching import Withheld
from restante.compat import const
from restante.errors import OriginError, StoreError
from restante.pop3 import commands as c
from restante.relay import capa, decision
from restante.relay.endings import ClientGone
from restante.relay.entry import Entry
from restante.relay.errand import FAILURES, Errand
from restante.relay.kept import KeptMail
from restante.relay.offer import MECHANISMS, Exchange, Offer
from restante.relay.plain import Plain
from restante.relay.served import Served

# For an answer of the origin to a login that the store can serve without it, in ms.
ASK_MS = const(5000)
# For a listing of the origin while the client waits for the answer to its login, in ms.
REFRESH_MS = const(5000)
# Messages that are fetched meanwhile, because they cannot be listed before they are known.
HIDDEN_AT_ONCE = const(8)

_USER_OK = b"+OK"
_WELCOME = b"+OK"
_NOT_TAKEN = "the mail server refused the login; a wrong password is the likely cause"
_CANCELLED = b"-ERR cancelled"
_BAD_BASE64 = b"-ERR not what this mechanism wants"
_NO_ANSWER = b"-ERR [SYS/TEMP] the mail server does not answer, try again later"
_SPENT = b"-ERR [SYS/TEMP] too many wrong passwords for this account, try again in 15 minutes"
_TOO_SOON = b"-ERR [LOGIN-DELAY] the last login was less than %d seconds ago"
_IN_USE = b"-ERR [IN-USE] another session has this maildrop"
_BYE = b"+OK"
_NOT_HERE = b"-ERR not available"
_NOT_REPLAYABLE = b"-ERR this mechanism is not used here, log in with USER and PASS or PLAIN"
_NO_STAMP = b"-ERR this needs the mail server's own greeting; log in with USER and PASS"


class Admission(Entry):
    """Entry for a session whose `group` is not None."""

    def __init__(self, session):
        super().__init__(session)
        self._name = b""
        self._key = None  # of the account in the bounds
        self._drop = None
        self._errand = None

    def handlers(self):
        handlers = super().handlers()
        handlers[c.QUIT] = self.quit
        handlers[c.UTF8] = handlers[c.LANG] = self.not_here
        return handlers

    # -- what the client says

    async def user(self):
        self._name = self._session.engine.argument
        await self._session.answer(True, _USER_OK)

    async def password(self):
        engine = self._session.engine
        offer = Offer(self._name, engine.argument, LOGIN_USER)
        engine.argument = engine.outgoing = b""
        await self._login(offer)

    async def apop(self):
        session = self._session
        if session.origin is None or session.group.replayable_only:
            await session.answer(False, _NO_STAMP)
        else:
            await super().apop()

    async def auth(self):
        session = self._session
        engine = session.engine
        mechanism = engine.argument.split(b" ", 1)[0]
        if mechanism in MECHANISMS:
            await self._exchange(mechanism)
        elif not mechanism:
            await self._mechanisms()
        elif session.group.replayable_only:
            await session.answer(False, _NOT_REPLAYABLE)
        elif await self._reached():
            await super().auth()

    async def stls(self):
        if await self._reached():
            await super().stls()

    async def quit(self):
        if self._session.origin is None:
            await self._session.answer(True, _BYE)
        else:
            await Plain(self._session).quit()

    async def not_here(self):
        await self._session.answer(False, _NOT_HERE)

    async def _reached(self):
        """True if there is a connection to the origin; else the client was told."""
        session = self._session
        try:
            await session.reach()
        except OriginError as error:
            session.record(log.WARNING, "origin.silent", why=str(error))
            await session.answer(False, _NO_ANSWER)
            return False
        return True

    async def _mechanisms(self):
        """AUTH alone: the origin is not asked, so that it is spared."""
        session = self._session
        names = capa.mechanisms(session.group)
        if not names:
            await session.answer(False, _NOT_HERE)
            return
        text = b"".join(name + b"\r\n" for name in names)
        await session.client.write(b"+OK\r\n" + text + b".\r\n")
        session.engine.replied(True)

    async def _exchange(self, mechanism):
        session = self._session
        engine = session.engine
        try:
            exchange = Exchange(mechanism, engine.initial)
            while exchange.challenge:
                await session.say(exchange.challenge)
                engine.challenge()
                if await session.client_event() is None:
                    raise ClientGone("the client closed while it logged in")
                if engine.argument == b"*":
                    await session.answer(False, _CANCELLED if engine.acceptable else _BAD_BASE64)
                    return
                exchange.response(engine.argument)
        except ValueError:
            await session.answer(False, _BAD_BASE64)
            return
        finally:
            engine.argument = engine.outgoing = b""
            engine.initial = None
        await self._login(exchange.offer)

    # -- what becomes of it

    async def _login(self, offer):
        try:
            if await self._turn():
                await self._admit(offer)
        finally:
            offer.wipe()
            await self._give_back()

    async def _give_back(self):
        """What no served session has taken over."""
        services = self._session.services
        errand, self._errand = self._errand, None
        drop, self._drop = self._drop, None
        if errand is not None:
            await errand.end()
        if drop is not None:
            services.maildrops.release(drop)

    async def _admit(self, offer):
        session = self._session
        services = session.services
        interval = session.group.login_interval
        self._key = (session.group.name, offer.user)
        if services.bounds.too_soon(self._key, ticks_ms(), interval * 1000):
            await session.answer(False, _TOO_SOON % interval)
            return
        account = services.accounts.find(session.group, offer.user)
        case = await self._case(account, offer)
        step = decision.before(case)
        answer = line = None
        if step == decision.ASK:
            if case.trusted:
                answer, line = await self._ask(account, case, offer)
            else:
                async with services.asking.turn(self._key):
                    answer, line = await self._ask_within_bounds(account, case, offer)
            if answer is None:
                return
            if answer == decision.TAKEN and self._errand is not None:
                case.ready = await self._open(account)
            step = decision.after(case, answer)
        await self._do(step, account, offer, answer, line)

    async def _case(self, account, offer):
        """What is known before the origin is asked.

        The maildrop is opened for whoever has the password: who guesses costs no memory.
        """
        session = self._session
        services = session.services
        if services.off:
            return decision.Case(decision.NOT, False, False, False, False)
        wants = session.group.wants(offer.user)
        if account is None:
            return decision.Case(wants, False, False, False, False)
        self._errand = Errand(services, account)
        same = services.accounts.same(account, offer.password)
        return decision.Case(
            wants,
            same and await self._open(account),
            same,
            services.accounts.fresh(account),
            services.accounts.in_grace(account),
        )

    async def _open(self, account):
        """True if the account's maildrop can be served."""
        if account.state != READY:
            return False
        services = self._session.services
        try:
            if self._drop is None:
                self._drop = await services.maildrops.open(account.id)
                services.collector.govern(account, self._drop)
        except StoreError as error:
            self._session.record(log.ERROR, "maildrop.open", why=str(error))
            return False
        return self._drop.complete

    async def _ask_within_bounds(self, account, case, offer):
        """As _ask; (None, None) if the client was refused here.  In the turn of the account."""
        session = self._session
        if session.services.bounds.spent(self._key, ticks_ms()):
            session.record(log.WARNING, "login.refused", why="wrong passwords are used up")
            await session.answer(False, _SPENT)
            return None, None
        return await self._ask(account, case, offer)

    async def _ask(self, account, case, offer):
        """(answer, line) of the origin; a wrong password is counted."""
        answer, line = await self._hear(account, case, offer)
        self._count(answer)
        return answer, line

    async def _hear(self, account, case, offer):
        session = self._session
        if self._errand is not None:
            await self._errand.begin()  # a spider that has the origin's lock leaves
        try:
            if not case.servable:
                await self._say(offer)
            elif session.unreachable:
                raise OriginError("it did not answer when this session began")
            else:
                await asyncio.wait_for(self._say(offer), ASK_MS / 1000)
        except LoginRefused as refused:
            self._note(account, refused)
            return refused.kind, self._said_by_origin(refused)
        except (OriginError, asyncio.TimeoutError) as error:
            session.part()
            session.record(log.WARNING, "origin.silent", why=str(error))
            return failures.UNREACHABLE, b""
        return decision.TAKEN, session.origin.engine.line

    async def _say(self, offer):
        """LoginRefused, OriginError."""
        origin = await self._session.reach()
        group = self._session.group
        await at_origin.log_in(origin, group, offer.user, offer.password, offer.how)

    def _said_by_origin(self, refused):
        """The line for the client.  It may repeat the password to whoever has just said it."""
        line = self._session.origin.engine.line
        return line if line.startswith(b"-ERR") else refused.line

    def _note(self, account, refused):
        """What the origin said for its user must not get lost, whatever we answer."""
        why = _NOT_TAKEN if refused.kind in decision.DISPROVE else str(refused)
        self._session.record(log.INFO, "login.not-taken", why=why)
        text = failures.alert(refused.line)
        if text:
            self._session.record(log.WARNING, "login.alert", text=text)
            if account is not None:
                account.alert = text

    def _count(self, answer):
        if answer in decision.DISPROVE:
            services = self._session.services
            services.guesses.failed(self._session.client_address, ticks_ms())
            services.bounds.wrong(self._key, ticks_ms())

    def _entered(self):
        session = self._session
        session.services.guesses.succeeded(session.client_address)
        session.services.bounds.logged_in(self._key, ticks_ms())

    async def _do(self, step, account, offer, answer, line):
        session = self._session
        services = session.services
        if step == decision.SERVE:
            session.part()
            await self._serve(account, answer is None)
        elif step == decision.TAKE_OVER:
            await self._teach(offer)
            self._adopt()
            await self._serve(account, True)
        elif step == decision.TEACH:
            learned = await self._teach(offer)
            if learned is None:
                await self._pass(offer, line, services.accounts.unusable or seen.FIRST_SYNC)
            elif session.group.wants(offer.user) == LEARN:
                await self._pass(offer, line, seen.LEARN_ONLY)
            else:
                session.learned = learned
                await self._pass(offer, line, learned.why or seen.FIRST_SYNC)
        elif step == decision.PASS:
            await self._pass(offer, line, services.off or seen.BY_RULE)
        else:
            if step == decision.REVOKE:
                await self._revoke(account)
            await session.answer(False, _NO_ANSWER if step == decision.LATER else line)

    async def _teach(self, offer):
        """The origin took this password: the Account, or None if it cannot be written down."""
        session = self._session
        accounts = session.services.accounts
        try:
            return await accounts.learned(
                session.group, offer.user, offer.password, session.destination, offer.how
            )
        except StoreError as error:
            session.record(log.WARNING, "account.not-learned", why=str(error))
            return None

    async def _revoke(self, account):
        try:
            await self._session.services.accounts.refused(account)
        except StoreError as error:
            # It counts all the same, as long as this program runs.
            self._session.record(log.ERROR, "account.refusal-not-recorded", why=str(error))

    async def _pass(self, offer, line, why):
        """The rest of this session is the origin's."""
        session = self._session
        self._entered()
        session.passes(names.name(offer.user), why)
        await session.released.begin(await self._kept(offer))
        await session.answer(True, line)

    async def _kept(self, offer):
        """The mail that only the box has of an account that is accelerated no more, or None."""
        session = self._session
        services = session.services
        account = services.accounts.find(session.group, offer.user)
        if services.off or account is None or account.state != PASSING:
            return None
        try:
            drop = await services.maildrops.open(account.id)
        except StoreError as error:
            session.record(log.ERROR, "maildrop.open", why=str(error))
            return None
        services.collector.govern(account, drop)
        return KeptMail(services.maildrops, drop)

    def _adopt(self):
        """The connection that is logged in becomes a visit, unless somebody else has one."""
        session = self._session
        if self._errand.has_turn:
            origin, session.origin = session.origin, None
            self._errand.adopt(origin)
        else:
            session.part()

    async def _serve(self, account, online):
        session = self._session
        services = session.services
        age = services.clock() - self._drop.listed_at
        listed = False
        if not 0 <= age < session.group.listing_age:
            if online:
                online = listed = await self._refresh()
            else:
                services.collector.poke(account)
        await self._errand.rest()
        # Nothing is awaited from here to serve(): two that log in at once are told apart.
        if session.group.exclusive and services.serving.get(account.id):
            await session.answer(False, _IN_USE)
            return
        drop, self._drop = self._drop, None
        errand, self._errand = self._errand, None
        self._entered()
        session.logged_in(names.name(account.user))
        session.serve(Served(session, account, drop, errand, online, listed))
        await session.answer(True, _WELCOME)

    async def _refresh(self):
        """A newer listing if the origin gives one soon; False if it does not."""
        try:
            await asyncio.wait_for(self._errand.use(self._list), REFRESH_MS / 1000)
        except FAILURES + (StoreError,) as error:
            self._session.record(log.INFO, "listing.cached", why=str(error))
            return False
        return True

    async def _list(self, visit):
        """Also fetches new mail that is not shown before it is known (store/listing.py)."""
        drop = self._drop
        await visit.refresh(drop)
        for slot in drop.hidden()[:HIDDEN_AT_ONCE]:
            try:
                await visit.fetch(drop, slot)
            except (Withheld, StoreError) as error:
                # The spider, which is poked at the end, shows what it cannot fetch either.
                self._session.record(log.INFO, "listing.hides", why=str(error))
