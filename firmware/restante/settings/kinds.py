"""Types of settings: what a value may be, how its text is read, how it is written back.  Pure.

`read` takes one word of printable ASCII and raises ValueError for whatever is not allowed;
`allowed` says in words what is.  `write(read(text))` is the canonical text of the value.
"""

from restante.settings import zone

DIGITS = "0123456789"
NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
# RFC 1035 §2.3.4: a label of a host name.
HOSTNAME_OCTETS = 63
# Each port costs three rules in the packet filter; offices need one or two.
PORTS = 8
# Servers of one group: names, addresses and networks of one provider.
SERVERS = 16
# RFC 1035 §2.3.4: a host name with its dots, as text.
NAME_OCTETS = 253
# User patterns of one group: an office that lists every mailbox by name.
USERS = 100
# Characters of a user pattern that stand for something else in the text form: % begins an escape,
# a comma parts two patterns, # begins a comment, quotes hold a name, * stands for anything.
PATTERN_MARKS = '%,#"*'
# Patterns, types or hashes of one rule: what a line of settings (text.LINE_OCTETS) has room for.
PATTERNS = 60
# Octets of a pattern; a rule's length octet allows 255.
PATTERN_OCTETS = 200
# A URL of settings: two lines of a terminal, and a line of update/polling.py.
URL_OCTETS = 150
# What a URL may begin with, and the port that it then means.
SCHEMES = {"http": 80, "https": 443}
# What a URL cannot hold, or what means nothing here: a fragment, a user, an IPv6 address.
URL_NEVER = '"#<>@[]\\^`{|}'
HEX_DIGITS = "0123456789ABCDEF"
# Digits of the longest number that a setting takes (10^15); bounds the conversion.
NUMBER_DIGITS = 16


def _number(text, low, high):
    """Decimal without sign or leading zeros: "010" is ten for some and eight for others."""
    if not text or len(text) > NUMBER_DIGITS or any(c not in DIGITS for c in text):
        raise ValueError(text)
    value = int(text)
    if str(value) != text or not low <= value <= high:
        raise ValueError(text)
    return value


def _octets(text):
    parts = text.split(".")
    if len(parts) != 4:
        raise ValueError(text)
    return [_number(part, 0, 255) for part in parts]


def _network(text):
    """The address of `ADDRESS/PREFIX`, or of an address alone; ValueError."""
    address, slash, prefix = text.partition("/")
    length = _number(prefix, 8, 32) if slash else 32
    if number(address) & ((1 << (32 - length)) - 1):
        raise ValueError(text)
    return address


def _unicast(octets, text):
    if octets[0] in (0, 127) or octets[0] >= 224:
        raise ValueError(text)


class Integer:
    many = False

    def __init__(self, low, high, unit=""):
        self.low = low
        self.high = high
        self.allowed = "a number from %d to %d" % (low, high)
        if unit:
            self.allowed += " (%s)" % unit

    def read(self, text):
        return _number(text, self.low, self.high)

    def write(self, value):
        return "%d" % value


class Choice:
    many = False

    def __init__(self, *words, note=""):
        self.words = words
        self.allowed = " or ".join(words) + note

    def read(self, text):
        if text not in self.words:
            raise ValueError(text)
        return text

    def write(self, value):
        return value


class Hostname:
    many = False
    allowed = "1 to %d of a-z, 0-9 and -, no - at either end" % HOSTNAME_OCTETS

    def read(self, text):
        if not text or len(text) > HOSTNAME_OCTETS or text[0] == "-" or text[-1] == "-":
            raise ValueError(text)
        if any(c not in NAME_CHARACTERS for c in text):
            raise ValueError(text)
        return text

    def write(self, value):
        return value


class Address:
    """An IPv4 address of one host; the value is its text."""

    many = False

    allowed = "an IPv4 address of a host, such as 192.0.2.1"

    def read(self, text):
        _unicast(_octets(text), text)
        return text

    def write(self, value):
        return value


class Host:
    """A host name or an IPv4 address; the value is its text."""

    many = False

    allowed = "a host name (a-z, 0-9, -) or an IPv4 address"

    def read(self, text):
        if is_address(text):
            _unicast(_octets(text), text)
            return text
        return host_name(text)

    def write(self, value):
        return value


class Interface:
    """An address with its network's prefix; the value is (address text, prefix length)."""

    many = False

    allowed = "an IPv4 address and prefix length from 8 to 30, such as 192.0.2.1/24"

    def read(self, text):
        address, slash, prefix = text.partition("/")
        length = _number(prefix, 8, 30)
        octets = _octets(address)
        _unicast(octets, text)
        host = number(address) & ((1 << (32 - length)) - 1)
        if host in (0, (1 << (32 - length)) - 1):  # the network itself, its broadcast address
            raise ValueError(text)
        return (address, length)

    def write(self, value):
        return "%s/%d" % value


