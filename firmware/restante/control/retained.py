"""`account deleted` and `account restore`.  Pure: the providers come in, (ok, text, lines) go out.

Its rule: who sent a message and what about is asked of the screen process; nothing of a message is
parsed here.
"""

from restante.control import tables
from restante.control.moments import stamp
from restante.errors import ScreenUnavailable, StoreError
from restante.store.bodies import OpenBody

# Newest ones that one list shows; each takes a worker of the screen process.
LISTED = 20
CELL_COLUMNS = 30
HEAD = ("number", "deleted", "octets", "UIDL", "from", "subject")


async def listing(accounts, maildrops, screen, folder, name):
    account = accounts.named(name)
    if account is None:
        return _missing(name)
    drop = await maildrops.open(account.id)
    try:
        slots = sorted(drop.retained(), key=drop.deleted_at, reverse=True)
        rows, note = await _rows(drop, slots[:LISTED], screen, folder)
    finally:
        maildrops.release(drop)
    if not rows:
        return True, "nothing that was deleted is kept", [_hint(account)]
    lines = tables.table(HEAD, rows, CELL_COLUMNS) + note
    if len(slots) > LISTED:
        lines.append("and %d that were deleted before" % (len(slots) - LISTED))
    return True, "%d deleted messages" % len(slots), lines


async def _rows(drop, slots, screen, folder):
    """(rows, [a line about what is missing in them])."""
    rows = []
    note = []
    for slot in slots:
        header = ("", "")
        if not note:
            try:
                header = await _header(drop, slot, screen, folder)
            except ScreenUnavailable as error:
                note = ["senders and subjects are not known: %s" % error]
        uidl = str(drop.uidl(slot), "ascii")
        when = stamp(drop.deleted_at(slot))
        rows.append((drop.serial(slot), when, drop.octets(slot), uidl) + header)
    return rows, note


async def _header(drop, slot, screen, folder):
    """(sender, subject) as the screen process reads them.  ScreenUnavailable."""
    try:
        fd = await drop.open_body(slot)
    except StoreError as error:
        return "", "CANNOT BE READ: %s" % error
    try:
        report = await screen.screen(OpenBody(fd, drop.size(slot), drop.octets(slot)))
    finally:
        folder.close(fd)
    return report.sender, report.subject


def _hint(account):
    group = account.group
    if group is not None and not group.retention:
        return "group '%s' keeps none: its 'retention' is 0 days" % group.name
    return "type: show account " + account.name


async def restore(accounts, maildrops, name, number):
    """A retained message is shown again, as a new one."""
    account = accounts.named(name)
    if account is None:
        return _missing(name)
    drop = await maildrops.open(account.id)
    try:
        for slot in drop.retained():
            if str(drop.serial(slot)) == number:
                uidl = str(drop.uidl(await drop.restore(slot)), "ascii")
                return True, "it is shown at the account's next session as " + uidl, []
    finally:
        maildrops.release(drop)
    text = "no deleted message '%s' is kept of %s" % (number[:CELL_COLUMNS], account.name)
    return False, text, ["type: account deleted " + account.name]


def _missing(name):
    return False, "no account '%s'" % name[:CELL_COLUMNS], ["type: show accounts"]
