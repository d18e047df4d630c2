"""The tree of settings: every path, its type, default and help, and what must fit together.  Pure.

Validation, the text form, JSON, `?`, Tab and REFERENCE.md all come from this one list.
It does not know where settings are kept nor who uses them.
"""

from restante.box.places import CHANNEL, GATE_PORT
from restante.log.records import LEVELS
from restante.screening import rules
from restante.screening.types import FAMILIES, TYPES
from restante.screening.verdicts import ACTION_NAMES, CLEAN, DEFAULT_ACTIONS, NAMES
from restante.settings.kinds import (
    HOSTNAME,
    Address,
    Choice,
    Hashes,
    Host,
    Hostname,
    Hosts,
    Integer,
    Interface,
    Networks,
    Patterns,
    Ports,
    Range,
    Servers,
    TimeZone,
    Url,
    Users,
    Words,
    bounds,
    is_address,
    number,
    same_network,
)
from restante.settings.zone import UTC

RESTART = True
MIB = "MiB"
SECONDS = "seconds"
GROUP = "group"
PROFILE = "profile"
ACCOUNT = "account"
SCREENING = "screening "  # begins the paths that a profile may have of its own
# Profiles: an office has one for the managers, one for the rest.
PROFILES = 32
# Keys of update servers: an old and a new one, of two servers (native/tls/session.h).
PINS = 4
# Patterns of accounts that have a profile: an office that lists every mailbox by name.
ACCOUNTS = 100
# Groups of servers: an office has a handful of providers, and each place that a client connects to
# is looked for in all of them.
GROUPS = 32
# Addresses and networks that pass by: each costs two rules in the packet filter.
SKIPPED = 16
# busybox's ntpd asks each of them; four outvote one that is wrong.
TIME_SERVERS = 4
# POP3's own port (RFC 1939 §3): a server without :PORT means it, and what is redirected besides.
POP3_PORT = 110


# What each inner word of a path is about, for `help` and the reference page.
BRANCHES = {
    "system": "the box itself",
    "lan": "the side of the office",
    "time": "what the box's clock is set by",
    "wan": "the side of the internet line",
    "interception": "which connections are taken, and what happens when they cannot be",
    "sessions": "sessions of mail programs",
    "origin": "how long a mail server may take",
    "delivery": "keeping a mail program waiting",
    "screening": "what is looked for, and what is done with it",
    "screening action": "what is done with a message, by its verdict",
    "screening limit": "how far a message is unpacked",
    "screening forbid": "types and names of files that are forbidden",
    "screening only": "types and names of files that alone are allowed",
    "screening exclude": "what is not matched against signatures",
    "screening allow": "what never counts as found",
    "screening sender": "rules about the From: address",
    "screening subject": "rules about the Subject:",
    "signatures": "the signature set in use",
    "updates": "bundles from a server or a USB stick",
    "spool": "mail in passage",
    "quarantine": "held mail",
    "mail": "stored mail",
    "collect": "fetching mail ahead of time",
    "console": "the serial line",
    "log": "records",
    "log syslog": "a server that records are sent to (RFC 5424)",
    "group": "servers of one provider, and who is accelerated there",
    "profile": "screening settings of some accounts",
    "account": "which profile an account has",
}


class Setting:
    """`restart`: the running programs go on with the old value until the box restarts."""

    def __init__(self, path, kind, default, help, restart=False):
        self.path = path
        self.kind = kind
        self.default = default  # a typed value, or None: no value
        self.help = help
        self.restart = restart


def _screening_actions():
    actions = []
    for verdict, name in enumerate(NAMES):
        if verdict != CLEAN:  # what is clean is delivered; there is nothing to choose
            actions.append(
                Setting(
                    "screening action " + name,
                    Choice(*ACTION_NAMES),
                    ACTION_NAMES[DEFAULT_ACTIONS[verdict]],
                    "what is done with a message of this verdict",
                )
            )
    return actions


