"""Waiting for a condition, never for a time to pass.

Rule: every wait of the lab has a Deadline; it is made once and passed down, not nested afresh.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError

POLL_SECONDS = 0.02  # how often a condition is asked again: well below anything measured here


class Deadline:
    """A moment after which waiting ends with a ToolError that says what was waited for."""

    def __init__(self, seconds: float, cause: str, hint: str) -> None:
        self.seconds = seconds
        self.cause = cause
        self.hint = hint
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        return self.left() == 0.0

    def error(self, waited_for: str) -> ToolError:
        """The error to raise when `waited_for` has not happened in time."""
        return ToolError(
            f"{waited_for}: not within {self.seconds:g} s",
            self.cause,
            self.hint,
            DEVICE_OR_TIMEOUT,
        )

    def wait(self, condition: Callable[[], bool], waited_for: str) -> None:
        """Return as soon as `condition` holds."""
        while not condition():
            if self.passed():
                raise self.error(waited_for)
            time.sleep(min(POLL_SECONDS, self.left()))
