"""Canonical lines `key=value`: what a manifest and a key set are written in.  Pure.

Its rule: one meaning has one spelling.  Each line ends with LF, holds printable ASCII only and is
where its key belongs; a number has no sign and no leading zero.
"""

from restante.compat import const
from restante.update.fault import malformed

LINE_OCTETS = const(160)
WORD_OCTETS = const(32)
NUMBER_LIMIT = 0xFFFFFFFF
SHA256_DIGITS = const(64)
_WORD = "abcdefghijklmnopqrstuvwxyz0123456789.-"
_HEX = "0123456789abcdef"


def split(data, limit, what):
    """[(key, value)] of at most `limit` octets; `what` they are, for the error."""
    if not data or len(data) > limit:
        raise malformed("%s of %d octets: 1 to %d are allowed" % (what, len(data), limit))
    if data[-1] != 0x0A:
        raise malformed("%s does not end with a line end" % what)
    if any(c != 0x0A and not 0x20 < c < 0x7F for c in data):
        raise malformed("%s holds an octet that is not printable ASCII" % what)
    pairs = []
    for line in str(bytes(data[:-1]), "ascii").split("\n"):
        key, mark, value = line.partition("=")
        if not key or not mark or not value or len(line) > LINE_OCTETS:
            raise malformed("%s: line %d is not KEY=VALUE" % (what, len(pairs) + 1))
        pairs.append((key, value))
    return pairs


def join(pairs):
    """The octets of [(key, value)]."""
    return "".join(["%s=%s\n" % pair for pair in pairs]).encode()


def number(key, text):
    """0 to 2^32 - 1."""
    if len(text) > 10 or not text.isdigit() or (text[0] == "0" and text != "0"):
        raise malformed("%s=%s is not a plain number" % (key, text))
    value = int(text)
    if value > NUMBER_LIMIT:
        raise malformed("%s=%s is more than %d" % (key, text, NUMBER_LIMIT))
    return value


def word(key, text):
    """a-z, 0-9, dot and dash; begins with a letter or digit."""
    if len(text) > WORD_OCTETS or text[0] in ".-" or any(c not in _WORD for c in text):
        raise malformed("%s=%s is not a word of a-z, 0-9, '.' and '-'" % (key, text))
    return text


def sha256(key, text):
    """64 digits of lower-case hex -> 32 octets."""
    if len(text) != SHA256_DIGITS or any(c not in _HEX for c in text):
        raise malformed("%s is not a SHA-256 in lower-case hex" % key)
    return bytes.fromhex(text)


def release(key, text):
    """ "1.20.3" -> (1, 20, 3)"""
    parts = text.split(".")
    if len(parts) != 3 or not all(parts):
        raise malformed("%s=%s is not a version of three numbers" % (key, text))
    return tuple([number(key, part) for part in parts])
