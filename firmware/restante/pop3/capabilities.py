"""CAPA (RFC 2449): what the origin offers and works through the box.  Pure.

Its rule: the intersection, never more.  In pass-through every SASL mechanism is the origin's own
exchange relayed line by line, so all of them work.  IMPLEMENTATION is hidden: it names a product
and a version to strangers.  A capability that we do not know is not offered, because commands
that it brings are not in our table.
"""

# Tags that stay true with the box in between; their arguments are passed on as they are.
_RELAYED = (
    b"TOP",
    b"USER",
    b"SASL",
    b"RESP-CODES",
    b"AUTH-RESP-CODE",
    b"LOGIN-DELAY",
    b"EXPIRE",
    b"UIDL",
    b"UTF8",
    b"LANG",
)


def offered(lines, tunnel):
    """The CAPA lines for a client, from the origin's `lines` (bytes, without CRLF).

    `tunnel`: STLS is passed on.  PIPELINING is always true of us: commands wait their turn.
    """
    result = []
    seen = set()
    for line in lines:
        words = line.split()
        tag = words[0].upper() if words else b""
        if tag in seen:
            continue
        if tag in _RELAYED or (tag == b"STLS" and tunnel):
            seen.add(tag)
            result.append(b" ".join([tag] + words[1:]))
    result.append(b"PIPELINING")
    return result
