"""Speeds of the line: which there are, and how long a faster one may be kept.  Pure.

Its rule: a speed other than the line's own is lent.  It must be proved by a whole line within
TRIAL_MS, and is given back when no whole line comes for DEAD_MS: so both ends meet again, whatever
happened to one of them.
"""

from restante.compat import const

# Of the line when nobody asks for another one.
OWN = const(115200)
# A program has so long to say something at the new speed.
TRIAL_MS = const(3000)
# A line at which nothing whole is heard for so long is dead.
DEAD_MS = const(8000)
# What was written has left before the speed changes, and the other end has read it.
SETTLE_MS = const(100)

# As termios has them (asm-generic/termbits.h).
CODES = {
    9600: 0o15,
    19200: 0o16,
    38400: 0o17,
    57600: 0o10001,
    115200: 0o10002,
    230400: 0o10003,
    460800: 0o10004,
    921600: 0o10007,
}


def wanted(line):
    """The N of `terminal speed N`, None for other lines; ValueError: no speed there is."""
    words = line.split()
    if len(words) != 3 or words[:2] != [b"terminal", b"speed"]:
        return None
    text = words[2].decode()
    if not text.isdigit() or len(text) > 7 or int(text) not in CODES:
        raise ValueError(" ".join([str(speed) for speed in sorted(CODES)]))
    return int(text)
