"""One query, one answer of a name server that may lie.

Also on MicroPython.
"""

from restante.collect import dns
from restante.errors import ProtocolError

ASKED = dns.query(0x1234, "pop.example.net")
POINTER = b"\xc0\x0c"


def record(name, kind, data, ttl=300, group=1):
    return (
        name
        + bytes((0, kind, 0, group))
        + bytes((0, 0, ttl >> 8, ttl & 255))
        + bytes((0, len(data)))
        + data
    )


def reply(*records, flags=b"\x81\x80", asked=ASKED, count=None):
    n = len(records) if count is None else count
    head = asked[:2] + flags + b"\0\1" + bytes((0, n)) + b"\0\0\0\0"
    return head + asked[12:] + b"".join(records)


def refused(octets, asked=ASKED):
    try:
        dns.answer(octets, asked)
    except ProtocolError:
        return True
    return False


def test_query():
    assert ASKED == b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3pop\7example\3net\0\0\1\0\1"
    for name in ("", ".", "a..b", "x" * 64 + ".net"):
        try:
            dns.query(1, name)
        except ProtocolError:
            continue
        raise AssertionError(name)


def test_addresses():
    octets = reply(record(POINTER, 1, b"\xc0\0\2\1", 300), record(POINTER, 1, b"\xc0\0\2\2", 120))
    assert dns.answer(octets, ASKED) == (["192.0.2.1", "192.0.2.2"], 120)
    assert dns.answer(reply(), ASKED) == ([], dns.TTL_LONGEST)
    assert dns.answer(reply(record(POINTER, 1, b"\1\2\3\4", 0)), ASKED)[1] == dns.TTL_SHORTEST
    assert dns.answer(reply(flags=b"\x81\x83"), ASKED) == ([], dns.TTL_SHORTEST)


def test_a_chain_of_names():
    target = b"\4mail" + b"\xc0\x10"  # mail.example.net, by a pointer into the question
    octets = reply(
        record(POINTER, 5, target, 60),
        record(b"\4MAIL\7example\3net\0", 1, b"\1\2\3\4"),
        record(b"\5other\7example\3net\0", 1, b"\6\6\6\6"),
        record(POINTER, 28, bytes(16)),
    )
    assert dns.answer(octets, ASKED) == (["1.2.3.4"], 60)


def test_what_is_not_our_answer():
    good = reply(record(POINTER, 1, b"\1\2\3\4"))
    assert not refused(good)
    assert refused(b"\x12\x35" + good[2:])  # another id
    assert refused(ASKED)  # a question
    assert refused(reply(flags=b"\x83\x80"))  # cut off
    assert refused(reply(flags=b"\x81\x82"))  # the server failed
    assert refused(good.replace(b"pop", b"pip"))
    assert refused(reply(record(POINTER, 1, b"\1\2\3")))
    assert refused(reply(record(POINTER, 1, b"\1\2\3\4"), count=2))
    assert refused(reply(count=255))
    assert refused(good + bytes(500))


def test_names_that_never_end():
    start = len(ASKED)
    itself = bytes((0xC0, start))
    ahead = bytes((0xC0, start + 2))
    for name in (itself, ahead, b"\xff\xff", b"\xc0\0", b"\x40abc", b"\1", b"\xc0", b""):
        assert refused(reply(record(name, 1, b"\1\2\3\4"), b"\0" * 3)) or name == b""
    assert refused(reply((b"\x3f" + b"x" * 63) * 5 + b"\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4", count=1))


def test_every_cut_and_every_changed_octet_gives_an_answer_or_an_error():
    good = reply(record(POINTER, 5, b"\4mail\xc0\x10"), record(b"\4mail\xc0\x10", 1, b"\1\2\3\4"))
    assert dns.answer(good, ASKED)[0] == ["1.2.3.4"]
    for i in range(len(good)):
        assert refused(good[:i])
        for octet in (0, 1, 0x3F, 0x40, 0xC0, 0xFF):
            changed = good[:i] + bytes((octet,)) + good[i + 1 :]
            refused(changed)


def test_resolv_conf():
    text = (
        "# x\nsearch lan\nnameserver 192.0.2.53\nnameserver ::1\nnameserver\nnameserver 1.2.3.4 x"
    )
    assert dns.servers(text) == ["192.0.2.53", "1.2.3.4"]
    assert dns.servers("") == [] and dns.servers("nameserver 300.1.1.1") == []
