"""The screen socket's request and reply (firmware/native/README.md).  Pure.

Its rule: a worker may have been taken over by the message that it read, so a reply is believed
only if every field is in range, agrees with the others and nothing is left over; else
ProtocolError, which the caller treats as "no verdict".  It does not look at the message.
"""

import struct

from restante.compat import const
from restante.errors import NoRoom, ProtocolError
from restante.screening import verdicts

# The fixed head of a request, and the rules that may follow it (worker/request.h).
REQUEST_OCTETS = const(68)
MAX_RULES = const(8192)
# native/README.md: "at most 60,000 octets"; one more is read to notice a longer one.
REPLY_OCTETS = const(60000)

SCREEN = const(1)
STATUS = const(2)
OFFER = const(3)  # a new signature set: it becomes the candidate
TRY = const(4)  # as SCREEN, with the candidate
ADOPT = const(5)  # the candidate becomes the set in use
WITHDRAW = const(6)  # the candidate is forgotten

# Where the set in use came from (worker/server.h): the gate handed it over, or the screen process
# took it when it started.
HANDED_OVER = const(0)
CURRENT = const(1)
PREVIOUS = const(2)
FACTORY = const(3)

EDIT_WHOLE = const(0)
EDIT_PART = const(1)
EDIT_LINES = const(2)

# engine.h: RST_MAX_FINDINGS, RST_MAX_NAME - 1, RST_MAX_FIELD, RST_MAX_KEEP.
MAX_FINDINGS = const(64)
MAX_NAME = const(159)
MAX_FIELD = const(200)
MAX_KEEP = const(16)
# A bundle's name: its length octet allows no more.
MAX_BUNDLE = const(255)

# What a worker may take on the disk: engine.h, RST_SCRATCH_OCTETS.
SCRATCH_OCTETS = const(167772160)

_REQUEST = "<4sIQIIIIQQQQI"
_HEAD = "<4sQBBHIIQQ"
_NO_VERDICT = "<4sQB"
# Why there is none; the only reason that is known.
_NO_ROOM = const(1)
_STATUS = "<4sQQQIIBIIQ"
_SET = "<4sQQIIQ"


class Limits:
    """The engine's limits for one message (engine.h, rst_limits)."""

    def __init__(self, depth, entries, ratio, expanded, work):
        self.depth = depth
        self.entries = entries
        self.ratio = ratio
        self.expanded = expanded
        self.work = work


# limits.c, rst_limits_default(): what a setting of 0 stands for.  A test compares the two files.
DEPTH = const(16)
ENTRIES = const(10000)
RATIO = const(250)
EXPANDED = const(268435456)
WORK = const(2000000000)


def limits_of(settings):
    """The Limits as set."""
    return Limits(
        settings.get("screening limit depth") or DEPTH,
        settings.get("screening limit entries") or ENTRIES,
        settings.get("screening limit ratio") or RATIO,
        settings.get("screening limit expanded") or EXPANDED,
        settings.get("screening limit work") or WORK,
    )


class Finding:
    """`start`, `end`: octets of the wire form, see rst_edit in engine.h."""

    def __init__(self, verdict, edit, start, end, signature, part):
        self.verdict = verdict
        self.edit = edit
        self.start = start
        self.end = end
        self.signature = signature
        self.part = part


class Report:
    """A worker's answer.  `found` counts findings that are not listed too; `size`: of the file."""

    def __init__(self, verdict, size):
        self.verdict = verdict
        self.size = size
        self.found = 0
        self.findings = []
        self.keep = []  # (start, end) of header fields that a replacement keeps
        self.entries = 0
        self.expanded = 0
        self.work = 0
        self.sender = ""
        self.subject = ""
        self.bundle = ""


class Status:
    """The parent's answer: workers since its start, and what signatures it holds."""

    def __init__(self, workers, failed, adopted, peak, origin, hashes, patterns, built, bundle):
        self.workers = workers
        self.failed = failed  # workers that ended without a verdict
        self.adopted = adopted  # sets that were handed over
        self.peak = peak  # KiB: most that one worker had resident, signature pages included
        self.origin = origin  # of the set in use: HANDED_OVER, CURRENT …
        self.hashes = hashes
        self.patterns = patterns
        self.built = built  # seconds since 1970, UTC
        self.bundle = bundle


class SetReply:
    """The parent's answer about a candidate: its number, 0 if there is none, and its facts.

    `wrong`: why what was asked is not done, or "".
    """

    def __init__(self, number, hashes, patterns, built, bundle, wrong):
        self.number = number
        self.hashes = hashes
        self.patterns = patterns
        self.built = built
        self.bundle = bundle
        self.wrong = wrong


def killed_report(size, bundle=""):
    """The gate's own report: the worker died twice on this message."""
    report = Report(verdicts.KILLED, size)
    report.found = 1
    why = "the screening process ended twice on this message"
    report.findings.append(Finding(verdicts.KILLED, EDIT_WHOLE, 0, 0, why, ""))
    report.bundle = bundle
    return report


def screen_request(size, deadline_ms, limits, tag, scratch=0, rules=b"", kind=SCREEN):
    """`size`: the spool file's, in wire form; `scratch`: octets that may be taken on the disk.

    `rules`: what rules.py made, at most MAX_RULES octets; ValueError for more.  `kind`: or TRY.
    """
    if len(rules) > MAX_RULES:
        raise ValueError("rules of %d octets" % len(rules))
    head = struct.pack(
        _REQUEST,
        b"RSQ2",
        kind,
        size,
        deadline_ms,
        limits.depth,
        limits.entries,
        limits.ratio,
        limits.expanded,
        limits.work,
        tag,
        scratch,
        len(rules),
    )
    return head + rules


