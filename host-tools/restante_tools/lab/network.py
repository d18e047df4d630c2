"""The two places and what joins them: their addresses, and the internet's DHCP.

Rule: addresses stand here once. All of them are reserved for documentation (RFC 5737) or private.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.namespaces import Namespace, join

Cable = Callable[[Namespace, str, Namespace, str], None]  # joins two namespaces by interfaces

LAN_BOX = "192.168.77.1"  # the box's factory setting
LAN_CLIENT = "192.168.77.10"
WAN_GATEWAY = "203.0.113.1"
WAN_BOX = "203.0.113.50"  # what DHCP gives the box
ORIGIN = "198.51.100.25"  # the provider's mail server, behind the gateway
ORIGIN_NAME = "pop.example.net"
POP3_PORT = 110
GATE_PORT = 11000  # where the packet filter sends what it intercepts
OFFICE_SIDE, INTERNET_SIDE = "eth0", "eth0"
LAN_MAC, WAN_MAC = "52:54:00:72:00:01", "52:54:00:72:00:02"  # the box knows its sides by them
SERVER_START_SECONDS = 15.0


def furnish_office(office: Namespace) -> None:
    """The client's computer: one address, everything else through the box."""
    office.configure(OFFICE_SIDE, LAN_CLIENT + "/24", LAN_BOX)


def furnish_internet(internet: Namespace) -> None:
    """The provider: the box's next hop, and the mail server's address behind it."""
    internet.configure(INTERNET_SIDE, WAN_GATEWAY + "/24")
    internet.ip("address", "add", ORIGIN + "/32", "dev", "lo")


def resolver(folder: Path) -> Path:
    """A resolv.conf that names the provider's name server."""
    path = folder / "resolv.conf"
    path.write_text(f"nameserver {WAN_GATEWAY}\noptions timeout:1 attempts:1\n", encoding="ascii")
    return path


def start_dhcp(internet: Namespace, folder: Path, log: Path) -> Child:
    """The provider's DHCP and DNS: always the same address for the box."""
    configuration = folder / "dnsmasq.conf"
    configuration.write_text(
        "\n".join(
            (
                # Stays in the foreground as root: another user would lose the parent-death signal.
                "keep-in-foreground",
                "user=root",
                "log-facility=-",
                "log-dhcp",
                "pid-file=",
                "no-hosts",
                "no-resolv",
                "bind-interfaces",
                f"interface={INTERNET_SIDE}",
                f"dhcp-leasefile={folder}/leases",
                f"dhcp-range={WAN_BOX},{WAN_BOX},255.255.255.0,1h",
                f"dhcp-option=option:router,{WAN_GATEWAY}",
                f"dhcp-option=option:dns-server,{WAN_GATEWAY}",
                "dhcp-authoritative",
                "no-ping",
                f"host-record={ORIGIN_NAME},{ORIGIN}",
                "",
            )
        ),
        encoding="ascii",
    )
    # The interface is up before anything answers on the box's side of it.
    child = Child("dnsmasq", internet.command(["dnsmasq", f"--conf-file={configuration}"]), log)
    deadline = Deadline(SERVER_START_SECONDS, "the machine is very busy", f"read {log}")

    def listening() -> bool:
        child.check()
        return ":67 " in internet.run(["ss", "-Hlun"])

    deadline.wait(listening, "start of dnsmasq")
    return child


def wire_through(
    office: Namespace, box: Namespace, internet: Namespace, wan: Cable = join
) -> None:
    """Join the two places by a plain Linux router that intercepts as the image does.

    For tests of the gate without the image: the rules are given to the real `nft`. `wan` lays the
    cable to the internet.
    """
    join(office, OFFICE_SIDE, box, "lan")
    wan(internet, INTERNET_SIDE, box, "wan")
    box.configure("lan", LAN_BOX + "/24")
    box.configure("wan", WAN_BOX + "/24", WAN_GATEWAY)
    box.sysctl("net.ipv4.ip_forward", 1)
    intercept(box, GATE_PORT)
    furnish_office(office)
    furnish_internet(internet)


def intercept(box: Namespace, port: int | None) -> None:
    """Load the rules anew: POP3 of the office goes to `port` (None: on to where it was meant to
    go), everything leaves masqueraded."""
    redirect = f'iifname "lan" tcp dport {POP3_PORT} redirect to :{port}' if port else ""
    box.run(
        ["nft", "-f", "-"],
        text=f"""
table ip restante
delete table ip restante
table ip restante {{
    chain intercept {{
        type nat hook prerouting priority dstnat;
        {redirect}
    }}
    chain leave {{
        type nat hook postrouting priority srcnat;
        oifname "wan" masquerade
    }}
}}
""",
    )
