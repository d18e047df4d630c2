"""Fixtures: a box in front of a scripted origin or of a real Dovecot, on loopback."""

import shutil
import socket
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "host-tools"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import boxes
from boxes import Box, compile_signatures
from collecting import MESSAGES, Collecting, Maildrop
from console_stand import Stand
from installing import InstallingBox, vectors
from mailserver import MailServer
from origins import Origin
from push_bench import Bench
from restante_tools.lab import controlsocket, leaks, planted
from restante_tools.lab.dovecot import Account, Dovecot, Plan
from serial_console import Console
from test_set_swap import MAILS

FRED = ("fred", "secret", 1)  # the account and how it logs in: USER and PASS


@pytest.fixture(scope="session", autouse=True)
def watched_boxes(figures):
    """Each box that is stopped is searched for the passwords of these tests (lab/leaks.py)."""
    made = boxes.WATCH = leaks.Watch(len(FRED[1]))
    made.add("the password of most accounts", FRED[1])
    made.add("a planted password", planted.PASSWORD)
    made.add("the console's password", controlsocket.PASSWORD)
    yield made
    boxes.WATCH = None
    figures.append(
        f"boxes searched for secrets: {made.octets / 1e6:.0f} MB, {len(made.leaks)} found"
    )
    assert made.leaks == [], "\n".join(str(leak) for leak in made.leaks)


@pytest.fixture(scope="session")
def signatures(tmp_path_factory):
    path = tmp_path_factory.mktemp("signatures") / "factory.sig"
    compile_signatures(path)
    return path


@pytest.fixture
def stand():
    made = Stand()
    made.start()
    yield made
    made.remove()


@pytest.fixture
def console(stand):
    """The console program on a line, the stand behind it; its banner is still to be read."""
    opened = Console(stand.run)
    yield opened
    opened.close()


@pytest.fixture
def bench(signatures, tmp_path):
    server = MailServer(MAILS)
    settings = ["set log level info", "set signatures maximum-age 0"]
    box = InstallingBox(server.port, signatures, settings, vectors().SETS["keys-1"])
    box.tested()
    opened = []

    def start(**line):
        opened.append(Bench(box, tmp_path, **line))
        return opened[-1]

    yield start
    for each in opened:
        each.close()
    box.stop()
    server.stop()


@pytest.fixture
def scripted(signatures):
    """scripted(messages, settings=…, screens=…, greeting=…, answers=…) -> (box, origin)."""
    started = []

    def start(messages=(), settings=(), screens=False, **origin_parts):
        origin = Origin(messages, **origin_parts)
        started.append(origin)
        if not screens:
            settings = ["set screening mode disabled", *settings]
        box = Box(origin.port, signatures, settings, screens)
        started.insert(0, box)
        return box, origin

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def collecting(signatures):
    """collecting(messages, settings=…, screens=…, …) -> (stand, origin)."""
    started = []

    def start(messages=MESSAGES, settings=(), screens=False, login=FRED, **parts):
        servers = parts.pop("servers", "127.0.0.1/32")
        origin = Maildrop(messages, **parts)
        stand = Collecting(signatures, settings, screens, servers)
        started.extend((origin.stop, stand.close))
        stand.learn(origin.port, *login)
        return stand, origin

    yield start
    for stop in started:
        stop()


@pytest.fixture
def accelerated(signatures):
    """accelerated(messages, group=[…], settings=[…], screens=…, disk=…) -> (box, MailServer).

    The server is the group `isp` of the box: `group` are its settings, such as "freshness 0".
    None: there is no group, all passes through.
    """
    yield from boxes_before_servers(signatures)


@pytest.fixture(scope="module")
def standing(signatures):
    """As accelerated(), for boxes that the tests of a module share."""
    yield from boxes_before_servers(signatures)


def boxes_before_servers(signatures):
    started = []

    def start(messages=(), group=(), settings=(), screens=False, disk=None):
        server = MailServer(messages)
        started.append(server)
        settings = [*settings, *of_group(server, group)]
        if not screens:
            settings.append("set screening mode disabled")
        box = Box(server.port, signatures, settings, screens, disk)
        started.insert(0, box)
        return box, server

    yield start
    for each in started:
        each.stop()


def of_group(server, group):
    if group is None:
        return []
    lines = [f"servers 127.0.0.0/8:{server.port}", *group]
    if not any(line.startswith("rule ") for line in group):
        lines.append("rule all")
    return [f"set group isp {line}" for line in lines]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def dovecot():
    """dovecot([message octets with LF]) -> port of a server with the account fred."""
    running = []
    folder = Path(tempfile.mkdtemp(prefix="restante-dovecot-"))
    folder.chmod(0o755)

    def start(messages):
        plan = Plan(folder / "server", "127.0.0.1", free_port())
        running.append(Dovecot(plan, [Account("fred", "secret", messages)]))
        return plan.port

    yield start
    for server in running:
        server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def screened(signatures, dovecot):
    """screened(messages, settings=…) -> (box, port of the origin), with a real Dovecot."""
    started = []

    def start(messages, settings=()):
        port = dovecot(messages)
        started.append(Box(port, signatures, settings))
        return started[-1], port

    yield start
    for box in started:
        box.stop()
