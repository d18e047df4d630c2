"""Moments as the console shows them: by the clock on the office's wall.  Pure.

Its rule: what is written down stays in UTC, so that the records of two boxes, and those of before
and after a change of the setting, can be laid side by side.
"""

from restante.log import records
from restante.settings.zone import Zone

_zone = Zone()


def takes(settings, profiles):
    """`time zone` counts from now on."""
    global _zone
    _zone = Zone(settings.get("time zone"))


def stamp(seconds):
    """Seconds since 1970 (UTC) as RFC 3339 text with the zone's offset."""
    seconds = int(seconds)
    offset = _zone.offset(seconds)
    text = records.stamp(seconds + offset)
    if not offset:
        return text
    minutes = abs(offset) // 60
    sign = "-" if offset < 0 else "+"
    return "%s%s%02d:%02d" % (text[:-1], sign, minutes // 60, minutes % 60)
