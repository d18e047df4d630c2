"""What a bundle says of itself: a few lines that its signatures cover.  Pure.

Its rule: every key that its kind has, in this order, once; no other.  A field that this firmware
does not know is an error, never passed over: what it means could be a restriction.
"""

from restante.compat import const
from restante.update import lines
from restante.update.fault import malformed

MANIFEST_OCTETS = const(1024)
PRODUCT = "restante"
ANY = "any"

SIGNATURES = "signatures"
DELTA = "signatures-delta"
FIRMWARE = "firmware"
KEYS = "keys"
KINDS = (SIGNATURES, DELTA, FIRMWARE, KEYS)

# Octets of a payload.  Signatures: with room above a million hashes and tens of thousands of
# patterns.  Firmware: kernel and root file system of a slot are 4 MiB.  Keys: keys.py's limit.
PAYLOAD_LIMITS = {SIGNATURES: 1 << 27, DELTA: 1 << 27, FIRMWARE: 1 << 24, KEYS: 1 << 13}

_ALWAYS = (
    ("product", lines.word),
    ("hardware", lines.word),
    ("kind", lines.word),
    ("version", lines.word),
    ("channel", lines.word),
    ("epoch", lines.number),
    ("serial", lines.number),
)
_OF_DELTA = (("base", lines.sha256), ("result", lines.sha256), ("result-octets", lines.number))
_THEN = (
    ("created", lines.number),
    ("expires", lines.number),
    ("firmware", lines.release),
    ("engine", lines.number),
    ("payload", lines.sha256),
)


def fields_of(kind):
    """((key, reader), ...) in their order."""
    return _ALWAYS + (_OF_DELTA if kind == DELTA else ()) + _THEN


class Manifest:
    """The typed values.  `created`, `expires`: seconds since 1970; `firmware`: at least this one.

    `base`, `result`, `result_octets` are None but for a delta.  `result` is the SHA-256 of what
    is installed in the end, also where that is the payload itself: see `whole`.
    """

    def __init__(self, values):
        self.product = values["product"]
        self.hardware = values["hardware"]
        self.kind = values["kind"]
        self.version = values["version"]
        self.channel = values["channel"]
        self.epoch = values["epoch"]
        self.serial = values["serial"]
        self.base = values.get("base")
        self.result = values.get("result")
        self.result_octets = values.get("result-octets")
        self.created = values["created"]
        self.expires = values["expires"]
        self.firmware = values["firmware"]
        self.engine = values["engine"]
        self.payload = values["payload"]

    @property
    def whole(self):
        """SHA-256 of what will be installed."""
        return self.result or self.payload

    @property
    def installs(self):
        """The kind of what will be installed: a delta makes signatures."""
        return SIGNATURES if self.kind == DELTA else self.kind


def parse(data):
    """A Manifest, or BundleError."""
    pairs = lines.split(data, MANIFEST_OCTETS, "the manifest")
    kind = pairs[2][1] if len(pairs) > 2 else ""
    if kind not in KINDS:
        raise malformed("the manifest's third line does not name a kind that is known")
    fields = fields_of(kind)
    if [key for key, _ in pairs] != [key for key, _ in fields]:
        raise malformed(_misplaced(pairs, fields))
    values = {}
    for (key, text), (_, read) in zip(pairs, fields):
        values[key] = read(key, text)
    _check(values)
    return Manifest(values)


def _misplaced(pairs, fields):
    for at, (key, _) in enumerate(fields):
        if at >= len(pairs) or pairs[at][0] != key:
            found = pairs[at][0] if at < len(pairs) else "the end"
            return "line %d of the manifest is %s instead of %s" % (at + 1, found, key)
    return "line %d of the manifest is one too many" % (len(fields) + 1)


def _check(values):
    if values["epoch"] == 0 or values["serial"] == 0:
        raise malformed("epoch and serial begin with 1")
    if values["expires"] <= values["created"]:
        raise malformed("the bundle expires before it was made")
    if values["kind"] == FIRMWARE:
        if values["hardware"] == ANY:
            raise malformed("firmware is for one hardware, never for any")
        lines.release("version", values["version"])
    if values["kind"] == DELTA and not 0 < values["result-octets"] <= PAYLOAD_LIMITS[SIGNATURES]:
        raise malformed("result-octets=%d is not allowed" % values["result-octets"])


def write(texts):
    """Octets of {key: text}; BundleError if the box would refuse them."""
    fields = fields_of(texts.get("kind"))
    data = lines.join([(key, texts[key]) for key, _ in fields if key in texts])
    parse(data)
    return data
