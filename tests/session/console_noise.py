"""What may come over a serial line, out of a seeded random source: faults 87 and 88.

`pieces` gives octets to be typed.  None of them is a command that changes anything, unless noise
makes one; `FORBIDDEN` commands are all around in them, damaged, to show that they are not run.
"""

ALL = bytes(range(256))
LONG = 65536
PASTED = 1000
ESCAPES = (
    b"\x1b[A",
    b"\x1b[2J",
    b"\x1b]0;title\x07",
    b"\x1bP$q\x1b\\",
    b"\x1b[999999999999m",
    b"\x1b[?1049h",
    b"\x9b31m",
    b"\x1bO",
    b"\x1b",
)
COMMANDS = (
    b"show status",
    b"show log",
    b"show sessions",
    b"help",
    b"quarantine list",
    b"show configuration",
    b"configure",
    b"set log level debug",
    b"compare",
    b"exit",
    b"terminal json",
    b"terminal json checked",
    b"terminal text",
    b"monitor log",
    b"support bundle",
    b"ping",
    b"#t1 ping",
    b'show "',
)
FORBIDDEN = (b"reboot yes", b"factory-reset yes", b"factory reset yes")
SORTS = 8


def pieces(random, count):
    """So many pieces; the sorts in turn, so that a short run has all of them."""
    for number in range(count):
        yield piece(random, number % SORTS)


def piece(random, sort):
    if sort == 0:
        return ALL + ALL[::-1]
    if sort == 1:
        return random.randbytes(random.randrange(1, 2000))
    if sort == 2:
        return b"".join(_damaged(random, random.choice(COMMANDS) + b"\r") for _ in range(20))
    if sort == 3:
        return b"".join(_broken(random, random.choice(FORBIDDEN)) + b"\r" for _ in range(20))
    if sort == 4:
        return random.choice(FORBIDDEN) + b" " * LONG + b"\r"
    if sort == 5:
        return b"".join(b"quarantine show n%d\n" % n for n in range(PASTED))
    if sort == 6:
        return b"".join(
            random.choice(ESCAPES + COMMANDS + (b"\r", b"?", b"\t")) for _ in range(60)
        )
    return bytes(random.choice((0, 3, 4, 8, 10, 13, 17, 19, 21, 26, 127)) for _ in range(200))


def _damaged(random, line):
    """Bits flipped, octets lost and doubled, as a bad line does it."""
    out = b""
    for octet in line:
        kind = random.randrange(40)
        if kind == 0:
            octet ^= 1 << random.randrange(8)
        if kind != 1:
            out += bytes((octet,)) * (2 if kind == 2 else 1)
    return out


def _broken(random, command):
    """Never the command itself: an octet that no line may hold is in the middle of it."""
    at = random.randrange(1, len(command))
    return command[:at] + bytes((random.choice((1, 7, 14, 128, 195, 255)),)) + command[at:]
