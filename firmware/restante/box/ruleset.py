"""The packet filter of the box as one batch of nf_tables messages.  Pure: no I/O here.

One table `restante` of family ip, replaced as a whole in one transaction.  Three states:
`redirect` (POP3 of the LAN goes to the gate), and the fail rule while the gate does not answer:
`block` (refused) or `direct` (passes by, not screened).  It does not know when each applies.
"""

import struct

from restante.box import netlink as nl
from restante.box.places import GATE_PORT, LAN, WAN

REDIRECT = "redirect"
BLOCK = "block"
DIRECT = "direct"
STATES = (REDIRECT, BLOCK, DIRECT)

TABLE = "restante"

IFACE_NAME_OCTETS = 16
META_IN_NAME = 6
META_OUT_NAME = 7
META_PROTOCOL = 16
CT_STATE = 0
CT_STATUS = 2
INVALID = 1
ESTABLISHED_OR_RELATED = 2 | 4
DNAT = 1 << 5
ICMP = 1
TCP = 6
UDP = 17
DHCP_SERVER = 67
DHCP_CLIENT = 68
SYN = 2
RST = 4
MSS_OPTION = 2
# Octets into the IPv4 header.
SOURCE = 12
DESTINATION = 16


class Interception:
    """What is redirected.

    `ports`: TCP ports.  `own`: addresses of the box (text); what is meant for them is not
    redirected, since the gate would then connect to itself.  `clients`, `servers`: addresses and
    networks (text) whose mail passes by, not screened.
    """

    def __init__(self, ports, own, clients=(), servers=()):
        self.ports = ports
        self.own = own
        self.clients = clients
        self.servers = servers


def build(state, wanted, lan=LAN, wan=WAN):
    """(bytes, number of the last request).  `wanted`: Interception."""
    if state not in STATES:
        raise ValueError(state)
    batch = nl.Batch(TABLE)
    # The first line makes sure that there is a table to delete.
    batch.new_table()
    batch.delete_table()
    batch.new_table()
    _nat(batch, state, wanted, lan, wan)
    _forward(batch, state, wanted, lan, wan)
    _input(batch, state, lan, wan)
    return batch.finish()


def words(state, wanted, lan=LAN, wan=WAN):
    """The same as lines for people, in the order in which the kernel asks."""
    listed = ", ".join("%d" % port for port in wanted.ports)
    lines = ["state " + state, "nat: out of %s: masquerade" % wan]
    for way, places in (("from", wanted.clients), ("to", wanted.servers)):
        for place in places:
            lines.append("nat: from %s, %s %s: passes by, NOT SCREENED" % (lan, way, place))
    if state == REDIRECT:
        but = " (not to %s)" % ", ".join(wanted.own) if wanted.own else ""
        lines.append("nat: from %s%s tcp %s: redirect to %d" % (lan, but, listed, GATE_PORT))
    lines += ["forward: tcp syn: MSS as the route has it", "forward: invalid: drop"]
    if state != DIRECT:
        lines.append("forward: from %s tcp %s: reset" % (lan, listed))
    lines += ["forward: established, related: accept", "forward: %s to %s: accept" % (lan, wan)]
    lines += ["forward: all else: drop", "input: lo: accept"]
    lines.append("input: established, related: accept")
    if state == REDIRECT:
        lines.append("input: from %s, what was redirected: accept" % lan)
    lines += ["input: from %s icmp, udp 67: accept" % lan, "input: from %s dhcp: accept" % wan]
    return lines + ["input: from %s tcp: reset" % lan, "input: all else: drop"]


def _nat(batch, state, wanted, lan, wan):
    batch.chain("pre", "nat", nl.PREROUTING, -100, nl.ACCEPT)
    batch.chain("post", "nat", nl.POSTROUTING, 100, nl.ACCEPT)
    if state == REDIRECT:
        for passing in _passing(wanted):
            batch.rule("pre", _from(lan), *passing, nl.verdict(nl.ACCEPT))
        for port in wanted.ports:
            rule = [_from(lan)]
            for address in wanted.own:
                rule += [_header(DESTINATION), _differs(_address(address))]
            rule += [_protocol(TCP), _destination_port(port)]
            rule += [nl.load(_port(GATE_PORT)), nl.redirect()]
            batch.rule("pre", *rule)
    batch.rule("post", nl.meta(META_OUT_NAME), _is(_name(wan)), nl.masquerade())