def status_request(tag):
    return _other_request(STATUS, 0, 0, tag)


def offer_request(size, deadline_ms, tag):
    """With the descriptor of a signature file of this size."""
    return _other_request(OFFER, size, deadline_ms, tag)


def adopt_request(number, tag):
    """`number`: the candidate's, of the reply to its offer."""
    return _other_request(ADOPT, number, 0, tag)


def withdraw_request(tag):
    return _other_request(WITHDRAW, 0, 0, tag)


def _other_request(kind, octets, deadline_ms, tag):
    return struct.pack(_REQUEST, b"RSQ2", kind, octets, deadline_ms, 0, 0, 0, 0, 0, tag, 0, 0)


class _Cursor:
    """Reads fields one after the other; ProtocolError at the end of the data."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def unpack(self, form):
        end = self.at + struct.calcsize(form)
        if end > len(self.data):
            raise ProtocolError("screen reply: cut off at octet %d" % self.at)
        values = struct.unpack_from(form, self.data, self.at)
        self.at = end
        return values

    def text(self, limit):
        (n,) = self.unpack("<B")
        if n > limit or n > len(self.data) - self.at:
            raise ProtocolError("screen reply: a text of %d octets" % n)
        raw = self.data[self.at : self.at + n]
        self.at += n
        for octet in raw:
            if octet < 0x20 or octet == 0x7F:
                raise ProtocolError("screen reply: a control character in a text")
        try:
            return str(raw, "utf-8")
        except UnicodeError:
            raise ProtocolError("screen reply: a text that is not UTF-8")

    def finish(self):
        if self.at != len(self.data):
            raise ProtocolError("screen reply: %d octets too many" % (len(self.data) - self.at))


def _begin(data, magic, tag, form):
    if len(data) > REPLY_OCTETS:
        raise ProtocolError("screen reply: longer than %d octets" % REPLY_OCTETS)
    cursor = _Cursor(bytes(data))
    values = cursor.unpack(form)
    if values[0] != magic or values[1] != tag:
        raise ProtocolError("screen reply: not the answer to this request")
    return cursor, values


def screen_reply(data, tag, size):
    """The Report for a request with this tag about a file of this size.

    ProtocolError; NoRoom: the worker found no place for what it must unpack.
    """
    if data[:4] == b"RSN1":
        _no_verdict(data, tag)
    cursor, head = _begin(data, b"RSV1", tag, _HEAD)
    report = Report(_verdict(head[2]), size)
    listed = head[4]
    report.found, report.entries, report.expanded, report.work = head[5:9]
    if head[3] != 0 or listed != min(report.found, MAX_FINDINGS):
        raise ProtocolError("screen reply: counts that do not agree")
    for _ in range(listed):
        report.findings.append(_finding(cursor))
    (keep,) = cursor.unpack("<B")
    if keep > MAX_KEEP:
        raise ProtocolError("screen reply: %d header fields" % keep)
    for _ in range(keep):
        report.keep.append(cursor.unpack("<QQ"))
    report.sender = cursor.text(MAX_FIELD)
    report.subject = cursor.text(MAX_FIELD)
    report.bundle = cursor.text(MAX_BUNDLE)
    cursor.finish()
    _check_verdict(report)
    return report


def _no_verdict(data, tag):
    cursor, head = _begin(data, b"RSN1", tag, _NO_VERDICT)
    cursor.finish()
    if head[2] != _NO_ROOM:
        raise ProtocolError("screen reply: no verdict, for a reason %d" % head[2])
    raise NoRoom("the data partition is full: there is no room to unpack a message")


def _verdict(code):
    if code >= len(verdicts.NAMES) or code == verdicts.KILLED:
        raise ProtocolError("screen reply: verdict %d" % code)
    return code


def _finding(cursor):
    code, edit, start, end = cursor.unpack("<BBQQ")
    if _verdict(code) == verdicts.CLEAN or edit > EDIT_LINES:
        raise ProtocolError("screen reply: a finding %d with edit %d" % (code, edit))
    if edit == EDIT_WHOLE and (start or end):
        raise ProtocolError("screen reply: a whole message with a range")
    return Finding(code, edit, start, end, cursor.text(MAX_NAME), cursor.text(MAX_NAME))


def _check_verdict(report):
    """The verdict is the worst finding's; only one that is not listed may be worse."""
    worst = verdicts.CLEAN
    for finding in report.findings:
        if rank(finding.verdict) < rank(worst):
            worst = finding.verdict
    more = report.found > len(report.findings)
    if report.verdict != worst and not (more and rank(report.verdict) < rank(worst)):
        raise ProtocolError("screen reply: verdict %d, worst %d" % (report.verdict, worst))


def rank(verdict):
    """0 for the worst."""
    return verdicts.PRECEDENCE.index(verdict)


def status_reply(data, tag):
    """The Status, or ProtocolError."""
    cursor, head = _begin(data, b"RSS2", tag, _STATUS)
    bundle = cursor.text(MAX_BUNDLE)
    cursor.finish()
    _, _, workers, failed, adopted, peak, origin, hashes, patterns, built = head
    if origin > FACTORY:
        raise ProtocolError("screen reply: a set from place %d" % origin)
    return Status(workers, failed, adopted, peak, origin, hashes, patterns, built, bundle)


def set_reply(data, tag):
    """The SetReply, or ProtocolError."""
    cursor, head = _begin(data, b"RSU1", tag, _SET)
    bundle = cursor.text(MAX_BUNDLE)
    wrong = cursor.text(MAX_BUNDLE)
    cursor.finish()
    _, _, number, hashes, patterns, built = head
    return SetReply(number, hashes, patterns, built, bundle, wrong)
