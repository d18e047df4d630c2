"""The one error of the host tools, and the exit codes.

Rule: rooms raise ToolError and never print or exit; only cli.py does.
"""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
VERIFICATION_FAILED = 3
DEVICE_OR_TIMEOUT = 4


class ToolError(Exception):
    """Something did not work: what, the likely cause, and what to do next."""

    def __init__(self, what: str, cause: str, hint: str, code: int = FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.hint = hint
        self.code = code
