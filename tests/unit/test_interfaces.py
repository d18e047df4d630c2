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
        "ip link set wan up",
        "udhcpc -f -i wan -x hostname:restante -t 5 -T 1 -A 5 </dev/null >/dev/null 2>&1 &",
    ]


def test_static():
    settings = Settings(text.read(STATIC))
    assert interfaces.commands(settings) == [
        "hostname branch-7",
        "ip address add 10.7.0.1/16 broadcast + dev lan",
        "ip link set lan up",
        "ip address add 192.0.2.2/24 broadcast + dev wan",
        "ip link set wan up",
        "ip route add default via 192.0.2.1 dev wan",
        "echo nameserver 192.0.2.53 >/run/resolv.conf",
    ]
    assert interfaces.own_addresses(settings) == ["10.7.0.1", "192.0.2.2"]


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
