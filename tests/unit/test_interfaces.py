"""The commands that set up the interfaces; options of the programs.  Also on MicroPython."""

from restante.box import interfaces, options
from restante.settings import text
from restante.settings.values import Settings

STATIC = b"""set system hostname branch-7
set lan address 10.7.0.1/16
set wan mode static
set wan address 192.0.2.2/24
set wan gateway 192.0.2.1
set wan dns 192.0.2.53
"""


def test_defaults():
    assert interfaces.commands(Settings()) == [
        "hostname restante",
        "ip address add 192.168.77.1/24 broadcast + dev lan",
        "ip link set lan up",
        "echo 'pool.ntp.org' > /run/time-servers",
        "ip link set wan up",
        "udhcpc -f -i wan -x hostname:restante -t 5 -T 1 -A 5 </dev/null >/dev/null 2>&1 &",
    ]


def test_static():
    settings = Settings(text.read(STATIC))
    assert interfaces.commands(settings) == [
        "hostname branch-7",
        "ip address add 10.7.0.1/16 broadcast + dev lan",
        "ip link set lan up",
        "echo 'pool.ntp.org' > /run/time-servers",
        "ip address add 192.0.2.2/24 broadcast + dev wan",
        "ip link set wan up",
        "ip route add default via 192.0.2.1 dev wan",
        "echo nameserver 192.0.2.53 >/run/resolv.conf",
    ]
    assert interfaces.own_addresses(settings) == ["10.7.0.1", "192.0.2.2"]


def test_services_that_are_wanted():
    data = b"""set time servers 192.0.2.4,ntp.example.net
set lan address 10.7.0.1/22
set lan dhcp on
set lan dhcp-range 10.7.1.0-10.7.3.254
set lan dhcp-lease 2
"""
    told = interfaces.services(Settings(text.read(data)))
    assert told[:2] == [
        "echo '192.0.2.4' > /run/time-servers",
        "echo 'ntp.example.net' >> /run/time-servers",
    ]
    assert [line.partition("'")[2].partition("'")[0] for line in told[2:]] == [
        "interface lan",
        "start 10.7.1.0",
        "end 10.7.3.254",
        "max_leases 4096",
        "lease_file /run/udhcpd.conf.leases",
        "pidfile /run/udhcpd.conf.pid",
        "option router 10.7.0.1",
        "option subnet 255.255.252.0",
        "option lease 7200",
    ]
    assert [line.split("'")[2] for line in told[2:4]] == [
        " > /run/udhcpd.conf",
        " >> /run/udhcpd.conf",
    ]


def test_the_boards_own_clock_needs_no_servers():
    assert interfaces.services(Settings(text.read(b"set time source hardware\n"))) == []


def test_without_a_name_server():
    data = STATIC.replace(b"set wan dns 192.0.2.53\n", b"")
    assert "nameserver" not in "\n".join(interfaces.commands(Settings(text.read(data))))


def test_own_address_of_a_dhcp_wan_is_not_known():
    assert interfaces.own_addresses(Settings()) == ["192.168.77.1"]


def test_options():
    known = {"--data": "/data", "--run": "/run"}
    assert options.parse([], known) == known
    assert options.parse(["--run", "x"], known) == {"--data": "/data", "--run": "x"}
    for wrong in (["--no"], ["--no", "x"], ["--run"], ["x"]):
        try:
            options.parse(wrong, known)
        except ValueError:
            continue
        raise AssertionError(wrong)
