"""The packet filter in the kernel: what the real `nft` lists, and where packets really go.

The rules are written by our MicroPython, as on the box, into a namespace between an office and an
internet; small TCP peers stand at both ends and on the box.
"""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "host-tools"))

from restante_tools.errors import ToolError
from restante_tools.lab import network
from restante_tools.lab.namespaces import Namespace
from restante_tools.lab.nativegate import interpreter
from restante_tools.lab.runs import Run
from restante_tools.places import Places

PEERS = Path(__file__).parent / "filter_peers.py"
OTHER_PORT = 8080
WAN_MTU = 1400

REDIRECT = """\
table ip restante {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "lan" ip daddr != 192.168.77.1 tcp dport 110 redirect to :11000
	}

	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan" masquerade
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		tcp flags syn / syn,rst tcp option maxseg size set rt mtu
		ct state invalid drop
		iifname "lan" tcp dport 110 reject with tcp reset
		ct state established,related accept
		iifname "lan" oifname "wan" accept
	}

	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		ct state established,related accept
		iifname "lan" ct status dnat accept
		iifname "lan" meta l4proto icmp accept
		iifname "lan" udp dport 67 accept
		iifname "wan" udp sport 67 udp dport 68 accept
		iifname "lan" reject with tcp reset
	}
}
"""
BLOCK = "".join(
    line + "\n"
    for line in REDIRECT.splitlines()
    if "redirect" not in line and "dnat accept" not in line
)
DIRECT = "".join(line + "\n" for line in BLOCK.splitlines() if "dport 110" not in line)


