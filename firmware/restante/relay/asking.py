"""A login at an origin in the words that the client used.

Its rule: one exchange, no second try in other words: what the origin says is about this one.
"""

import binascii

from restante.accounts.state import LOGIN_LOGIN, LOGIN_PLAIN
from restante.pop3 import commands as c
from restante.pop3.events import CHALLENGE

_CRLF = b"\r\n"


async def log_in(origin, offer):
    """True if the origin took it; what it said is origin.engine.line.  OriginError."""
    if offer.how == LOGIN_PLAIN:
        both = offer.acts_for + b"\0" + offer.user + b"\0" + offer.password
        return await _exchange(origin, b"PLAIN", (both,))
    if offer.how == LOGIN_LOGIN:
        return await _exchange(origin, b"LOGIN", (offer.user, offer.password))
    if not await origin.ask(b"USER " + offer.user + _CRLF):
        return False
    return await origin.ask(b"PASS " + offer.password + _CRLF)


async def _exchange(origin, mechanism, responses):
    await origin.send(b"AUTH " + mechanism + _CRLF, c.EXCHANGE)
    for response in responses:
        if await origin.event() != CHALLENGE:
            return origin.engine.ok
        await origin.more(binascii.b2a_base64(response).strip() + _CRLF)
    while await origin.event() == CHALLENGE:
        await origin.more(b"*" + _CRLF)  # it asks for more than the mechanism has
    return origin.engine.ok
