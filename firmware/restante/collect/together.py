"""Commands that are sent together where the origin offers PIPELINING (RFC 2449 §6.6).  Pure.

Its rule: the answers come in the order of the commands, and whatever else comes is an
OriginError.  An origin that answered the first of several commands and then failed is asked for
one at a time from then on, until the next start: its offer may be the reason.
"""

from restante.errors import OriginError
from restante.limits import LISTING_LINES
from restante.pop3.commands import SINGLE
from restante.pop3.events import END


class Together:
    """`commands`: (octets, shape of the answer), as many as are sent.  `group`: of the origin."""

    def __init__(self, origin, group, *commands):
        self._origin = origin
        self._group = group
        self._commands = commands
        self._at_once = group.pipelines
        self._answered = 0

    async def answer(self):
        """Awaits the first line of the next answer: True for +OK.  OriginError.

        Whoever calls it has read the last answer to its end.
        """
        origin = self._origin
        outgoing, shape = self._commands[self._answered]
        self._answered += 1
        if not self._at_once:
            return await origin.ask(outgoing, shape)
        if self._answered == 1:
            await origin.send(
                b"".join([command for command, _ in self._commands]),
                *[shape for _, shape in self._commands],
            )
            return await origin.answer()
        in_step = False
        try:
            ok = await origin.answer()
            in_step = True
            return ok
        finally:
            if not in_step:
                self._group.in_step = False

    async def skip(self):
        """Reads to the end of what was sent and nobody has asked for; OriginError."""
        while self._at_once and self._answered < len(self._commands):
            shape = self._commands[self._answered][1]
            if await self.answer() and shape != SINGLE:
                await self._skip_lines()

    async def _skip_lines(self):
        count = 0
        while await self._origin.event() != END:
            count += 1
            if count > LISTING_LINES:
                raise OriginError("a listing of more than %d messages" % LISTING_LINES)
