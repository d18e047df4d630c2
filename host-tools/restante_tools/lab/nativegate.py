"""The real gate and screen, run natively in the box's place: no emulation, nothing replaced.

Rule: they are started as the image starts them, options apart, with a data folder and a run folder
of their own. The program is read from its sources, or, as on the box, it is the frozen one.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from restante.box.places import SYNCHRONISED

from restante_tools.errors import ToolError
from restante_tools.lab import network
from restante_tools.lab.boxconsole import Ask, must, over_socket
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.image import tool
from restante_tools.lab.namespaces import Namespace
from restante_tools.places import REPOSITORY, Places

START_SECONDS = 20.0
SELF_TEST_SECONDS = 60.0
SIGNATURES = REPOSITORY / "board" / "common" / "signatures"
HEAP = "heapsize=8m"  # the gate's on the box (board/common/overlay/sbin/run)
DEVICE_KEY_OCTETS = 32  # what the box makes from its own key, outside of the data partition
PROGRAM_VARIABLE = "RESTANTE_NATIVE"  # names the interpreter when it is not in the build folder


def interpreter(places: Places) -> Path:
    """Our MicroPython for this machine; ToolError if it has not been built."""
    chosen = os.environ.get(PROGRAM_VARIABLE)
    path = Path(chosen) if chosen else places.native / "restante"
    if not path.exists():
        raise ToolError(
            f"{path} is missing",
            "the native interpreter has not been built",
            "restante build native-micropython",
        )
    return path


@dataclass(frozen=True)
class Place:
    """Where a gate runs: behind a packet filter in a namespace, or on loopback with one origin."""

    namespace: Namespace | None = None
    listen: str = f"0.0.0.0:{network.GATE_PORT}"
    origin: str = ""  # empty: each client's own destination

    def command(self, words: list[str]) -> list[str]:
        return self.namespace.command(words) if self.namespace else words

    def options(self) -> list[str]:
        return ["--listen", self.listen, *(["--origin", self.origin] if self.origin else [])]

    def listening(self) -> bool:
        address, port = self.listen.rsplit(":", 1)
        if self.namespace is not None:
            return f":{port} " in self.namespace.run(["ss", "-Hltn"])
        with socket.socket() as probe:
            return probe.connect_ex((address, int(port))) == 0


class NativeGate:
    """A gate that is ready for clients."""

    def __init__(
        self,
        place: Place,
        places: Places,
        folder: Path,
        settings: Sequence[str] = (),
        frozen: bool = False,
    ) -> None:
        self._place = place
        self._program = interpreter(places)
        self._path = ".frozen" if frozen else f"{places.firmware}:.frozen"
        self.folder = folder
        self.data, self.runtime = folder / "data", folder / "run"
        for path in (self.data, self.runtime):
            path.mkdir(parents=True)
        (self.runtime / SYNCHRONISED).touch()  # this machine's clock is right
        key = self.runtime / "device-key"
        key.touch(0o600)
        key.write_bytes(os.urandom(DEVICE_KEY_OCTETS))
        text = "".join(line + "\n" for line in settings)
        (self.data / "settings").write_text(text, encoding="utf-8")
        self._ask = over_socket(self.runtime / "control.sock")
        self._children: list[Child] = []
        try:
            self.start_screen()
            self.start_gate()
        except BaseException:
            self.stop()
            raise

    def start_screen(self, limits: Sequence[str] = ()) -> None:
        """Start the screen process; returns when its socket is there. `limits`: of prlimit(1)."""
        signatures = factory_signatures(self.folder)
        options = ["--signatures", str(signatures), "--data", str(self.data)]
        socket_path = self.runtime / "screen.sock"
        socket_path.unlink(missing_ok=True)
        self.screen = self._start("screen", options, ["prlimit", *limits] if limits else [])
        self._wait(self.screen, socket_path.exists)

    def start_gate(self) -> None:
        """Start the gate; returns when it takes clients."""
        options = ["--data", str(self.data), *self._place.options()]
        self.gate = self._start("gate", options)
        self._wait(self.gate, self._place.listening)

    def _wait(self, child: Child, ready: Callable[[], bool]) -> None:
        deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {child.log}")

        def started() -> bool:
            child.check()
            return ready()

        deadline.wait(started, f"start of {child.name}")

    def _start(self, program: str, options: Sequence[str], before: Sequence[str] = ()) -> Child:
        words = [*before, str(self._program), "-X", HEAP, "-m", f"restante.programs.{program}"]
        words += ["--run", str(self.runtime), *options]
        child = Child(
            program,
            self._place.command(words),
            self.folder / f"{program}.log",
            environment={"MICROPYPATH": self._path},
        )
        self._children.append(child)
        return child

    @property
    def ask(self) -> Ask:
        """The console's commands, as the console program sends them."""
        return self._ask

    def wait_until_tested(self) -> None:
        """The self-test at the start has workers of its own: who meddles waits for its end."""

        def tested() -> bool:
            return must(self.ask, "show status").value("self-test") != "not run yet"

        Deadline(SELF_TEST_SECONDS, "the machine is very busy", "").wait(tested, "the self-test")

    def memory_kib(self) -> int:
        """What the gate has resident now."""
        text = Path(f"/proc/{self.gate.pid}/status").read_text(encoding="ascii")
        (line,) = (line for line in text.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1])

    def stop(self) -> None:
        """End both programs, the gate first."""
        for child in reversed(self._children):
            child.stop()


def factory_signatures(folder: Path) -> Path:
    """The signature file of the factory set, compiled as the image's build does it."""
    target = folder / "factory.sig"
    if not target.exists():
        sources = sorted(SIGNATURES.glob("*.[hn]?b"))
        words = [sys.executable, "-m", "restante_tools", "signatures", "compile"]
        words += [str(path) for path in sources]
        words += ["-o", str(target), "--name", "factory", "--built", "0", "--strict"]
        tool(["env", f"PYTHONPATH={REPOSITORY / 'host-tools'}", *words])
    return target
