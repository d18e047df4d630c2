"""Groups of servers: which place belongs to which, and whom a group accelerates.  Pure.

Its rule: literal addresses and networks always belong; an address that was looked up belongs until
its time to live is over and a later look-up no longer has it, so that nothing is forgotten while
the name server cannot be reached.  It does not know who looks up.
"""

from restante.compat import const
from restante.settings.kinds import is_address, number
from restante.settings.patterns import matches
from restante.settings.tree import group_path, ports_of

# What a group wants of a user.
NOT = const(0)  # pass-through
LEARN = const(1)  # the password is learned, no more
ACCELERATE = const(2)

# Addresses kept of one name: a large provider's pool, whose answers change each minute.
ADDRESSES = const(64)
# Places of earlier logins kept of a group: they are addresses of its names, a few in an office.
LOGINS = const(256)
MIB = const(1048576)
HOUR = const(3600)
DAY = const(86400)

# How closely a place names an address; networks have their prefix length, 8 to 32.
_BY_ADDRESS = const(40)
_BY_NAME = const(39)
_BY_LOGIN = const(38)


class Group:
    """What the settings `group NAME ...` say, one attribute each, "-" as "_".

    Times are seconds and sizes octets, whatever the unit of the setting; `exclusive` and
    `replayable_only` are booleans.
    """

    def __init__(self, name, settings):

        def get(setting):
            return settings.get(group_path(name, setting))

        self.name = name
        self.servers = get("servers")
        self.rule = get("rule")
        self.users = get("users") or ()
        self.interval = get("interval")
        self.mode = get("mode")
        self.fetch = get("fetch")
        self.freshness = get("freshness")
        self.offline_grace = get("offline-grace") * HOUR
        self.listing_age = get("listing-age")
        self.exclusive = get("exclusive") == "yes"
        self.retention = get("retention") * DAY
        self.quota = get("quota") * MIB
        self.quarantine_origin = get("quarantine-origin")
        self.login_interval = get("login-interval")
        self.replayable_only = get("replayable-only") == "confirmed"
        self.profile = get("profile") or ""
        self.stamp = None  # None: not known; True: its greeting has an APOP stamp; False: none
        self.capabilities = None  # the last CAPA lines of its origin, [octets]
        self.in_step = True  # its origin has not failed in the middle of pipelined commands
        intercepted = settings.get("interception ports")
        self._places = [(place, ports_of(port, intercepted)) for place, port in self.servers]
        self._networks = [
            _network(place) + (ports,) for place, ports in self._places if _is_literal(place)
        ]
        self._found = {}  # host name: {address: time when it may be forgotten}
        self._logins = set()  # places where users logged in

    def inherit(self, old):
        """Takes over what `old`, the same group by its settings of before, has found out."""
        for name in self.names():
            if name in old._found:
                self._found[name] = old._found[name]
        if self.servers == old.servers:
            self.stamp = old.stamp
            self.capabilities = old.capabilities
            self.in_step = old.in_step
            self._logins = old._logins

    @property
    def pipelines(self):
        """Its origin takes several commands at once (RFC 2449 §6.6), as far as is known."""
        lines = self.capabilities or ()
        return self.in_step and any(line.strip().upper() == b"PIPELINING" for line in lines)

    def wants(self, user):
        """ACCELERATE, LEARN or NOT for a user's octets."""
        if not user or self.rule == "none":
            return NOT
        if self.rule == "all":
            return ACCELERATE
        if self.rule == "learn":
            return LEARN if not self.users or self._lists(user) else NOT
        return ACCELERATE if self._lists(user) else NOT

    def _lists(self, user):
        return any(matches(pattern, user) for pattern in self.users)

    def is_literal(self, address, port):
        """Whether the settings name this place by its address or network, not by a host name."""
        return self._literal(number(address), port) > 0

    def names(self):
        """Host names among its servers."""
        return [place for place, _ in self._places if not _is_literal(place)]

    def resolved(self, name, addresses, now, ttl):
        """The answer of a look-up; `now` and `ttl` in seconds, of a clock that never goes back."""
        found = self._found.setdefault(name, {})
        for address in [a for a in found if found[a] <= now and a not in addresses]:
            del found[address]
        for address in addresses:
            found[address] = max(found.get(address, 0), now + ttl)
        while len(found) > ADDRESSES:
            del found[min(found, key=lambda address: found[address])]

    def remember(self, address, port):
        """A user of the group logged in there, perhaps in an earlier boot.

        It counts while a name could not be looked up: after a power cut without internet, too, the
        maildrops are served.
        """
        if len(self._logins) < LOGINS:
            self._logins.add((address, port))

    def addresses(self, name):
        """Addresses that are known of a host name."""
        return list(self._found.get(name, ()))

    def closeness(self, address, port):
        """How closely the group names this place; 0: not at all."""
        best = self._literal(number(address), port)
        if best < _BY_ADDRESS and self._named(address, port):
            return _BY_NAME
        unresolved = any(name not in self._found for name in self.names())
        if not best and unresolved and (address, port) in self._logins:
            return _BY_LOGIN
        return best

    def _literal(self, address, port):
        best = 0
        for network, length, closeness, ports in self._networks:
            if port in ports and address >> (32 - length) == network:
                best = max(best, closeness)
        return best

    def _named(self, address, port):
        return any(
            port in ports and address in self._found.get(place, ())
            for place, ports in self._places
        )


class Groups:
    """`settings`: restante.settings.Settings."""

    def __init__(self, settings):
        self._groups = [Group(name, settings) for name in settings.groups()]

    def prepared(self, settings):
        """[Group] of other settings, which know what the present ones of the same name know."""
        groups = [Group(name, settings) for name in settings.groups()]
        for group in groups:
            old = self.named(group.name)
            if old is not None:
                group.inherit(old)
        return groups

    def take(self, groups):
        """prepared() groups count from now on.  Sessions keep the Group that they began with."""
        for old in self._groups:
            if all(group.name != old.name for group in groups):
                old.rule = "none"  # whoever still holds it begins nothing new
        self._groups = groups

    def all(self):
        """[Group], by name."""
        return list(self._groups)

    def named(self, name):
        """Group or None."""
        for group in self._groups:
            if group.name == name:
                return group
        return None

    def of(self, address, port):
        """The group that names this place most closely, or None: then it is pass-through."""
        best = None
        closest = 0
        for group in self._groups:
            closeness = group.closeness(address, port)
            if closeness > closest:
                best = group
                closest = closeness
        return best

    def names(self):
        """Host names that must be looked up, sorted."""
        return sorted({name for group in self._groups for name in group.names()})

    def resolved(self, name, addresses, now, ttl):
        """See Group.resolved(); for each group that has the name."""
        for group in self._groups:
            if name in group.names():
                group.resolved(name, addresses, now, ttl)


def _is_literal(place):
    return "/" in place or is_address(place)


def _network(place):
    """(leading bits, their count, closeness) of a literal place."""
    address, _, prefix = place.partition("/")
    length = int(prefix) if prefix else 32
    return number(address) >> (32 - length), length, length if prefix else _BY_ADDRESS
