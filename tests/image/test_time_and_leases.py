"""A box without a battery: it is told the time, and gives addresses; HTTPS needs the time.

The time comes from a real chrony, bundles from a real nginx; the address goes to a real udhcpc.
"""

import datetime
import ipaddress
import re

import pytest
from cryptography import x509
from restante.version import MADE
from restante_tools.bundles import publishing
from restante_tools.lab import boxconsole, fileserver, network, preflight, timeserver
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.dovecot import Account
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places
from secured import Authority, Identity, pin
from test_update_cuts import signed

HTTPS = 443
SETTINGS = (
    f"set time servers {network.WAN_GATEWAY}",
    "set lan dhcp on",
    "set lan dhcp-range 192.168.77.100-192.168.77.120",
    "set lan dhcp-lease 2",
    f"set updates url https://{network.WAN_GATEWAY}:{HTTPS}/",
    "set updates interval 0",
    "set log level debug",
)
UNSET = "2001-02-03T04:05:06"
TOLD_SECONDS = 120.0  # until the clock is right; ntpd wants a few answers, some seconds apart
KEPT_SECONDS = 60.0  # until the gate wrote it down: it looks every 10 s
LEASE_SECONDS = 60.0
POLL_SECONDS = 120.0  # to fetch and try a set
CLOSE_SECONDS = 120  # between two readings of the same clock, one over the serial line
UNSURE = ", NOT SURE: nothing is deleted by age"


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    """Of the server of bundles; whose CA the image does not know."""
    names = [x509.IPAddress(ipaddress.ip_address(network.WAN_GATEWAY))]
    return Identity(tmp_path_factory.mktemp("identity"), Authority("Company CA"), names)


@pytest.fixture(scope="module")
def box(identity):
    preflight.check(image=True)
    settings = (*SETTINGS, f"set updates pin {pin(identity.certificate)}")
    with ImageSite(
        Places(),
        Wanted([Account("clerk", "password-of-the-clerk", [])], settings=settings, clock=UNSET),
    ) as built:
        built.time = timeserver.start(built.internet, built.run.folder, built.logs / "chrony.log")
        built.boot()
        yield built


def logged(box):
    """What the box printed so far, with its log, which the lab's serial line leaves out."""
    boxconsole.once(box, "show log")
    return box.box.serial_log.read_text(encoding="utf-8", errors="replace").splitlines()


def clock_of(box):
    """(seconds since 1970, whether the box is sure of it), as the console says."""
    shown = boxconsole.once(box, "show status").value("clock")
    moment = datetime.datetime.fromisoformat(shown.removesuffix(UNSURE))
    return moment.timestamp(), not shown.endswith(UNSURE)


def now():
    return datetime.datetime.now(datetime.UTC).timestamp()


def test_a_computer_gets_an_address(box, tmp_path):
    script = tmp_path / "told"
    script.write_text(f'#!/bin/sh\n[ "$1" = bound ] && env >{tmp_path}/lease\nexit 0\n')
    script.chmod(0o755)
    words = ["udhcpc", "-f", "-q", "-n", "-t", "20", "-T", "1", "-i", network.OFFICE_SIDE]
    box.office.run([*words, "-s", str(script)], LEASE_SECONDS)
    lease = dict(
        line.split("=", 1) for line in (tmp_path / "lease").read_text().splitlines() if "=" in line
    )
    assert 100 <= int(lease["ip"].removeprefix("192.168.77.")) <= 120
    assert lease["router"] == lease["serverid"] == network.LAN_BOX
    assert lease["subnet"] == "255.255.255.0"
    assert lease["dns"] == network.WAN_GATEWAY  # what the provider told the box
    assert lease["lease"] == "7200"


def test_the_clock_begins_with_the_firmware_and_is_told_the_time(box):
    records = [line for line in logged(box) if "Z info " in line]
    assert records and not any(line.startswith("2001-") for line in records)
    deadline = Deadline(TOLD_SECONDS, "the time server does not answer", "read chrony.log")
    deadline.wait(lambda: clock_of(box)[1], "trust in the clock")
    assert abs(clock_of(box)[0] - now()) < CLOSE_SECONDS


@pytest.fixture(scope="module")
def files(box, identity, output, tmp_path_factory):
    """What a server of the internet has."""
    folder = tmp_path_factory.mktemp("files")
    folder.chmod(0o755)
    words = fileserver.command(
        *(box.run.folder / "nginx", folder, network.WAN_GATEWAY, HTTPS),
        fileserver.secured(identity.chain, identity.key),
    )
    server = Child("nginx", box.internet.command(words), box.logs / "nginx.log")
    deadline = Deadline(CLOSE_SECONDS, "the machine is very busy", "read nginx.log")

    def listening():
        server.check()
        return f":{HTTPS} " in box.internet.run(["ss", "-Hltn"])

    deadline.wait(listening, "start of nginx")
    yield folder
    server.stop()


def polled(box):
    """What became of a poll."""
    answer = boxconsole.once(box, "update poll")
    if "under way" not in answer.text and " octets" not in answer.text:
        return answer.text
    deadline = Deadline(POLL_SECONDS, "the box is very busy", "read the serial log")
    deadline.wait(
        lambda: not boxconsole.once(box, "show updates").value("now"), "the end of the poll"
    )
    return shown(box, "last poll")


def shown(box, name):
    return boxconsole.once(box, "show updates").value(name)


def test_a_bundle_comes_by_https_from_a_server_that_is_pinned(box, files, figures):
    signed(files, "one", 1)[0].unlink()
    publishing.publish(files, None)
    text = polled(box)
    assert "one is in use" in text, text
    assert "nothing newer" in polled(box)
    rows = [row for row in logged(box) if "update.secured" in row]
    times = sorted({int(n) for row in rows for n in re.findall(r" ms=(\d+)", row)})
    assert times and all("TLSv1.3" in row for row in rows), rows
    figures.append(f"TLS 1.3 handshake in the guest, P-256: {times} ms")


def test_after_a_power_cut_it_goes_on_where_it_was(box):
    deadline = Deadline(KEPT_SECONDS, "the gate does not write", "read the serial log")
    deadline.wait(lambda: any("clock.kept" in line for line in logged(box)), "the record")
    box.time.stop()
    box.box.stop()
    box.boot()
    seconds, sure = clock_of(box)
    assert not sure
    assert seconds > MADE and abs(seconds - now()) < CLOSE_SECONDS
    assert "it waits: https needs the time" in polled(box)
