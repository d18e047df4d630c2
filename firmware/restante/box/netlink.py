"""nf_tables messages as bytes: attributes, expressions, one batch.  Pure: no I/O here.

The layouts are those of linux/netlink.h, netfilter/nfnetlink.h and netfilter/nf_tables.h.  Message
headers are in the machine's order; every board of ours, and the hosts of the tests, are
little-endian.  Attribute values are big-endian, but for what the kernel keeps in its own order.
It does not know what the rules are for: that is ruleset.py.
"""

import struct

from restante.compat import const

NLMSG_ERROR = const(2)
NLM_F_REQUEST = const(1)
NLM_F_ACK = const(4)
NLM_F_CREATE = const(0x400)
NLM_F_APPEND = const(0x800)
NLA_F_NESTED = const(0x8000)

BATCH_BEGIN = const(0x10)
BATCH_END = const(0x11)
SUBSYSTEM = const(10)  # NFNL_SUBSYS_NFTABLES
NEW_TABLE = const(0)
DELETE_TABLE = const(2)
NEW_CHAIN = const(3)
NEW_RULE = const(6)

IPV4 = const(2)  # NFPROTO_IPV4

PREROUTING = const(0)
INPUT = const(1)
FORWARD = const(2)
POSTROUTING = const(4)

DROP = const(0)
ACCEPT = const(1)

REGISTER = const(1)
VERDICT_REGISTER = const(0)

EQUAL = const(0)
NOT_EQUAL = const(1)

NETWORK_HEADER = const(1)
TRANSPORT_HEADER = const(2)


def be32(value):
    return struct.pack(">I", value & 0xFFFFFFFF)


def attribute(kind, data):
    size = 4 + len(data)
    return struct.pack("<HH", size, kind) + data + b"\0" * (-size & 3)


def nested(kind, *attributes):
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def text(kind, value):
    return attribute(kind, value.encode() + b"\0")


def expression(name, *attributes):
    """One element of a rule's list."""
    return nested(1, text(1, name), nested(2, *attributes))


def value(kind, data):
    return nested(kind, attribute(1, data))


# Expressions.  Each loads register 1, compares it, or acts.


def meta(key):
    return expression("meta", attribute(1, be32(REGISTER)), attribute(2, be32(key)))


def conntrack(key):
    return expression("ct", attribute(1, be32(REGISTER)), attribute(2, be32(key)))


def payload(base, offset, size):
    return expression(
        "payload",
        attribute(1, be32(REGISTER)),
        attribute(2, be32(base)),
        attribute(3, be32(offset)),
        attribute(4, be32(size)),
    )


def compare(operator, data):
    return expression(
        "cmp", attribute(1, be32(REGISTER)), attribute(2, be32(operator)), value(3, data)
    )


def masked(mask):
    return expression(
        "bitwise",
        attribute(1, be32(REGISTER)),
        attribute(2, be32(REGISTER)),
        attribute(3, be32(len(mask))),
        value(4, mask),
        value(5, b"\0" * len(mask)),
    )


def load(data):
    return expression("immediate", attribute(1, be32(REGISTER)), value(2, data))


def verdict(code):
    return expression(
        "immediate",
        attribute(1, be32(VERDICT_REGISTER)),
        nested(2, nested(2, attribute(1, be32(code)))),
    )


def route_mss():
    """The TCP segment size that fits the packet's route, in the machine's order."""
    return expression("rt", attribute(1, be32(REGISTER)), attribute(2, be32(3)))


def to_network_order(size):
    return expression(
        "byteorder",
        attribute(1, be32(REGISTER)),
        attribute(2, be32(REGISTER)),
        attribute(3, be32(1)),
        attribute(4, be32(size)),
        attribute(5, be32(size)),
    )


def set_tcp_option(option, offset, size):
    """Writes the register into a TCP option that is there; the kernel never raises an MSS."""
    return expression(
        "exthdr",
        attribute(2, bytes([option])),
        attribute(3, be32(offset)),
        attribute(4, be32(size)),
        attribute(6, be32(1)),
        attribute(7, be32(REGISTER)),
    )


def redirect():
    """To the port in the register, on this machine."""
    return expression("redir", attribute(1, be32(REGISTER)))


def masquerade():
    return expression("masq")


def reset():
    """Refuses a TCP connection by RST."""
    return expression("reject", attribute(1, be32(1)))


class Batch:
    """One transaction: all of it or nothing.  `finish()` gives the bytes and the last number."""

    def __init__(self, table):
        self._table = table
        self._out = []
        self._number = 0
        self._message(BATCH_BEGIN, NLM_F_REQUEST, b"", 0, SUBSYSTEM)

    def new_table(self):
        self._request(NEW_TABLE, NLM_F_CREATE, text(1, self._table))

    def delete_table(self):
        self._request(DELETE_TABLE, 0, text(1, self._table))

    def chain(self, name, kind, hook, priority, policy):
        self._request(
            NEW_CHAIN,
            NLM_F_CREATE,
            text(1, self._table),
            text(3, name),
            nested(4, attribute(1, be32(hook)), attribute(2, be32(priority))),
            attribute(5, be32(policy)),
            text(7, kind),
        )

    def rule(self, chain, *expressions):
        self._request(
            NEW_RULE,
            NLM_F_CREATE | NLM_F_APPEND,
            text(1, self._table),
            text(2, chain),
            nested(4, *expressions),
        )

    def finish(self):
        """(bytes, number of the last request): its acknowledgement comes after all errors."""
        last = self._number
        self._message(BATCH_END, NLM_F_REQUEST, b"", 0, SUBSYSTEM)
        return b"".join(self._out), last

    def _request(self, kind, flags, *attributes):
        flags |= NLM_F_REQUEST | NLM_F_ACK
        self._message(SUBSYSTEM << 8 | kind, flags, b"".join(attributes), IPV4, 0)

    def _message(self, kind, flags, body, family, resource):
        self._number += 1
        self._out.append(
            struct.pack("<IHHII", 20 + len(body), kind, flags, self._number, 0)
            + struct.pack(">BBH", family, 0, resource)
            + body
        )


def errors(data):
    """[(number, errno)] of the acknowledgements in what the kernel sent; errno 0: done."""
    out = []
    at = 0
    while at + 16 <= len(data):
        size, kind, _, number, _ = struct.unpack_from("<IHHII", data, at)
        if size < 16 or at + size > len(data):
            break
        if kind == NLMSG_ERROR and size >= 20:
            out.append((number, -struct.unpack_from("<i", data, at + 16)[0]))
        at += size + 3 & ~3
    return out
