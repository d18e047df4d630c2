"""A set as large as a box must carry comes by HTTP while twenty clients read their mail.

A sample of it in `make test`; in full, a million hashes and 20,000 patterns, with `--soak`.
"""

import sys
import threading
import time
from pathlib import Path

import pytest
from installing import Sender, vectors
from mailserver import MailServer
from polling import PollingBox
from restante_tools.bundles import publishing
from restante_tools.lab.fileserver import FileServer
from test_installing import bundle
from test_set_swap import CLIENTS, MAILS, SECONDS, Client, carrying, fetched

sys.path.append(str(Path(__file__).resolve().parents[1] / "image"))

import large_set

make = vectors()
SAMPLE_HASHES, SAMPLE_PATTERNS = 20_000, 500
POLL_SECONDS = 300  # for the poll of the large set, on a busy machine


@pytest.fixture
def large(soak, tmp_path, monkeypatch):
    if not soak:
        monkeypatch.setattr(large_set, "HASHES", SAMPLE_HASHES)
        monkeypatch.setattr(large_set, "PATTERNS", SAMPLE_PATTERNS)
    return large_set.make(tmp_path)


@pytest.fixture
def files(large, tmp_path):
    """The folder that the server serves, as a publisher leaves it."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "large.rstb").write_bytes(bundle(large.path.read_bytes(), 1))
    publishing.publish(folder, None)
    return folder


@pytest.fixture
def box(signatures, large):
    payload = list(large.hash_payloads.values())[-1]
    server = MailServer([*MAILS, carrying("only the large set knows it", payload)])
    settings = ["set signatures maximum-age 0", "set updates interval 0"]
    made = PollingBox(server.port, signatures, settings, make.SETS["keys-1"])
    made.tested()
    yield made
    made.stop()
    server.stop()


def messages(clients):
    return sum(client.messages for client in clients)


def test_the_large_set_arrives_while_clients_read_their_mail(box, files, large, tmp_path, figures):
    nginx = FileServer(tmp_path / "nginx", files)
    done = threading.Event()
    clients = [Client(box, done) for _ in range(CLIENTS)]
    try:
        box.configure(f"set updates url http://127.0.0.1:{nginx.port}/")
        box.until(lambda: all(client.messages for client in clients), "each client's first mail")
        assert b"quarantine entry" not in fetched(box, 4)
        read, began, slowest, arrived = messages(clients), time.monotonic(), 0.0, None
        with Sender(box, b"") as asking, Sender(box, b"") as pinging:
            asking.sock.sendall(asking.control.addressed("update poll").encode() + b"\n")
            pinging.ask("ping")
            while "now" in box.polls():
                before = time.monotonic()
                pinging.ask("ping")
                slowest = max(slowest, time.monotonic() - before)
                if arrived is None and (box.data / "updates" / "incoming").exists():
                    arrived = time.monotonic() - began
                assert time.monotonic() - began < POLL_SECONDS
            seconds = time.monotonic() - began
        read = messages(clients) - read
        assert box.in_use() == large_set.NAME, box.polls()
        assert b"quarantine entry" in fetched(box, 4)  # from the first message on
        counts = [client.messages for client in clients]
        box.until(
            lambda: all(c.messages > n or c.wrong for c, n in zip(clients, counts, strict=True)),
            "each client's next mail",
        )
    finally:
        done.set()
        for client in clients:
            client.join(SECONDS)
        nginx.stop()
    assert [client.wrong for client in clients if client.wrong] == []
    assert "\n".join(nginx.requests()).count("large.rstb") == 1
    there = "not seen" if arrived is None else f"{arrived:.1f} s"
    figures.append(
        f"{large.octets:,} octets ({large_set.HASHES:,} hashes, {large_set.PATTERNS:,} patterns) "
        f"by HTTP under {CLIENTS} clients: there after {there}, in use after {seconds:.1f} s, "
        f"{read} messages meanwhile, slowest ping {slowest * 1000:.0f} ms; "
        f"gate {box.resident_kib()} KiB"
    )
