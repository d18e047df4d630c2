"""Programs of the lab that run beside us: started with a log, watched, ended for certain.

Rule: a child dies with the lab, also when the lab is killed (the kernel's parent-death signal),
and every child that ends before it is asked to is an error with the end of its log.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab.deadline import Deadline

GRACE_SECONDS = 5.0  # what a program gets to end after SIGTERM before it is killed
LOG_LINES_SHOWN = 20  # of a failed child's log, in the error: less than a screen
# setpriv (util-linux) sets the parent-death signal without Python code between fork and exec.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


class Child:
    """One running program. `stop` may be called more than once."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        inherit: Sequence[int] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*DIES_WITH_US, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=tuple(inherit),
                # Ctrl-C is for us alone: we end our children in order.
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def check(self) -> None:
        """ToolError if the program has ended by itself."""
        code = self._process.poll()
        if code is not None:
            raise ToolError(
                f"{self.name} ended early ({ending(code)}); the end of its log:\n{self.tail()}",
                "see the lines above",
                f"full log: {self.log}",
            )

    def tail(self) -> str:
        """The last lines of its log, indented."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join("    " + line for line in text.splitlines()[-LOG_LINES_SHOWN:])

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, deadline: Deadline) -> int:
        """Its exit code; ToolError when it is still running at the deadline."""
        try:
            return self._process.wait(deadline.left())
        except subprocess.TimeoutExpired as error:
            raise deadline.error(f"end of {self.name}") from error

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for what does not go in time."""
        if not self.alive():
            return
        self._process.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def ending(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