def _forward(batch, state, wanted, lan, wan):
    batch.chain("forward", "filter", nl.FORWARD, 0, nl.DROP)
    batch.rule("forward", *_clamp())
    batch.rule("forward", *_state(INVALID), nl.verdict(nl.DROP))
    to_wan = nl.meta(META_OUT_NAME) + _is(_name(wan))
    if state != DIRECT:
        for passing in _passing(wanted):
            batch.rule("forward", _from(lan), to_wan, *passing, nl.verdict(nl.ACCEPT))
        # Before what is established: a connection that began while the fail rule was `direct`
        # ends when the gate is back, and its client comes again, through the gate.
        for port in wanted.ports:
            batch.rule("forward", _from(lan), _protocol(TCP), _destination_port(port), nl.reset())
    batch.rule("forward", *_state(ESTABLISHED_OR_RELATED), nl.verdict(nl.ACCEPT))
    batch.rule("forward", _from(lan), to_wan, nl.verdict(nl.ACCEPT))


def _input(batch, state, lan, wan):
    batch.chain("input", "filter", nl.INPUT, 0, nl.DROP)
    accept = nl.verdict(nl.ACCEPT)
    batch.rule("input", _from("lo"), accept)
    batch.rule("input", *_state(ESTABLISHED_OR_RELATED), accept)
    if state == REDIRECT:
        # Only what was redirected: the gate's own port cannot be reached by its number.
        status = _bits(nl.conntrack(CT_STATUS), DNAT)
        batch.rule("input", _from(lan), *status, accept)
    batch.rule("input", _from(lan), _protocol(ICMP), accept)
    batch.rule("input", _from(lan), _protocol(UDP), _destination_port(DHCP_SERVER), accept)
    batch.rule(
        "input",
        _from(wan),
        _protocol(UDP),
        nl.payload(nl.TRANSPORT_HEADER, 0, 2),
        _is(_port(DHCP_SERVER)),
        _destination_port(DHCP_CLIENT),
        accept,
    )
    # The office gets an answer at once instead of a time-out; the internet gets silence.
    batch.rule("input", _from(lan), _protocol(TCP), nl.reset())


def _passing(wanted):
    """Expressions for each place whose mail is not ours."""
    for offset, places in ((SOURCE, wanted.clients), (DESTINATION, wanted.servers)):
        for place in places:
            yield _header(offset), _within(place)


def _header(offset):
    """Loads an address of the IPv4 header."""
    return nl.payload(nl.NETWORK_HEADER, offset, 4)


def _within(place):
    """An address or a network, such as `192.0.2.0/24`."""
    address, _, prefix = place.partition("/")
    if prefix in ("", "32"):
        return _is(_address(address))
    mask = (0xFFFFFFFF << (32 - int(prefix))) & 0xFFFFFFFF
    return nl.masked(struct.pack(">I", mask)) + _is(_address(address))


def _clamp():
    """TCP MSS to what the route carries: some links swallow the ICMP that would say so."""
    flags = [nl.payload(nl.TRANSPORT_HEADER, 13, 1), nl.masked(bytes([SYN | RST]))]
    flags = [_protocol(TCP)] + flags + [_is(bytes([SYN]))]
    return flags + [nl.route_mss(), nl.to_network_order(2), nl.set_tcp_option(MSS_OPTION, 2, 2)]


def _state(bits):
    return _bits(nl.conntrack(CT_STATE), bits)


def _bits(load, bits):
    """Any of the bits is set; connection tracking keeps them in the machine's order."""
    return [load, nl.masked(struct.pack("<I", bits)), _differs(b"\0" * 4)]


def _from(interface):
    return nl.meta(META_IN_NAME) + _is(_name(interface))


def _protocol(number):
    return nl.meta(META_PROTOCOL) + _is(bytes([number]))


def _destination_port(port):
    return nl.payload(nl.TRANSPORT_HEADER, 2, 2) + _is(_port(port))


def _is(data):
    return nl.compare(nl.EQUAL, data)


def _differs(data):
    return nl.compare(nl.NOT_EQUAL, data)


def _port(number):
    return struct.pack(">H", number)


def _address(address):
    return bytes([int(octet) for octet in address.split(".")])


def _name(interface):
    return interface.encode() + b"\0" * (IFACE_NAME_OCTETS - len(interface))
