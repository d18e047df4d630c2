"""CAPA: what the origin offers and works here, in both states (RULES R16).

Its rule: the intersection.  In a group the last answer of its origin stands in for an origin that
is not asked now; what would change the octets of the mail is not offered there, because what is
stored was fetched without it.
"""

from restante.collect import login
from restante.pop3 import capabilities
from restante.relay.offer import MECHANISMS

# Until an origin of the group has told more; every origin that a group is made for has these.
_LEAST = (b"TOP", b"USER", b"UIDL")
# RFC 6856; LOGIN-DELAY is the box's own.
_NOT_IN_GROUPS = (b"UTF8", b"LANG", b"LOGIN-DELAY")


async def answer(session):
    """An origin without CAPA is passed on as it is: a list without USER would be a lie."""
    group = session.group
    lines = group.capabilities if group is not None else None
    if lines is None and session.origin is not None:
        lines = await login.capabilities(session.origin)
        if lines is None:
            await session.answer(False, session.origin.engine.line)
            return
    if group is not None:
        group.capabilities = lines
        lines = of_group(group)
    tunnel = session.settings.get("interception starttls") == "tunnel"
    text = b"".join(line + b"\r\n" for line in capabilities.offered(lines, tunnel))
    await session.client.write(b"+OK capabilities follow\r\n" + text + b".\r\n")
    session.engine.replied(True)


def of_group(group):
    """Lines that an origin of the group told, as far as they are true of a session with us."""
    lines = []
    for line in _LEAST if group.capabilities is None else group.capabilities:
        words = line.upper().split()
        if not words or words[0] in _NOT_IN_GROUPS:
            continue
        if words[0] == b"SASL" and group.replayable_only:
            line = b" ".join([b"SASL"] + [word for word in words[1:] if word in MECHANISMS])
        lines.append(line)
    if group.login_interval:
        lines.append(b"LOGIN-DELAY %d" % group.login_interval)
    return lines


def mechanisms(group):
    """Names of SASL mechanisms that the group's origin told."""
    return (login.offer(of_group(group), b"SASL") or [b"SASL"])[1:]
