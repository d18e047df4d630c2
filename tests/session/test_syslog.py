"""Records to a syslog server (CG5): the real gate before a receiver that is there, gone, stuck."""

import re
import time
from datetime import datetime

import pytest
from boxes import Box
from origins import Origin
from restante_tools.lab.rsyslog import Rsyslog
from serial_console import HERE
from syslog_server import SyslogServer
from talk import Talk

QUIET = "set screening mode disabled"
WAITING = 128  # log/syslog.py
LOCAL0 = 16 * 8  # RFC 5424, table 1
SEVERITIES = {"error": 3, "warning": 4, "info": 6, "debug": 7}  # table 2


class Gate(Box):
    def words(self, name):
        return [str(HERE / "loopback_gate.py")] if name == "gate" else super().words(name)

    def counts(self):
        """(sent, waiting, lost) of `show status`."""
        (row,) = [row for row in self.status() if row.startswith("syslog")]
        return tuple(
            int(n) for n in re.search(r"(\d+) sent, (\d+) waiting, (\d+) lost", row).groups()
        )

    def set(self, *lines):
        for line in ("configure", *lines, "commit", "exit"):
            first, rest = self.console("@t " + line)
            assert first.startswith("+OK"), (line, first, rest)


def lines_for(port, protocol, *more):
    rows = ["server 127.0.0.1", f"port {port}", f"protocol {protocol}", *more]
    return ["set log syslog " + row for row in rows]


@pytest.fixture
def gates(signatures):
    started = []

    def start(*settings):
        origin = Origin([b"Subject: x\r\n\r\nbody\r\n"])
        box = Gate(origin.port, signatures, [QUIET, *settings], screens=False)
        started.extend((box, origin))
        return box

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def servers():
    started = []

    def start(kind, port=0, **more):
        started.append(SyslogServer(kind, port, **more))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def mail(box):
    """One whole session; the seconds that it took."""
    start = time.monotonic()
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"RETR 1")[1].startswith(b"Subject: x")
        assert talk.ask(b"QUIT").startswith(b"+OK")
    return time.monotonic() - start


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_records_arrive_whole_and_in_order(gates, servers, protocol):
    server = servers(protocol)
    box = gates(*lines_for(server.port, protocol))
    mail(box)
    for _ in range(50):
        box.console("alarm acknowledge")
    rows = server.until("alarm.acknowledged", 50)
    assert all(row[:2] == (134, "alarm.acknowledged") for row in rows)
    assert server.wrong == [] and server.having("session.")
    sent, waiting, lost = box.counts()
    assert (sent, waiting, lost) == (len(server.messages), 0, 0)
    shown = [row.split(" ", 2)[2] for row in box.console("show log")[1]]
    assert [row[2] for row in server.messages] == shown[-len(server.messages) :]
    if protocol == "tcp":
        assert server.connections == 1


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_rsyslog_takes_them_apart_as_they_are_meant(gates, tmp_path, protocol):
    server = Rsyslog(tmp_path / "rsyslog", protocol)
    try:
        box = gates(*lines_for(server.port, protocol), "set system hostname office-7")
        mail(box)
        box.console("alarm acknowledge")
        box.until(lambda: last(server, "alarm.acknowledged"), "the record at rsyslog")
        box.until(lambda: last(server, "session.end"), "the session's record at rsyslog")
        rows = [row.split(" ", 2) for row in box.console("show log")[1]]
        shown = {record: (time, level) for time, level, record in rows}
        for message in server.messages():
            assert message[2:5] == ("office-7", "restante", "gate")
            record = message.text.lstrip(" ")
            when, level = shown[record]
            assert record.split()[0] == message.msgid
            assert datetime.fromisoformat(message.time) == datetime.fromisoformat(when)
            assert int(message.pri) == LOCAL0 + SEVERITIES[level]
    finally:
        server.stop()


def last(server, event):
    return [message for message in server.messages() if message.msgid == event]


