"""DNS (RFC 1035) as far as an A record needs it: one query, one answer, both as octets.  Pure.

Its rule: an answer is hostile octets.  It counts only if it is whole, belongs to the query to the
octet, and every name in it ends; anything else is a ProtocolError.  It does not know sockets.
"""

from restante.compat import const
from restante.errors import ProtocolError
from restante.inet import is_address

# RFC 1035 §2.3.4 and §4.2.1.
NAME_OCTETS = const(255)
LABEL_OCTETS = const(63)
MESSAGE_OCTETS = const(512)
# Records that are looked at; an answer of 512 octets has fewer than 32 addresses.
RECORDS = const(40)
# Seconds; a shorter time would ask all the time, a longer one would miss a move.
TTL_SHORTEST = const(60)
TTL_LONGEST = const(86400)

_HEADER_OCTETS = const(12)
_A = const(1)
_CNAME = const(5)
_IN = const(1)
_NO_SUCH_NAME = const(3)


def query(id, name):
    """The octets that ask for the addresses of `name`; `id`: 16 bits that nobody can guess."""
    return _pair(id) + b"\1\0\0\1\0\0\0\0\0\0" + _labels(name) + b"\0\1\0\1"


def answer(octets, asked):
    """([addresses], seconds that they hold) from the answer to `asked`; ProtocolError.

    No address: the name has none, or is not there.
    """
    if not len(asked) <= len(octets) <= MESSAGE_OCTETS or octets[:2] != asked[:2]:
        raise ProtocolError("the name server's answer belongs to no question")
    # A reply to a standard query, not cut off; one question, which is ours.
    if octets[2] & 0xFA != 0x80 or octets[4:6] != b"\0\1":
        raise ProtocolError("the name server's answer cannot be used")
    if octets[_HEADER_OCTETS : len(asked)] != asked[_HEADER_OCTETS:]:
        raise ProtocolError("the name server's answer belongs to another question")
    code = octets[3] & 15
    if code == _NO_SUCH_NAME:
        return [], TTL_SHORTEST
    if code:
        raise ProtocolError("the name server refused the question: code %d" % code)
    return _addresses(octets, asked)


def _addresses(octets, asked):
    at = len(asked)
    name = _name(octets, _HEADER_OCTETS)[0]
    found = []
    ttl = TTL_LONGEST
    count = _number(octets, 6)
    if count > RECORDS:
        raise ProtocolError("the name server sent %d records" % count)
    for _ in range(count):
        owner, at = _name(octets, at)
        if at + 10 > len(octets):
            raise ProtocolError("the name server's answer is cut off")
        kind, group = _number(octets, at), _number(octets, at + 2)
        seconds = _number(octets, at + 4) << 16 | _number(octets, at + 6)
        start = at + 10
        at = start + _number(octets, at + 8)
        if at > len(octets):
            raise ProtocolError("the name server's answer is cut off")
        if owner != name or group != _IN:
            continue
        if kind == _CNAME:
            # Servers give the chain in order; what they give otherwise is not followed.
            name, end = _name(octets, start)
            if end != at:
                raise ProtocolError("the name server sent a name of another length")
        elif kind == _A:
            if at - start != 4:
                raise ProtocolError("the name server sent an address of another length")
            found.append("%d.%d.%d.%d" % tuple(octets[start:at]))
        ttl = min(ttl, seconds)
    return found, max(ttl, TTL_SHORTEST)


def _name(octets, at):
    """(the name in lower case, where it ends in the record); pointers lead backwards only."""
    labels = []
    size = 0
    end = -1
    lowest = at
    while True:
        if at >= len(octets):
            raise ProtocolError("a name of the name server is cut off")
        length = octets[at]
        if length == 0:
            return b".".join(labels), at + 1 if end < 0 else end
        if length >= 0xC0:
            if at + 1 >= len(octets):
                raise ProtocolError("a name of the name server is cut off")
            end = at + 2 if end < 0 else end
            at = (length & 0x3F) << 8 | octets[at + 1]
            if not _HEADER_OCTETS <= at < lowest:
                raise ProtocolError("a name of the name server leads nowhere")
            lowest = at
            continue
        size += 1 + length
        if length > LABEL_OCTETS or at + 1 + length > len(octets) or size > NAME_OCTETS:
            raise ProtocolError("a name of the name server is no name")
        labels.append(bytes(octets[at + 1 : at + 1 + length]).lower())
        at += 1 + length


def _labels(name):
    out = b""
    for label in name.encode().split(b"."):
        if not 1 <= len(label) <= LABEL_OCTETS:
            raise ProtocolError("%s is no host name" % name)
        out += bytes((len(label),)) + label
    return out + b"\0"


def _number(octets, at):
    return octets[at] << 8 | octets[at + 1]


def _pair(n):
    return bytes((n >> 8, n & 255))


def servers(text):
    """The addresses of the name servers in a resolv.conf."""
    found = []
    for row in text.split("\n"):
        words = row.split()
        if len(words) > 1 and words[0] == "nameserver" and is_address(words[1]):
            found.append(words[1])
    return found
