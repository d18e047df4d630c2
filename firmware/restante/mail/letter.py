"""A message of the gateway's own, in wire form.  Pure.

Its rule: what it is given as text is printable ASCII already (notice.py).
"""

from restante.log.records import stamp
from restante.mail.splice import OWN_TEXT, wire

_DAYS = ("Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed")  # from 1970-01-01 on
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_DAY_SECONDS = 86400


def date(seconds):
    """RFC 5322 §3.3, UTC, of seconds since 1970."""
    seconds = int(seconds)
    text = stamp(seconds)
    month = 3 * (int(text[5:7]) - 1)
    words = (
        _DAYS[seconds // _DAY_SECONDS % 7],
        int(text[8:10]),
        _MONTHS[month : month + 3],
        text[:4],
        text[11:19],
    )
    return "%s, %d %s %s %s +0000" % words


def letter(subject, lines, name, host, seconds):
    """Octets; `name`: unique on this box, for the Message-ID; `host`: the box's name."""
    head = [
        "From: Mail gateway <restante@%s>" % host,
        "Date: " + date(seconds),
        "Subject: " + subject,
        "Message-ID: <%s@%s>" % (name, host),
        "MIME-Version: 1.0",
    ]
    return wire(head) + OWN_TEXT + b"\r\n" + wire(lines)
