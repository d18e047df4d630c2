"""The packet filter's messages, octet by octet where it matters.  Also on MicroPython.

That the kernel takes them and what they mean is asked of the real `nft` in tests/session.
"""

import struct

from restante.box import netlink, ruleset
from restante.box.ruleset import Interception


def messages(data):
    """[(type, flags, number, body)]"""
    out = []
    at = 0
    while at < len(data):
        size, kind, flags, number, port = struct.unpack_from("<IHHII", data, at)
        assert size >= 20 and size % 4 == 0 and at + size <= len(data) and port == 0
        out.append((kind, flags, number, data[at + 16 : at + size]))
        at += size
    return out


def walk(data):
    """All attributes of nested lists fit into each other to the octet."""
    at = 0
    n = 0
    while at < len(data):
        size, kind = struct.unpack_from("<HH", data, at)
        assert size >= 4 and at + size <= len(data)
        if kind & netlink.NLA_F_NESTED:
            n += walk(data[at + 4 : at + size])
        at += size + 3 & ~3
        n += 1
    assert at == len(data)
    return n


def test_attributes_are_padded_and_say_their_true_size():
    assert netlink.attribute(1, b"abc") == b"\x07\0\x01\0abc\0"
    assert netlink.text(3, "pre") == b"\x08\0\x03\0pre\0"
    assert netlink.nested(4, netlink.attribute(1, b"abcd")) == b"\x0c\0\x04\x80\x08\0\x01\0abcd"


def test_a_batch_is_one_transaction_that_replaces_the_table():
    for state in ruleset.STATES:
        data, last = ruleset.build(state, Interception((110, 1100), ("192.168.77.1",)))
        found = messages(data)
        assert [m[2] for m in found] == list(range(1, len(found) + 1))
        assert found[0][0] == netlink.BATCH_BEGIN and found[-1][0] == netlink.BATCH_END
        assert found[0][3] == found[-1][3] == b"\0\0\0\x0a"  # for subsystem 10
        kinds = [m[0] & 0xFF for m in found[1:-1]]
        assert kinds[:3] == [netlink.NEW_TABLE, netlink.DELETE_TABLE, netlink.NEW_TABLE]
        assert found[-2][2] == last
        for kind, flags, _, body in found[1:-1]:
            assert kind >> 8 == netlink.SUBSYSTEM and flags & 5 == 5 and body[0] == netlink.IPV4
            assert walk(body[4:]) > 0


def test_only_redirect_names_the_gates_port():
    port = struct.pack(">H", 11000)
    for state in ruleset.STATES:
        data = ruleset.build(state, Interception((110,), ()))[0]
        assert (b"redir\0" in data) == (state == ruleset.REDIRECT)
        assert (port in data) == (state == ruleset.REDIRECT)
        assert b"masq\0" in data


def test_unknown_state_is_refused():
    try:
        ruleset.build("open", Interception((110,), ()))
    except ValueError:
        return
    raise AssertionError("accepted")


def answer(number, code):
    return struct.pack("<IHHIIi", 36, 2, 0, number, 0, -code) + bytes(16)


def test_answers_of_the_kernel():
    assert netlink.errors(b"") == []
    assert netlink.errors(answer(3, 0)) == [(3, 0)]
    assert netlink.errors(answer(2, 1) + answer(9, 0)) == [(2, 1), (9, 0)]


def test_torn_answers_end_quietly():
    data = answer(2, 1) + answer(9, 0)
    for cut in range(len(data)):
        assert len(netlink.errors(data[:cut])) == cut // 36
    assert netlink.errors(struct.pack("<IHHIIi", 0, 2, 0, 1, 0, 0)) == []
