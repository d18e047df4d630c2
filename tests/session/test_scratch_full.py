"""A disk that has no room to unpack a message: -ERR [SYS/TEMP], counted, told, and over by itself.

The screen process is the real one without MicroPython, whose messages say how much they need
(tests/native/worker/greedy.c); the gate and its disk are real.
"""

import os
import subprocess

import pytest
from boxes import TOP, Box
from disks import tmpfs
from mailserver import MailServer
from restante_tools.build.native_tests import TREES
from restante_tools.lab.children import Child
from served import leave, session

WORKER = TOP / "tests" / "native" / "worker"
DISK = tmpfs("size=24m")
OVER, UNDER = 14_000_000, 3_000_000  # half of what is free beside the reserve is 9 MiB


def needing(octets):
    return b"X-Take: %d\r\nSubject: x\r\n\r\nhello\r\n" % octets


@pytest.fixture(scope="session")
def greedy():
    """The program."""
    out = TOP / "build" / "native" / "worker"
    trees = [
        "%s=%s" % (name, os.environ.get(name, TOP / "build" / "src" / folder))
        for name, folder in TREES.items()
    ]
    subprocess.run(["make", "-s", "-C", WORKER, f"OUT={out}", *trees], check=True)
    return out / "screen-worker-greedy"


@pytest.fixture
def full(greedy, signatures, tmp_path):
    """full([octets that each message needs]) -> box in pass-through."""
    running = []

    def start(*needs):
        server = MailServer([needing(n) for n in needs])
        running.insert(0, server)
        box = Box(server.port, signatures, ["set spool maximum 8"], screens=False, disk=DISK)
        running.insert(0, box)
        path = box.run / "screen.sock"
        running.insert(0, Child("screen", [greedy, signatures, path], tmp_path / "screen.log"))
        box.until(path.exists, "the socket of the screen process")
        os.chmod(path, 0o666)  # the gate is another user than who runs the tests
        return box

    yield start
    for each in running:
        each.stop()


def test_no_room_is_told_and_the_next_message_goes_on(full):
    box = full(OVER, UNDER)
    with session(box) as talk:
        for _ in range(3):
            assert talk.ask(b"RETR 1").startswith(b"-ERR [SYS/TEMP]")
            assert talk.fetch(b"RETR 2")[1] == needing(UNDER)
        assert talk.ask(b"DELE 1").startswith(b"-ERR [SYS/TEMP]")
        leave(talk)
    status = box.status()
    assert any(row.startswith("DISK FULL") and "3 messages" in row for row in status), status
    assert "no room to unpack" in "\n".join(box.console("show alarms")[1])
    assert not any("killed" in row for row in box.console("show quarantine")[1])


def test_the_room_is_given_back(full):
    box = full(*[UNDER] * 4)
    free = os.statvfs(box.stored).f_bavail
    with session(box) as talk:
        for n in range(1, 5):
            assert talk.fetch(b"RETR %d" % n)[1] == needing(UNDER)
        leave(talk)
    box.until(lambda: os.statvfs(box.stored).f_bavail >= free - 16, "the room to come back")
