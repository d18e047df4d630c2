"""A new signature set while the screen program runs: offered, tried, adopted; or refused."""

import contextlib
import os
import random
import resource
import signal
import socket
import threading
from pathlib import Path

import pytest

from .conftest import (
    BUNDLE,
    EICAR,
    OFFER,
    SECONDS,
    SIGNATURES,
    TRY,
    WITHDRAW,
    Server,
    bundle,
    compiled,
    request,
    set_reply,
    verdict,
    wait_for,
)

NO_REPLY = b""
CLEAN, INFECTED = 0, 1
LONG = 60000
ONLY_NEW = b"what only the newer set knows: 9f0e6c1d"
HEAD_OCTETS = 600  # header and table of sections, and some


@pytest.fixture(scope="session")
def sets(tmp_path_factory):
    """Two sets that know EICAR; the newer one something more."""
    folder = tmp_path_factory.mktemp("sets")
    newer = SIGNATURES + "Test.New:0:*:" + ONLY_NEW.hex() + "\n"
    return compiled(folder, "older", SIGNATURES), compiled(folder, "newer", newer)


def judged(server, path, **fields):
    reply = server.screen(path, **fields)
    return verdict(reply)["verdict"], bundle(reply)


def test_candidate_is_tried_first_and_used_by_nobody_else(server, mail, sets):
    path = mail(ONLY_NEW)
    number, name, wrong = server.offer(sets[1])
    assert (number, name, wrong) == (1, "newer", "")
    assert judged(server, path) == (CLEAN, BUNDLE)
    assert judged(server, path, kind=TRY) == (INFECTED, "newer")
    assert server.status()["bundle"] == BUNDLE
    assert server.adopt(number) == (0, "newer", "")
    assert judged(server, path) == (INFECTED, "newer")
    assert judged(server, mail(EICAR)) == (INFECTED, "newer")
    status = server.status()
    assert (status["bundle"], status["patterns"]) == ("newer", 2)
    assert (status["adopted"], status["origin"]) == (1, 0)


def test_withdrawn_candidate_is_gone(server, mail, sets):
    number, _, _ = server.offer(sets[1])
    assert server.about_set(WITHDRAW) == (0, BUNDLE, "")
    assert server.screen(mail(b"x"), kind=TRY) == NO_REPLY
    assert server.adopt(number)[2] == "the candidate is another set, or there is none"
    assert judged(server, mail(ONLY_NEW)) == (CLEAN, BUNDLE)


def test_without_a_candidate_nothing_is_tried_or_adopted(server, mail):
    assert server.screen(mail(b"x"), kind=TRY) == NO_REPLY
    assert server.adopt(1)[0] == 0 and server.adopt(1)[2]
    assert server.status()["adopted"] == 0


def test_second_offer_replaces_the_first(server, mail, sets):
    first, _, _ = server.offer(sets[0])
    second, _, _ = server.offer(sets[1])
    assert second == first + 1
    assert server.adopt(first)[2]
    assert judged(server, mail(ONLY_NEW), kind=TRY) == (INFECTED, "newer")
    assert server.adopt(second) == (0, "newer", "")


# -- what is refused


