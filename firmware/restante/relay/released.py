"""Delivers what the box adds to a maildrop: released originals, and kept mail (kept.py).

Its rule: without such messages there is no extra traffic; one counts as delivered only after DELE,
QUIT and the origin's +OK to it.  Released ones are not screened again: the operator decided.
"""

import _sys

from restante import log
from restante.errors import StoreError
from restante.pop3 import commands as c
from restante.relay.cut import PIECE_OCTETS, top
from restante.relay.kept import Kept
from restante.relay.overlay import Overlay, nothing, totals

_NO_SUCH = b"-ERR no such message"
_TEMPORARY = b"-ERR [SYS/TEMP] the released message cannot be read now, try again later"


class Released:
    def __init__(self, session, quarantine):
        self._session = session
        self._quarantine = quarantine
        self._overlay = nothing()
        self._mail = None  # KeptMail

    def close(self):
        mail, self._mail = self._mail, None
        if mail is not None:
            mail.close()

    async def begin(self, mail=None):
        """After the login: asks the origin for its count if something waits for this account.

        `mail`: KeptMail, closed with the session.
        """
        session = self._session
        self._mail = mail
        waiting = self._quarantine.released_for(session.account) if session.account else []
        if mail is not None:
            waiting += mail.messages()
        if not waiting:
            return
        if not await session.origin.ask(b"STAT\r\n"):
            return
        numbers = totals(session.origin.engine.line)
        if numbers is None:
            log.record(log.WARNING, "released.not-listed", account=session.account)
            return
        self._overlay = Overlay(waiting, numbers[0])

    def after(self, count):
        """In a served session: behind its `count` messages."""
        waiting = self._quarantine.released_for(self._session.account)
        if waiting:
            self._overlay = Overlay(waiting, count)

    def owns(self, number):
        return self._overlay.owns(number)

    def stat(self, line):
        """The answer to STAT: the origin's line, or with ours added."""
        return self._overlay.stat(line)

    def more_lines(self, command):
        """Lines at the end of a whole LIST or UIDL."""
        if command == c.LIST:
            return self._overlay.list_lines()
        return self._overlay.uidl_lines() if command == c.UIDL else b""

    def reset(self):
        self._overlay.unmark()

    async def answer(self):
        """A command with one of our numbers."""
        session = self._session
        engine = session.engine
        message = self._overlay.find(engine.number)
        if message is None:
            await session.answer(False, _NO_SUCH)
        elif engine.command == c.LIST:
            await session.answer(True, b"+OK %d %d" % (engine.number, message.octets))
        elif engine.command == c.UIDL:
            await session.answer(True, b"+OK %d %s" % (engine.number, message.uidl.encode()))
        elif engine.command == c.DELE:
            self._overlay.mark(engine.number)
            await session.answer(True, b"+OK marked")
        else:
            await self._send(message)

    async def _send(self, message):
        session = self._session
        engine = session.engine
        try:
            fd = await message.open()
        except StoreError as error:
            log.record(log.ERROR, "released.unreadable", id=message.id, error=str(error))
            await session.answer(False, _TEMPORARY)
            return
        try:
            segments = [(0, message.size)] if message.size else []
            line = b"+OK %d octets" % message.octets
            if engine.command == c.TOP:
                segments = top(segments, engine.count, lambda at, n: _peek(fd, at, n))
                line = b"+OK"
            await session.send_message(line, segments, fd)
        finally:
            _sys.close(fd)
        if engine.command == c.RETR:
            log.counters.add("released")
            log.record(log.INFO, "released.sent", account=session.account, id=message.id)
        engine.replied(True)

    async def ended(self):
        """After the origin's +OK to QUIT; StoreError."""
        done = self._overlay.marked()
        kept = [message for message in done if isinstance(message, Kept)]
        released = [message.uidl for message in done if not isinstance(message, Kept)]
        if kept:
            await self._mail.delete(kept)
        if released:
            await self._quarantine.delivered(self._session.account, released)


def _peek(fd, offset, count):
    buffer = bytearray(min(count, PIECE_OCTETS))
    n = _sys.pread(fd, buffer, 0, len(buffer), offset)
    return bytes(buffer[:n])