def test_level_and_place_change_with_a_commit(gates, servers):
    first, second = servers("udp"), servers("tcp")
    box = gates(*lines_for(first.port, "udp"))
    box.console("alarm acknowledge")
    first.until("alarm.acknowledged")
    box.set(f"set log syslog port {second.port}", "set log syslog protocol tcp")
    box.console("alarm acknowledge")
    second.until("alarm.acknowledged")
    assert len(first.having("alarm.acknowledged")) == 1
    box.set("set log syslog level warning")
    box.console("alarm acknowledge")
    box.set("set log syslog level info")
    box.console("quarantine delete 9")
    second.until("quarantine.delete")
    assert len(second.having("alarm.acknowledged")) == 1
    box.set("delete log syslog server")
    assert not [row for row in box.status() if row.startswith("syslog")]


def test_a_udp_port_that_nobody_has_is_said_once(gates, servers):
    server = servers("udp")
    server.stop()
    box = gates(*lines_for(server.port, "udp"))
    end = time.monotonic() + 3  # the first two tries
    while time.monotonic() < end:
        box.console("alarm acknowledge")
        time.sleep(0.1)
    said = [row.split()[2] for row in box.console("show log")[1] if " syslog." in row]
    assert said == ["syslog.failed"]
    again = servers("udp", server.port)
    again.until("syslog.again")
    again.until("alarm.acknowledged", 20)
    assert again.wrong == []


def test_a_place_that_is_taken_away_while_it_is_tried(gates, servers):
    server = servers("tcp")
    server.stop()
    box = gates(*lines_for(server.port, "tcp"))
    box.until(lambda: "Connection refused" in str(box.status()) or "111" in str(box.status()), "")
    for _ in range(10):
        box.set("delete log syslog server")
        box.console("alarm acknowledge")
        box.set("set log syslog server 127.0.0.1")
    again = servers("tcp", server.port)
    box.console("quarantine delete 9")
    again.until("quarantine.delete")
    assert again.wrong == [] and not again.having("alarm.acknowledged")


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_a_server_that_comes_back_gets_what_waited_and_hears_what_was_lost(
    gates, servers, protocol
):
    server = servers(protocol)
    box = gates(*lines_for(server.port, protocol))
    box.console("alarm acknowledge")
    server.until("alarm.acknowledged")
    server.stop()
    for _ in range(WAITING + 40):
        box.console("alarm acknowledge")
    mail(box)
    box.until(lambda: box.counts()[2] > 0, "lost records")
    again = servers(protocol, server.port)
    again.until("syslog.lost")
    again.until("session.")
    again.until("syslog.again")
    box.until(lambda: box.counts()[1] == 0, "an empty queue")
    assert again.wrong == []
    counts = [int(re.search(r"count=(\d+)", row[2])[1]) for row in again.having("syslog.lost")]
    assert sum(counts) == box.counts()[2] >= 20
    # One record of the trouble, not one for each try.
    assert sum("syslog.failed" in row for row in box.console("show log")[1]) == 1


def test_a_server_that_never_reads_stops_nobody(gates, servers, figures):
    server = servers("tcp", reads=False)
    box = gates("set log level debug", *lines_for(server.port, "tcp", "level debug"))
    before = min(mail(box) for _ in range(5))
    memory = box.resident_kib()
    end = time.monotonic() + 20
    while box.counts()[2] < 300:
        assert time.monotonic() < end, box.counts()
        for _ in range(100):
            box.console("show alarms")
    after = min(mail(box) for _ in range(5))
    figures.append(
        f"syslog server stuck: a session {before * 1000:.1f} ms, then {after * 1000:.1f} ms"
    )
    assert after < before + 0.5
    assert box.counts()[1] == WAITING
    assert box.resident_kib() < memory + 4096


def test_no_secret_is_sent(gates, servers):
    server = servers("udp")
    box = gates("set log level debug", *lines_for(server.port, "udp", "level debug"))
    with Talk(box.port) as talk:
        talk.line()
        talk.ask(b"USER fred")
        talk.ask(b"PASS planted-S3CRET")
        talk.ask(b"PASS")
        talk.ask(b"QUIT")
    server.until("session.end")
    assert not server.having("planted-S3CRET")
