"""`support bundle`: what support asks for, as lines of text.  Pure.

Its rule: no secret is in it, each section and the whole are bounded, and the last line is the
SHA-256 of all lines before it, each with a line feed: what came over a serial line can be checked.
"""

import binascii
import hashlib

from restante.control.wire import plain
from restante.log.counters import NAMES
from restante.log.records import WITHHELD, is_secret

# Octets of one section, and of the configuration and the records, which may be long: in all it
# stays under what the console takes as one answer (console/gate.py), line ends counted.
SECTION_OCTETS = 4096
CONFIGURATION_OCTETS = 24576
RECORDS_OCTETS = 36864
CHECK = "sha256 "
TITLE = "== "


class Bundle:
    def __init__(self):
        self.lines = []

    def section(self, name, lines, octets=SECTION_OCTETS, newest=False):
        """`newest`: of too many lines the first ones are left out, not the last."""
        shown = [plain(line) for line in lines]
        kept, left = _within(shown[::-1] if newest else shown, octets)
        note = ["(%d lines are left out)" % left] if left else []
        self.lines.append(TITLE + name)
        self.lines += note + kept[::-1] if newest else kept + note

    def end(self):
        """All lines, with the check as the last one."""
        digest = hashlib.sha256()
        for line in self.lines:
            digest.update((line + "\n").encode())
        check = CHECK + binascii.hexlify(digest.digest()).decode()
        return self.lines + [check]


def _within(lines, octets):
    kept = []
    for line in lines:
        octets -= len(line) + 3  # CRLF, perhaps a stuffed dot
        if octets < 0:
            break
        kept.append(line)
    return kept, len(lines) - len(kept)


def without_secrets(lines):
    """Lines of `set PATH VALUE`: there are no secrets among the settings, and if there were ..."""
    out = []
    for line in lines:
        words = line.split(" ")
        if words[:1] == ["set"] and any(is_secret(w.replace("-", "_")) for w in words[1:-1]):
            line = " ".join(words[:-1]) + " " + WITHHELD
        out.append(line)
    return out


def counts(counters):
    return ["%-18s %d" % (name, counters.get(name)) for name in sorted(NAMES)]
