"""Which entries leave the quarantine: by age, and when room is wanted.  Pure.

Its rule: what waits for delivery stays, because a shown UIDL stays listed (DESIGN, promise 2); age
counts only if the caller trusts the clock, and for what has a time of a clock that was set.
"""

from restante.compat import const

# What is younger never makes room for others, in seconds: an operator is away for a week.
YOUNG_SECONDS = const(604800)


def due(entries, now, retention, dated_from):
    """Entries older than `retention` seconds."""
    return [e for e in entries if _is_older(e, now, retention, dated_from)]


def for_room(entries, octets, count, oldest, now, dated_from):
    """Enough entries to free `octets` and `count` places, or None if there are not enough.

    `entries`: oldest first.  What was released and delivered goes first; then, if `oldest`, what
    is not young any more.
    """
    chosen = []
    for entry in _in_order(entries, oldest, now, dated_from):
        if octets <= 0 and count <= 0:
            break
        chosen.append(entry)
        octets -= entry.size
        count -= 1
    return chosen if octets <= 0 and count <= 0 else None


def _in_order(entries, oldest, now, dated_from):
    for entry in entries:
        if entry.state == "delivered":
            yield entry
    if oldest:
        for entry in entries:
            if entry.state == "held" and _is_older(entry, now, YOUNG_SECONDS, dated_from):
                yield entry


def _is_older(entry, now, seconds, dated_from):
    return not entry.waiting and entry.time >= dated_from and now - entry.time > seconds