def _screening_limits():
    rows = (
        ("depth", 1000, "nested layers"),
        ("entries", 1000000, "MIME parts and container entries"),
        ("expanded", 1 << 40, "octets out of containers"),
        ("ratio", 1000000, "octets out per octet in"),
        ("work", 10**15, "work units"),
    )
    return [
        Setting("screening limit " + name, Integer(0, high, unit), 0, "0: the engine's own limit")
        for name, high, unit in rows
    ]


def _screening_rules():
    allowed = "with commas between, types (see screening/README.md) or families: "
    types = Words(allowed + " ".join(FAMILIES), FAMILIES + TYPES)
    return [
        Setting(
            "screening verify-type",
            Choice("enabled", "disabled"),
            "enabled",
            "content against its name and declared type; else the verdict is mismatch",
        ),
        Setting("screening forbid type", types, None, "what is forbidden, by content or name"),
        Setting("screening forbid name", Patterns(), None, "file names, such as *.exe"),
        Setting("screening only type", types, None, "all other files are forbidden"),
        Setting("screening only name", Patterns(), None, "all other files are forbidden"),
        Setting("screening exclude type", types, None, "not matched against signatures"),
        Setting("screening allow hash", Hashes(), None, "files of which nothing is reported"),
        Setting("screening allow signature", Patterns(), None, "names of what never counts"),
        Setting("screening sender block", Patterns(), None, "From: the verdict is forbidden"),
        Setting("screening sender allow", Patterns(), None, "From address: not held by rules"),
        Setting("screening subject block", Patterns(), None, "Subject: the verdict is forbidden"),
        Setting("screening subject allow", Patterns(), None, "Subject: not held by rules"),
    ]


