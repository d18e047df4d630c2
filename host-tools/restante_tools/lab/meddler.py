"""Meddling with the workers of the screen process: each new one gets a signal.

Rule: it sees what the kernel lists as children of the one process it was given, and touches
nothing else.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import TracebackType

LOOK_SECONDS = 0.001  # between two looks: a worker on a large message lives a hundred times longer


class Meddler:
    """While it is used as a context, each worker gets `number` once, up to `most` workers."""

    def __init__(self, parent: int, number: signal.Signals, most: int) -> None:
        self._children = Path(f"/proc/{parent}/task/{parent}/children")
        self._number = number
        self._most = most
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.met: list[int] = []

    def _watch(self) -> None:
        while not self._done.wait(LOOK_SECONDS):
            for word in self._children.read_text(encoding="ascii").split():
                if int(word) not in self.met and len(self.met) < self._most:
                    self._meet(int(word))

    def _meet(self, worker: int) -> None:
        try:
            os.kill(worker, self._number)
        except ProcessLookupError:
            return  # it had ended already
        self.met.append(worker)

    def __enter__(self) -> Meddler:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
