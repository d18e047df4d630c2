"""The account commands.  Pure: the providers come in, (ok, text, lines) go out.

Its rule: names, states and reasons are shown, never a password nor anything made from one.
"""

from restante.accounts import seen as reasons
from restante.accounts.groups import ACCELERATE, LEARN
from restante.accounts.names import name as written
from restante.accounts.state import HOW_NAMES, READY, STATE_NAMES
from restante.control import tables
from restante.control.moments import stamp
from restante.errors import RestanteError

# Rows that one list shows; a terminal that scrolls past hundreds helps nobody.
LISTED = 200
CELL_COLUMNS = 34
# A reason says what to do next at its end.
REASON_COLUMNS = 100


def listing(accounts, maildrops, seen):
    """All accounts, then who was seen without being accelerated in this boot."""
    everything = accounts.everything()
    lines = _troubles(accounts)
    rows = [_row(account) for account in everything[:LISTED]]
    if rows:
        head = ("id", "account", "state", "polled", "note")
        lines += tables.table(head, rows, CELL_COLUMNS, REASON_COLUMNS)
    if len(everything) > LISTED:
        lines.append("and %d more" % (len(everything) - LISTED))
    lines.append("mail: %s of %s" % (tables.mib(maildrops.octets), tables.mib(maildrops.maximum)))
    lines += _unaccelerated(_still(seen.rows(), everything))
    return True, "%d accounts" % len(everything), lines


def _troubles(accounts):
    lines = []
    if accounts.unusable:
        lines.append("NOTHING IS LEARNED: " + accounts.unusable)
    return lines + ["PROBLEM: " + text for text in accounts.problems]


def _row(account):
    note = account.alert or account.last_error or _why(account)
    return account.id, account.name, _state(account), _time(account.polled), note


def _state(account):
    return STATE_NAMES[account.state] if account.group is not None else "no group"


def _why(account):
    if account.group is None:
        return "group '%s' is not set any more" % account.group_name
    wanted = account.group.wants(account.user)
    if wanted == ACCELERATE:
        return account.why
    return reasons.LEARN_ONLY if wanted == LEARN else reasons.BY_RULE


def _time(seconds):
    return stamp(seconds) if seconds else "never"


def _still(rows, accounts):
    """Without those who only waited for a first listing that is there by now."""
    ready = {(written(a.user), "%s:%d" % a.place) for a in accounts if a.state == READY}
    return [
        row for row in rows if row.why != reasons.FIRST_SYNC or (row.name, row.origin) not in ready
    ]


def _unaccelerated(rows):
    if not rows:
        return []
    head = ("not accelerated", "origin", "last", "times", "why")
    cells = [
        (row.name or "(not said)", row.origin, stamp(row.time), row.times, row.why) for row in rows
    ]
    return [""] + tables.table(head, cells, CELL_COLUMNS, REASON_COLUMNS)


async def show(accounts, maildrops, name):
    account = accounts.named(name)
    if account is None:
        return _missing(name)
    rows = [
        ("id", account.id),
        ("state", _state(account)),
        ("not accelerated", _why(account)),
        ("origin", "%s:%d, %s" % (account.place + (HOW_NAMES[account.how],))),
        ("learned", _time(account.learned_at)),
        ("confirmed", _confirmed(account)),
        ("last poll", _time(account.polled)),
        ("next poll", stamp(account.next_poll) if account.next_poll else "not planned"),
        ("last error", account.last_error),
        ("alert", account.alert),
        ("mail", await _mail(maildrops, account)),
    ]
    lines = ["%-15s %s" % row for row in rows if row[1]]
    return True, "account " + account.name, lines


def _confirmed(account):
    if account.confirmed_at:
        return stamp(account.confirmed_at)
    return "REFUSED by the origin since"


async def _mail(maildrops, account):
    """What is cached of the account; a maildrop that cannot be read is a line, not a failure."""
    try:
        drop = await maildrops.open(account.id)
    except RestanteError as error:
        return "CANNOT BE READ: %s" % error
    try:
        return "%d messages, %d octets cached" % (drop.count, drop.stored_octets)
    finally:
        maildrops.release(drop)


async def erase(accounts, maildrops, collector, name, who, meant):
    """The credential first: what is served without one is nothing."""
    account = accounts.named(name)
    if account is None:
        return _missing(name)
    if not meant:
        text = "that removes the password and the cached mail of " + account.name
        return False, text, ["if it is really meant, type: erase account %s yes" % account.id]
    async with collector.turn(account):
        await accounts.erase(account, who)
        await maildrops.erase(account.id)
    return True, "%s is erased; its next login is new" % account.name, []


def _missing(name):
    return False, "no account '%s'" % name[:CELL_COLUMNS], ["type: show accounts"]
