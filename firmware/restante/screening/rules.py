"""Rules for types, names and signatures: settings -> the blob that goes with a message.  Pure.

The engine (native/engine/rules.h) owns its meaning: { u8 kind, u8 length, octets }, repeated.  Its
rule: what does not fit is refused when the settings are read, never left out.
"""

from restante.compat import const

# rules.h: RST_MAX_RULES.
BLOB_OCTETS = const(8192)

# rules.h: rst_rule_kind.
VERIFY = const(1)
FORBID_TYPE = const(2)
FORBID_NAME = const(3)
ONLY_TYPE = const(4)
ONLY_NAME = const(5)
EXCLUDE_TYPE = const(6)
ALLOW_HASH = const(7)
ALLOW_SIGNATURE = const(8)

# The setting of each kind but VERIFY.
LISTS = (
    ("screening forbid type", FORBID_TYPE),
    ("screening forbid name", FORBID_NAME),
    ("screening only type", ONLY_TYPE),
    ("screening only name", ONLY_NAME),
    ("screening exclude type", EXCLUDE_TYPE),
    ("screening allow hash", ALLOW_HASH),
    ("screening allow signature", ALLOW_SIGNATURE),
)


def blob_of(settings):
    """The blob for what has `get(path)`."""
    out = bytearray()
    if settings.get("screening verify-type") == "enabled":
        _add(out, VERIFY, b"")
    for path, kind in LISTS:
        for item in settings.get(path) or ():
            _add(out, kind, item)
    if len(out) > BLOB_OCTETS:
        raise ValueError("rules of %d octets" % len(out))
    return bytes(out)


def octets_of(values):
    """Octets of the blob for {path: value}."""
    total = 2
    for path, _ in LISTS:
        for item in values.get(path) or ():
            total += 2 + len(item)
    return total


def _add(out, kind, item):
    if isinstance(item, str):
        item = item.encode()
    out.append(kind)
    out.append(len(item))  # ValueError over 255; the settings allow less
    out.extend(item)