class Filter:
    """Office, box and internet with peers; `apply` sets the rules of one state."""

    def __init__(self, stack):
        run = stack.enter_context(Run())
        self.office, self.box, self.internet = (
            self._namespace(stack, run, role) for role in ("office", "box", "internet")
        )
        network.wire_through(self.office, self.box, self.internet)
        self.box.ip("link", "set", "wan", "mtu", str(WAN_MTU))
        places = Places()
        self._program = str(interpreter(places))
        self._firmware = str(places.firmware)
        self._serve(stack, self.internet, "ORIGIN", network.POP3_PORT, OTHER_PORT)
        self._serve(stack, self.box, "GATE", network.GATE_PORT, network.POP3_PORT, OTHER_PORT)
        self._serve(stack, self.office, "OFFICE", OTHER_PORT)

    @staticmethod
    def _namespace(stack, run, role):
        namespace = Namespace(run.name, role)
        stack.callback(namespace.remove)
        return namespace

    @staticmethod
    def _serve(stack, namespace, word, *ports):
        words = [sys.executable, str(PEERS), "serve", word, *map(str, ports)]
        process = stack.enter_context(
            subprocess.Popen(namespace.command(words), stdout=subprocess.PIPE, text=True)
        )
        stack.callback(process.kill)
        assert process.stdout.readline() == "ready\n"

    def python(self, code):
        """Run code on our MicroPython in the box's namespace."""
        path = f"MICROPYPATH={self._firmware}:.frozen"
        return self.box.run(["env", path, self._program, "-c", code])

    def apply(self, state, ports=(110,), own=(network.LAN_BOX,), clients=(), servers=()):
        wanted = f"{ports!r}, {own!r}, {clients!r}, {servers!r}"
        self.python(
            "from restante.box import netfilter, ruleset\n"
            f"netfilter.apply(ruleset.build({state!r}, ruleset.Interception({wanted})))"
        )

    def listing(self):
        return self.box.run(["nft", "list", "ruleset"])

    @staticmethod
    def ask(namespace, address, port):
        return namespace.run([sys.executable, str(PEERS), "ask", address, str(port)]).strip()

    @staticmethod
    def ping(namespace, address):
        return namespace.run([sys.executable, str(PEERS), "ping", address]).strip()

    def hold(self, stack, namespace, address, port):
        words = [sys.executable, str(PEERS), "hold", address, str(port)]
        process = stack.enter_context(
            subprocess.Popen(
                namespace.command(words),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
        )
        return process


@pytest.fixture(scope="module")
def box():
    with ExitStack() as stack:
        yield Filter(stack)


def test_nft_lists_what_was_meant(box):
    for state, listing in (("redirect", REDIRECT), ("block", BLOCK), ("direct", DIRECT)):
        box.apply(state)
        assert box.listing() == listing


def test_each_port_and_each_own_address_has_its_rule(box):
    box.apply("redirect", (110, 1100), ("192.168.77.1", "203.0.113.50"))
    listing = box.listing()
    for port in (110, 1100):
        rule = f"ip daddr != 192.168.77.1 ip daddr != 203.0.113.50 tcp dport {port} redirect"
        assert listing.count(rule) == 1
        assert listing.count(f"tcp dport {port} reject") == 1


def test_a_batch_that_is_refused_changes_nothing(box):
    box.apply("redirect")
    before = box.listing()
    with pytest.raises(ToolError) as refused:
        # The table is deleted, and then there is none to delete.
        box.python(
            "from restante.box import netfilter, netlink\n"
            "batch = netlink.Batch('restante')\n"
            "batch.delete_table()\n"
            "batch.delete_table()\n"
            "netfilter.apply(batch.finish())"
        )
    assert "nf_tables refused message 3" in refused.value.cause
    assert box.listing() == before


def test_redirect(box):
    box.apply("redirect")
    assert box.ask(box.office, network.ORIGIN, 110).startswith("GATE 192.168.77.10")
    # Everything else passes, from the box's own address.
    assert box.ask(box.office, network.ORIGIN, OTHER_PORT).startswith(f"ORIGIN {network.WAN_BOX}")


@pytest.mark.parametrize(
    "skip",
    [
        {"clients": (network.LAN_CLIENT,)},
        {"clients": ("10.0.0.0/8", "192.168.77.0/24")},
        {"servers": (network.ORIGIN,)},
        {"servers": ("203.0.113.0/25", network.ORIGIN + "/32")},
    ],
    ids=str,
)
def test_what_is_skipped_passes_by_in_each_state(box, skip):
    for state in ("redirect", "block", "direct"):
        box.apply(state, **skip)
        answer = box.ask(box.office, network.ORIGIN, 110)
        assert answer.startswith(f"ORIGIN {network.WAN_BOX}"), state
    # Whoever passes by gets no further than everybody.
    box.apply("redirect", **skip)
    assert box.ask(box.office, network.LAN_BOX, network.GATE_PORT) == "ConnectionRefusedError"
    assert box.ask(box.internet, network.WAN_BOX, 110) == "silence"


def test_what_is_not_skipped_is_redirected(box):
    box.apply("redirect", clients=("192.168.77.250",), servers=("192.0.2.0/24", "198.51.100.9"))
    assert box.ask(box.office, network.ORIGIN, 110).startswith("GATE")
    listing = box.listing()
    assert 'iifname "lan" ip saddr 192.168.77.250 accept' in listing
    assert 'iifname "lan" ip daddr 192.0.2.0/24 accept' in listing
    assert 'iifname "lan" oifname "wan" ip daddr 198.51.100.9 accept' in listing


def test_own_addresses_are_no_way_to_the_gate(box):
    box.apply("redirect", own=(network.LAN_BOX, network.WAN_BOX))
    for address in (network.LAN_BOX, network.WAN_BOX):
        for port in (110, network.GATE_PORT, OTHER_PORT):
            assert box.ask(box.office, address, port) == "ConnectionRefusedError"


def test_the_internet_reaches_nothing(box):
    for state in ("redirect", "block", "direct"):
        box.apply(state)
        for port in (110, network.GATE_PORT, OTHER_PORT):
            assert box.ask(box.internet, network.WAN_BOX, port) == "silence"


def test_the_office_is_not_reached_through_the_box(box):
    box.internet.ip("route", "replace", "192.168.77.0/24", "via", network.WAN_BOX)
    for state in ("redirect", "block", "direct"):
        box.apply(state)
        assert box.ask(box.internet, network.LAN_CLIENT, OTHER_PORT) == "silence"


def test_ping_from_the_office_only(box):
    box.apply("redirect")
    assert box.ping(box.office, network.LAN_BOX) == "answer"
    assert box.ping(box.internet, network.WAN_BOX) == "silence"


def test_block_refuses_pop3_at_once_and_nothing_else(box):
    box.apply("block")
    assert box.ask(box.office, network.ORIGIN, 110) == "ConnectionRefusedError"
    assert box.ask(box.office, network.ORIGIN, OTHER_PORT).startswith("ORIGIN")


def test_direct_passes_by(box):
    box.apply("direct")
    assert box.ask(box.office, network.ORIGIN, 110).startswith(f"ORIGIN {network.WAN_BOX}")


def test_what_began_past_the_gate_ends_when_the_gate_is_back(box):
    box.apply("direct")
    with ExitStack() as stack:
        held = box.hold(stack, box.office, network.ORIGIN, 110)
        assert held.stdout.readline().startswith("ORIGIN")
        held.stdin.write("one\n")
        assert held.stdout.readline() == "one\n"
        box.apply("redirect")
        held.stdin.write("two\n")
        assert held.stdout.readline() == "ConnectionResetError\n"
        held.kill()


def test_a_session_with_the_gate_outlives_a_change_of_rules(box):
    box.apply("redirect")
    with ExitStack() as stack:
        held = box.hold(stack, box.office, network.ORIGIN, 110)
        assert held.stdout.readline().startswith("GATE")
        box.apply("redirect", (110, 1100))
        held.stdin.write("one\n")
        assert held.stdout.readline() == "one\n"
        held.kill()


def test_segment_size_is_clamped_to_the_way(box):
    # Without our rules a routed connection keeps the size that both ends offer.
    box.internet.ip("route", "replace", "192.168.77.0/24", "via", network.WAN_BOX)
    box.box.run(["nft", "flush", "ruleset"])
    assert segment(box) > WAN_MTU - 40
    box.apply("redirect")
    assert segment(box) <= WAN_MTU - 40


def segment(box):
    return int(box.ask(box.office, network.ORIGIN, OTHER_PORT).split()[2])
