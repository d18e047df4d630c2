"""rsyslog as an office's log server: what it made of each message, field by field."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

from restante_tools.errors import ToolError
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline

START_SECONDS = 30.0
FIELDS = ("pri", "timereported:::date-rfc3339", "hostname", "app-name", "procid", "msgid", "msg")
MODULES = {"udp": "imudp", "tcp": "imtcp"}


class Message(NamedTuple):
    """As rsyslog has taken it apart."""

    pri: str
    time: str
    host: str
    app: str
    procid: str
    msgid: str
    text: str


class Rsyslog:
    """A running rsyslogd that takes messages at `port` of loopback, by one protocol."""

    def __init__(self, folder: Path, protocol: str) -> None:
        program = shutil.which("rsyslogd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if program is None:
            raise ToolError(
                "rsyslogd is not installed",
                "the package rsyslog is missing",
                "run host-tools/setup",
            )
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        folder.mkdir(parents=True)
        self._file = folder / "messages"
        configuration = folder / "rsyslog.conf"
        module = MODULES[protocol]
        configuration.write_text(text(folder, self._file, module, self.port), encoding="ascii")
        words = [program, "-n", "-f", str(configuration), "-i", str(folder / "pid")]
        self._child = Child("rsyslogd", words, folder / "start.log")
        deadline = Deadline(START_SECONDS, "the machine is very busy", str(folder / "start.log"))

        def taken() -> bool:
            self._child.check()
            with socket.socket(socket.AF_INET, kind) as probe:
                try:
                    probe.bind(("127.0.0.1", self.port))
                except OSError:
                    return True
                return False

        try:
            deadline.wait(taken, "start of rsyslogd")
        except ToolError:
            self.stop()
            raise

    def messages(self) -> list[Message]:
        """All so far, oldest first."""
        if not self._file.exists():
            return []
        lines = self._file.read_text(encoding="utf-8").split("\n")[:-1]
        return [Message(*line.split("\t", len(FIELDS) - 1)) for line in lines]

    def stop(self) -> None:
        self._child.stop()


def text(folder: Path, file: Path, module: str, port: int) -> str:
    """rsyslog.conf: nothing of this machine's own, each message a line of its fields."""
    fields = "\\t".join(f"%{field}%" for field in FIELDS)
    return f"""global(workDirectory="{folder}" net.enableDNS="off")
template(name="fields" type="string" string="{fields}\\n")
module(load="{module}")
input(type="{module}" port="{port}" address="127.0.0.1")
action(type="omfile" file="{file}" template="fields")
"""
