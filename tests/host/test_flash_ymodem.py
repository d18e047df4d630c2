"""Our YMODEM sender against an independent receiver (lrzsz's), over good lines and bad ones."""

import os
import random
import select
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from restante_tools.flash import ymodem

SIZES = (1, 127, 128, 129, 1023, 1024, 1025, 5000)


class Pipe:
    """The line to a program. `damage`: of every so many octets, one is flipped or lost."""

    def __init__(self, process, damage=0):
        self._process = process
        self._damage = damage
        self._random = random.Random(damage)

    def _through(self, data):
        if not self._damage:
            return data
        out = bytearray()
        for octet in data:
            what = self._random.randrange(2 * self._damage)
            if what == 0:
                continue
            out.append(octet ^ 4 if what == 1 else octet)
        return bytes(out)

    def read(self):
        if not select.select([self._process.stdout], [], [], 0.1)[0]:
            return b""
        return self._through(os.read(self._process.stdout.fileno(), 4096))

    def write(self, data):
        self._process.stdin.write(self._through(data))
        self._process.stdin.flush()


@pytest.fixture
def receiver(tmp_path):
    started = []

    def start(name, damage=0):
        folder = tmp_path / name
        folder.mkdir()
        process = subprocess.Popen(
            ["rb", "--ymodem", "--overwrite", "--quiet"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process, Pipe(process, damage)

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


def test_files_arrive(receiver, tmp_path):
    """All at the same time: this receiver lets three seconds pass before the last block."""

    def send(octets):
        process, line = receiver(f"n{octets}")
        data = random.Random(octets).randbytes(octets)
        told = []
        ymodem.Sender(line).send("name", data, told.append)
        process.stdin.close()
        assert process.wait(20) == 0
        assert (tmp_path / f"n{octets}" / "name").read_bytes() == data and sum(told) == octets

    with ThreadPoolExecutor(len(SIZES)) as pool:
        list(pool.map(send, SIZES))


@pytest.mark.slow
def test_over_a_bad_line(receiver, tmp_path, monkeypatch):
    """About one block in three is damaged on its way: all are repeated until they are right."""
    monkeypatch.setattr(ymodem, "ANSWER_SECONDS", 1.0)
    process, line = receiver("bad", damage=3000)
    data = random.Random(7).randbytes(20000)
    sender = ymodem.Sender(line)
    sender.send("name", data, lambda octets: None)
    process.stdin.close()
    assert process.wait(30) == 0
    assert (tmp_path / "bad" / "name").read_bytes() == data and sender.repeated > 2


class Answers:
    """A receiver whose answers are written down."""

    def __init__(self, octets):
        self.left = [bytes((octet,)) for octet in octets]
        self.written = []

    def read(self):
        return self.left.pop(0) if self.left else b""

    def write(self, data):
        self.written.append(data)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(ymodem, "ANSWER_SECONDS", 0.02)
    monkeypatch.setattr(ymodem, "START_SECONDS", 0.05)


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ([], "not ready"),
        ([ymodem.READY, ymodem.CAN, ymodem.CAN], "gave up"),
        ([ymodem.READY] + [ymodem.NAK] * ymodem.TRIES, "did not get through"),
        ([ymodem.READY, ymodem.ACK], "did not get through"),
    ],
)
def test_a_receiver_that_does_not_take_it(quick, answers, what):
    with pytest.raises(ymodem.NotSentError, match=what):
        ymodem.Sender(Answers(answers)).send("name", b"data", lambda octets: None)


def test_one_octet_of_noise_is_no_end(quick):
    ack, ready = ymodem.ACK, ymodem.READY
    line = Answers(
        [ready, ymodem.CAN, ack, ready, ymodem.NAK, ack, ymodem.NAK, ack, ready, ack, 7]
    )
    sender = ymodem.Sender(line)
    sender.send("name", b"data", lambda octets: None)
    assert sender.repeated == 2 and len(line.written) == 6


def test_what_comes_behind_is_kept(quick):
    whole = bytes((ymodem.READY, ymodem.ACK, ymodem.READY, ymodem.ACK, ymodem.ACK, ymodem.READY))

    line = Answers([])
    line.left = [whole + bytes((ymodem.ACK,)) + b"## Total Size"]
    sender = ymodem.Sender(line)
    sender.send("name", b"data", lambda octets: None)
    assert sender.rest == b"## Total Size"


def test_a_block_s_form():
    made = ymodem.block(1, b"a" * 200)
    assert made[:3] == bytes((ymodem.STX, 1, 254)) and len(made) == 3 + 1024 + 2
    assert made[203:205] == b"\x1a\x1a"
    assert len(ymodem.block(257, b"a" * 128)) == 3 + 128 + 2 and ymodem.block(257, b"")[1] == 1
    assert ymodem.block(0, b"")[3:-2] == bytes(128)
