"""The control socket under bad peers: cut input, too many of them, silence, never reading."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from restante.limits import CONTROL_LINE_OCTETS, CONTROL_PREFIX_OCTETS

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parents[1] / "firmware"
SECONDS = 60
CONNECTIONS = 8  # control/server.py
PASSWORD = b"of this test only"


@pytest.fixture(scope="module")
def path():
    """A socket that the real control room serves."""
    folder = Path(tempfile.mkdtemp(prefix="restante-control-"))
    (folder / "gate").mkdir()
    environment = {"MICROPYPATH": f"{FIRMWARE}:.frozen"}
    words = [os.environ["RESTANTE_NATIVE"], str(HERE / "control_stand.py"), str(folder)]
    with subprocess.Popen([*words, str(folder)], env=environment, stdout=subprocess.PIPE) as stand:
        assert stand.stdout.readline() == b"ready\n"
        yield str(folder / "control.sock")
        stand.kill()
    shutil.rmtree(folder)


def connect(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(SECONDS)
    peer.connect(path)
    return peer


def answers(peer, count):
    """That many whole answers."""
    data = b""
    while data.count(b"\r\n.\r\n") < count:
        more = peer.recv(65536)
        assert more, data
        data += more
    return data


def ended(peer):
    """Whether the server has closed, however it did."""
    try:
        return peer.recv(65536) == b""
    except ConnectionResetError:
        return True


@pytest.fixture(scope="module")
def key(path):
    """What a line of somebody who is logged in begins with."""
    with connect(path) as peer:
        peer.sendall(b"*first admin " + PASSWORD + b"\n")
        first, key, *_ = answers(peer, 1).split(b"\r\n")
        assert first == b"+OK admin"
    return b"@:" + key + b" "


def ping(path):
    with connect(path) as peer:
        peer.sendall(b"ping\n")
        return answers(peer, 1)


def test_commands_in_one_segment_and_octet_by_octet(path, key):
    data = b"ping\r\n" + key + b"quarantine show 9\n" + key + b"foo\n"
    with connect(path) as peer:
        peer.sendall(data)
        whole = answers(peer, 3)
    assert whole.startswith(b"+OK\r\n.\r\n-ERR no held message '9'\r\n")
    with connect(path) as peer:
        for at in range(len(data)):
            peer.sendall(data[at : at + 1])
        assert answers(peer, 3) == whole


def test_a_line_at_its_limit_and_over_it(path, key):
    with connect(path) as peer:
        peer.sendall(key + b"x" * CONTROL_LINE_OCTETS + b"\n")
        assert answers(peer, 1).startswith(b"-ERR no command")
        peer.sendall(key + b"x" * (CONTROL_LINE_OCTETS + 1) + b"\n")
        assert answers(peer, 1).startswith(
            b"-ERR the line is over %d octets" % CONTROL_LINE_OCTETS
        )
        peer.sendall(b"ping\n")
        assert answers(peer, 1).startswith(b"+OK")


def test_a_line_without_end_is_refused_and_closed(path, key):
    with connect(path) as peer:
        peer.sendall(key + b"x" * (CONTROL_LINE_OCTETS + CONTROL_PREFIX_OCTETS + 2 - len(key)))
        assert answers(peer, 1).startswith(
            b"-ERR the line is over %d octets" % CONTROL_LINE_OCTETS
        )
        assert ended(peer)
    assert ping(path).startswith(b"+OK")


def test_every_octet_value(path, key):
    with connect(path) as peer:
        for code in range(256):
            if code != 10:
                peer.sendall(key + b"show st" + bytes([code]) + b"atus\n")
                assert answers(peer, 1).startswith(b"-ERR")


def test_too_many_peers_are_closed_and_silent_ones_make_room(path):
    silent = [connect(path) for _ in range(CONNECTIONS)]
    with connect(path) as one_more:
        assert ended(one_more)
    began = time.monotonic()
    assert all(ended(peer) for peer in silent)  # after CONTROL_READ_MS
    assert time.monotonic() - began < SECONDS
    assert ping(path).startswith(b"+OK")
    for peer in silent:
        peer.close()


def test_a_peer_that_does_not_read_hinders_nobody_and_is_closed(path, key):
    with connect(path) as peer:
        peer.setblocking(False)
        with pytest.raises(OSError):
            while True:
                peer.send((key + b"quarantine show 7\n") * 100)
        assert ping(path).startswith(b"+OK")
        peer.settimeout(SECONDS)
        closed = False
        end = time.monotonic() + SECONDS
        while not closed and time.monotonic() < end:
            # Reads nothing: writing fails once the server has given up on us.
            try:
                peer.sendall(b"ping\n" * 1000)
            except OSError:
                closed = True
        assert closed
    assert ping(path).startswith(b"+OK")
