"""The screen program without MicroPython, and a client that speaks its protocol."""

import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from restante_tools.build.native_tests import TREES

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[2]
SECONDS = 60  # for anything that takes milliseconds on an idle machine
OFFER_MS = 20_000  # the longest that screening an offer may take
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURES = "Test.Eicar:0:*:" + EICAR[:40].hex() + "\n"
BUNDLE = "worker-test"
BUILT = 1700000000
STATUS = "<4sQQQIIBIIQB"
OFFER, TRY, ADOPT, WITHDRAW = 3, 4, 5, 6
LIMITS = {
    "deadline": 10000,
    "depth": 16,
    "entries": 1000,
    "ratio": 250,
    "expanded": 1 << 30,
    "work": 1 << 40,
}


def wait_for(condition, what):
    """Asks until the answer is true; returns it."""
    end = time.monotonic() + SECONDS
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < end, "waited %d s for: %s" % (SECONDS, what)
        os.sched_yield()


def request(kind=1, octets=0, tag=7, magic=b"RSQ2", scratch=0, rules=b"", **limits):
    """A request: its head of 68 octets and the rules; `said`: other octets than there are."""
    said = limits.pop("said", len(rules))
    v = dict(LIMITS if kind in (1, TRY) else dict.fromkeys(LIMITS, 0), **limits)
    head = struct.pack("<4sIQIIII", magic, kind, octets, *[v[n] for n in list(v)[:4]])
    tail = struct.pack("<QQQQI", v["expanded"], v["work"], tag, scratch, said)
    return head + tail + rules


class Server:
    """A running screen program: the command, and the path of its socket."""

    def __init__(self, command, path):
        self.path = str(path)
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        wait_for(self.accepts, "the socket")
        self.status()  # it has looked into its signatures

    def accepts(self):
        assert self.process.poll() is None, self.process.stderr.read()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
            return probe.connect_ex(self.path) == 0

    def workers(self):
        pid = self.process.pid
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def worker(self):
        """The process id of the one worker."""
        return wait_for(self.workers, "a worker")[0]

    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.settimeout(SECONDS)
        client.connect(self.path)
        return client

    def ask(self, file, octets=None, room=None, **fields):
        """Sends a request for an open file, with the file `room`; returns the connection."""
        client = self.connect()
        size = os.fstat(file.fileno()).st_size if octets is None else octets
        fds = [file.fileno()] + ([room.fileno()] if room else [])
        socket.send_fds(client, [request(octets=size, **fields)], fds)
        return client

    def screen(self, path, **fields):
        with open(path, "rb") as file, self.ask(file, **fields) as client:
            return client.recv(65536)

    def status(self):
        with self.connect() as client:
            client.send(request(kind=2, tag=99))
            reply = client.recv(65536)
        magic, tag, started, without, adopted, peak, origin, *facts, n = struct.unpack_from(
            STATUS, reply
        )
        assert magic == b"RSS2" and tag == 99 and len(reply) == struct.calcsize(STATUS) + n
        return {
            "started": started,
            "without": without,
            "adopted": adopted,
            "peak": peak,
            "origin": origin,
            "hashes": facts[0],
            "patterns": facts[1],
            "built": facts[2],
            "bundle": reply[struct.calcsize(STATUS) :].decode(),
        }

    def about_set(self, kind, fds=(), tag=42, **fields):
        """(candidate's number, name of the set, what is wrong or "") for an offer and the like."""
        with self.connect() as client:
            fields.setdefault("deadline", OFFER_MS if kind == OFFER else 0)
            socket.send_fds(client, [request(kind=kind, tag=tag, **fields)], fds)
            reply = client.recv(65536)
        return set_reply(reply, tag)

    def offer(self, path, **fields):
        with open(path, "rb") as file:
            fields.setdefault("octets", path.stat().st_size)
            return self.about_set(OFFER, [file.fileno()], **fields)

    def adopt(self, number):
        return self.about_set(ADOPT, octets=number)

    def swap(self, path):
        """The set is in use when it returns."""
        number, name, wrong = self.offer(path)
        assert number and not wrong, wrong
        assert self.adopt(number) == (0, name, "")
        return name

    def stop(self):
        self.process.kill()
        self.process.wait(SECONDS)
        self.process.stderr.close()


def set_reply(reply, tag):
    magic, back, number, _, _, _, n = struct.unpack_from("<4sQQIIQB", reply)
    assert magic == b"RSU1" and back == tag
    name, rest = reply[37 : 37 + n], reply[37 + n :]
    assert rest[0] == len(rest) - 1
    return number, name.decode(), rest[1:].decode()


def bundle(reply):
    """The name of the set in a verdict: the last string."""
    for n in range(1, 256):
        if reply[-1 - n] == n and reply[-n:].isascii() and reply[-n:].decode().isprintable():
            return reply[-n:].decode()
    raise AssertionError(reply)


def verdict(reply):
    """The fixed part of a reply."""
    magic, tag, code, zero, n, found, entries, expanded, work = struct.unpack_from(
        "<4sQBBHIIQQ", reply
    )
    assert magic == b"RSV1" and zero == 0
    return {"tag": tag, "verdict": code, "n": n, "found": found, "work": work}


@pytest.fixture(scope="session")
def programs():
    """The folder with the programs, made anew if a source changed.

    RESTANTE_COVERAGE: in that folder, counting which lines ran, as tests/native/conftest.py says.
    """
    counted = os.environ.get("RESTANTE_COVERAGE")
    out = Path(counted, "worker") if counted else TOP / "build" / "native" / "worker"
    sources = TOP / "build" / "src"
    variables = [
        "%s=%s" % (name, os.environ.get(name, sources / folder)) for name, folder in TREES.items()
    ]
    variables += ["COVERAGE=1"] if counted else []
    subprocess.run(["make", "-s", "-C", HERE, f"OUT={out}", *variables], check=True)
    return out


def compiled(folder, name, lines):
    """A compiled signature file from `.ndb` lines."""
    source, target = folder / (name + ".ndb"), folder / (name + ".rst")
    source.write_text(lines)
    words = ["compile", "-o", target, "--name", name, "--built", str(BUILT)]
    subprocess.run(
        [sys.executable, "-m", "restante_tools", "signatures", *words, source],
        env=dict(os.environ, PYTHONPATH=str(TOP / "host-tools")),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return target


@pytest.fixture(scope="session")
def signatures(tmp_path_factory):
    """A compiled signature file with one pattern."""
    return compiled(tmp_path_factory.mktemp("signatures"), BUNDLE, SIGNATURES)


@pytest.fixture
def server(programs, signatures, tmp_path):
    path = tmp_path / "screen.sock"
    running = Server([programs / "screen-worker", signatures, path], path)
    yield running
    running.stop()


@pytest.fixture
def mail(tmp_path):
    """Writes a message of a text body in wire form; returns its path."""

    def write(body, name="mail"):
        path = tmp_path / name
        path.write_bytes(b"From: a@example.org\r\nSubject: s\r\n\r\n" + body + b"\r\n")
        return path

    return write


@pytest.fixture
def endless(tmp_path):
    """A message that takes a worker long enough to be caught at it: 512 MiB of zero octets."""
    path = tmp_path / "endless"
    with open(path, "wb") as file:
        file.write(b"From: a@example.org\r\n\r\n")
        file.truncate(512 * 1024 * 1024)
    return path
