"""The quarantine commands.  Pure: the quarantine comes in, (ok, text, lines) go out."""

from restante.control import tables
from restante.control.moments import stamp
from restante.errors import StoreError
from restante.screening.verdicts import ACTION_NAMES, NAMES

# Entries that one list shows; a terminal that scrolls past hundreds helps nobody.
LISTED = 200
CELL_COLUMNS = 30
# RFC 1939 §7; it is what a mail program's own log names.
UIDL_COLUMNS = 70
HISTORY = ("time", "what", "by", "id", "account", "UIDL")


def listing(quarantine):
    entries = list(quarantine.entries())
    rows = [
        (
            entry.id,
            stamp(entry.time),
            _state(entry),
            NAMES[entry.record.verdict],
            entry.record.account,
            entry.record.signature,
            entry.record.bundle,
            entry.record.sender,
            entry.record.subject,
        )
        for entry in entries[:LISTED]
    ]
    if not rows:
        return True, "nothing is held", []
    head = ("id", "kept", "state", "reason", "account", "signature", "bundle", "from", "subject")
    lines = tables.table(head, rows, CELL_COLUMNS)
    if len(entries) > LISTED:
        lines.append("and %d older ones" % (len(entries) - LISTED))
    return True, "%d held messages" % len(entries), lines


def _state(entry):
    """Held, released or delivered, and what a newer signature set says if it says otherwise."""
    if entry.damaged:
        return entry.state + ", DAMAGED"
    if entry.now == entry.record.verdict:
        return entry.state
    return "%s, now %s" % (entry.state, NAMES[entry.now])


def history(quarantine):
    """Every release and deletion that is still known, newest first; the journal keeps them."""
    rows = []
    for entry in quarantine.entries():
        rows += [_released(r, entry.id, entry.record.account) for r in _releases(entry)]
    for gone in quarantine.deleted():
        rows.append((gone["time"], "deleted", gone["who"], gone["id"], gone["account"], ""))
        rows += [_released(r, gone["id"], gone["account"]) for r in gone.get("releases", ())]
    if not rows:
        return True, "nothing was released or deleted", []
    rows = sorted(rows, key=lambda row: row[0], reverse=True)
    cells = [(stamp(row[0]),) + row[1:] for row in rows[:LISTED]]
    lines = tables.table(HISTORY, cells, CELL_COLUMNS, UIDL_COLUMNS)
    if len(rows) > LISTED:
        lines.append("and %d older ones" % (len(rows) - LISTED))
    return True, "%d records" % len(rows), lines


def _releases(entry):
    return [{"time": r.time, "who": r.who, "uidl": r.uidl} for r in entry.releases]


def _released(release, id, account):
    return release["time"], "released", release["who"], id, account, release["uidl"]


def show(quarantine, id):
    entry = _find(quarantine, id)
    if entry is None:
        return _missing(id)
    record = entry.record
    rows = (
        ("kept", stamp(entry.time)),
        ("state", _state(entry)),
        ("account", record.account),
        ("UIDL", record.uidl),
        ("from", record.sender),
        ("subject", record.subject),
        ("octets", entry.octets),
        ("SHA-256", entry.sha),
        ("verdict", NAMES[record.verdict]),
        ("signature", record.signature),
        ("part", record.part),
        ("bundle", record.bundle),
        ("action", ACTION_NAMES[record.action]),
    )
    lines = ["%-10s %s" % row for row in rows]
    for release in entry.releases:
        words = (stamp(release.time), release.who, release.uidl)
        lines.append("%-10s %s by %s as %s" % (("released",) + words))
        if release.delivered:
            lines.append("%-10s %s" % ("delivered", stamp(release.delivered)))
    if entry.judged_again:
        lines.append("%-10s %s, says %s" % ("now", NAMES[entry.now], entry.bundle))
    if entry.damaged:
        lines.append("%-10s %s" % ("DAMAGED", entry.damaged))
    return True, "message " + entry.id, lines


async def release(quarantine, id, who, force):
    if _find(quarantine, id) is None:
        return _missing(id)
    try:
        entry = await quarantine.release(id, who, force)
    except StoreError as error:
        return False, "not released: %s" % error, []
    uidl = entry.waiting.uidl if entry.waiting else "(delivered already)"
    return True, "%s is delivered at the account's next session as %s" % (id, uidl), []


async def delete(quarantine, id, who):
    if _find(quarantine, id) is None:
        return _missing(id)
    try:
        await quarantine.delete(id, who)
    except StoreError as error:
        return False, "not deleted: %s" % error, []
    return True, "%s is deleted" % id, []


def _find(quarantine, id):
    for entry in quarantine.entries():
        if entry.id == id:
            return entry
    return None


def _missing(id):
    return False, "no held message '%s'" % id[:20], ["type: quarantine list"]