class Ports:
    """TCP ports; the value is a sorted tuple without repeats.  `reserved` is never one of them."""

    many = True

    def __init__(self, reserved):
        self.reserved = reserved
        self.allowed = "1 to %d TCP ports with commas between, such as 110,1100; not %d" % (
            PORTS,
            reserved,
        )

    def read(self, text):
        ports = [_number(word, 1, 65535) for word in text.split(",")]
        if self.reserved in ports or len(ports) > PORTS:
            raise ValueError(text)
        return tuple(sorted(set(ports)))

    def write(self, value):
        return ",".join(str(port) for port in value)


class Servers:
    """Places of a group; the value is a tuple of (host name, address or network, port).

    Port 0: none was given.  Networks are texts such as "192.0.2.0/24".
    """

    many = True

    allowed = (
        "1 to %d host names (a-z, 0-9, -), addresses or networks (from /8 to /32) with commas "
        "between, each with :PORT if need be" % SERVERS
    )

    def read(self, text):
        places = []
        for word in text.split(","):
            place, colon, port = word.partition(":")
            item = (self._place(place), _number(port, 1, 65535) if colon else 0)
            if item not in places:
                places.append(item)
        if len(places) > SERVERS:
            raise ValueError(text)
        return tuple(places)

    def _place(self, text):
        if "/" in text:
            _network(text)
            return text
        return HOST.read(text)

    def write(self, value):
        return ",".join("%s:%d" % item if item[1] else item[0] for item in value)


class Networks:
    """Addresses and networks; the value: a tuple of texts such as "192.0.2.0/24"."""

    many = True

    def __init__(self, most):
        self.most = most
        self.allowed = "1 to %d addresses or networks (from /8 to /32) with commas between" % most

    def read(self, text):
        places = []
        for word in text.split(","):
            if not is_address(_network(word)):
                raise ValueError(text)
            if word not in places:
                places.append(word)
        if len(places) > self.most:
            raise ValueError(text)
        return tuple(places)

    def write(self, value):
        return ",".join(value)


class Hosts:
    """Host names or addresses; the value: a tuple of their texts."""

    many = True

    def __init__(self, most):
        self.most = most
        self.allowed = "1 to %d host names (a-z, 0-9, -) or addresses with commas between" % most

    def read(self, text):
        hosts = []
        for word in text.split(","):
            HOST.read(word)
            if word not in hosts:
                hosts.append(word)
        if len(hosts) > self.most:
            raise ValueError(text)
        return tuple(hosts)

    def write(self, value):
        return ",".join(value)


class Range:
    """Addresses from one to another; the value is (text, text)."""

    many = False

    allowed = "two IPv4 addresses, the lower one first, such as 192.0.2.100-192.0.2.199"

    def read(self, text):
        low, dash, high = text.partition("-")
        for address in (low, high):
            _unicast(_octets(address), text)
        if number(low) > number(high):
            raise ValueError(text)
        return (low, high)

    def write(self, value):
        return "%s-%s" % value


class Users:
    """Patterns of user names; the value: a tuple of them, each a tuple of octets around `*`.

    A user is opaque octets: %XX in the text form is an octet, %2A a star that is meant.
    """

    many = True

    allowed = (
        "1 to %d user names with commas between; * stands for anything, %%XX for an octet" % USERS
    )

    def read(self, text):
        patterns = []
        for word in text.split(","):
            if not word:
                raise ValueError(text)
            pattern = tuple([_unescaped(piece) for piece in word.split("*")])
            if pattern not in patterns:
                patterns.append(pattern)
        if len(patterns) > USERS:
            raise ValueError(text)
        return tuple(patterns)

    def write(self, value):
        return ",".join("*".join(_escaped(piece) for piece in pattern) for pattern in value)


class Patterns:
    """Patterns of names or texts; the value: a tuple of octets in which `*` and `?` are wild."""

    many = True

    allowed = (
        "1 to %d patterns of 1 to %d octets with commas between; * stands for anything, ? for one "
        "character, %%XX for an octet (%%20 a blank)" % (PATTERNS, PATTERN_OCTETS)
    )

    def read(self, text):
        patterns = []
        for word in text.split(","):
            pattern = _unescaped(word)
            if not 0 < len(pattern) <= PATTERN_OCTETS or 0 in pattern:
                raise ValueError(text)
            if pattern not in patterns:
                patterns.append(pattern)
        if len(patterns) > PATTERNS:
            raise ValueError(text)
        return tuple(patterns)

    def write(self, value):
        return ",".join(_escaped(pattern, '%,#"') for pattern in value)


