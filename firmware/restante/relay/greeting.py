"""The first line of a session.

Its rule: a client of an origin in no group waits for that origin as ever.  In a group it waits
WAIT_MS at most; then, or if it is known that the origin gives no APOP stamp, we greet, without a
stamp, and connect when the origin is needed.
"""

from restante import log
from restante.collect import login
from restante.compat import const
from restante.errors import OriginError

# DESIGN §4: the origin's greeting within 2 s, or ours.
WAIT_MS = const(2000)

_OURS = b"+OK POP3 ready"


async def greet(session):
    """Greets the client; False if the session ends here.  OriginError."""
    group = session.group
    if group is None:
        return await _relayed(session)
    if group.stamp is False or group.replayable_only:
        await session.say(_OURS)
        return True
    try:
        origin = await session.reach(WAIT_MS)
    except OriginError as error:
        session.record(log.INFO, "origin.silent", why=str(error))
        session.unreachable = True
        await session.say(_OURS)
        return True
    group.stamp = login.has_stamp(origin.engine.line)
    await session.say(origin.engine.line)
    return True


async def _relayed(session):
    origin = await session.reach(0)
    await session.say(origin.engine.line)
    if not origin.engine.ok:
        session.record(log.WARNING, "origin.refused")
    return origin.engine.ok