SETTINGS = tuple(
    [
        Setting("system hostname", Hostname(), "restante", "name of the box", RESTART),
        Setting(
            "lan address", Interface(), ("192.168.77.1", 24), "the box in the office", RESTART
        ),
        Setting(
            "lan dhcp",
            Choice("off", "on"),
            "off",
            "whether the box gives addresses to the computers of the office",
            RESTART,
        ),
        Setting("lan dhcp-range", Range(), None, "the addresses that it gives", RESTART),
        Setting("lan dhcp-lease", Integer(1, 720, "hours"), 12, "how long one is given", RESTART),
        Setting(
            "time source",
            Choice("ntp", "hardware"),
            "ntp",
            "who says that the clock is right: time servers, or the board's own clock at once",
            RESTART,
        ),
        Setting(
            "time servers", Hosts(TIME_SERVERS), ("pool.ntp.org",), "for time source ntp", RESTART
        ),
        Setting("time zone", TimeZone(), UTC, "of what the console shows; records are in UTC"),
        Setting(
            "wan mode",
            Choice("dhcp", "static"),
            "dhcp",
            "how the internet side is set up",
            RESTART,
        ),
        Setting("wan address", Interface(), None, "for wan mode static", RESTART),
        Setting("wan gateway", Address(), None, "for wan mode static", RESTART),
        Setting("wan dns", Address(), None, "name server, for wan mode static", RESTART),
        Setting(
            "interception ports",
            Ports(GATE_PORT),
            (110,),
            "TCP ports that are redirected",
            RESTART,
        ),
        Setting(
            "interception skip-clients",
            Networks(SKIPPED),
            None,
            "computers of the office whose mail passes by, NOT SCREENED",
            RESTART,
        ),
        Setting(
            "interception skip-servers",
            Networks(SKIPPED),
            None,
            "mail servers from which mail passes by, NOT SCREENED",
            RESTART,
        ),
        Setting(
            "interception fail",
            Choice("block", "direct"),
            "block",
            "while the gate does not answer: block, or direct (bypasses screening)",
            RESTART,
        ),
        Setting(
            "interception starttls",
            Choice("tunnel", "refuse"),
            "tunnel",
            "STLS of a client: a tunnel (counted, not screened), or refused",
        ),
        Setting("sessions maximum", Integer(1, 500), 100, "over it: -ERR [SYS/TEMP]", RESTART),
        Setting(
            "sessions idle-timeout",
            Integer(600, 86400, SECONDS),
            1800,
            "auto-logout; RFC 1939 §3 asks for 600 at least",
        ),
        Setting("origin connect-timeout", Integer(1, 300, SECONDS), 20, "to reach the origin"),
        Setting("origin reply-timeout", Integer(5, 600, SECONDS), 60, "for the origin's answer"),
        Setting(
            "delivery keep-alive",
            Integer(5, 60, SECONDS),
            12,
            "between X-Restante-Wait lines while a message is screened",
        ),
        Setting(
            "delivery keep-alive-cap",
            Integer(30, 3600, SECONDS),
            300,
            "longest time that such lines are sent",
        ),
        Setting(
            "screening mode",
            Choice("enabled", "audit", "disabled"),
            "enabled",
            "audit screens and logs, and changes nothing",
        ),
        Setting(
            "screening fail-mode",
            Choice("deny", "allow"),
            "deny",
            "without a verdict: deny, or allow (delivered marked)",
        ),
        Setting("screening deadline", Integer(1, 600, SECONDS), 60, "for one message"),
    ]
    + _screening_actions()
    + _screening_limits()
    + _screening_rules()
    + [
        Setting(
            "signatures maximum-age",
            Integer(0, 3650, "days"),
            14,
            "an alarm while the signature set in use is older; 0: never",
        ),
        Setting("updates url", Url(), None, "folder of a server that has bundles; none: no polls"),
        Setting(
            "updates pin",
            Hashes(PINS),
            None,
            "of the public key of a server or CA of https: it is trusted, and no public CA is",
        ),
        Setting(
            "updates interval",
            Integer(0, 10080, "minutes"),
            60,
            "between two polls of that server; 0: none but `update poll`",
        ),
        Setting(
            "updates stick",
            Choice("on", "off"),
            "on",  # bundles are signed; off: the kernel uses no USB device at all
            "whether bundles are taken from a USB stick",
        ),
        Setting("updates channel", HOSTNAME, CHANNEL, "bundles of this channel are taken"),
        Setting("spool maximum", Integer(8, 65536, MIB), 48, "mail in passage"),
        Setting("quarantine maximum", Integer(8, 1048576, MIB), 64, "mail that is held"),
        Setting(
            "quarantine retention",
            Integer(0, 3650, "days"),
            30,  # a box that nobody looks at must not fill up; a month is longer than a holiday
            "held mail is deleted after so long; 0: never",
        ),
        Setting(
            "quarantine when-full",
            Choice("refuse", "oldest"),
            "refuse",
            "refuse: what must be held is not delivered; oldest: what is held a week makes room",
        ),
        Setting(
            "mail maximum",
            Integer(8, 1048576, MIB),
            1024,
            "mail of all accelerated accounts",
        ),
        Setting("collect concurrency", Integer(1, 16), 4, "accounts that are polled at once"),
        Setting("collect budget", Integer(1, 65536, MIB), 64, "fetched in one poll of an account"),
        Setting(
            "console auto-logout",
            Integer(0, 1440, "minutes"),
            10,
            "without a command, until a login at the serial console ends; 0: never",
        ),
        Setting("log level", Choice(*LEVELS), "info", "least urgent"),
        Setting("log syslog server", Host(), None, "where records are sent; none: nowhere"),
        Setting(
            "log syslog protocol",
            Choice("udp", "tcp"),
            "udp",
            "tcp: RFC 6587, octet counting; both are readable on the way",
        ),
        Setting("log syslog port", Integer(1, 65535), 514, "of the server"),
        Setting(
            "log syslog level", Choice(*LEVELS), "info", "least urgent, of what `log level` keeps"
        ),
    ]
)

BY_PATH = {setting.path: setting for setting in SETTINGS}


