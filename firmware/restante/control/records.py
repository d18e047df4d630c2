"""`show log`, and what `monitor log` asks for again and again.  Pure: the ring comes in."""

from restante.log.records import LEVELS, urgency

# Records in one answer to `log after`: a line at 9,600 baud has them through in half a minute.
PIECE = 50
LEVEL_HINT = "type: monitor log [" + "|".join(LEVELS) + "]"


def show(ring, number=None):
    lines = ring.lines()
    if number is None:
        if ring.lost:
            lines.insert(0, "(%d older records are no longer kept)" % ring.lost)
        return True, "%d records" % ring.total, lines
    if not number.isdigit() or len(number) > 4 or int(number) == 0:
        return False, "'%s' is no number of records" % number[:40], ["type: show log [NUMBER]"]
    return True, "%d records" % ring.total, lines[-int(number) :]


def after(ring, number, level=None):
    """The records from this number on, `end`: none yet.  The text is the number to go on with and
    how many went unseen: `12 0`."""
    if level is not None and level not in LEVELS:
        return False, "'%s' is no level" % level[:40], [LEVEL_HINT]
    if number == "end":
        return True, "%d 0" % ring.total, []
    if not number.isdigit() or len(number) > 10:
        return False, "'%s' is no number" % number[:40], []
    wanted = min(int(number), ring.total)
    first, lines = ring.since(wanted)
    lines = lines[:PIECE]
    text = "%d %d" % (first + len(lines), first - wanted)
    if level is not None:
        lines = [line for line in lines if urgency(level_of(line)) <= urgency(level)]
    return True, text, lines


def level_of(line):
    """A record begins with its time, unless there is no clock."""
    words = line.split(" ", 2)
    return words[0] if words[0] in LEVELS else words[1]
