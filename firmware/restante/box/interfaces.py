"""Addresses, routes and names of the box as shell commands.  Pure: text out, nothing is run.

Every word comes from a validated setting, so that none can hold what a shell would take for more
than a word.  It does not know when the commands run: programs/network.py prints them.
"""

from restante.box.places import LAN, LEASES, RESOLV_CONF, TIME_SERVERS, WAN
from restante.box.ruleset import Interception

# DISCOVERs of one round, seconds for an answer to each, seconds to the next round: a WAN that
# comes up late is found soon.
DHCP_TRIES = 5
DHCP_ANSWER_SECONDS = 1
DHCP_PAUSE_SECONDS = 5
HOUR_SECONDS = 3600
# udhcpd lowers it to what the range has; 36 octets of memory each.
LEASES_AT_MOST = 4096


def commands(settings):
    """Lines for a shell; each may fail alone."""
    name = settings.get("system hostname")
    lines = ["hostname " + name]
    lines += up(LAN, settings.get("lan address"))
    lines += services(settings)
    if settings.get("wan mode") == "static":
        return lines + static(settings)
    return lines + [
        "ip link set %s up" % WAN,
        "udhcpc -f -i %s -x hostname:%s -t %d -T %d -A %d </dev/null >/dev/null 2>&1 &"
        % (WAN, name, DHCP_TRIES, DHCP_ANSWER_SECONDS, DHCP_PAUSE_SECONDS),
    ]


def services(settings):
    """What the scripts of init's services read: without a file, the service is off."""
    lines = []
    if settings.get("time source") == "ntp":
        lines += written(TIME_SERVERS, settings.get("time servers"))
    if settings.get("lan dhcp") == "on":
        lines += written(LEASES, leases(settings))
    return lines


def leases(settings):
    """The lines of udhcpd's configuration but for the name servers, which the WAN may tell."""
    address, length = settings.get("lan address")
    low, high = settings.get("lan dhcp-range")
    return [
        "interface " + LAN,
        "start " + low,
        "end " + high,
        "max_leases %d" % LEASES_AT_MOST,
        "lease_file %s.leases" % LEASES,
        "pidfile %s.pid" % LEASES,
        "option router " + address,
        "option subnet " + mask(length),
        "option lease %d" % (settings.get("lan dhcp-lease") * HOUR_SECONDS),
    ]


def mask(length):
    """The dotted mask of a prefix length."""
    bits = 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF
    return ".".join([str(bits >> shift & 255) for shift in (24, 16, 8, 0)])


def written(path, lines):
    """The commands that write the lines to a file."""
    return ["echo '%s' %s %s" % (line, ">>" if n else ">", path) for n, line in enumerate(lines)]


def up(interface, address):
    return [
        "ip address add %s/%d broadcast + dev %s" % (address[0], address[1], interface),
        "ip link set %s up" % interface,
    ]


def static(settings):
    lines = up(WAN, settings.get("wan address"))
    lines.append("ip route add default via %s dev %s" % (settings.get("wan gateway"), WAN))
    server = settings.get("wan dns")
    if server:
        lines.append("echo nameserver %s >%s" % (server, RESOLV_CONF))
    return lines


def interception(settings):
    """What the packet filter is to redirect."""
    return Interception(
        settings.get("interception ports"),
        own_addresses(settings),
        settings.get("interception skip-clients") or (),
        settings.get("interception skip-servers") or (),
    )


def own_addresses(settings):
    """What it never redirects: the box's addresses as far as they are fixed."""
    own = [settings.get("lan address")[0]]
    if settings.get("wan mode") == "static":
        own.append(settings.get("wan address")[0])
    return own
