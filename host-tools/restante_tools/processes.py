"""Running other programs: niced, with a complete log and a deadline.

Rule: what a program prints goes to its log; the caller sees lines only to show progress.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError

LOG_LINES_SHOWN = 30  # lines of a failed program's log that go into the error: one screen
NICENESS = 10  # builds leave the machine usable

OnLine = Callable[[str], None]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would change a build, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CFLAGS", "CPPFLAGS", "LDFLAGS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CC")
    }
    kept.update(LC_ALL="C", TZ="UTC")
    kept.update(extra or {})
    return kept


def run(
    command: Sequence[str | Path],
    log: Path,
    *,
    folder: Path | None = None,
    extra: Mapping[str, str] | None = None,
    deadline: float,
    on_line: OnLine | None = None,
    hint: str = "read the log",
) -> None:
    """Run `command`, append what it prints to `log`.

    ToolError if it fails, or outlives `deadline` (seconds).
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [str(word) for word in command]
    last: deque[str] = deque(maxlen=LOG_LINES_SHOWN)
    expired = threading.Event()
    with log.open("a", buffering=1, encoding="utf-8", errors="replace") as out:
        out.write(f"$ {' '.join(words)}\n")
        out.flush()
        with start(words, folder, extra) as process:
            timer = threading.Timer(deadline, expire, (process, expired))
            timer.start()
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    out.write(line)
                    last.append(line.rstrip("\n"))
                    if on_line is not None:
                        on_line(line.rstrip("\n"))
                code = process.wait()
            except BaseException:
                stop(process)
                raise
            finally:
                timer.cancel()
    if expired.is_set():
        raise ToolError(
            f"{Path(words[0]).name} did not finish within {deadline:.0f} s",
            "the machine is very busy, or the program hangs",
            f"log: {log}",
            DEVICE_OR_TIMEOUT,
        )
    if code != 0:
        shown = "\n".join("    " + line for line in last)
        raise ToolError(
            f"{Path(words[0]).name} failed with code {code}; the end of its log:\n{shown}",
            "see the lines above",
            f"{hint}; full log: {log}",
        )


def start(
    words: Sequence[str], folder: Path | None, extra: Mapping[str, str] | None
) -> subprocess.Popen[str]:
    """Start a program in a process group of its own, so that its children end with it."""
    if shutil.which(words[0]) is None:
        raise missing_program(words[0])
    return subprocess.Popen(
        ["nice", "-n", str(NICENESS), *words],
        cwd=folder,
        env=environment(extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def expire(process: subprocess.Popen[str], expired: threading.Event) -> None:
    """What the timer does at the deadline."""
    expired.set()
    stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """End a program and all its children, now."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # ended between the question and the signal
        process.wait()


def output_of(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    extra: Mapping[str, str] | None = None,
    deadline: float = 60,
) -> str:
    """What a short program prints; ToolError if it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment(extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=deadline,
            check=False,
        )
    except FileNotFoundError as error:
        raise missing_program(words[0]) from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(
            f"{words[0]} did not answer within {deadline:.0f} s",
            "the machine is very busy, or the program hangs",
            "run the command again",
            DEVICE_OR_TIMEOUT,
        ) from error
    if done.returncode != 0:
        raise ToolError(
            f"{words[0]} failed with code {done.returncode}",
            done.stderr.strip()[-2000:] or done.stdout.strip()[-2000:],
            f"the command was: {' '.join(words)}",
        )
    return done.stdout


def missing_program(name: str) -> ToolError:
    """The error for a program that is not installed."""
    return ToolError(
        f"the program {name} is not installed",
        "a package of host-tools/packages.txt is missing",
        "run host-tools/setup",
    )
