"""The real gate and the real screen process on loopback, as the image runs them.

Rule: nothing of them is replaced; only `--origin` takes the packet filter's place.  Everything
stands in a folder of its own, which the unprivileged programs can reach when root runs the tests.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from restante.box import places
from restante.control import users
from restante_tools.lab import leaks
from restante_tools.lab.children import Child
from restante_tools.lab.controlsocket import USER, ControlSocket
from restante_tools.lab.deadline import Deadline
from restante_tools.places import Places

START_SECONDS = 60.0
HEAP = "heapsize=8m"  # the gate's on the box (board/common/overlay/sbin/run)
ANSWER_SECONDS = 60.0
WATCH: leaks.Watch | None = None  # conftest.py's
TOP = Path(__file__).resolve().parents[2]
# The laboratory's password as the box keeps it: Argon2id, 8 MiB, 3 passes, of this salt.
SALT = b"of no other box."
HASH = bytes.fromhex("441780d9881ad8dacb13a085c126a497c4ccd806c24718c11967280dedd9852e")


def program():
    return os.environ.get("RESTANTE_NATIVE") or str(Places().native / "restante")


def compile_signatures(target, *more, name="factory", factory=True):
    """The factory set, and `more` files of signatures, by the project's own compiler."""
    sources = [str(path) for path in more]
    if factory:
        sources += sorted(str(p) for p in (TOP / "board/common/signatures").glob("*.[hn]*b"))
    command = [sys.executable, "-m", "restante_tools", "signatures", "compile", *sources]
    subprocess.run(
        [*command, "-o", str(target), "--name", name, "--built", "1700000000"],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(TOP / "host-tools")},
    )


class Box:
    """A gate, and a screen process unless `screens` is False.  `port`: where clients connect.

    `disk`: makes a file system of its own for the gate's data (disks.py).
    """

    def __init__(self, origin_port, signatures, settings=(), screens=True, disk=None):
        self.folder = Path(tempfile.mkdtemp(prefix="restante-session-"))
        self.folder.chmod(0o755)
        self.run, self.data = self.folder / "run", self.folder / "data"
        self._signatures = signatures
        self._origin_port = origin_port
        for path in (self.run, self.data):
            path.mkdir()
        self.disk = disk(self.data) if disk else None
        self.stored = self.disk.path if disk else self.data  # where we see the gate's data
        (self.run / places.SYNCHRONISED).touch()  # the machine's clock is right
        key = self.run / "device-key"
        key.touch(0o600)
        self._key = os.urandom(32)
        key.write_bytes(self._key)
        (self.stored / "settings").write_text("".join(line + "\n" for line in settings))
        users_file = self.stored / users.FILE
        users_file.write_bytes(users.written({USER: (SALT, HASH)}))
        self.control = ControlSocket(self.run / "control.sock")
        self.screen = self.gate = None
        if screens:
            self.start_screen()
        self.start_gate()

    def _child(self, name, *options):
        return Child(
            name,
            [
                *(self.disk.inside if self.disk else ()),
                program(),
                "-X",
                HEAP,
                *self.words(name),
                "--run",
                str(self.run),
                *options,
            ],
            self.folder / f"{name}.log",
            environment={"MICROPYPATH": f"{TOP / 'firmware'}:.frozen"},
        )

    def words(self, name):
        """What the interpreter is to run."""
        return ["-m", f"restante.programs.{name}"]

    def start_screen(self):
        (self.run / "screen.sock").unlink(missing_ok=True)
        self.screen = self._child(
            "screen", "--signatures", str(self._signatures), "--data", str(self.data)
        )
        self._wait(self.screen, (self.run / "screen.sock").exists, "socket of the screen process")

    def start_gate(self, listen=0, origin=None):
        log = self.folder / "gate.log"
        log.unlink(missing_ok=True)
        self.gate = self._child(
            *("gate", "--listen", f"127.0.0.1:{listen}", "--data", str(self.data)),
            *("--origin", f"127.0.0.1:{origin or self._origin_port}"),
        )
        self._wait(self.gate, lambda: b"listening" in log.read_bytes(), "start of the gate")
        self.port = int(re.search(rb"listening on port (\d+)", log.read_bytes())[1])

    def _wait(self, child, condition, what):
        def holds():
            child.check()
            return condition()

        Deadline(START_SECONDS, "the machine is very busy", str(child.log)).wait(holds, what)

    def until(self, condition, what):
        """Waits for something that must happen by itself."""
        Deadline(ANSWER_SECONDS, "see its log", str(self.folder)).wait(condition, what)

    def console(self, command):
        """(first line, lines) of a console command, asked by somebody who is logged in."""
        first, *rest = self.control.ask(command)
        return first, rest

    def tested(self):
        """Waits until the self-test at the start is over: its workers are not the tests'."""
        rows = "self-test", "not run yet"
        self.until(
            lambda: not any(all(w in row for w in rows) for row in self.status()),
            "the end of the self-test",
        )

    def status(self):
        return self.console("show status")[1]

    def resident_kib(self):
        text = Path(f"/proc/{self.gate.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

    def descriptors(self):
        return len(list(Path(f"/proc/{self.gate.pid}/fd").iterdir()))

    def log(self):
        return "\n".join(self.console("show log")[1])

    def freeze_screen(self):
        self.screen.signal(signal.SIGSTOP)

    def thaw_screen(self):
        self.screen.signal(signal.SIGCONT)

    def use_signatures(self, path):
        """The screen process starts again with another set."""
        self.stop_screen()
        self._signatures = path
        self.start_screen()

    def stop_screen(self):
        self.screen.signal(signal.SIGKILL)
        self.screen.stop()

    def stop(self):
        for child in (self.gate, self.screen):
            if child is not None:
                child.stop()
        if WATCH:
            self._look_for_secrets(WATCH)
        if self.disk is not None:
            self.disk.stop()
        shutil.rmtree(self.folder)

    def _look_for_secrets(self, watch):
        """In its logs and in all that it stored."""
        for log in self.folder.glob("*.log"):
            watch.look(log, [leaks.Own(self._key, "the device key")])
        watch.look_at_folder(self.stored, [leaks.Own(self._key, "the device key")])
