"""The screen socket's protocol: right replies, and no reply to anything that is not a request."""

import contextlib
import os
import socket

import pytest

from .conftest import BUILT, BUNDLE, EICAR, request, verdict

NO_REPLY = b""
CLEAN, INFECTED = 0, 1


def test_clean_and_infected(server, mail):
    assert verdict(server.screen(mail(b"hello"), tag=2**64 - 1))["verdict"] == CLEAN
    reply = server.screen(mail(EICAR), tag=5)
    assert verdict(reply)["verdict"] == INFECTED
    assert verdict(reply)["tag"] == 5
    assert b"\x0aTest.Eicar" in reply
    assert reply.endswith(bytes([len(BUNDLE)]) + BUNDLE.encode())


def test_empty_message_gets_a_verdict(server, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert len(server.screen(tmp_path / "empty")) > 0


def test_status(server, mail):
    assert server.status()["started"] == 0
    server.screen(mail(b"one"))
    server.screen(mail(b"two"), octets=3)
    status = server.status()
    assert 100 < status.pop("peak") < 20000  # KiB
    assert status == {
        "started": 2,
        "without": 1,
        "adopted": 0,
        "origin": 1,
        "hashes": 0,
        "patterns": 1,
        "built": BUILT,
        "bundle": BUNDLE,
    }


@pytest.mark.parametrize(
    "data",
    [
        request()[:-1],
        request() + b"x",
        b"x",
        request(magic=b"RSQ1"),
        request(kind=0),
        request(kind=3),
        request(kind=7),
        request(kind=2**32 - 1),
        request(kind=3, octets=1),
        request(kind=3, deadline=1),
        request(kind=3, octets=2**29 + 1, deadline=1),
        request(kind=3, octets=1, deadline=600001),
        request(kind=3, octets=1, deadline=1, work=1),
        request(kind=3, octets=1, deadline=1, rules=b"x"),
        request(kind=4, deadline=0),
        request(kind=5),
        request(kind=5, octets=1, deadline=1),
        request(kind=5, octets=1, scratch=1),
        request(kind=6, octets=1),
        request(kind=6, depth=1),
        request(kind=2, ratio=1),
        request(deadline=0),
        request(deadline=600001),
        request(octets=2**30 + 1),
        request(octets=2**64 - 1),
        request(scratch=160 * 2**20 + 1),
        request(kind=2, scratch=1),
        request(rules=b"x", said=0),
        request(rules=b"x", said=2),
        request(said=1),
        request(said=2**32 - 1),
        request(rules=bytes(8193)),
        request(rules=bytes(8192), said=8193),
        request(kind=2, rules=b"x"),
        request()[:56],
        bytes(68),
        b"\xff" * 68,
        bytes(60000),
    ],
)
def test_bytes_that_are_no_request_get_no_reply(server, mail, data):
    with open(mail(b"x"), "rb") as file, server.connect() as client:
        socket.send_fds(client, [data], [file.fileno()])
        assert client.recv(65536) == NO_REPLY
    assert server.status()["started"] == 0
    assert verdict(server.screen(mail(b"hello")))["verdict"] == CLEAN


def test_room_without_a_descriptor_gets_no_reply(server, mail):
    with open(mail(b"x"), "rb") as file, server.ask(file, scratch=1) as client:
        assert client.recv(65536) == NO_REPLY
    assert server.status()["without"] == 1


def rules_of(octets):
    """Rules that allow signatures nobody has, so many octets in all."""
    made = b""
    while len(made) < octets:
        left = octets - len(made)
        n = left - 2 if left <= 257 else min(255, left - 5)
        made += bytes([8, n]) + b"x" * n
    return made


@pytest.mark.parametrize("n", [0, 3, 8191, 8192])
def test_rules_up_to_their_bound_are_taken(server, mail, n):
    rules = rules_of(n)
    assert len(rules) == n
    assert verdict(server.screen(mail(b"x"), rules=rules))["verdict"] == CLEAN


@pytest.mark.parametrize("rules", [b"\x08", b"\x08\x05abcd", b"\x00\x01a", b"\xff\x01a"])
def test_rules_that_are_none_get_no_reply(server, mail, rules):
    assert server.screen(mail(b"x"), rules=rules) == NO_REPLY
    assert server.status()["without"] == 1


def test_every_corrupted_octet_gets_no_reply_or_a_whole_one(server, mail):
    path = mail(b"x")
    good = bytearray(request(octets=path.stat().st_size))
    for at in range(len(good)):
        bad = bytes(good[:at]) + bytes([good[at] ^ 0xFF]) + bytes(good[at + 1 :])
        with open(path, "rb") as file, server.connect() as client:
            socket.send_fds(client, [bad], [file.fileno()])
            reply = client.recv(65536)
        assert reply == NO_REPLY or verdict(reply)
        # Magic, kind, size, scratch, octets of rules and the high octets of the deadline are
        # checked.
        assert (reply == NO_REPLY) == (at < 16 or 17 < at < 20 or at >= 56), at
    # Low octets of the size: the worker compares them. Low octets of the scratch: no descriptor.
    assert server.status()["without"] == 3 + 3


@contextlib.contextmanager
def descriptors(folder):
    """What a hostile client may send instead of one read-only regular file of the right size."""
    path = folder / "ten"
    path.write_bytes(bytes(10))
    read_end, write_end = os.pipe()
    os.close(write_end)
    cases = {
        "none": [],
        "two": [os.open(path, os.O_RDONLY), os.open(path, os.O_RDONLY)],
        "many": [os.open(path, os.O_RDONLY) for _ in range(50)],
        "writable": [os.open(path, os.O_RDWR)],
        "folder": [os.open(folder, os.O_RDONLY)],
        "pipe": [read_end],
        "device": [os.open("/dev/zero", os.O_RDONLY)],
        "socket": [socket.socket(socket.AF_UNIX).detach()],
    }
    yield cases
    for fd in {fd for fds in cases.values() for fd in fds}:
        os.close(fd)


def test_wrong_descriptors_get_no_reply(server, tmp_path):
    with descriptors(tmp_path) as cases:
        for name, fds in cases.items():
            with server.connect() as client:
                socket.send_fds(client, [request(octets=10)], fds)
                assert client.recv(65536) == NO_REPLY, name
        assert server.status()["without"] == len(cases)


def test_wrong_size_gets_no_reply(server, mail):
    path = mail(b"hello")
    for octets in (0, path.stat().st_size - 1, path.stat().st_size + 1):
        assert server.screen(path, octets=octets) == NO_REPLY


def test_silent_client_is_dropped(server):
    with server.connect() as client:
        assert client.recv(1) == NO_REPLY
    assert server.status()["started"] == 0


def test_client_that_leaves_costs_nothing(server, mail):
    for _ in range(50):
        server.connect().close()
    assert verdict(server.screen(mail(b"hello")))["verdict"] == CLEAN
