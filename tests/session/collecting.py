"""The collector on its own, as collect_stand.py wires it, against an origin that is asked for."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from boxes import HEAP, TOP, program
from origins import Origin, stuffed
from restante_tools.lab.children import DIES_WITH_US, Child
from restante_tools.lab.deadline import Deadline

SECONDS = 60.0
MESSAGES = [
    b"Subject: one\r\n\r\none\r\n",
    b"Subject: two\r\n\r\n.two\r\n..\r\n",
    b"Subject: three\r\n\r\n" + b"x" * 5000 + b"\r\n",
]
HASTE = ["set origin reply-timeout 5", "set origin connect-timeout 5"]
UIDLS = ["uid-1", "uid-2", "uid-3"]
ENVIRONMENT = {**os.environ, "MICROPYPATH": f"{TOP / 'firmware'}:.frozen"}


def stored(messages):
    return {f"uid-{n}": stuffed(message) for n, message in enumerate(messages, 1)}


class Maildrop(Origin):
    """A scripted origin whose messages have UIDLs of their own and go with DELE and QUIT."""

    def __init__(self, messages=(), **parts):
        self.uidls = [b"uid-%d" % n for n in range(1, len(messages) + 1)]
        super().__init__(messages, **parts)

    def add(self, uidl, message):
        self.uidls.append(uidl)
        self.messages.append(message)

    def remove(self, uidl):
        at = self.uidls.index(uidl)
        del self.uidls[at], self.messages[at]

    def _ordinary(self, keyword, number):
        if keyword == b"UIDL" and not number:
            rows = [b"%d %s\r\n" % row for row in enumerate(self.uidls, 1)]
            return b"+OK\r\n" + b"".join(rows) + b".\r\n"
        if keyword == b"QUIT":
            for n in sorted(self.marked, reverse=True):
                del self.uidls[n - 1], self.messages[n - 1]
            self.marked.clear()
        if keyword == b"CAPA":
            return b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\n.\r\n"
        return super()._ordinary(keyword, number)

    def count(self, command):
        return sum(line.upper().startswith(command) for line in self.said)


class Refused(Exception):
    """The stand answered with an error: `kind` is its class, `line` what a client is told."""

    def __init__(self, answer):
        super().__init__(answer["text"])
        self.kind = answer["error"]
        self.line = answer.get("line", "")


class Collecting:
    """`stand.poll()` and so on: the methods of collect_stand.Stand."""

    def __init__(self, signatures, settings=(), screens=True, servers="127.0.0.1/32"):
        self.folder = Path(tempfile.mkdtemp(prefix="restante-collect-"))
        self.folder.chmod(0o755)
        self.run, self.data = self.folder / "run", self.folder / "data"
        for path in (self.run, self.data):
            path.mkdir()
        settings = (f"set group mail servers {servers}", "set group mail rule all", *settings)
        if not screens:
            settings = ("set screening mode disabled", *settings)
        (self.data / "settings").write_text("".join(f"{line}\n" for line in settings))
        self._signatures = signatures
        self.screen = None
        if screens:
            self.start_screen()
        self.start()

    def start_screen(self):
        socket = self.run / "screen.sock"
        socket.unlink(missing_ok=True)
        words = ("-m", "restante.programs.screen", "--run", str(self.run))
        self.screen = Child(
            "screen",
            [program(), *words, "--signatures", str(self._signatures)],
            self.folder / "screen.log",
            environment=ENVIRONMENT,
        )
        Deadline(SECONDS, "the machine is very busy", "read the log").wait(
            socket.exists, "socket of the screen process"
        )

    def start(self):
        """Also after kill(): the same data, as after a power cut without a lost write."""
        stand = str(TOP / "tests/session/collect_stand.py")
        words = [program(), "-X", HEAP, stand, str(self.data), str(self.run / "screen.sock")]
        with (self.folder / "stand.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*DIES_WITH_US, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=ENVIRONMENT,
            )

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def call(self, name, *words):
        self.send(name, *words)
        return self.answer()

    def send(self, name, *words):
        self._process.stdin.write(json.dumps([name, *words]) + "\n")
        self._process.stdin.flush()

    def answer(self):
        line = self._process.stdout.readline()
        assert line, (self.folder / "stand.log").read_text()
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer)
        return answer["answer"]

    def __getattr__(self, name):
        return lambda *words: self.call(name, *words)

    def bodies(self):
        """{uidl: octets of the stored wire form, or None}."""
        return {
            uidl: None if body is None else base64.b64decode(body)
            for uidl, _, body, _ in self.call("mail")
        }

    def octets_written(self):
        """Every octet that stands in a file of the data folder, and on the stand's outputs."""
        files = [p for p in self.folder.rglob("*") if p.is_file()]
        return b"".join(p.read_bytes() for p in files)

    def close(self):
        self.kill()
        if self.screen is not None:
            self.screen.stop()
        shutil.rmtree(self.folder)
