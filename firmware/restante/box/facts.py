"""Interfaces and kernel as /proc and /sys tell of them.  Reads; decides nothing.

The gate may ask no netlink socket: addresses come from the kernel's own table of local routes.
"""

import _sys

from restante.inet import is_address

DEVICES = "/proc/net/dev"
ROUTES = "/proc/net/route"
LOCAL = "/proc/net/fib_trie"
CLASS = "/sys/class/net/"
# More interfaces than a box has; a developer's machine may have hundreds.
INTERFACES = 16
# Of a file that is read whole.
FILE_OCTETS = 16384


def interfaces():
    """[(name, state, address or "-", hardware address, received, sent, errors)], counts as text:
    `octets/packets`; errors: of both ways and what was dropped."""
    local = local_addresses(read(LOCAL))
    places = networks(read(ROUTES))
    found = []
    for name, counts in devices(read(DEVICES))[:INTERFACES]:
        own = [a for a in local if any(p[0] == name and _inside(a, p) for p in places)]
        if not own and name == "lo":
            own = [a for a in local if a.startswith("127.") and a.endswith(".1")]
        folder = CLASS + name + "/"
        received = "%d/%d" % (counts[0], counts[1])
        sent = "%d/%d" % (counts[8], counts[9])
        bad = counts[2] + counts[3] + counts[10] + counts[11]
        state = read(folder + "operstate").strip() or "unknown"
        row = (name, state, " ".join(own) or "-", read(folder + "address").strip() or "-")
        found.append(row + (received, sent, "%d" % bad))
    return found


def devices(text):
    """[(name, 16 counts)] of /proc/net/dev."""
    found = []
    for line in text.split("\n")[2:]:
        name, colon, rest = line.partition(":")
        counts = [int(word) for word in rest.split()]
        if colon and len(counts) >= 12:
            found.append((name.strip(), counts))
    return found


def networks(text):
    """[(interface, network, mask)] of /proc/net/route, which is in the machine's order."""
    found = []
    for line in text.split("\n")[1:]:
        words = line.split()
        if len(words) >= 8 and words[7] != "00000000":
            found.append((words[0], _turned(words[1]), _turned(words[7])))
    return found


def default_route(text):
    """(interface, gateway), or None."""
    for line in text.split("\n")[1:]:
        words = line.split()
        if len(words) >= 8 and words[1] == words[7] == "00000000":
            gateway = _turned(words[2])
            return words[0], "%d.%d.%d.%d" % tuple(
                (gateway >> shift) & 255 for shift in (24, 16, 8, 0)
            )
    return None


def local_addresses(text):
    """The box's own addresses: leaves of fib_trie of which the next line says `host LOCAL`."""
    found = []
    last = ""
    for line in text.split("\n"):
        words = line.split()
        if words[:1] == ["|--"]:
            last = words[1]
        elif words[1:] == ["host", "LOCAL"] and is_address(last) and last not in found:
            found.append(last)
    return found


def gateway():
    """(interface, address) of the default route, or None."""
    return default_route(read(ROUTES))


def memory():
    """The lines of /proc/meminfo that say most."""
    wanted = ("MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "Dirty", "Slab")
    rows = read("/proc/meminfo").split("\n")
    return [row for row in rows if row.partition(":")[0] in wanted]


def kernel():
    """What `uname -sr` and the compiler's line say."""
    return read("/proc/version").strip()


def read(path):
    """The beginning of a file as text, "" if it cannot be read."""
    try:
        fd = _sys.open(path, _sys.O_RDONLY)
    except OSError:
        return ""  # a machine without it has nothing to say about it
    out = bytearray(FILE_OCTETS)
    used = 0
    try:
        while used < FILE_OCTETS:
            n = _sys.read(fd, out, used, FILE_OCTETS)
            if not n:
                break
            used += n
    except OSError:
        used = 0  # some files of /sys refuse while an interface is down
    finally:
        _sys.close(fd)
    return "".join([chr(octet) for octet in out[:used]])


def _turned(word):
    """Eight hex digits, octets in reverse."""
    return int(word[6:8] + word[4:6] + word[2:4] + word[0:2], 16)


def _inside(address, place):
    number = 0
    for part in address.split("."):
        number = number << 8 | int(part)
    return number & place[2] == place[1]
