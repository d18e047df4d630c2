"""One visit: a session at an origin that is logged in on behalf of an account.

Its rule: a message's number counts only in the visit that listed it last (`seat.listed`), else the
wrong message would be deleted; nothing is stored before it is judged, and nothing is taken from
the origin before it is durable here.  When and for whom visits are made is collector.py's.

How a message is fetched: `TOP n 99999999`, which marks nothing as seen; it counts only if its true
octets are those of LIST.  RETR is said if the group allows it (`fetch retr`), or if a client has
asked for this very message: then the origin sees what it had seen without the box.
"""

import asyncio

from restante import log
from restante.accounts import names
from restante.collect import failures, fetching
from restante.collect.fetching import CUT_SHORT, ORIGIN, Withheld
from restante.collect.judging import Judging
from restante.collect.together import Together
from restante.compat import const
from restante.errors import OriginError, QuirkError
from restante.limits import LISTING_LINES
from restante.pop3 import commands
from restante.pop3.events import END

# TOP of a whole message: fetchmail asks so too, so every origin knows it.
_WHOLE = const(99999999)
# For the origin's answer to QUIT, in ms: it removes what was deleted, and a client may wait.
LEAVE_MS = const(5000)
# Lines of a listing after which other sessions get their turn.
TURN_LINES = const(200)
# Sizes beyond this are no sizes: the store counts with 32 bits.
OCTETS_MAXIMUM = const(0x7FFFFFFF)

_GONE = b"-ERR the message is no longer at the mail server"
_CUT_SHORT = b"-ERR [SYS/TEMP] the mail server gives only a part of the message ahead of time"


