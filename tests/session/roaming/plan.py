"""A sequence of steps from a seed: the same seed, the same steps. Pure."""

import random

STEPS = 16  # of one sequence: each kind about twice, so that pairs of them meet
BEGIN = ("new mail", "poll in the office", "new mail")  # else most of it happens to no message
UP = (
    ("poll in the office", 4),
    ("poll outside", 3),
    ("delete in office", 3),
    ("delete outside", 2),
    ("new mail", 5),
    ("reboot", 2),
    ("origin down", 2),
    ("password changed", 1),
)
DOWN = (
    ("poll in the office", 3),
    ("delete in office", 2),
    ("new mail", 1),
    ("reboot", 2),
    ("origin up", 3),
)


def sequence(seed, steps=STEPS):
    """[(step, a random generator of its own)]: what one step draws does not change the others."""
    chance = random.Random(seed)
    made, up = [(name, random.Random(chance.random())) for name in BEGIN], True
    for _ in range(steps):
        names, weights = zip(*(UP if up else DOWN), strict=True)
        (name,) = chance.choices(names, weights)
        up = {"origin down": False, "origin up": True}.get(name, up)
        made.append((name, random.Random(chance.random())))
    return made


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
