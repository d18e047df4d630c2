"""A million hashes and 20,000 patterns come by HTTP to the booted box, while twenty clients read
their mail through it: none lost, none unscreened.  In the soak only: the set is compiled for
minutes.  Natively, and over a line: session/test_polling_large.py, session/test_push_large.py.
"""

import re
import threading
import time

import large_set
import pytest
from mails import EICAR
from restante_tools.lab import boxconsole, clients, network, preflight
from restante_tools.lab.dovecot import Account
from restante_tools.lab.fileserver import FileServer
from restante_tools.lab.namespaces import within
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places
from test_large_set import message
from test_update_cuts import restante

CLIENTS = 20
PASSWORD = "password-of-the-large-update"
ROUND_SECONDS = 600.0  # of all clients, each with a whole maildrop, on an emulated processor
POLL_SECONDS = 1800.0  # 46 MB come, are written, read back and tried meanwhile
HELD = b"quarantine entry"
CLEAN, BAD, NEWLY_BAD = 1, 2, 3


@pytest.fixture(scope="module")
def large(soak, output, tmp_path_factory):
    if not soak:
        pytest.skip("the set is compiled for minutes: in the soak only")
    return large_set.make(tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="module")
def files(large, tmp_path_factory):
    """The folder that the publisher's server serves."""
    folder = tmp_path_factory.mktemp("files")
    bundle = folder / "large.rstb"
    restante(
        *("bundle", "build", large.path, "--kind", "signatures", "--version", large_set.NAME),
        *("--epoch", "1", "--serial", "1", "--output", bundle),
    )
    restante("bundle", "sign", bundle, "--key", Places().keys / "signatures-1.key")
    restante("bundle", "publish", folder)
    return folder


@pytest.fixture(scope="module")
def drop(large):
    payload = list(large.hash_payloads.values())[-1]
    return [
        message("clean", "a.bin", b"nothing that is known " * 500),
        message("bad", "b.com", EICAR),
        message("newly bad", "c.bin", payload),
    ]


@pytest.fixture(scope="module")
def site(drop):
    preflight.check(image=True)
    accounts = [Account(f"reader{n}", PASSWORD, drop) for n in range(CLIENTS)]
    with ImageSite(Places(), Wanted(accounts)) as made:
        made.boot()
        yield made


class Readers(threading.Thread):
    """Round after round, each client all its messages; `wrong`: whatever was not right."""

    def __init__(self, site, folder, clean):
        super().__init__()
        self._site, self._folder, self._clean = site, folder, clean
        self.messages, self.newly_held, self.rounds, self.wrong = 0, 0, 0, []
        self.done = threading.Event()
        self.start()

    def run(self):
        try:
            while not self.done.is_set():
                self._round()
        except Exception as error:  # noqa: BLE001 (told by the test)
            self.wrong.append(repr(error))

    def _round(self):
        folders = [self._folder / f"{self.rounds}-{n}" for n in range(CLIENTS)]
        for folder in folders:
            folder.mkdir(parents=True)
        plans = [
            clients.plan(f"reader{n}", PASSWORD, keep=str(folder))
            for n, folder in enumerate(folders)
        ]
        for report in clients.fetch(self._site.office, plans, ROUND_SECONDS):
            if "error" in report or len(report["messages"]) != 3:
                self.wrong.append(report)
        for folder in folders:
            self._look(folder)
        self.rounds += 1

    def _look(self, folder):
        found = {}
        for wire in folder.iterdir():
            found[int(wire.stem)] = wire.read_bytes()
            wire.unlink()
        if without_waiting(found[CLEAN]) != self._clean:
            self.wrong.append(("changed", found[CLEAN][:300]))
        if HELD not in found[BAD]:
            self.wrong.append(("not held", found[BAD][:300]))
        self.newly_held += HELD in found[NEWLY_BAD]
        self.messages += len(found)


def without_waiting(wire):
    return re.sub(rb"^X-Restante-Wait: [^\n]*\n", b"", wire, flags=re.M)


def test_the_large_set_comes_by_http_while_twenty_clients_read(
    site, drop, files, large, tmp_path, figures
):
    (direct,) = clients.fetch(
        site.internet, [clients.plan("reader0", PASSWORD, keep=str(tmp_path), numbers=[CLEAN])]
    )
    assert "error" not in direct
    clean = (tmp_path / f"{CLEAN:05d}.wire").read_bytes()
    gateway = network.WAN_GATEWAY
    server = within(site.internet, lambda: FileServer(tmp_path / "nginx", files, gateway))
    readers = Readers(site, tmp_path / "mail", clean)
    line = site.box.serial(site.deadline(ROUND_SECONDS))
    try:
        ask = boxconsole.over_serial(line, lambda: site.deadline(ROUND_SECONDS))
        for command in (
            "configure",
            f"set updates url http://{gateway}:{server.port}/",
            "commit",
            "exit",
        ):
            boxconsole.must(ask, command)
        first = site.deadline(ROUND_SECONDS)
        first.wait(lambda: readers.rounds or readers.wrong, "everybody's first mail")
        before, began = readers.messages, time.monotonic()
        ask("update poll")
        over = site.deadline(POLL_SECONDS)
        over.wait(lambda: in_use(ask) == large_set.NAME or readers.wrong, "the set")
        seconds, read = time.monotonic() - began, readers.messages - before
        rounds, held = readers.rounds, readers.newly_held
        later = site.deadline(ROUND_SECONDS)
        later.wait(lambda: readers.rounds >= rounds + 2 or readers.wrong, "everybody's next mail")
        readers.done.set()
        readers.join(ROUND_SECONDS)
        status = boxconsole.status(ask)
    finally:
        readers.done.set()
        readers.join(ROUND_SECONDS)
        line.close()
        server.stop()
    assert readers.wrong == []
    assert readers.newly_held >= held + CLIENTS  # all of the round that began after it
    assert "\n".join(server.requests()).count("large.rstb") == 1
    figures.append(
        f"64 MB, {large.octets:,} octets of set by HTTP under {CLIENTS} clients: in use after "
        f"{seconds:.0f} s, {read} messages meanwhile, none wrong; gate {status.gate_kib} KiB, "
        f"in use {status.memory_used_kib} of {status.memory_kib} KiB"
    )


def in_use(ask):
    return boxconsole.must(ask, "show status").value("bundle").split(",")[0]