class Words:
    """Some of a list of words; the value: a tuple of them."""

    many = True

    def __init__(self, allowed, words):
        self.words = words
        self.allowed = allowed

    def read(self, text):
        chosen = []
        for word in text.split(","):
            if word not in self.words:
                raise ValueError(text)
            if word not in chosen:
                chosen.append(word)
        return tuple(chosen)

    def write(self, value):
        return ",".join(value)


class Hashes:
    """SHA-256 of something; the value: a tuple of 32 octets each."""

    many = True

    def __init__(self, most=PATTERNS):
        self.most = most
        self.allowed = "1 to %d SHA-256 in 64 hex digits each, with commas between" % most

    def read(self, text):
        hashes = []
        for word in text.split(","):
            if len(word) != 64 or any(c not in "0123456789abcdefABCDEF" for c in word):
                raise ValueError(text)
            digest = bytes([int(word[i : i + 2], 16) for i in range(0, 64, 2)])
            if digest not in hashes:
                hashes.append(digest)
        if len(hashes) > self.most:
            raise ValueError(text)
        return tuple(hashes)

    def write(self, value):
        return ",".join("".join("%02x" % octet for octet in digest) for digest in value)


def _unescaped(text):
    if "%" not in text:
        return text.encode()
    octets = bytearray()
    at = 0
    while at < len(text):
        if text[at] != "%":
            octets.append(ord(text[at]))
            at += 1
            continue
        digits = text[at + 1 : at + 3]
        if len(digits) != 2 or any(c not in HEX_DIGITS for c in digits):
            raise ValueError(text)
        octets.append(int(digits, 16))
        at += 3
    return bytes(octets)


def _escaped(octets, marks=PATTERN_MARKS):
    # Nearly all have nothing to escape, and a long list of users is written at each commit.
    if octets and min(octets) > 32 and max(octets) < 127:
        text = octets.decode()
        if all(mark not in text for mark in marks):
            return text
    out = ""
    for octet in octets:
        plain = 32 < octet < 127 and chr(octet) not in marks
        out += chr(octet) if plain else "%%%02X" % octet
    return out


class Url:
    """The folder of a server of files; the value is its text, which ends with a slash."""

    many = False

    allowed = "https://HOST/FOLDER/ or http://HOST/FOLDER/, with :PORT after HOST if need be"

    def read(self, text):
        if len(text) > URL_OCTETS or text[-1:] != "/" or "?" in text:
            raise ValueError(text)
        url_parts(text)
        return text

    def write(self, value):
        return value


class TimeZone:
    """A time zone; the value is its text (zone.py)."""

    many = False

    allowed = (
        "a zone as POSIX writes it (hours WEST of Greenwich), such as UTC0, JST-9 or "
        "CET-1CEST,M3.5.0,M10.5.0/3"
    )

    def read(self, text):
        zone.Zone(text)
        return text

    def write(self, value):
        return value


HOSTNAME = Hostname()
HOST = Host()


def url_parts(text):
    """(scheme, host, port, path) of http or https (RFC 9110 §4.2); ValueError.

    No user name, no fragment, and IPv4 only.
    """
    scheme, mark, rest = text.partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in SCHEMES:
        raise ValueError(text)
    if any(not 33 <= ord(c) < 127 or c in URL_NEVER for c in rest):
        raise ValueError(text)
    place, slash, path = rest.partition("/")
    host, colon, port = place.partition(":")
    number_of = _number(port, 1, 65535) if colon else SCHEMES[scheme]
    host = host.lower()
    if is_address(host):
        if host[:2] == "0." or number(host) >> 28 >= 14:  # multicast and above
            raise ValueError(text)
    else:
        host_name(host)
    return scheme, host, number_of, "/" + path


def host_name(text):
    """A host name with its dots; ValueError."""
    labels = text.split(".")
    for label in labels:
        HOSTNAME.read(label)
    # What ends in a number looks like an address, and is a wrong one.
    if len(text) > NAME_OCTETS or all(c in DIGITS for c in labels[-1]):
        raise ValueError(text)
    return text


def is_address(text):
    """Whether a place is written as an IPv4 address."""
    try:
        _octets(text)
    except ValueError:
        return False
    return True


def number(address):
    """The address as a 32-bit number."""
    value = 0
    for octet in _octets(address):
        value = value << 8 | octet
    return value


def bounds(interface):
    """Numbers of the first and the last address of its network, which no host has."""
    address, length = interface
    hosts = (1 << (32 - length)) - 1
    network = number(address) & ~hosts
    return network, network | hosts


def same_network(one, other):
    """Whether two (address, prefix) interfaces overlap."""
    shift = 32 - min(one[1], other[1])
    return number(one[0]) >> shift == number(other[0]) >> shift
