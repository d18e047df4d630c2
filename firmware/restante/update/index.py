"""The list of bundles on a server: one small file of canonical lines, and what a box takes next.

Pure.  Nobody signs the list, since each bundle is signed: who writes it can only withhold bundles
or make a box fetch what it then refuses.  Its rule: the list says what to look at, never what to
trust; all that it says of a bundle is judged again from the bundle itself (trust.py).
"""

from restante.compat import const
from restante.update import lines, manifest
from restante.update.fault import malformed

FILE = "index"
FORM = "1"
# A chain of key sets, some whole sets and their deltas; each entry has 300 octets, 420 at most.
INDEX_OCTETS = const(36864)
ENTRIES = const(80)
FILE_OCTETS = const(64)
# Deltas one after the other that are looked at; more of them take longer than the whole set.
STEPS = const(16)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_HEAD = "restante-index"


def file_name(key, text):
    """A name of one folder: letters, digits, '.', '-', '_'; begins with a letter or digit."""
    if len(text) > FILE_OCTETS or text[0] not in _LETTERS:
        raise malformed("%s=%s is no file name of the index" % (key, text[:FILE_OCTETS]))
    if any(c not in _LETTERS and c not in ".-_" for c in text):
        raise malformed("%s=%s is no file name of the index" % (key, text))
    return text


_FIELDS = (
    ("file", file_name),
    ("kind", lines.word),
    ("hardware", lines.word),
    ("channel", lines.word),
    ("epoch", lines.number),
    ("serial", lines.number),
    ("base", lines.sha256),  # of a delta only
    ("content", lines.sha256),
    ("octets", lines.number),
    ("sha256", lines.sha256),
)
_BASE = const(6)


class Entry:
    """A bundle as the list has it.  `content`: SHA-256 of what it installs in the end; `octets`
    and `sha256`: of the file itself; `base`: SHA-256, None but for a delta."""

    def __init__(
        self, file, kind, hardware, channel, epoch, serial, base, content, octets, sha256
    ):
        self.file = file
        self.kind = kind
        self.hardware = hardware
        self.channel = channel
        self.epoch = epoch
        self.serial = serial
        self.base = base
        self.content = content
        self.octets = octets
        self.sha256 = sha256


def parse(data):
    """[Entry] in their order, or BundleError."""
    pairs = lines.split(data, INDEX_OCTETS, "the index")
    if pairs[0] != (_HEAD, FORM):
        raise malformed("the index does not begin with %s=%s" % (_HEAD, FORM))
    entries = []
    at = 1
    while at < len(pairs):
        entry, at = _entry(pairs, at)
        if entries and entries[-1].file >= entry.file:
            raise malformed("the index: %s is twice or out of order" % entry.file)
        entries.append(entry)
        if len(entries) > ENTRIES:
            raise malformed("the index has more than %d bundles" % ENTRIES)
    return entries


def _entry(pairs, at):
    delta = at + 1 < len(pairs) and pairs[at + 1][1] == manifest.DELTA
    values = []
    for place, (key, read) in enumerate(_FIELDS):
        if place == _BASE and not delta:
            values.append(None)
            continue
        if at >= len(pairs) or pairs[at][0] != key:
            raise malformed("the index: line %d is not %s" % (at + 1, key))
        values.append(read(key, pairs[at][1]))
        at += 1
    entry = Entry(*values)
    if entry.kind not in manifest.KINDS:
        raise malformed("the index: %s is of no kind that is known" % entry.file)
    if 0 in (entry.epoch, entry.serial, entry.octets):
        raise malformed("the index: epoch, serial and octets begin with 1")
    return entry, at


def write(entries):
    """Octets of the list; BundleError if a box would refuse it."""
    pairs = [(_HEAD, FORM)]
    for entry in sorted(entries, key=_file):
        for key, read in _FIELDS:
            value = getattr(entry, key)
            if value is not None:
                text = "".join(["%02x" % o for o in value]) if read is lines.sha256 else str(value)
                pairs.append((key, text))
    data = lines.join(pairs)
    parse(data)
    return data


def _file(entry):
    return entry.file


class Here:
    """What a choice depends on.  `installed`: trust.Installed of the set in use, or None;
    `newest`: the highest epoch of keys that the box ever had; `refused`: SHA-256s of contents
    that were rolled back and of bundles that were refused."""

    def __init__(self, hardware, channel, epoch, newest, installed, refused):
        self.hardware = hardware
        self.channel = channel
        self.epoch = epoch
        self.newest = newest
        self.installed = installed
        self.refused = refused


def choose(entries, here):
    """The Entry to fetch next, or None: nothing is newer.

    The next key set comes first; then a delta for the set in use, if it leads to the newest with
    fewer octets than the whole set; else the whole set.  Firmware is never chosen.
    """
    fitting = [entry for entry in entries if _fits(entry, here)]
    for entry in fitting:
        if entry.kind == manifest.KEYS and entry.epoch == here.epoch + 1:
            return entry
    if here.newest > here.epoch:
        return None  # its keys were damaged: no set counts before they are there again
    sets = [entry for entry in fitting if _is_newer(entry, here)]
    whole = _highest([entry for entry in sets if entry.kind == manifest.SIGNATURES])
    if here.installed is None:
        return whole
    deltas = [entry for entry in sets if entry.kind == manifest.DELTA]
    first, last, octets = _chain(deltas, here.installed.sha256)
    if first is None or whole is None:
        return first or whole
    if last.serial < whole.serial or octets >= whole.octets and last.serial == whole.serial:
        return whole
    return first


def newest_firmware(entries, here):
    """The Entry of the newest firmware for this box, or None; newer or not."""
    return _highest(
        [
            entry
            for entry in entries
            if entry.kind == manifest.FIRMWARE and entry.epoch == here.epoch and _fits(entry, here)
        ]
    )


def _fits(entry, here):
    if entry.sha256 in here.refused or entry.content in here.refused:
        return False
    if entry.hardware not in (here.hardware, manifest.ANY):
        return False
    return entry.kind == manifest.KEYS or entry.channel == here.channel


def _is_newer(entry, here):
    have = here.installed
    if entry.epoch != here.epoch or entry.kind == manifest.KEYS:
        return False
    return have is None or (entry.epoch, entry.serial) > (have.epoch, have.serial)


def _highest(entries):
    best = None
    for entry in entries:
        if best is None or entry.serial > best.serial:
            best = entry
    return best


def _chain(deltas, base):
    """(first, last, octets of all) of the deltas that lead from a set onwards; None: no one."""
    first = last = None
    octets = 0
    for _ in range(STEPS):
        found = [each for each in deltas if each.base == base]
        step = _highest([each for each in found if last is None or each.serial > last.serial])
        if step is None:
            break
        first = first or step
        last = step
        octets += step.octets
        base = step.content
    return first, last, octets
