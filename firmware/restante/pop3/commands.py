"""The command table: what a client may say, when, and which shape the answer has.  Pure.

Its rule: a command that is not in the table is refused, because the shape of its answer is not
known and so nothing safe could be relayed.
"""

from restante.compat import const

# States of a session as the client sees it (RFC 1939 §4-6); bits, for the table.
AUTHORIZATION = const(1)
PASSWORD = const(2)  # right after an accepted USER: the only place for PASS (RULES R12)
TRANSACTION = const(4)
SASL = const(8)  # lines of an AUTH exchange
TUNNEL = const(16)  # STLS was accepted: nothing more is read here
ENDED = const(32)  # QUIT was answered

_LOGIN = const(3)  # AUTHORIZATION | PASSWORD
_ANY = const(7)

USER = const(1)
PASS = const(2)
APOP = const(3)
AUTH = const(4)
STLS = const(5)
CAPA = const(6)
QUIT = const(7)
STAT = const(8)
LIST = const(9)
RETR = const(10)
DELE = const(11)
NOOP = const(12)
RSET = const(13)
TOP = const(14)
UIDL = const(15)
UTF8 = const(16)
LANG = const(17)

# Arguments
NO_ARGUMENT = const(0)
NUMBER = const(1)
MAYBE_NUMBER = const(2)
NUMBER_COUNT = const(3)
WORDS = const(4)  # the rest of the line, blanks around it removed
SECRET = const(5)  # the rest of the line after one space, as it is
MAYBE_WORDS = const(6)
NAME = const(7)  # as SECRET, but not blank: a user's name is opaque, nothing is trimmed

# Answers
SINGLE = const(0)  # one line
LISTING = const(1)  # lines that we look at (CAPA)
BODY = const(2)  # a message or a long listing, in chunks
EXCHANGE = const(3)  # challenges, then one line

# keyword: (command, valid in, argument, answer, state after +OK; 0: as before)
TABLE = {
    b"USER": (USER, _LOGIN, NAME, SINGLE, PASSWORD),
    b"PASS": (PASS, PASSWORD, SECRET, SINGLE, TRANSACTION),
    b"APOP": (APOP, _LOGIN, WORDS, SINGLE, TRANSACTION),
    b"AUTH": (AUTH, _LOGIN, MAYBE_WORDS, EXCHANGE, TRANSACTION),
    b"STLS": (STLS, _LOGIN, NO_ARGUMENT, SINGLE, TUNNEL),
    b"CAPA": (CAPA, _ANY, NO_ARGUMENT, LISTING, 0),
    b"QUIT": (QUIT, _ANY, NO_ARGUMENT, SINGLE, ENDED),
    b"STAT": (STAT, TRANSACTION, NO_ARGUMENT, SINGLE, 0),
    b"LIST": (LIST, TRANSACTION, MAYBE_NUMBER, BODY, 0),
    b"RETR": (RETR, TRANSACTION, NUMBER, BODY, 0),
    b"DELE": (DELE, TRANSACTION, NUMBER, SINGLE, 0),
    b"NOOP": (NOOP, TRANSACTION, NO_ARGUMENT, SINGLE, 0),
    b"RSET": (RSET, TRANSACTION, NO_ARGUMENT, SINGLE, 0),
    b"TOP": (TOP, TRANSACTION, NUMBER_COUNT, BODY, 0),
    b"UIDL": (UIDL, TRANSACTION, MAYBE_NUMBER, BODY, 0),
    b"UTF8": (UTF8, _LOGIN, NO_ARGUMENT, SINGLE, 0),
    b"LANG": (LANG, _ANY, MAYBE_WORDS, BODY, 0),
}

# Numbers of messages are 1 to 2^31 - 1: no maildrop is larger, and every client can hold it.
NUMBER_MAXIMUM = const(0x7FFFFFFF)
_NUMBER_DIGITS = const(10)


def number(word):
    """The message number in `word`, or 0 if it is none."""
    if not word.isdigit() or len(word) > _NUMBER_DIGITS:
        return 0
    n = int(word)
    return n if n <= NUMBER_MAXIMUM else 0


def count(word):
    """The line count of TOP in `word`, or -1; what is larger than any message is the maximum."""
    if not word.isdigit():
        return -1
    return min(int(word[:_NUMBER_DIGITS]), NUMBER_MAXIMUM) if len(word) <= 20 else -1