class Visit:
    """`seat`: the account's place in the collector; `owner`: the collector."""

    def __init__(self, services, account, origin, seat, owner):
        self.account = account
        self.origin = origin
        self._services = services
        self._seat = seat
        self._owner = owner
        self._judging = Judging(services)
        self._marked = {}  # number: slot, of what got its DELE in this visit
        self._drop = None  # whose slots they are
        self._open = True

    # -- the listing

    async def refresh(self, drop):
        """UIDL and LIST, applied to the maildrop.  OriginError, StoreError.

        QuirkError: the account is in pass-through from now on.
        """
        try:
            await self._apply_listing(drop)
            await self._owner.listed(self, drop)
        except QuirkError as error:
            await self._owner.unsuited(self, error)
            raise

    async def _apply_listing(self, drop):
        self._seat.listed = None
        self._owner.govern(self.account, drop)
        listing = drop.listing()
        try:
            await self._list(listing)
            await listing.end()
        except BaseException:
            listing.drop()
            raise
        self._seat.listed = self

    async def _list(self, listing):
        uidl = (b"UIDL\r\n", commands.LISTING)
        size = (b"LIST\r\n", commands.LISTING)
        together = Together(self.origin, self.account.group, uidl, size)
        count = await self._rows(together, b"UIDL", listing.uidl, _uidl)
        if count is None:
            return
        if (await self._rows(together, b"LIST", listing.size, _octets) or 0) != count:
            raise QuirkError("UIDL and LIST of the mail server do not name the same messages")

    async def _rows(self, together, keyword, take, value):
        """Gives each row's number and value to `take`; how many there were.

        None if the command was refused and the maildrop is empty.
        """
        origin = self.origin
        if not await together.answer():
            line = origin.engine.line
            await together.skip()
            await self._refused(keyword, line)
            return None
        count = 0
        while await origin.event() != END:
            count += 1
            if count > LISTING_LINES:
                raise OriginError("a listing of more than %d messages" % LISTING_LINES)
            if count % TURN_LINES == 0:
                await asyncio.sleep_ms(0)
            number, _, rest = origin.engine.line.strip().partition(b" ")
            number = commands.number(number)
            if not number:
                raise QuirkError("the mail server's %s has no message number" % keyword.decode())
            take(number, value(rest))
        return count

    async def _refused(self, keyword, line):
        """Returns if the maildrop is empty: some origins answer -ERR then."""
        if failures.passes(line):
            raise OriginError("the mail server refused %s for now" % keyword.decode())
        if await self.origin.ask(b"STAT\r\n"):
            words = self.origin.engine.line.split()
            if words[1:2] == [b"0"]:
                return
        raise QuirkError("the mail server does not answer %s" % keyword.decode())

    async def _number(self, drop, slot):
        """The message's number in this visit, 0 if the origin has it no more."""
        if self._seat.listed is not self:
            await self.refresh(drop)
        return drop.number(slot)

    # -- a message

    async def fetch(self, drop, slot, patience=None):
        """Fetches, judges and stores it; `patience`: of the client that waits for it.

        OriginError, StoreError; Withheld: nothing can be stored now, the client is told its line.
        """
        number = await self._number(drop, slot)
        if drop.is_stored(slot):
            return
        if not number:
            raise Withheld(_GONE, ORIGIN)
        follow = patience.follow if patience else None
        file = await self._whole(drop, slot, number, follow)
        try:
            await self._store(drop, slot, number, file)
        finally:
            file.close()

    async def _whole(self, drop, slot, number, follow):
        """A sealed spool file of the whole message."""
        retr = self.account.group.fetch == "retr"
        if not retr:
            file = await self._top(number, drop.octets(slot), follow)
            if file is not None:
                return file
            if follow is None:
                raise Withheld(_CUT_SHORT, CUT_SHORT)
        if retr:
            self._seat.retrieved.add(slot)
        return await self._get(b"RETR %d\r\n" % number, follow)

    async def _top(self, number, octets, follow):
        """The file if TOP gave all of the message, or None."""
        try:
            file = await self._get(b"TOP %d %d\r\n" % (number, _WHOLE), follow)
        except Withheld as withheld:
            if withheld.cause == ORIGIN and not failures.passes(withheld.line):
                return None
            raise
        if file.octets == octets:
            return file
        file.close()
        return None

    async def _get(self, command, follow):
        spool = self._services.spool
        file = fetching.create(spool)
        try:
            await fetching.fetch(self.origin, command, file, spool, follow)
        except BaseException:
            file.close()
            raise
        return file

    async def _store(self, drop, slot, number, file):
        account = self.account

        known = names.name(drop.uidl(slot))
        judged = await self._judging.judge(file, account.name, number, None, known=known)
        served, sha = await self._judging.final(judged)
        try:
            octets = served.octets
            await drop.store(slot, served, sha, octets, judged.bundle)
        finally:
            if served is not file:
                served.close()
        log.counters.add("collected")
        log.counters.add("collected_octets", octets)
        taken = judged.held and account.group.quarantine_origin == "delete"
        if (taken or self._seat.collects) and drop.is_stored(slot):
            self._seat.retrieved.discard(slot)
            await drop.take(slot)

    # -- the end

    async def depart(self, drop):
        """DELE of what was deleted here, or taken, and is still there; QUIT makes it true.

        OriginError; one that the origin does not delete stops no other.
        """
        self._drop = drop
        for slot in drop.departing():
            number = await self._number(drop, slot)
            if not number or number in self._marked:
                continue
            if await self.origin.ask(b"DELE %d\r\n" % number):
                self._marked[number] = slot
            else:
                kind = failures.kind(self.origin.engine.line)
                log.record(
                    log.WARNING,
                    "collect.not_deleted",
                    account=self.account.name,
                    number=number,
                    passes=failures.passes(self.origin.engine.line),
                    kind=kind,
                )

    async def leave(self):
        """QUIT: True if the origin took the deletions."""
        self.origin.reply_ms = LEAVE_MS
        try:
            ok = await self.origin.ask(b"QUIT\r\n")
            if ok and self._marked:
                self._drop.departed(self._marked.values())
            return ok
        except OriginError as error:
            log.record(log.WARNING, "collect.no_quit", account=self.account.name, why=str(error))
            return False
        finally:
            self.close()

    def shutdown(self):
        """Ends the connection; whoever waits on it wakes up with an OriginError."""
        self.origin.leg.shutdown()

    def close(self):
        """Without QUIT, unless leave() said it.  May be repeated."""
        if self._open:
            self._open = False
            self.origin.close()
            self._owner.left(self)


def _uidl(rest):
    return rest.strip()


def _octets(rest):
    """The size in a LIST row; 0 if it is none: it is known once the message is fetched."""
    words = rest.split()
    if not words or not words[0].isdigit() or len(words[0]) > 10:
        return 0
    octets = int(words[0])
    return octets if octets <= OCTETS_MAXIMUM else 0