# Below `group NAME`.
GROUP_SETTINGS = (
    Setting("servers", Servers(), None, "host names, addresses, networks of the same maildrops"),
    Setting(
        "rule",
        Choice("all", "listed", "none", "learn"),
        "listed",
        "who is accelerated: all, those in `users`, none; learn: passwords are learned, no more",
    ),
    Setting("users", Users(), None, "for the rules listed and learn"),
    Setting("interval", Integer(60, 86400, SECONDS), 300, "between two polls of an account"),
    Setting(
        "mode",
        Choice("mirror", "collect"),
        "mirror",
        "mirror leaves mail at the origin, collect deletes it there",
    ),
    Setting(
        "fetch", Choice("top", "retr"), "top", "how mail is fetched; RETR may mark it as seen"
    ),
    Setting(
        "freshness",
        Integer(0, 86400, SECONDS),
        900,
        "a password that the origin took is not asked again for so long",
    ),
    Setting(
        "offline-grace",
        Integer(0, 720, "hours"),
        72,
        "a password that the origin took counts so long while it cannot be reached",
    ),
    Setting(
        "listing-age",
        Integer(0, 3600, SECONDS),
        30,
        "a session that begins with an older listing refreshes it",
    ),
    Setting("exclusive", Choice("yes", "no"), "no", "one session of an account at a time"),
    Setting("retention", Integer(0, 365, "days"), 0, "deleted mail can be brought back so long"),
    Setting("quota", Integer(1, 1048576, MIB), 256, "mail of one account"),
    Setting(
        "quarantine-origin",
        Choice("keep", "delete"),
        "keep",
        "the origin's copy of a message in quarantine",
    ),
    Setting(
        "login-interval",
        Integer(0, 3600, SECONDS),
        0,
        "between two logins of clients to an account",
    ),
    Setting(
        "replayable-only",
        # No `yes` as long as a leg has no TLS: who asks for it must know what it means.
        Choice("no", "confirmed", note=" (passwords then pass in clear text on both legs)"),
        "no",
        "hides login mechanisms that cannot be replayed",
    ),
    Setting(PROFILE, HOSTNAME, None, "how the mail of its accounts is screened"),
)


def find(path):
    """The Setting of a path, also below `group NAME` and its like, or None."""
    words = path.split(" ")
    if words[0] == PROFILE and len(words) > 2 and is_group_name(words[1]):
        return _of_profile(path, SCREENING + " ".join(words[2:]))
    if words[0] == ACCOUNT and len(words) == 3 and words[2] == PROFILE:
        return Setting(path, HOSTNAME, None, ACCOUNT_HELP) if is_account(words[1]) else None
    if words[0] != GROUP or len(words) != 3 or not is_group_name(words[1]):
        return BY_PATH.get(path)
    for setting in GROUP_SETTINGS:
        if setting.path == words[2]:
            return Setting(path, setting.kind, setting.default, setting.help)
    return None


def needing_restart():
    """Paths of the settings that the running programs do not take over."""
    return [setting.path for setting in SETTINGS if setting.restart]


ACCOUNT_HELP = "the profile of this account, or of the accounts that fit the pattern"


def _of_profile(path, like):
    setting = BY_PATH.get(like)
    if setting is None:
        return None
    return Setting(path, setting.kind, None, setting.help)


def is_account(word):
    """Whether it is USER@GROUP or USER@ADDRESS:PORT; the user may have stars."""
    user, _, place = word.rpartition("@")
    name, colon, port = place.partition(":")
    if colon:
        return bool(user) and is_address(name) and port.isdigit() and len(port) < 6
    return bool(user) and is_group_name(name)


def account_path(pattern):
    return "%s %s %s" % (ACCOUNT, pattern, PROFILE)


def account_patterns(paths):
    """The patterns of accounts that any of these paths belongs to."""
    return sorted({path.split(" ")[1] for path in paths if path.startswith(ACCOUNT + " ")})


def profile_path(name, setting):
    return "%s %s %s" % (PROFILE, name, setting)


def profiles(paths):
    """Names of the profiles that any of these paths belongs to, sorted."""
    return sorted({path.split(" ")[1] for path in paths if path.startswith(PROFILE + " ")})


def is_group_name(word):
    try:
        HOSTNAME.read(word)
    except ValueError:
        return False
    return True


def group_path(name, setting):
    return "%s %s %s" % (GROUP, name, setting)


def groups(paths):
    """Names of the groups that any of these paths belongs to, sorted."""
    return sorted({path.split(" ")[1] for path in paths if path.startswith(GROUP + " ")})


