"""A sequence of steps from a seed: the same seed, the same steps. Pure."""

import random

BEGIN = ("new mail", "poll in the office", "new mail")  # else most of it happens to no message
# Each of them comes, in any order, so that each pair of kinds meets in some sequence.
DECK = {
    "poll in the office": 3,
    "poll outside": 2,
    "delete in office": 3,
    "delete outside": 1,
    "new mail": 3,
    "reboot": 2,
    "origin down": 1,
    "password changed": 1,
}
AWAY = ("poll in the office", "delete in office", "new mail", "reboot")  # while the origin is down
BACK = 0.3  # the chance before each step that a lost origin comes back
END = ("poll outside", "poll in the office")


def sequence(seed):
    """[(step, a random generator of its own)]: what one step draws does not change the others."""
    chance = random.Random(seed)
    deck = [name for name, count in DECK.items() for _ in range(count)]
    chance.shuffle(deck)
    names, up = list(BEGIN), True
    while deck or not up:
        possible = [name for name in deck if up or name in AWAY]
        if not up and (not possible or chance.random() < BACK):
            names.append("origin up")
            up = True
            continue
        deck.remove(possible[0])
        names.append(possible[0])
        up = possible[0] != "origin down" if up else False
    return [(name, random.Random(chance.random())) for name in (*names, *END)]


def message(number, chance):
    """A message with LF lines that says its number, with the dots and lengths that go wrong."""
    lines = [b"x" * chance.randrange(1, 70) for _ in range(chance.choice((0, 1, 8, 400)))]
    body = b"\n".join([b".", b"..", b".dot", b"", *lines, b"end", b""])
    return (
        b"From: lab@example.org\nTo: fred@example.com\n"
        b"Subject: roaming %d\nMessage-ID: <%d@roaming.example.org>\n\n" % (number, number)
    ) + body


def number_of(octets):
    """The number of a message as a client has it; None: not one of ours."""
    head = octets.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    for line in head.split(b"\n"):
        if line.startswith(b"Message-ID: <") and line.endswith(b"@roaming.example.org>"):
            return int(line[13 : line.index(b"@")])
    return None


def as_sent(octets):
    """Without what the server adds for itself: mailutils keeps the UIDL in the message."""
    lines = octets.replace(b"\r\n", b"\n").splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"X-UIDL: "))
