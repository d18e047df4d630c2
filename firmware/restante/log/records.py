"""One record as one line of printable text: levels, escapes, bounds, and no secrets.  Pure.

A field whose name says that it holds a secret is withheld, whatever its value; a value that looks
like a POP3 login command keeps its keyword only.  Everything that came from outside is escaped,
so a record can be written to a terminal as it is.
"""

ERROR = "error"
WARNING = "warning"
INFO = "info"
DEBUG = "debug"
LEVELS = (ERROR, WARNING, INFO, DEBUG)  # from most to least urgent
_URGENCY = {LEVELS[i]: i for i in range(len(LEVELS))}

# The record of a decision (screening/audit.py) with every field at its usual length, a part's name
# and a signature of 100 among them, takes 600; 200 records are then 128 KiB at most.
RECORD_OCTETS = 640
# A subject or a file name longer than this adds nothing to a log.
VALUE_OCTETS = 120

WITHHELD = "[withheld]"

# A field is a secret if any part of its name (split at "_") is one of these.
SECRET_WORDS = (
    "apop",
    "argument",
    "arguments",
    "auth",
    "challenge",
    "command",
    "cookie",
    "credential",
    "credentials",
    "digest",
    "key",
    "line",
    "nonce",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "private",
    "pw",
    "response",
    "sasl",
    "secret",
    "sealed",
    "token",
)

# POP3 commands whose argument is, or may lead to, a secret (RFC 1939 §7, RFC 5034 §4).
SECRET_COMMANDS = ("PASS", "APOP", "AUTH")


# Names of fields, which are words of the program: whether they are secret.
_known = {}


def urgency(level):
    """0 is the most urgent; a level that is not known counts as an error, so it is never lost."""
    return _URGENCY.get(level, 0)


def is_secret(name):
    secret = _known.get(name)
    if secret is None:
        secret = any(word in SECRET_WORDS for word in name.lower().split("_"))
        _known[name] = secret
    return secret


def escaped(value, limit=VALUE_OCTETS):
    """Printable ASCII of any value, at most `limit` octets and "..."."""
    if isinstance(value, str) and len(value) <= limit and _is_plain(value):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        codes = list(bytes(value[: limit + 1]))
    else:
        codes = [ord(c) for c in str(value)[: limit + 1]]
    out = []
    size = 0
    for code in codes:
        piece = _piece(code)
        size += len(piece)
        if size > limit:
            out.append("...")
            break
        out.append(piece)
    return "".join(out)


def _is_plain(text):
    """True if nothing is to be escaped.  In C, since nearly all values are plain."""
    octets = text.encode()
    return not octets or (31 < min(octets) and max(octets) < 127 and "\\" not in text)


def _piece(code):
    if code == 0x5C:
        return "\\\\"
    if 32 <= code < 127:
        return chr(code)
    if code < 256:
        return "\\x%02x" % code
    return "\\u{%x}" % code


def masked(text):
    """Login commands keep their keyword: `PASS x` gives `PASS [withheld]`, after any spaces."""
    if " " not in text:
        return text
    keyword, space, _ = text.lstrip().partition(" ")
    if space and keyword.upper() in SECRET_COMMANDS:
        return keyword + " " + WITHHELD
    return text


def field(name, value):
    if is_secret(name):
        return name + "=" + WITHHELD
    if value is None or isinstance(value, (bool, int, float)):
        return "%s=%s" % (name, value)
    text = masked(escaped(value))
    if not text or " " in text or '"' in text or "=" in text:
        text = '"' + text.replace('"', "'") + '"'
    return name + "=" + text


def line(level, event, fields):
    """`level event name=value ...`, fields by name, at most RECORD_OCTETS."""
    out = level + " " + escaped(event)
    for name in sorted(fields):
        piece = " " + field(name, fields[name])
        if len(out) + len(piece) > RECORD_OCTETS - 4:
            return out + " ..."
        out += piece
    return out


def stamp(seconds):
    """Seconds since 1970 (UTC) as RFC 3339 text; civil-from-days, so no clock is asked."""
    seconds = int(seconds)
    days, rest = divmod(seconds, 86400)
    era, day = divmod(days + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month = month + 3 if month < 10 else month - 9
    year += 400 * era + (1 if month <= 2 else 0)
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (
        year,
        month,
        day,
        rest // 3600,
        rest // 60 % 60,
        rest % 60,
    )