def defaults():
    return {setting.path: setting.default for setting in SETTINGS}


def check(values):
    """What does not fit together in a whole set of values: (path, text) of the first, or None."""
    lan = values["lan address"]
    wan = values["wan address"]
    if values["wan mode"] == "static":
        for path in ("wan address", "wan gateway"):
            if values[path] is None:
                return "wan mode", "static needs a value for '%s'" % path
        if not same_network(wan, (values["wan gateway"], wan[1])):
            return "wan gateway", "it is not in the network of 'wan address'"
        if number(wan[0]) == number(values["wan gateway"]):
            return "wan gateway", "it is the box's own 'wan address'"
    if wan is not None and same_network(lan, wan):
        return "wan address", "it overlaps the network of 'lan address'"
    if values["delivery keep-alive-cap"] < values["delivery keep-alive"]:
        return "delivery keep-alive-cap", "it is shorter than 'delivery keep-alive'"
    return (
        _check_leases(values)
        or _check_rules(values)
        or _check_groups(values)
        or _check_profiles(values)
    )


def _check_leases(values):
    lan = values["lan address"]
    leases = values["lan dhcp-range"]
    if leases is None:
        if values["lan dhcp"] == "on":
            return "lan dhcp", "on needs a value for 'lan dhcp-range'"
        return None
    low, high = [number(address) for address in leases]
    network, last = bounds(lan)
    if low <= network or high >= last:
        return "lan dhcp-range", "it is not in the network of 'lan address'"
    if low <= number(lan[0]) <= high:
        return "lan dhcp-range", "the box's own 'lan address' is in it"
    return None


def _check_profiles(values):
    names = profiles(values)
    if len(names) > PROFILES:
        return _longest(values, profile_path(names[-1], "")), _MANY % ("profile", PROFILES)
    patterns = account_patterns(values)
    if len(patterns) > ACCOUNTS:
        return account_path(patterns[-1]), _MANY % ("account", ACCOUNTS)
    known = groups(values)
    for pattern in patterns:
        place = pattern.rpartition("@")[2]
        if ":" not in place and place not in known:
            return account_path(pattern), "there is no group '%s'" % place
    paths = [group_path(name, PROFILE) for name in known]
    for path in paths + [account_path(pattern) for pattern in patterns]:
        name = values.get(path)
        if name is not None and name not in names:
            return path, "there is no profile '%s': set profile %s ..." % (name, name)
    return None


_MANY = "that is one %s more than %d, the most there can be"


def _longest(values, start):
    return max(path for path in values if path.startswith(start))


def _check_rules(values):
    """Those of everybody, and those of each profile with what it does not set itself."""
    wrong = _check_blob(values, "")
    for name in profiles(values):
        start = profile_path(name, "")
        own = {row[0]: values.get(start + row[0], values.get(row[0])) for row in rules.LISTS}
        wrong = wrong or _check_blob(own, start)
    return wrong


def _check_blob(values, start):
    octets = rules.octets_of(values)
    if octets <= rules.BLOB_OCTETS:
        return None
    longest = max(rules.LISTS, key=lambda row: sum(len(i) for i in values.get(row[0]) or ()))
    why = "all rules take %d octets; allowed: %d" % (octets, rules.BLOB_OCTETS)
    return start + longest[0], why


def _check_groups(values):
    names = groups(values)
    if len(names) > GROUPS:
        path = group_path(names[-1], "servers")
        return path, "that is a group more than %d, the most there can be" % GROUPS
    owners = {}
    for name in names:
        path = group_path(name, "servers")
        servers = values.get(path)
        if servers is None:
            return path, "the group needs it: set %s HOST" % path
        for place, port in servers:
            for one in ports_of(port, values["interception ports"]):
                owner = owners.setdefault((place, one), name)
                if owner != name:
                    return path, "%s:%d belongs to group '%s'" % (place, one, owner)
    return None


def ports_of(port, intercepted):
    """The ports that a server of a group has: the one given, or 0 for all that may be meant."""
    return (port,) if port else tuple(sorted(set(intercepted + (POP3_PORT,))))
