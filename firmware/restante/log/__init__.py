"""Records of what happened: `record(level, event, **fields)`, the ring, the counters, the alarms.

One log for the program that imports it.  Nothing here knows the time or a device: `start` is
given a clock and a function that writes a line.  A record never raises and never blocks on
anything but that function.
"""

from restante.log import records
from restante.log.alarms import Alarms
from restante.log.counters import Counters
from restante.log.records import DEBUG, ERROR, INFO, WARNING
from restante.log.ring import Ring
from restante.log.traces import trace

__all__ = (
    "DEBUG",
    "ERROR",
    "INFO",
    "WARNING",
    "alarms",
    "counters",
    "record",
    "ring",
    "set_level",
    "start",
    "trace",
)

ring = Ring()
counters = Counters()
alarms = Alarms()

_level = INFO
_clock = None
_write = None
_forward = None
_second = -1  # the one that _stamp says
_stamp = ""


def start(level=INFO, clock=None, write=None, forward=None):
    """`clock()` gives seconds since 1970; `write(text)` takes what is a warning or worse.

    `forward(level, stamp, text)` takes every record, and never raises: sender.py.
    """
    global _level, _clock, _write, _forward
    _level = level
    _clock = clock
    _write = write
    _forward = forward


def set_level(level):
    """The least urgent level that is recorded from now on."""
    global _level
    _level = level


def record(level, event, **fields):
    """`event` is words with dots, such as "session.open"; fields see records.py."""
    if records.urgency(level) > records.urgency(_level):
        return
    text = records.line(level, event, fields)
    stamp = ""
    if _clock is not None:
        stamp = _now(_clock)
    if _forward is not None:
        _forward(level, stamp, text)
    if stamp:
        text = stamp + " " + text
    ring.add(text)
    if _write is not None and records.urgency(level) <= records.urgency(WARNING):
        try:
            _write(text)
        except OSError:
            # The console is gone or full; the record is in the ring, and the loss is counted.
            counters.add("log_lost")


def _now(clock):
    # Many records have the same second: it is written out once.
    global _second, _stamp
    second = int(clock())
    if second != _second:
        _stamp = records.stamp(second)
        _second = second
    return _stamp
