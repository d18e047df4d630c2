"""The console of the booted image: what it shows of the network, ping, records to a syslog server,
the support bundle; and after line noise and BREAK on QEMU's serial line it still works.
"""

import hashlib
import random
import re
import sys
from pathlib import Path

import pytest
from restante_tools.errors import ToolError
from restante_tools.lab import boxconsole, clients, demo, network
from restante_tools.lab.namespaces import within

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "session"))

from console_noise import LONG, PASTED, SORTS, pieces
from syslog_server import SyslogServer

PASTED_IN_SAMPLE = 150  # lines; tests/session pastes all of them
SORTS_IN_SAMPLE = 2  # of noise; likewise
NOISE_SECONDS = 240  # a thousand answers under emulation
WORKS = r"[>#] (?:\^C\s+\S+[>#] )?ping\s+\+OK ?(?:\[edit\] ?)?\s+\S+[>#] "


def test_interfaces_and_version(ask):
    lines = boxconsole.must(ask, "show interfaces").lines
    rows = {line.split()[0]: line for line in lines}
    assert network.LAN_BOX in rows["lan"] and " up " in rows["lan"]
    assert network.WAN_BOX in rows["wan"] and " up " in rows["wan"]
    assert network.WAN_GATEWAY in rows["gateway"] and rows["filter"].endswith("state redirect")
    assert "Linux version 6.12" in "\n".join(boxconsole.must(ask, "show version").lines)


def test_ping_by_address_and_by_name(ask):
    for host in (network.WAN_GATEWAY, network.ORIGIN_NAME):
        assert "2 of 2 answered" in boxconsole.must(ask, f"ping {host} 2").text
    answer = ask("ping 192.0.2.77 1")  # nobody
    assert not answer.ok and "0 of 1 answered" in answer.text
    assert not ask("ping no-such-name.example.net 1").ok


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_records_reach_a_syslog_server_in_the_internet(site, ask, protocol):
    server = within(site.internet, lambda: SyslogServer(protocol, address="0.0.0.0"))
    try:
        place = f"set log syslog server {network.ORIGIN_NAME}"
        more = (f"set log syslog port {server.port}", f"set log syslog protocol {protocol}")
        change(ask, place, *more)
        (report,) = clients.fetch(
            site.office, [clients.plan(demo.USER, demo.PASSWORD, numbers=[1])]
        )
        assert "error" not in report
        server.until("session.end")
        assert server.wrong == []
    finally:
        change(ask, "delete log syslog")
        server.stop()


def change(ask, *lines):
    boxconsole.must(ask, "configure")
    for line in (*lines, "commit", "exit"):
        assert ask(line).ok, line


def test_the_support_bundle_is_whole(site, ask):
    boxconsole.must(ask, "support bundle")
    # As it came over the line: SerialLine takes records out, and the bundle has some.
    said = site.box.serial_log.read_bytes().replace(b"\r\n", b"\n").decode()
    bundle = said[said.rindex("== version\n") :]
    text, _, check = bundle.rpartition("sha256 ")
    assert check.split("\n")[0] == hashlib.sha256(text.encode()).hexdigest()
    assert "nat: from lan" in text and "redirect to 11000" in text
    assert " info " in text[text.index("== log\n") :]  # the ring may have lost what is older
    for command in ("show configuration json", "show log"):  # into the serial log, for the search
        boxconsole.must(ask, command)


def test_after_noise_and_break_the_console_works(site, serial_line, ask, soak, figures):
    pasted = PASTED if soak else PASTED_IN_SAMPLE
    before = boxconsole.must(ask, "show configuration").lines
    source = random.Random("noise on the image")
    octets = 0
    for piece in pieces(source, SORTS if soak else SORTS_IN_SAMPLE):
        if len(piece) > LONG or piece.count(b"quarantine show") == PASTED:
            continue  # below, each by itself
        for at in range(0, len(piece), 100):
            serial_line.send(piece[at : at + 100])
            if source.random() < 0.2:
                site.box.send_break()
        octets += len(piece)
        works(site, serial_line)
    serial_line.send(b"reboot yes" + b" " * LONG + b"\r")
    serial_line.expect(r"-ERR not run: the line is over 4200 octets", site.deadline(NOISE_SECONDS))
    works(site, serial_line)
    serial_line.send(b"".join(b"quarantine show x%d\r" % number for number in range(pasted)))
    limit = site.deadline(NOISE_SECONDS)
    shown = serial_line.until(rf"-ERR no held message 'x{pasted - 1}'", limit)
    numbers = [int(n) for n in re.findall(r"-ERR no held message 'x(\d+)'", shown)]
    assert numbers == list(range(pasted - 1))
    works(site, serial_line)
    figures.append(f"console on the image: {octets + LONG} octets of noise, {pasted} pasted lines")
    assert boxconsole.must(ask, "show configuration").lines == before
    log = site.box.serial_log.read_bytes()
    assert log.count(b"gate: listening") == 1 and b"warden.restart" not in log


def works(site, serial_line):
    """A hand finds a prompt, whatever was typed before."""
    limit = site.deadline(NOISE_SECONDS)
    boxconsole.log_in(serial_line, lambda: site.deadline(NOISE_SECONDS))  # it may be logged out
    while True:
        serial_line.send(b"\x03\x15ping\r")
        try:
            serial_line.expect(WORKS, site.deadline(3))
        except ToolError:  # whatever it shows: a hand would try again
            if limit.passed():
                raise
            continue
        return
