"""The console program on a real tty (a pty), and the engineer's end of its line."""

import os
import re
import select
import subprocess
import time
from pathlib import Path

from restante_tools.lab.controlsocket import PASSWORD, USER

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parents[1] / "firmware"
SECONDS = 60  # for one command; they take milliseconds on an idle machine


def environment():
    return {"MICROPYPATH": f"{FIRMWARE}:.frozen", "PATH": os.environ["PATH"]}


def start(words, **streams):
    # The heap that the console has on the box (board/common/overlay/sbin/run).
    words = [os.environ["RESTANTE_NATIVE"], "-X", "heapsize=512k", *words]
    return subprocess.Popen(words, env=environment(), **streams)


class Console:
    """The console program and the engineer's end of its line."""

    def __init__(self, run, program=("-m", "restante.programs.console")):
        self._program = program
        self.master, slave = os.openpty()
        self.name = os.ttyname(slave)
        self._start(run, slave)
        self.seen = b""
        self.prompt = Path("/proc/sys/kernel/hostname").read_bytes().strip() + b"> "

    def _start(self, run, slave):
        words = [*self._program, "--run", str(run)]
        self.process = start(words, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)

    def start_again(self, run):
        """As init does when the program has ended."""
        self._start(run, os.open(self.name, os.O_RDWR | os.O_NOCTTY))

    def type(self, data):
        """Types while reading what is shown, as a terminal does."""
        end = time.monotonic() + SECONDS
        while data:
            assert time.monotonic() < end, self.seen[-500:]
            readable, writable, _ = select.select([self.master], [self.master], [], 1)
            if readable:
                self.seen += os.read(self.master, 65536)
            if writable:
                data = data[os.write(self.master, data[:512]) :]

    def until(self, wanted, count=1):
        """What was shown up to the `count`th place that looks like `wanted`."""
        end = time.monotonic() + SECONDS
        while True:
            found = list(re.finditer(wanted, self.seen))
            if len(found) >= count:
                at = found[count - 1].end()
                shown, self.seen = self.seen[:at], self.seen[at:]
                return shown
            left = end - time.monotonic()
            assert left > 0, (wanted, self.seen[-500:])
            if select.select([self.master], [], [], left)[0]:
                self.seen += os.read(self.master, 65536)

    def ask(self, command):
        """The answer's lines, the first of which is +OK or -ERR.

        A gate that was started again knows of no login: then there is one more.
        """
        shown = self._asked(command)
        if shown.endswith(self.login):
            assert b"-ERR not run: the login has ended" in shown
            self.log_in()
            shown = self._asked(command)
        return shown[: -len(self.prompt)].split(b"\r\n")[1:-1]

    def _asked(self, command):
        self.type(command + b"\r")
        return self.until(b"%s|%s" % (re.escape(self.prompt), re.escape(self.login)))

    def editing(self, has=True):
        """From now on the prompt is that of a session that has the candidate, or has it not."""
        self.prompt = self.prompt[:-2] + (b"# " if has else b"> ")

    def ready(self):
        """Logged in, if nobody is; what was shown until the prompt."""
        shown = self.until(b"(^|\\n)%s|%s" % (re.escape(self.prompt), re.escape(self.login)))
        if not shown.endswith(self.login):
            return shown
        return shown + self.log_in()

    @property
    def login(self):
        """The prompt of who is not logged in."""
        return self.prompt[:-2] + b" login: "

    def log_in(self, user=USER, password=PASSWORD):
        """At the login prompt; the first login sets the password."""
        self.type(user.encode() + b"\r")
        shown = self.until(rb"password: ")
        self.type(password.encode() + b"\r")
        if shown.endswith(b"new password: "):
            shown += self.until(rb"once more: ")
            self.type(password.encode() + b"\r")
        return shown + self.until(re.escape(self.prompt[:-2]) + rb"[>#] ")

    def close(self):
        if self.master is not None:
            os.close(self.master)
            self.master = None
        self.process.kill()
        self.process.wait()
