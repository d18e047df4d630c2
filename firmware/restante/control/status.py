"""The lines of `show status` and `show sessions`.  Pure: facts come in, text goes out."""

from restante.control import tables
from restante.control.moments import stamp

# "screening", "last screened": the widest name and two blanks.
NAME_COLUMNS = 15
# An account is `user @ origin:port`; more of it does not fit a terminal's line.
CELL_COLUMNS = 34
IPV6 = "not forwarded: it cannot be intercepted yet"


def row(name, text):
    return name + " " * max(1, NAME_COLUMNS - len(name)) + text


def refused(settings):
    """The line that says so when the settings file was refused."""
    if not settings.error:
        return []
    return [row("settings", settings.refusal)]


def screening(settings):
    mode = settings.get("screening mode")
    fail = settings.get("screening fail-mode")
    text = {"enabled": "enabled", "audit": "audit (nothing is changed)"}.get(mode, "DISABLED")
    return row("screening", "%s; without a verdict: %s" % (text, fail))


def clock(seconds, trusted):
    if trusted:
        return row("clock", stamp(seconds))
    return row("clock", stamp(seconds) + ", NOT SURE: nothing is deleted by age")


def screen(status):
    """`status`: what screen.status() gave, or the error that it raised."""
    if isinstance(status, Exception):
        return [row("screen", "DOES NOT ANSWER (%s): no mail is passed as clean" % status)]
    return [
        row(
            "bundle",
            "%s, %d hashes, %d patterns, built %s"
            % (status.bundle, status.hashes, status.patterns, stamp(status.built)),
        ),
        row(
            "screen",
            "%d workers started, %d without a verdict, at most %s each"
            % (status.workers, status.failed, tables.kib(status.peak * 1024)),
        ),
    ]


def self_test(watch, settings):
    """Whether the samples of the self-test got the right verdicts when it ran last."""
    if watch.passed is None:
        return [row("self-test", watch.text)]
    when = stamp(watch.at)
    if watch.passed:
        return [row("self-test", "%s at %s" % (watch.text, when))]
    deny = settings.get("screening fail-mode") == "deny"
    now = "mail is not delivered" if deny else "mail is delivered marked"
    return [row("self-test", "FAILED at %s, %s: %s" % (when, now, watch.text))]


def traffic(counters, open_sessions, settings):
    get = counters.get
    last = counters.last_screened
    return [
        row("last screened", "nothing yet" if last is None else stamp(last)),
        row("messages", "%d screened, %d octets" % (get("messages"), get("octets"))),
        row(
            "outcome",
            "%d infected, %d replaced, %d held, %d marked, %d without a verdict"
            % tuple(get(n) for n in ("infected", "replaced", "held", "marked", "no_verdict")),
        ),
        row(
            "sessions",
            "%d open of %d, %d accepted, %d refused"
            % (
                open_sessions,
                settings.get("sessions maximum"),
                get("sessions"),
                get("sessions_refused"),
            ),
        ),
        row("tunnels", "%d passed, not screened" % get("tunnels")),
    ] + _no_room(get("no_room"))


def _no_room(count):
    if not count:
        return []
    return [row("DISK FULL", "%d messages could not be unpacked, so got no verdict" % count)]


def passing(settings):
    """Whose mail passes by, if somebody's does."""
    clients = settings.get("interception skip-clients") or ()
    servers = settings.get("interception skip-servers") or ()
    places = ["from " + place for place in clients] + ["to " + place for place in servers]
    return [row("passes by", "NOT SCREENED: " + ", ".join(places))] if places else []


def machine(system, settings):
    out = [row("fail rule", settings.get("interception fail"))] + passing(settings)
    total, available = system.memory()
    out.append(
        row(
            "memory",
            "%s available of %s; gate %s"
            % (tables.kib(available), tables.kib(total), tables.kib(system.resident())),
        )
    )
    try:
        out.append(row("data", tables.mib(system.data_free()) + " free"))
    except OSError as error:
        out.append(row("data", "CANNOT BE READ: %s" % error))
    out.append(row("IPv6", IPV6))
    return out


def alarms(active):
    if not active:
        return [row("alarms", "none")]
    out = []
    for name, text, count in active:
        times = "%d times" % count if count else "before the last start"
        out.append(row("ALARM", "%s: %s (%s)" % (name, text, times)))
    return out


def sessions(snapshot):
    if not snapshot:
        return ["no open sessions"]
    rows = [
        (
            s["id"],
            s["client"],
            s["origin"],
            s["account"],
            s["state"],
            tables.duration(s["seconds"]),
            s["messages"],
        )
        for s in snapshot
    ]
    head = ("id", "client", "origin", "account", "state", "open for", "messages")
    return tables.table(head, rows, CELL_COLUMNS)
