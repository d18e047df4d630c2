"""The scratch: room on the disk, from the gate's file to the engine, and what if there is none."""

import os
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from .conftest import EICAR, SECONDS, Server, verdict

MIB = 1 << 20
CLEAN, INFECTED, TOO_LARGE = 0, 1, 5
NO_REPLY = b""
NO_ROOM = struct.pack("<4sQB", b"RSN1", 7, 1)
MOST = 160 * MIB  # RST_SCRATCH_OCTETS


@pytest.fixture
def greedy(programs, signatures, tmp_path):
    """The screen program whose messages say how much scratch they need (greedy.c)."""
    path = tmp_path / "greedy.sock"
    server = Server([programs / "screen-worker-greedy", signatures, path], path)
    yield server
    server.stop()


def taking(tmp_path, octets, body=b"", field=b"X-Take"):
    path = tmp_path / "greedy.eml"
    path.write_bytes(b"%s: %d\r\n\r\n%s\r\n" % (field, octets, body))
    return path


def ask(server, path, room, most=MOST, **fields):
    most = most if room else 0
    with open(path, "rb") as file, server.ask(file, room=room, scratch=most, **fields) as client:
        return client.recv(65536)


@pytest.mark.parametrize("octets", [1, MIB - 1, MIB, MIB + 1, 40 * MIB])
def test_it_grows_as_it_is_needed_and_no_further(greedy, tmp_path, octets):
    with tempfile.TemporaryFile(dir=tmp_path) as room:
        reply = ask(greedy, taking(tmp_path, octets), room)
        assert verdict(reply)["verdict"] == CLEAN
        size = os.fstat(room.fileno()).st_size
        assert octets <= size < octets + MIB and size % MIB == 0


def test_a_message_that_needs_none_takes_none(server, mail, tmp_path):
    with tempfile.TemporaryFile(dir=tmp_path) as room:
        assert verdict(ask(server, mail(EICAR), room))["verdict"] == INFECTED
        assert os.fstat(room.fileno()).st_size == 0


def test_all_of_it_and_one_octet_more(greedy, tmp_path):
    with tempfile.TemporaryFile(dir=tmp_path) as room:
        assert verdict(ask(greedy, taking(tmp_path, MOST), room))["verdict"] == CLEAN
        assert os.fstat(room.fileno()).st_size == MOST
    with tempfile.TemporaryFile(dir=tmp_path) as room:
        assert verdict(ask(greedy, taking(tmp_path, MOST + 1), room))["verdict"] == TOO_LARGE


@pytest.mark.parametrize("most", [1, 100, MIB, 3 * MIB + 5])
def test_over_what_the_gate_allows_there_is_no_verdict(greedy, tmp_path, most):
    with tempfile.TemporaryFile(dir=tmp_path) as room:
        assert verdict(ask(greedy, taking(tmp_path, most), room, most))["verdict"] == CLEAN
        assert os.fstat(room.fileno()).st_size == most
    with tempfile.TemporaryFile(dir=tmp_path) as room:
        assert ask(greedy, taking(tmp_path, most + 1), room, most) == NO_ROOM
    assert greedy.status()["without"] == 0  # it replied


def test_without_a_file_it_is_too_large(greedy, tmp_path):
    assert verdict(ask(greedy, taking(tmp_path, 1), None))["verdict"] == TOO_LARGE


def test_a_write_behind_the_end_ends_the_worker(greedy, tmp_path):
    with tempfile.TemporaryFile(dir=tmp_path) as room:
        path = taking(tmp_path, 5 * MIB, field=b"X-Overrun")
        assert ask(greedy, path, room) == NO_REPLY
    assert greedy.status()["without"] == 1


def test_a_file_emptied_under_the_worker_ends_it(greedy, tmp_path, endless):
    """The gate takes the room back when it gives up, whoever still writes to it."""
    with tempfile.TemporaryFile(dir=tmp_path) as room, open(endless, "r+b") as file:
        file.write(b"X-Take: %d\r\n\r\n" % MOST)
        file.flush()
        with open(endless, "rb") as again:
            client = greedy.ask(again, room=room, scratch=MOST, deadline=60000)
            os.kill(greedy.worker(), signal.SIGSTOP)
            os.ftruncate(room.fileno(), 0)
            os.kill(greedy.worker(), signal.SIGCONT)
            # It dies at once, or has not begun with the scratch and dies at the gate's leaving.
            client.close()
    assert verdict(ask(greedy, taking(tmp_path, 0), None))["verdict"] == CLEAN


def test_wrong_files_get_no_reply(server, mail, tmp_path):
    path = mail(b"hello")
    (tmp_path / "full").write_bytes(b"x")
    cases = {
        "not empty": os.open(tmp_path / "full", os.O_RDWR),
        "read-only": os.open(tmp_path / "empty", os.O_RDONLY | os.O_CREAT, 0o600),
        "write-only": os.open(tmp_path / "empty", os.O_WRONLY),
        "device": os.open("/dev/zero", os.O_RDWR),
        "pipe": os.pipe()[0],
    }
    for name, fd in cases.items():
        with os.fdopen(fd, "rb", buffering=0, closefd=True) as room:
            assert ask(server, path, room) == NO_REPLY, name
    assert server.status()["without"] == len(cases)


FULL_DISK = """
import os, socket, sys
sys.path[:0] = sys.argv[3:4]
from worker.conftest import request
message = os.open(sys.argv[2], os.O_RDONLY)
room = os.open(sys.argv[4] + "/room", os.O_RDWR | os.O_CREAT, 0o600)
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.settimeout(20)
client.connect(sys.argv[1])
data = request(octets=os.fstat(message).st_size, scratch=160 << 20)
socket.send_fds(client, [data], [message, room])
sys.stdout.buffer.write(client.recv(65536))
"""


# Only root can mount ext4; namespaces of users mount tmpfs.
EXT4 = [("ext4", 3), ("ext4", 30)] if os.geteuid() == 0 else []


@pytest.mark.parametrize(("kind", "octets"), [("tmpfs", 3), ("tmpfs", 5), *EXT4])
def test_a_full_disk_is_said(greedy, tmp_path, kind, octets):
    """A file system of 4 MiB (ext4: 16) that is mounted for the client alone."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = f"mount -t tmpfs -o size=4m none {folder}"
    if kind == "ext4":
        image = tmp_path / "image"
        with open(image, "wb") as file:
            file.truncate(16 * MIB)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", image], check=True)
        mount = f"mount -o loop {image} {folder}"
    rights = [] if os.geteuid() == 0 else ["-r"]
    words = [greedy.path, taking(tmp_path, octets * MIB), Path(__file__).parents[1], folder]
    script = f'{mount} && exec "$@"'
    command = ["unshare", *rights, "-m", "sh", "-ec", script, "sh", sys.executable, "-c"]
    done = subprocess.run(
        [*command, FULL_DISK, *words], capture_output=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    if octets == 3:
        assert verdict(done.stdout)["verdict"] == CLEAN
    else:
        assert done.stdout == NO_ROOM
    assert greedy.status()["without"] == 0
