"""What a process behind each wall can do: the forbidden kills, the ordinary passes."""

import errno
import signal
import subprocess

import pytest

SIGSYS = "killed %d" % signal.SIGSYS
DONE = "done 0"

FORBIDDEN_TO_ALL = [
    "mmap-exec",
    "mprotect-exec",
    "fork",
    "exec",
    "packet",
    "netlink",
    "listen",
    "inject",
    "dup",
    "kill",
    "getpid",
    "x32",
    "i386",
    "punch",
]
FORBIDDEN_TO_CONSOLE = ["open", "internet", "grow"]
FORBIDDEN_TO_WORKER = [
    "open",
    "internet",
    "write",
    "read",
    "malloc",
    "mmap",
    "terminal",
]
ALLOWED = {
    "gate": ["open", "write", "send", "read", "munmap", "malloc", "mmap", "internet"],
    "console": ["write", "send", "read", "munmap", "malloc", "mmap", "terminal"],
    "worker": ["send", "munmap", "grow"],
}
FORBIDDEN = {
    "gate": [*FORBIDDEN_TO_ALL, "terminal", "grow"],
    "console": FORBIDDEN_TO_ALL + FORBIDDEN_TO_CONSOLE,
    "worker": FORBIDDEN_TO_ALL + FORBIDDEN_TO_WORKER,
}


@pytest.fixture
def attempt(programs):
    def run(wall, action):
        done = subprocess.run(
            [programs / "walls", wall, action], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run


def pairs(table):
    return [(wall, action) for wall, actions in table.items() for action in actions]


@pytest.mark.parametrize(("wall", "action"), pairs(FORBIDDEN))
def test_forbidden_call_kills(attempt, wall, action):
    # Without a wall the same action ends otherwise: it is the wall that kills.
    assert attempt("none", action) != SIGSYS
    assert attempt(wall, action) == SIGSYS


@pytest.mark.parametrize(("wall", "action"), pairs(ALLOWED))
def test_ordinary_work_passes(attempt, wall, action):
    assert attempt(wall, action) == DONE


def test_limits_hold_before_the_filter(attempt):
    assert attempt("none", "malloc") == DONE
    assert attempt("enclosed", "malloc") == "done %d" % errno.ENOMEM
    assert attempt("none", "dup") == DONE
    assert attempt("enclosed", "dup") == "done %d" % errno.EMFILE
    assert attempt("enclosed", "terminal") == "done %d" % errno.EBADF
