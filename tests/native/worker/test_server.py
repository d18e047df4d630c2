"""Workers that die, hang or starve: no verdict, a living parent, the next message screened."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

from .conftest import EICAR, SECONDS, verdict, wait_for

NO_REPLY = b""
CLEAN, INFECTED = 0, 1
LONG = 60000  # ms, longer than any test waits


def next_is_screened(server, mail):
    return verdict(server.screen(mail(b"next")))["verdict"] == CLEAN


def test_killed_worker(server, mail, endless):
    with open(endless, "rb") as file, server.ask(file, deadline=LONG) as client:
        os.kill(server.worker(), signal.SIGKILL)
        assert client.recv(1) == NO_REPLY
    assert server.status()["without"] == 1
    assert next_is_screened(server, mail)


def test_stopped_worker_is_killed_at_its_deadline(server, mail, endless):
    before = time.monotonic()
    with open(endless, "rb") as file, server.ask(file, deadline=1500) as client:
        worker = server.worker()
        os.kill(worker, signal.SIGSTOP)
        assert client.recv(1) == NO_REPLY
    assert time.monotonic() - before >= 1.4
    assert not os.path.exists("/proc/%d" % worker)
    assert server.status()["without"] == 1
    assert next_is_screened(server, mail)


def test_worker_over_its_deadline_is_killed(server, mail, endless):
    with open(endless, "rb") as file, server.ask(file, deadline=1) as client:
        assert client.recv(1) == NO_REPLY
    assert next_is_screened(server, mail)


def test_stopped_and_continued_worker_replies(server, mail):
    path = mail(b"a" * (20 << 20))
    with open(path, "rb") as file, server.ask(file) as client:
        worker = server.worker()
        os.kill(worker, signal.SIGSTOP)
        os.kill(worker, signal.SIGCONT)
        assert verdict(client.recv(65536))["verdict"] == CLEAN


def test_two_workers_and_the_third_waits(server, mail, endless):
    with open(endless, "rb") as a, open(endless, "rb") as b:
        first, second = server.ask(a, deadline=LONG), server.ask(b, deadline=LONG)
        wait_for(lambda: len(server.workers()) == 2, "two workers")
        for worker in server.workers():
            os.kill(worker, signal.SIGSTOP)
        with open(mail(EICAR), "rb") as c, server.ask(c) as third:
            # The parent has taken the third before it answers this.
            assert server.status()["started"] == 2
            assert len(server.workers()) == 2
            os.kill(server.workers()[0], signal.SIGKILL)
            assert verdict(third.recv(65536))["verdict"] == INFECTED
        first.close()
        second.close()
    wait_for(lambda: server.workers() == [], "workers of clients that left to end")


def test_waiting_client_that_leaves_is_forgotten(server, endless, mail):
    with open(endless, "rb") as a:
        busy = [server.ask(a, deadline=LONG) for _ in range(2)]
        wait_for(lambda: len(server.workers()) == 2, "two workers")
        waiting = [server.ask(a, deadline=LONG) for _ in range(40)]  # more than are held at once
        for client in waiting + busy:
            client.close()
    wait_for(lambda: server.workers() == [], "no worker")
    assert next_is_screened(server, mail)


def test_order_of_arrival(server, endless, mail):
    with open(endless, "rb") as a, open(mail(b"x"), "rb") as small:
        busy = [server.ask(a, deadline=LONG) for _ in range(2)]
        wait_for(lambda: len(server.workers()) == 2, "two workers")
        waiting = [server.ask(small, tag=n) for n in range(10)]
        for client in busy:
            client.close()
        for n, client in enumerate(waiting):
            assert verdict(client.recv(65536))["tag"] == n
            client.close()


def limited(server, name, soft):
    hard = resource.getrlimit(name)[1]
    resource.prlimit(server.process.pid, name, (soft, hard))


def test_starved_of_memory_in_the_parents_limit(server, mail, endless):
    """RLIMIT_DATA of nothing: a worker allocates nothing, so it screens all the same."""
    limited(server, resource.RLIMIT_DATA, 0)
    assert next_is_screened(server, mail)
    assert verdict(server.screen(mail(EICAR)))["verdict"] == INFECTED


def test_message_that_cannot_be_mapped(server, mail, endless):
    pages = int(Path("/proc/%d/statm" % server.process.pid).read_text().split()[0])
    limited(server, resource.RLIMIT_AS, (pages + 1024) * resource.getpagesize())
    with open(endless, "rb") as file, server.ask(file, deadline=LONG) as client:
        assert client.recv(1) == NO_REPLY
    assert server.status()["without"] == 1
    assert next_is_screened(server, mail)


def test_message_cut_short_while_it_is_read(server, mail, endless):
    """The pages behind the end raise SIGBUS in the worker: no verdict."""
    with open(endless, "rb") as file, server.ask(file, deadline=LONG) as client:
        worker = server.worker()
        os.kill(worker, signal.SIGSTOP)
        os.truncate(endless, 4096)
        os.kill(worker, signal.SIGCONT)
        assert client.recv(1) == NO_REPLY
    assert next_is_screened(server, mail)


def test_workers_die_with_the_parent(server, endless):
    with open(endless, "rb") as file, server.ask(file, deadline=LONG):
        worker = server.worker()
        server.process.kill()
        server.process.wait(SECONDS)
        wait_for(lambda: not alive(worker), "the worker's end")


def alive(pid):
    try:
        state = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_signature_file_is_checked(programs, tmp_path):
    for name, content, words in (
        ("missing", None, "cannot be opened"),
        ("empty", b"", "empty"),
        ("junk", b"junk" * 100, ""),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        done = subprocess.run(
            [programs / "screen-worker", path, tmp_path / (name + ".sock")],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 1 and words in done.stderr and str(path) in done.stderr
