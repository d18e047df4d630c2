"""The quarantine commands.  Pure: the quarantine comes in, (ok, text, lines) go out."""

from restante.control import tables
from restante.errors import StoreError
from restante.log.records import stamp
from restante.screening.verdicts import ACTION_NAMES, NAMES

# Entries that one list shows; a terminal that scrolls past hundreds helps nobody.
LISTED = 200
CELL_COLUMNS = 30


def listing(quarantine):
    entries = list(quarantine.entries())
    rows = [
        (
            entry.id,
            stamp(entry.time),
            entry.state,
            NAMES[entry.record.verdict],
            entry.record.account,
            entry.record.signature,
            entry.record.subject,
        )
        for entry in entries[:LISTED]
    ]
    if not rows:
        return True, "nothing is held", []
    head = ("id", "kept", "state", "verdict", "account", "signature", "subject")
    lines = tables.table(head, rows, CELL_COLUMNS)
    if len(entries) > LISTED:
        lines.append("and %d older ones" % (len(entries) - LISTED))
    return True, "%d held messages" % len(entries), lines


def show(quarantine, id):
    entry = _find(quarantine, id)
    if entry is None:
        return _missing(id)
    record = entry.record
    rows = (
        ("kept", stamp(entry.time)),
        ("state", entry.state),
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
        lines.append("%-10s %s by %s" % ("released", stamp(release.time), release.who))
        if release.delivered:
            lines.append("%-10s %s" % ("delivered", stamp(release.delivered)))
    if entry.damaged:
        lines.append("%-10s %s" % ("DAMAGED", entry.damaged))
    return True, "message " + entry.id, lines


async def release(quarantine, id, who, force):
    if _find(quarantine, id) is None:
        return _missing(id)
    try:
        await quarantine.release(id, who, force)
    except StoreError as error:
        return False, "not released: %s" % error, []
    return True, "%s is delivered at the account's next session" % id, []


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
