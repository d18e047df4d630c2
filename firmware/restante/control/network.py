"""`show interfaces` and `ping`: what is known of the network, as text.  Pure."""

from restante.control import status, tables
from restante.errors import RestanteError

# Echo requests, a second apart: a console command has 90 s.
PINGS = 4
MOST_PINGS = 20
CELL_COLUMNS = 24
HOST_OCTETS = 253
HEAD = ("name", "state", "address", "hardware", "received", "sent", "errors")


def interfaces(system):
    rows = system.interfaces()
    lines = tables.table(HEAD, rows, CELL_COLUMNS) if rows else []
    gateway = system.gateway()
    way = "%s on %s" % (gateway[1], gateway[0]) if gateway else "NONE: the internet is not reached"
    lines.append(status.row("gateway", way))
    held = system.filter()
    lines.append(status.row("filter", held[0] if held else "not set yet"))
    return True, "%d interfaces (counts: octets/packets)" % len(rows), lines


async def ping(pinger, host, count):
    """Answers in order; it went well if one came."""
    if len(host) > HOST_OCTETS:
        return False, "that is no host", ["type: ping HOST [COUNT]"]
    if count is None:
        number = PINGS
    elif count.isdigit() and len(count) < 4 and 0 < int(count) <= MOST_PINGS:
        number = int(count)
    else:
        return False, "'%s' is no count" % count[:40], ["allowed: 1 to %d" % MOST_PINGS]
    try:
        address, results = await pinger.run(host, number)
    except RestanteError as error:
        return False, str(error), []
    lines = []
    times = []
    for at in range(len(results)):
        found = results[at]
        if isinstance(found, str):
            lines.append("%d: %s" % (at + 1, found))
        else:
            times.append(found)
            lines.append("%d: %.1f ms" % (at + 1, found))
    text = "%s: %d of %d answered" % (address, len(times), number)
    if times:
        text += ", %.1f to %.1f ms" % (min(times), max(times))
    return bool(times), text, lines
