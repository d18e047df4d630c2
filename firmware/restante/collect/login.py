"""Logging in at an origin as the user does: greeting, CAPA, USER and PASS or AUTH.  Pure.

Its rule: the password goes to the origin and into nothing else; a server that repeats it in its
refusal is not quoted.  User and password are opaque octets.
"""

import binascii

from restante.accounts.state import LOGIN_LOGIN, LOGIN_PLAIN, LOGIN_USER
from restante.collect import failures
from restante.collect.failures import LoginRefused
from restante.collect.together import Together
from restante.compat import const
from restante.errors import OriginError
from restante.limits import CAPA_LINES
from restante.pop3.commands import EXCHANGE, LISTING, SINGLE
from restante.pop3.events import CHALLENGE, END

_CRLF = b"\r\n"
# For the answer behind a refusal, which comes with it, in ms.
REST_MS = const(2000)


async def greet(origin):
    """Connects; the greeting.  LoginRefused, OriginError."""
    line = await origin.connect()
    if not origin.engine.ok:
        raise LoginRefused(failures.kind(line, asked=False), line)
    return line


def has_stamp(greeting):
    """Whether the greeting has the time stamp of APOP (RFC 1939 §7): <octets@octets>."""
    start = greeting.find(b"<")
    return start >= 0 and greeting.find(b"@", start) >= 0 and greeting.endswith(b">")


async def capabilities(origin):
    """The CAPA lines, [octets], or None if the origin does not know CAPA.  OriginError."""
    await origin.send(b"CAPA\r\n", LISTING)
    await origin.event()
    if not origin.engine.ok:
        return None
    lines = []
    while await origin.event() != END:
        if len(lines) == CAPA_LINES:
            raise OriginError("the mail server sent more than %d CAPA lines" % CAPA_LINES)
        lines.append(origin.engine.line)
    return lines


def offer(lines, tag):
    """The words of a capability, its tag first, or None; `lines` may be None."""
    for line in lines or ():
        words = line.upper().split()
        if words and words[0] == tag:
            return words
    return None


def login_delay(lines):
    """Seconds of LOGIN-DELAY (RFC 2449 §6.5), 0 if it is not announced."""
    words = offer(lines, b"LOGIN-DELAY")
    if words is None or len(words) < 2 or not words[1].isdigit():
        return 0
    return int(words[1][:9])


async def log_in(origin, group, user, password, how):
    """LoginRefused, OriginError."""
    await _WAYS[how](origin, group, user, password)
    if not origin.engine.ok:
        line = origin.engine.line
        kind = failures.kind(line)
        if password and password in line:
            line = b"-ERR the mail server refused the login"
        raise LoginRefused(kind, line)


async def _user(origin, group, user, password):
    for octets in (user, password):
        if any(octets.find(end) >= 0 for end in (b"\r", b"\n", b"\0")):
            raise LoginRefused(failures.PERMANENT, b"-ERR [SYS/PERM] not a line of POP3")
    name = b"USER " + user + _CRLF
    secret = b"PASS " + password + _CRLF
    if group.pipelines:
        await _at_once(origin, group, name, secret)
    elif await origin.ask(name):
        await origin.ask(secret)


async def _at_once(origin, group, name, secret):
    """In one write, and STAT behind them: its numbers prove that the answers are in step.

    Else an origin that says +OK twice to USER would make any password right.
    """
    together = Together(origin, group, (name, SINGLE), (secret, SINGLE), (b"STAT\r\n", SINGLE))
    ok = await together.answer()
    line = origin.engine.line
    taken = await together.answer()
    if ok:
        ok = taken
        line = origin.engine.line
    if ok:
        proven = await together.answer() and _has_numbers(origin.engine.line)
    else:
        proven = not await _rest(origin, together)
    if taken != ok or not proven:
        group.in_step = False
        raise OriginError("the mail server's answers are not those to what it was asked")
    origin.engine.ok = ok
    origin.engine.line = line


def _has_numbers(line):
    """Whether it is an answer to STAT."""
    words = line.split()
    return len(words) > 2 and words[1].isdigit() and words[2].isdigit()


async def _rest(origin, together):
    """What it says to STAT after a refusal: True for +OK.

    Some close instead, after a wrong password: that it was refused counts all the same.
    """
    patience, origin.reply_ms = origin.reply_ms, REST_MS
    try:
        return await together.answer()
    except OriginError:
        origin.leg.shutdown()
        return False
    finally:
        origin.reply_ms = patience


async def _plain(origin, group, user, password):
    # RFC 4616: authorization identity, empty; authentication identity; password.
    await _exchange(origin, b"AUTH PLAIN\r\n", (b"\0" + user + b"\0" + password,))


async def _login(origin, group, user, password):
    await _exchange(origin, b"AUTH LOGIN\r\n", (user, password))


async def _exchange(origin, command, answers):
    await origin.send(command, EXCHANGE)
    event = await origin.event()
    for octets in answers:
        if event != CHALLENGE:
            return
        await origin.more(binascii.b2a_base64(octets).strip() + _CRLF)
        event = await origin.event()
    while event == CHALLENGE:
        # It asks for more than the mechanism has: RFC 5034 §4, cancelled.
        await origin.more(b"*\r\n")
        event = await origin.event()


_WAYS = {LOGIN_USER: _user, LOGIN_PLAIN: _plain, LOGIN_LOGIN: _login}