def damaged(folder, good):
    """name: (content, words of the refusal)."""
    data = good.read_bytes()
    return {
        "empty": (b"", "empty"),
        "one octet": (b"R", "cut off"),
        "not a set": (random.Random(1).randbytes(100_000), "not a signature file"),
        "zeros": (bytes(100_000), "not a signature file"),
        "cut in half": (data[: len(data) // 2], "cut off"),
        "last octet missing": (data[:-1], "cut off"),
        "another version": (data[:8] + b"\xff\xff\xff\xff" + data[12:], "version"),
    }


def test_broken_sets_are_refused_and_the_old_one_stays(server, mail, sets, tmp_path):
    for name, (content, words) in damaged(tmp_path, sets[1]).items():
        path = tmp_path / name
        path.write_bytes(content)
        # A file of no octets cannot be asked for: another size is said.
        number, used, wrong = server.offer(path, octets=max(1, len(content)))
        assert (number, used) == (0, BUNDLE) and words in wrong, (name, wrong)
        assert judged(server, mail(EICAR)) == (INFECTED, BUNDLE), name
    assert server.status()["adopted"] == 0


def test_every_cut_is_refused(server, sets, tmp_path):
    data = sets[1].read_bytes()
    path = tmp_path / "cut"
    for n in [*range(1, HEAD_OCTETS, 7), *range(HEAD_OCTETS, len(data), len(data) // 50)]:
        path.write_bytes(data[:n])
        assert server.offer(path)[2], n


def test_any_damage_to_the_head_is_refused_or_screens_without_harm(server, mail, sets, tmp_path):
    """The parent answers on, whatever a damaged set does to the processes that read it."""
    data = sets[1].read_bytes()
    path, bad = tmp_path / "bad", mail(EICAR, "eicar")
    dice = random.Random(2)
    taken = 0
    for _ in range(300):
        octets = bytearray(data)
        for _ in range(dice.randint(1, 3)):
            octets[dice.randrange(HEAD_OCTETS)] = dice.randrange(256)
        path.write_bytes(octets)
        if not server.offer(path)[2]:
            taken += 1
            reply = server.screen(bad, kind=TRY)
            assert reply == NO_REPLY or verdict(reply)
    assert 0 < taken < 300
    assert judged(server, bad) == (INFECTED, BUNDLE)


def test_huge_file_is_refused(server, tmp_path):
    path = tmp_path / "huge"
    with open(path, "wb") as file:
        file.truncate(2**29 + 1)
    number, used, wrong = server.offer(path, octets=2**29)
    assert (number, used) == (0, BUNDLE) and "512 MiB" in wrong


def test_largest_file_of_no_set_is_refused(server, tmp_path):
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate(2**29)
    assert "not a signature file" in server.offer(path)[2]


def test_file_that_cannot_be_mapped(server, mail, tmp_path):
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate(2**28)
    pages = int(Path("/proc/%d/statm" % server.process.pid).read_text().split()[0])
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = (pages + 1024) * resource.getpagesize()
    resource.prlimit(server.process.pid, resource.RLIMIT_AS, (limit, hard))
    assert "cannot be mapped" in server.offer(path)[2]
    assert judged(server, mail(EICAR)) == (INFECTED, BUNDLE)


@contextlib.contextmanager
def wrong_descriptors(good, folder):
    read_end, write_end = os.pipe()
    os.close(write_end)
    cases = {
        "none": ([], "one descriptor"),
        "two": ([os.open(good, os.O_RDONLY) for _ in range(2)], "one descriptor"),
        "many": ([os.open(good, os.O_RDONLY) for _ in range(50)], "one descriptor"),
        "writable": ([os.open(good, os.O_RDWR)], "for writing"),
        "folder": ([os.open(folder, os.O_RDONLY)], "no regular file"),
        "pipe": ([read_end], "no regular file"),
        "device": ([os.open("/dev/zero", os.O_RDONLY)], "no regular file"),
        "socket": ([socket.socket(socket.AF_UNIX).detach()], "no regular file"),
    }
    yield cases
    for fd in {fd for fds, _ in cases.values() for fd in fds}:
        os.close(fd)


def test_wrong_descriptors_are_refused_and_none_is_kept(server, sets, tmp_path):
    octets = sets[1].stat().st_size
    before = quiet(server)
    with wrong_descriptors(sets[1], tmp_path) as cases:
        for name, (fds, words) in cases.items():
            wrong = server.about_set(OFFER, fds, octets=octets)[2]
            assert words in wrong, (name, wrong)
    assert quiet(server) == before


def test_size_that_was_not_said(server, sets):
    for octets in (1, sets[1].stat().st_size + 1):
        assert "size" in server.offer(sets[1], octets=octets)[2]


# -- processes that look into a set


def test_set_cut_short_after_it_was_mapped_costs_verdicts_and_no_parent(
    server, mail, sets, tmp_path
):
    path = tmp_path / "set"
    path.write_bytes(sets[1].read_bytes())
    server.swap(path)
    os.truncate(path, 0)
    assert server.screen(mail(EICAR)) == NO_REPLY
    assert server.status()["bundle"] == "newer"  # what is told lies not in the file
    server.swap(sets[0])
    assert judged(server, mail(EICAR)) == (INFECTED, "older")


@pytest.fixture
def patient(programs, signatures, tmp_path):
    """A server whose processes look into a set when its file's first octet is no "W" any more."""
    path = tmp_path / "patient.sock"
    running = Server([programs / "screen-worker-patient", signatures, path], path)
    yield running
    running.stop()


@pytest.fixture
def withheld(patient, sets, tmp_path):
    """(connection, process, go on): an offer whose process waits."""
    path = tmp_path / "withheld"
    path.write_bytes(b"W" + sets[1].read_bytes()[1:])

    def go_on():
        with open(path, "r+b") as file:
            file.write(sets[1].read_bytes()[:1])

    with open(path, "rb") as file, patient.connect() as client:
        send_offer(client, file, LONG)
        yield client, patient.worker(), go_on


def send_offer(client, file, deadline):
    octets = os.fstat(file.fileno()).st_size
    data = request(kind=OFFER, octets=octets, deadline=deadline, tag=42)
    socket.send_fds(client, [data], [file.fileno()])


def test_second_offer_meanwhile_is_refused_and_messages_are_screened(
    patient, withheld, mail, sets
):
    client, _, go_on = withheld
    assert "another signature set" in patient.offer(sets[0])[2]
    assert judged(patient, mail(EICAR)) == (INFECTED, BUNDLE)
    assert patient.status()["bundle"] == BUNDLE
    go_on()
    number, name, wrong = set_reply(client.recv(65536), 42)
    assert (name, wrong) == ("newer", "")
    assert patient.adopt(number)[2] == ""


def test_killed_while_it_looks(patient, withheld, mail, sets):
    client, process, _ = withheld
    os.kill(process, signal.SIGKILL)
    number, name, wrong = set_reply(client.recv(65536), 42)
    assert (number, name) == (0, BUNDLE) and "without an answer" in wrong
    assert judged(patient, mail(EICAR)) == (INFECTED, BUNDLE)
    patient.swap(sets[1])


def test_client_that_leaves_ends_the_look(patient, withheld, sets):
    client, process, _ = withheld
    client.close()
    wait_for(lambda: not os.path.exists("/proc/%d" % process), "the end of the process")
    assert patient.about_set(WITHDRAW) == (0, BUNDLE, "")
    patient.swap(sets[1])


def test_look_that_takes_too_long_is_ended(patient, mail, sets, tmp_path):
    path = tmp_path / "withheld"
    path.write_bytes(b"W" + sets[1].read_bytes()[1:])
    with open(path, "rb") as file, patient.connect() as client:
        send_offer(client, file, 300)
        assert "without an answer" in set_reply(client.recv(65536), 42)[2]
    assert judged(patient, mail(EICAR)) == (INFECTED, BUNDLE)


def test_process_that_looks_is_behind_the_workers_wall(withheld):
    _, process, go_on = withheld

    def walled():
        lines = Path("/proc/%d/status" % process).read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines)
        return status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"

    wait_for(walled, "the wall")
    go_on()


# -- under way


def test_running_worker_finishes_on_the_set_it_was_forked_with(server, mail, sets):
    path = mail(ONLY_NEW + b"a" * (20 << 20))
    with open(path, "rb") as file, server.ask(file) as client:
        worker = server.worker()
        os.kill(worker, signal.SIGSTOP)
        server.swap(sets[1])
        os.kill(worker, signal.SIGCONT)
        reply = client.recv(65536)
    assert (verdict(reply)["verdict"], bundle(reply)) == (CLEAN, BUNDLE)
    assert judged(server, path) == (INFECTED, "newer")


def test_waiting_message_gets_the_set_that_is_there_when_its_turn_comes(
    server, mail, sets, endless
):
    with open(endless, "rb") as a:
        busy = [server.ask(a, deadline=LONG) for _ in range(2)]
        wait_for(lambda: len(server.workers()) == 2, "two workers")
        for worker in server.workers():
            os.kill(worker, signal.SIGSTOP)
        with open(mail(ONLY_NEW), "rb") as file, server.ask(file) as waiting:
            assert server.status()["started"] == 2
            server.swap(sets[1])
            for client in busy:
                client.close()
            reply = waiting.recv(65536)
    assert (verdict(reply)["verdict"], bundle(reply)) == (INFECTED, "newer")


class Clients:
    """Threads that have messages screened all the time; every answer is looked at."""

    def __init__(self, server, mail, n):
        self.server, self.counts, self.wrong = server, {}, []
        self.done = threading.Event()
        self.paths = mail(EICAR, "eicar"), mail(b"nothing", "nothing"), mail(ONLY_NEW, "new")
        self.threads = [threading.Thread(target=self._run) for _ in range(n)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        try:
            while not self.done.is_set():
                self._each()
        except Exception as error:  # noqa: BLE001 (told by stop())
            self.wrong.append(error)

    def _each(self):
        for path, known in zip(self.paths, ((), (), ("newer",)), strict=True):
            code, name = judged(self.server, path)
            right = INFECTED if path.name == "eicar" or name in known else CLEAN
            self.counts[name] = self.counts.get(name, 0) + 1
            if code != right:
                self.wrong.append((path.name, code, name))

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join(SECONDS)
        assert not self.wrong, self.wrong[:3]


def test_swaps_while_workers_run(server, mail, sets):
    """Each message is screened by one set or the other, and the verdict names the right one."""
    clients = Clients(server, mail, 4)
    path = mail(ONLY_NEW, "after")
    for n in range(100):
        name = server.swap(sets[n % 2])
        # From the acknowledgement on, what only the newer set knows is found.
        expected = (INFECTED, "newer") if n % 2 else (CLEAN, "older")
        assert judged(server, path) == expected
        assert server.status()["bundle"] == name
    clients.stop()
    assert server.status()["without"] == 0
    assert {"older", "newer"} <= set(clients.counts), clients.counts


def held(server):
    """Descriptors, and mappings of files that are signature sets."""
    base = Path("/proc/%d" % server.process.pid)
    maps = (base / "maps").read_text().splitlines()
    return len(os.listdir(base / "fd")), len(maps), sum(".rst" in line for line in maps)


OPEN = 4  # standard descriptors and the socket


def quiet(server):
    """What is held once every connection of before is closed."""
    wait_for(lambda: server.workers() == [], "no process")
    wait_for(lambda: held(server)[0] == OPEN, "every connection to be closed")
    return held(server)


def test_thousands_of_swaps_leak_nothing(server, mail, sets, tmp_path):
    broken = tmp_path / "broken.rst"
    broken.write_bytes(sets[1].read_bytes()[:-1])
    server.swap(sets[0])
    judged(server, mail(b"x"))
    before = quiet(server)
    assert before[2] == 1
    for n in range(2000):
        server.swap(sets[(n + 1) % 2])
        if n % 10 == 0:
            assert server.offer(broken)[2]
            server.offer(sets[1])
            server.about_set(WITHDRAW)
    assert server.status()["adopted"] == 2001
    assert quiet(server) == before


# -- at the start


@pytest.fixture
def started(programs, tmp_path):
    running = []

    def start(*paths):
        path = tmp_path / ("%d.sock" % len(running))
        running.append(Server([programs / "screen-worker", *paths, path], path))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def test_first_sound_set_is_taken_at_the_start(started, sets, signatures, tmp_path):
    cut, missing = tmp_path / "cut", tmp_path / "missing"
    cut.write_bytes(sets[1].read_bytes()[:-1])
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(sets[1])
    os.mkfifo(pipe)
    for paths, name, origin in (
        ((sets[1], sets[0], signatures), "newer", 1),
        ((cut, sets[0], signatures), "older", 2),
        ((missing, sets[0], signatures), "older", 2),
        ((missing, missing, signatures), BUNDLE, 3),
        ((link, cut, signatures), BUNDLE, 3),
        ((pipe, tmp_path, signatures), BUNDLE, 3),
    ):
        server = started(*paths)
        status = server.status()
        assert (status["bundle"], status["origin"]) == (name, origin)
        quiet(server)  # no file is kept open
        server.process.kill()
        said = server.process.stderr.read()
        for path in paths[: origin - 1]:
            assert (str(path) in said) == (path != missing), said
