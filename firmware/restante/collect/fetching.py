"""A message from the origin to the spool, in wire form, as it arrives.

Its rule: what has no place is read to its end, up to a bound, so that the session can go on; what
was refused and why is one error, Withheld.  It does not look into messages.  Pure: the origin and
the file are given.
"""

from restante.compat import const
from restante.errors import OriginError, RestanteError, StoreError
from restante.limits import BODY_CHUNK_OCTETS
from restante.pop3.commands import BODY
from restante.pop3.events import END

# Octets of a message that are read and thrown away to keep the session, when the spool is full.
DRAIN_OCTETS = const(67108864)

# Why a message is withheld.
ORIGIN = const(0)  # the origin refused it, or has it no more
NO_ROOM = const(1)  # spool, quarantine or partition are full or failing: the next one fares alike
NO_VERDICT = const(2)  # the screen process does not answer: the next one fares alike
TOO_LARGE = const(3)  # it alone exceeds the spool
CUT_SHORT = const(4)  # TOP did not give all of it, and RETR is not allowed

_FULL = b"-ERR [SYS/TEMP] the mail gateway has no room for the message, try again later"
_TOO_LARGE = b"-ERR [SYS/PERM] the message is larger than the mail gateway's 'spool maximum'"


class Withheld(RestanteError):
    """Nothing can be delivered now: the client is told `line`; the session goes on."""

    def __init__(self, line, cause=NO_ROOM, why=""):
        super().__init__(str(why) or text(line))
        self.line = line
        self.cause = cause

    @property
    def ours(self):
        """False if the origin alone is the cause."""
        return self.cause != ORIGIN


def text(line):
    """What a -ERR line says to people."""
    words = line[5:].decode()
    return words[words.find("]") + 1 :].strip() if words.startswith("[") else words


def create(spool):
    """A new spool file.  Withheld."""
    try:
        return spool.create()
    except StoreError as error:
        raise Withheld(_FULL, NO_ROOM, error)


async def fetch(origin, command, file, spool, follow=None):
    """Sends `command`, fills and seals `file`; the origin's +OK line.  Withheld, OriginError.

    `follow(body)` is told the body (pop3/dots.py) before its first octet comes.
    """
    await origin.send(command, BODY)
    await origin.event()
    line = origin.engine.line
    if not origin.engine.ok:
        raise Withheld(line, ORIGIN)
    body = origin.engine.body
    if follow is not None:
        follow(body)
    try:
        while await origin.event() != END:
            file.write(body.chunk, body.chunk_start, body.chunk_end)
    except StoreError as error:
        alone = file.size + BODY_CHUNK_OCTETS > spool.quota
        await _drain(origin)
        raise Withheld(_TOO_LARGE if alone else _FULL, TOO_LARGE if alone else NO_ROOM, error)
    file.stuffed = file.size - body.octets
    try:
        file.seal()
    except StoreError as error:
        raise Withheld(_FULL, NO_ROOM, error)
    return line


async def _drain(origin):
    """Reads the rest of a message that has no place."""
    body = origin.engine.body
    start = body.octets
    while await origin.event() != END:
        if body.octets - start > DRAIN_OCTETS:
            raise OriginError("the message is larger than the mail gateway can hold")
