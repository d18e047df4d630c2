# Types of MicroPython's asyncio, for mypy: what the box uses of it. The published stubs describe
# CPython's, which has no wait_for_ms and no core. A test asks the box whether each name is there.

from collections.abc import Awaitable
from typing import TypeVar

from .core import (
    CancelledError,
    Task,
    TimeoutError,
    create_task,
    current_task,
    run,
    sleep,
    sleep_ms,
)

__all__ = [
    "CancelledError",
    "Event",
    "Lock",
    "Task",
    "TimeoutError",
    "create_task",
    "current_task",
    "run",
    "sleep",
    "sleep_ms",
    "wait_for",
    "wait_for_ms",
]

_T = TypeVar("_T")

async def wait_for(aw: Awaitable[_T], timeout: float) -> _T: ...
def wait_for_ms(aw: Awaitable[_T], timeout: int) -> Awaitable[_T]: ...

class Event:
    def is_set(self) -> bool: ...
    def set(self) -> None: ...
    def clear(self) -> None: ...
    async def wait(self) -> bool: ...

class Lock:
    def locked(self) -> bool: ...
    def release(self) -> None: ...
    async def acquire(self) -> bool: ...
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, exc_type: object, exc: object, tb: object) -> None: ...
