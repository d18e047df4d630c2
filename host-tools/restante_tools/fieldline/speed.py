"""Another speed for the line, agreed with the box: ask, switch, prove it, or go back.

Rule: both ends go back by themselves (firmware/restante/console/speeds.py), so that whatever is
lost in between they meet again at the line's own speed within seconds.
"""

from __future__ import annotations

import time

from restante_tools.errors import ToolError
from restante_tools.fieldline.session import Lost, Session
from restante_tools.fieldline.wire import Answer

FASTER = (921600, 460800, 230400, 115200, 57600, 38400, 19200)
SETTLE_SECONDS = 0.25  # the box switches within 0.1 s after its answer
PROBE_SECONDS = 2.0  # it waits for 3 s
PROBE_WAIT_SECONDS = 0.3


def candidates(session: Session, most: int) -> list[int]:
    """Speeds above the line's own, the fastest first."""
    if not session.port.has_speeds:
        return []
    return [speed for speed in FASTER if session.port.own_speed < speed <= most]


def change(session: Session, speed: int) -> bool:
    """Whether both ends now run at `speed`; if not, they are at the line's own."""
    try:
        if not session.ask(f"terminal speed {speed}").ok:
            return False  # no such speed, or a firmware without it
        session.fast = True
        session.port.set_speed(speed)
        if proved(session):
            session.fast = speed != session.port.own_speed
            return True
    except (Lost, ToolError):
        pass  # what it was shows again, if it lasts
    session.rejoin()
    return False


def own(session: Session) -> None:
    """Back to the line's own speed: an answer that is lost would leave each end at another one."""
    if session.fast:
        session.rejoin()


def proved(session: Session) -> bool:
    """The box answers at the speed that the line has now."""
    session.drop(SETTLE_SECONDS)
    until = time.monotonic() + PROBE_SECONDS
    tags = []
    while time.monotonic() < until:
        tags.append(session.send("ping"))
        event = session.next_event(PROBE_WAIT_SECONDS)
        if isinstance(event, Answer) and event.tag in tags:
            return True
    return False
