"""What the quarantine holds, as the journal's records tell it.  Pure.

`Book` is the state after a run of records; the same `apply` serves reading the journal at start
and each new record afterwards, so that both can never differ.  It does not know files.
"""

from restante.compat import const
from restante.errors import StoreError

VERSION = const(1)
# Deleted entries whose last record is kept for the audit, when the journal is rewritten.
AUDIT_RECORDS = const(200)
# Releases of a deleted entry that its last record names: more than an operator makes by mistake.
RELEASES_NAMED = const(8)
# Longest texts of a record, characters: what a console line or a notice can use.  The engine's
# own bounds are RST_MAX_FIELD and RST_MAX_NAME; a UIDL has at most 70 (RFC 1939 §7).
TEXT_CHARACTERS = const(200)
# "user @ origin:port"; a user name fits a command line (limits.COMMAND_OCTETS) and is not cut,
# because it tells accounts apart.
ACCOUNT_CHARACTERS = const(600)
# Reserved: no origin's UIDL that begins so is passed on as its own.
UIDL_PREFIX = "restante-"


def bounded(text, limit=TEXT_CHARACTERS):
    """Printable text for one line: control characters become '?'."""
    text = "".join(c if c >= " " and c != "\x7f" else "?" for c in text[:limit])
    return text


class Record:
    """What is known of a message when it is kept.  verdict, action: codes of verdicts.py.

    Also has .uidl .sender .subject .signature .part .bundle; they are held as one text, because
    six take three times the memory and a thousand records may be held.
    """

    FIELDS = ("uidl", "sender", "subject", "signature", "part", "bundle")
    NUMBERS = ("number", "verdict", "action")

    def __init__(self, account, verdict, action, number=0, **fields):
        if len(account) > ACCOUNT_CHARACTERS:
            raise StoreError("account name of %d characters" % len(account))
        self.account = account
        self.verdict = verdict
        self.action = action
        self.number = number
        self._texts = "\0".join([bounded(fields.pop(name, "")) for name in self.FIELDS])
        if fields:
            raise TypeError("no such field of a record: %s" % list(fields))

    def __getattr__(self, name):
        if name not in self.FIELDS:
            raise AttributeError(name)
        return self._texts.split("\0")[self.FIELDS.index(name)]

    def values(self):
        values = {"account": self.account}
        for name in self.FIELDS + self.NUMBERS:
            values[name] = getattr(self, name)
        return values


class Release:
    """One permission to deliver an original; `delivered` is 0 or the time when it was."""

    def __init__(self, uidl, time, who):
        self.uidl = uidl
        self.time = time
        self.who = who
        self.delivered = 0


class Entry:
    """One message in quarantine.  `damaged`: "" or why its content cannot be given out."""

    def __init__(self, id, record, time, sha, size, stuffed):
        self.id = id
        self.record = record
        self.time = time  # seconds since 1970, UTC, when it was kept
        self.sha = sha  # SHA-256 of the wire form, hexadecimal
        self.size = size  # octets in wire form
        self.octets = size - stuffed
        self.releases = []
        self.bundle = record.bundle  # the signature set that judged it last
        self.now = record.verdict  # what that one said
        self.seen = 1  # how often this run met it
        self.damaged = ""

    @property
    def waiting(self):
        """The release that waits for delivery, or None."""
        last = self.releases[-1] if self.releases else None
        return last if last and not last.delivered else None

    @property
    def state(self):
        """held, released or delivered."""
        if not self.releases:
            return "held"
        return "released" if self.waiting else "delivered"

    @property
    def judged_again(self):
        return self.bundle != self.record.bundle or self.now != self.record.verdict


class NewerVersion(Exception):
    """The journal was written by a newer firmware: nothing of it may be changed."""


def _get(record, key, kind):
    value = record.get(key)
    if not isinstance(value, kind) or (kind is int and value < 0):
        raise ValueError("%s has no valid %s" % (record.get("op"), key))
    return value


