"""When the server of bundles is asked, and what is remembered of it.  Pure: the time is seconds
that only ever grow, since the start of the program; chance is an integer from 0 to 999.

    after                    the next poll is
    -----------------------  -------------------------------------------------------------------
    start                    FIRST_S to FIRST_S + SPREAD_S later: not all boxes at once after a
                             power cut, and no poll of a gate that fails and starts again
    a poll                   an interval later, 10 % more or less
    a failure                RETRY_S later, twice as long each time in a row, RETRY_MOST_S at most
    something was refused    REFUSED_S later, twice as long each time, REFUSED_MOST_S at most: who
                             lies, or is damaged, costs a bundle each time
    it had to wait           WAIT_S later; that is no failure

A failure's pause is up to a quarter longer.  An interval of 0 means: only when somebody asks.
"""

from restante.compat import const
from restante.update import lines
from restante.update.fault import malformed
from restante.update.state import sealed, unsealed

FIRST_S = 180
SPREAD_S = 300
RETRY_S = 120
RETRY_MOST_S = 21600
REFUSED_S = 3600
REFUSED_MOST_S = 86400
WAIT_S = 60
DAY = 86400
# An alarm after so long without an answer: longer than a week-end.
SILENT_DAYS = const(3)

# How a poll ended.
GOOD = const(0)
FAILED = const(1)
REFUSED = const(2)
WAITED = const(3)

CHANCES = const(1000)
_DOUBLINGS = const(16)


class Plan:
    """`interval`: seconds, 0: no polls; `next`: when the next one is due; `times`: failures."""

    def __init__(self, up, chance):
        self.interval = 0
        self.next = up + FIRST_S + SPREAD_S * chance // CHANCES
        self.times = 0
        self.good = up  # the last good one, or the start
        self._url = None  # not known yet

    def due(self, up):
        return bool(self.interval) and up >= self.next

    def takes(self, interval, url, up):
        """What is set; the first time it is what was set before the start."""
        if url != self._url and self._url is not None:
            self.times = 0
            self.next = min(self.next, up + WAIT_S)
        elif interval != self.interval and self.interval:
            self.next = min(self.next, up + interval)
        self.interval = interval
        self._url = url or ""

    def ended(self, how, up, chance):
        if how == WAITED:
            self.next = up + WAIT_S
            return
        if how == GOOD:
            self.times = 0
            self.good = up
            self.next = up + self.interval * (900 + chance // 5) // CHANCES
            return
        first, most = (REFUSED_S, REFUSED_MOST_S) if how == REFUSED else (RETRY_S, RETRY_MOST_S)
        pause = min(most, first << min(self.times, _DOUBLINGS))
        self.times += 1
        self.next = up + pause + pause * chance // (4 * CHANCES)


MEMORY_OCTETS = const(1024)
FORM = "1"
NONE = "-"
_HEAD = "restante-poll"
_KEYS = (_HEAD, "url", "good", "etag", "about", "part", "part-etag")


class Memory:
    """What outlives a restart: the file `updates/poll`.

    `good`: the time of a good poll, s since 1970, at most a day older than the last one; 0: not
    known.  `etag`: of the last index from which nothing more was to be taken by a box in the state
    `about` (16 octets); `part_etag`: of the file that began to arrive as `part` (SHA-256).
    """

    def __init__(self, url=""):
        self.url = url
        self.good = 0
        self.etag = ""
        self.about = bytes(16)
        self.part = bytes(32)
        self.part_etag = ""

    def write(self):
        texts = (
            FORM,
            self.url or NONE,
            str(self.good),
            self.etag or NONE,
            _hex(self.about),
            _hex(self.part),
            self.part_etag or NONE,
        )
        return sealed(lines.join(list(zip(_KEYS, texts))))

    def silent(self, now, up, good_up):
        """Whole days without a good poll; `good_up`: the last of this run, or its start."""
        if now is None or not self.good:
            return max(0, up - good_up) // DAY
        return max(0, now - self.good) // DAY


def parse(data):
    """The Memory, or BundleError."""
    pairs = lines.split(unsealed(data), MEMORY_OCTETS, "what is known of the server")
    if tuple([key for key, _ in pairs]) != _KEYS or pairs[0][1] != FORM:
        raise malformed("a record of polls that is none")
    texts = ["" if text == NONE else text for _, text in pairs]
    found = Memory(texts[1])
    found.good = lines.number(*pairs[2])
    found.etag = texts[3]
    try:
        found.about = bytes.fromhex(texts[4])
        found.part = bytes.fromhex(texts[5])
    except ValueError:
        raise malformed("a record of polls with a line that is wrong")
    found.part_etag = texts[6]
    return found


def _hex(data):
    return "".join(["%02x" % octet for octet in data])
