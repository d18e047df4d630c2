"""What an origin's refusal means: for the password, for the next try, for the user.  Pure.

    answer                     kind            the password      next try
    -------------------------  --------------  ----------------  -----------------------------
    -ERR [AUTH]                WRONG_PASSWORD  is wrong          hours
    -ERR [IN-USE]              BUSY            was right         a minute
    -ERR [LOGIN-DELAY]         TOO_SOON        nothing is known  after LOGIN-DELAY
    -ERR [SYS/TEMP], ALERT:    TEMPORARY       nothing is known  minutes
    -ERR [SYS/PERM]            PERMANENT       nothing is known  hours
    -ERR                       UNCLEAR         nothing is known  as if it were wrong: providers
                                                                 lock out who tries on
    none, or not POP3          UNREACHABLE     nothing is known  a minute

Its rule: only [AUTH] (RFC 3206 §4) proves a wrong password; a text without a code proves nothing,
whatever it says.  What a line says is shown nowhere but in alert(): a server may repeat a secret.
"""

from restante.compat import const
from restante.errors import RestanteError

WRONG_PASSWORD = const(1)
BUSY = const(2)
TOO_SOON = const(3)
TEMPORARY = const(4)
PERMANENT = const(5)
UNCLEAR = const(6)
UNREACHABLE = const(7)  # no answer to judge: no connection, broken off, too slow

# Response codes (RFC 2449 §8, RFC 3206 §4) by their first word.
_CODES = {
    b"AUTH": WRONG_PASSWORD,
    b"IN-USE": BUSY,
    b"LOGIN-DELAY": TOO_SOON,
    b"SYS/TEMP": TEMPORARY,
    b"SYS/PERM": PERMANENT,
    b"SYS": TEMPORARY,
}
_WORDS = {
    WRONG_PASSWORD: "the mail server refused the stored password; log in with a mail program"
    " through the box, then the new one is known",
    BUSY: "the maildrop is in use at the mail server; it is tried again in a minute",
    TOO_SOON: "the mail server asks for more time between two logins; it is given",
    TEMPORARY: "the mail server has a passing problem; it is tried again",
    PERMANENT: "the mail server says that somebody has to act there: ask the provider",
    UNCLEAR: "the mail server refused the login without saying why; a wrong password is one"
    " possible cause: log in with a mail program through the box",
    UNREACHABLE: "the mail server cannot be reached or broke off; it is tried again",
}
# Seconds from a failure to the next try: the first time, and at most; it doubles in between.
_PAUSES = {
    WRONG_PASSWORD: (3600, 86400),
    BUSY: (60, 900),
    TOO_SOON: (300, 3600),
    TEMPORARY: (120, 3600),
    PERMANENT: (3600, 86400),
    UNCLEAR: (900, 86400),
    UNREACHABLE: (60, 1800),
}
_ALERT = b"ALERT:"
# Octets of an alert that are kept: two lines of a terminal.
ALERT_OCTETS = const(160)


class LoginRefused(RestanteError):
    """The origin refused the login with `line`; `kind` says what it means."""

    def __init__(self, kind, line, why=""):
        super().__init__(why or words(kind))
        self.kind = kind
        self.line = line


def kind(line, asked=True):
    """What a -ERR line means.  `asked`: False for a greeting, which says nothing of a password."""
    found = _CODES.get(code(line), 0)
    if found:
        return found
    if not asked or _alert_at(line) >= 0:
        return TEMPORARY
    return UNCLEAR


def code(line):
    """The response code in upper case, such as b"SYS/TEMP"; b"" if there is none."""
    text = line[4:].lstrip()
    end = text.find(b"]")
    words = text[1:end].split() if text.startswith(b"[") and end > 0 else ()
    return words[0].upper() if words else b""


def passes(line):
    """True if a -ERR to a command after the login names a cause that passes by itself."""
    return kind(line) in (BUSY, TOO_SOON, TEMPORARY)


def alert(line):
    """The text that the provider wants its user to see, printable; "" if there is none."""
    at = _alert_at(line)
    if at < 0:
        return ""
    text = line[at + len(_ALERT) :].strip()[:ALERT_OCTETS]
    return "".join(chr(o) if 32 <= o < 127 else "?" for o in text)


def _alert_at(line):
    return line.upper().find(_ALERT)


def words(kind):
    """For people: what happened, the likely cause, the next step."""
    return _WORDS[kind]


def pause(kind, times):
    """Seconds to the next try after the failure `kind` happened `times` in a row (from 1)."""
    first, longest = _PAUSES[kind]
    return min(longest, first << min(times - 1, 16))