class Book:
    """`entries`: {id: Entry}; `octets` they hold; `deleted`: the last delete records."""

    def __init__(self):
        self.entries = {}
        self.octets = 0
        self.next_id = 1
        self.deleted = []
        self._texts = {}  # each name of an account or a signature set is held once

    def take_id(self):
        """An id that is never given out again, even if its keep fails: a file may bear it."""
        id = str(self.next_id)
        self.next_id += 1
        return id

    def count(self):
        """Lines of the shortest journal."""
        lines = 1 + len(self.deleted)
        for entry in self.entries.values():
            lines += 1 + 2 * len(entry.releases) + entry.judged_again
        return lines

    def find(self, account, sha):
        """The undamaged entry of this account with this content, or None."""
        for entry in self.entries.values():
            if entry.sha == sha and entry.record.account == account and not entry.damaged:
                return entry
        return None

    def released(self, account, uidl):
        """The entry that this account sees under this UIDL, or None."""
        for entry in self.entries.values():
            if entry.record.account == account and entry.waiting and entry.waiting.uidl == uidl:
                return entry
        return None

    def apply(self, record):
        """ValueError if the record makes no sense here; NewerVersion."""
        op = record.get("op")
        if op == "begin":
            if _get(record, "version", int) > VERSION:
                raise NewerVersion()
            self.next_id = max(self.next_id, _get(record, "next", int))
        elif op == "keep":
            self._keep(record)
        elif op == "release":
            entry = self._entry(record)
            who = _get(record, "who", str)
            release = Release(_get(record, "uidl", str), _get(record, "time", int), who)
            entry.releases.append(release)
        elif op == "delivered":
            self._delivered(record)
        elif op == "judged":
            entry = self._entry(record)
            entry.now = _get(record, "verdict", int)
            entry.bundle = self._once(_get(record, "bundle", str))
        elif op == "delete":
            self._delete(record)
        else:
            raise ValueError("unknown operation %r" % op)

    def _once(self, text):
        return self._texts.setdefault(text, text)

    def _entry(self, record):
        entry = self.entries.get(_get(record, "id", str))
        if entry is None:
            raise ValueError("%s of an unknown entry" % record["op"])
        return entry

    def _keep(self, record):
        id = _get(record, "id", str)
        if id in self.entries or not id.isdigit() or len(id) > 18:
            raise ValueError("keep with a wrong id")
        kept = {name: _get(record, name, str) for name in Record.FIELDS}
        for name in Record.NUMBERS:
            kept[name] = _get(record, name, int)
        sha = _get(record, "sha", str)
        size = _get(record, "size", int)
        stuffed = _get(record, "stuffed", int)
        account = _get(record, "account", str)
        entry = Entry(
            id,
            Record(self._once(account), **kept),
            _get(record, "time", int),
            sha,
            size,
            stuffed,
        )
        entry.bundle = self._once(entry.bundle)
        self.entries[id] = entry
        self.octets += size
        self.next_id = max(self.next_id, int(id) + 1)

    def _delivered(self, record):
        entry = self._entry(record)
        uidl = _get(record, "uidl", str)
        for release in entry.releases:
            if release.uidl == uidl:
                release.delivered = _get(record, "time", int) or 1
                return
        raise ValueError("delivered under an unknown UIDL")

    def _delete(self, record):
        # In a rewritten journal the entry is gone already, and its delete record stays.
        entry = self.entries.pop(_get(record, "id", str), None)
        if entry is not None:
            self.octets -= entry.size
        self.deleted.append(record)
        if len(self.deleted) > AUDIT_RECORDS:
            self.deleted.pop(0)

    def records(self):
        """The shortest journal that gives this state, as dicts."""
        yield {"op": "begin", "version": VERSION, "next": self.next_id}
        for record in self.deleted:
            yield record
        for id in sorted(self.entries, key=int):
            entry = self.entries[id]
            yield keep_record(entry)
            for release in entry.releases:
                yield release_record(id, release.time, release.who, release.uidl)
                if release.delivered:
                    yield delivered_record(id, release.delivered, release.uidl)
            if entry.judged_again:
                yield judged_record(id, entry.now, entry.bundle)


def keep_record(entry):
    values = entry.record.values()
    values["op"] = "keep"
    values["id"] = entry.id
    values["time"] = entry.time
    values["sha"] = entry.sha
    values["size"] = entry.size
    values["stuffed"] = entry.size - entry.octets
    return values


def release_record(id, time, who, uidl):
    return {"op": "release", "id": id, "time": time, "who": who, "uidl": uidl}


def delivered_record(id, time, uidl):
    return {"op": "delivered", "id": id, "time": time, "uidl": uidl}


def judged_record(id, verdict, bundle):
    return {"op": "judged", "id": id, "verdict": verdict, "bundle": bundle}


def delete_record(entry, time, who):
    """Names what was deleted and released, because all of that goes with the next rewriting."""
    releases = [
        {"time": r.time, "who": r.who, "uidl": r.uidl, "delivered": r.delivered}
        for r in entry.releases[-RELEASES_NAMED:]
    ]
    return {
        "op": "delete",
        "id": entry.id,
        "time": time,
        "who": who,
        "account": entry.record.account,
        "verdict": entry.record.verdict,
        "signature": entry.record.signature,
        "sha": entry.sha,
        "releases": releases,
    }
