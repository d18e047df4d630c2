"""Verdicts and actions: the codes that engine, gate and settings agree on.  Pure.

The numbers are owned by native/engine/verdict.h; tests/unit compares the two files.  A verdict
says what was found; policy (policy.py) turns it into an action.  "Not understood" is never clean.
"""

from restante.compat import const

CLEAN = const(0)
INFECTED = const(1)  # a signature matched
ENCRYPTED = const(2)  # a container that needs a password
TOO_DEEP = const(3)  # nesting over the limit
TOO_MANY = const(4)  # more parts or entries than the limit
TOO_LARGE = const(5)  # more expanded octets than the limit
RATIO = const(6)  # expands more than the allowed ratio: a bomb
OVER_BUDGET = const(7)  # more work units than the limit
MALFORMED = const(8)  # a container or encoding that contradicts itself or is cut off
AMBIGUOUS = const(9)  # readers may disagree about what is attached
UNSCANNABLE = const(10)  # a format or method that the engine does not open
KILLED = const(11)  # the worker died twice on this message; made by the gate, never by the engine
MISMATCH = const(12)  # the content is of another type than name or declared type say
FORBIDDEN = const(13)  # a rule of the settings names this type, file name or extension
PARTIAL = const(14)  # message/partial: a piece of a message, of which no piece can be judged
EXTERNAL = const(15)  # message/external-body: the client fetches what was never screened

NAMES = (
    "clean",
    "infected",
    "encrypted",
    "too-deep",
    "too-many",
    "too-large",
    "ratio",
    "over-budget",
    "malformed",
    "ambiguous",
    "unscannable",
    "killed",
    "mismatch",
    "forbidden",
    "partial",
    "external",
)

# The worst finding names the message's verdict: from worst to least.
PRECEDENCE = (
    INFECTED,
    KILLED,
    FORBIDDEN,
    AMBIGUOUS,
    PARTIAL,
    RATIO,
    OVER_BUDGET,
    TOO_DEEP,
    TOO_MANY,
    TOO_LARGE,
    MALFORMED,
    MISMATCH,
    EXTERNAL,
    UNSCANNABLE,
    ENCRYPTED,
    CLEAN,
)

PASS = const(0)  # deliver the original, log the verdict
MARK = const(1)  # deliver the original with an X-Restante-Verdict header line in front
CLEAN_PART = const(2)  # replace the bad part by a notice, the original goes to quarantine
QUARANTINE = const(3)  # replace the whole message by a notice, the original goes to quarantine
BLOCK = const(4)  # as quarantine, and `release` needs the word `force`

ACTION_NAMES = ("pass", "mark", "clean", "quarantine", "block")

# Where a setting is silent.  Lasting causes are held, so that a client never stops at them.
DEFAULT_ACTIONS = {
    CLEAN: PASS,
    INFECTED: CLEAN_PART,
    ENCRYPTED: MARK,
    TOO_DEEP: QUARANTINE,
    TOO_MANY: QUARANTINE,
    TOO_LARGE: QUARANTINE,
    RATIO: QUARANTINE,
    OVER_BUDGET: QUARANTINE,
    MALFORMED: QUARANTINE,  # an archive that contradicts itself is how one hides things
    AMBIGUOUS: QUARANTINE,
    UNSCANNABLE: MARK,
    KILLED: QUARANTINE,
    MISMATCH: CLEAN_PART,  # "invoice.pdf" that is a program
    FORBIDDEN: CLEAN_PART,
    PARTIAL: QUARANTINE,  # the pieces are put together behind the box
    EXTERNAL: MARK,
}
