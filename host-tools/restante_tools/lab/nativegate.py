"""The real gate, run natively in the box's place: the same program as on the image, no emulation.

Rule: it gets a data folder and a run folder of its own and is started as the image starts it,
options apart; nothing of it is replaced.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab import network
from restante_tools.lab.boxconsole import Ask, over_socket
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.namespaces import Namespace
from restante_tools.places import Places

START_SECONDS = 20.0
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
        self, place: Place, places: Places, folder: Path, settings: Sequence[str] = ()
    ) -> None:
        self._place = place
        self._program = interpreter(places)
        self._firmware = places.firmware
        self.folder = folder
        self.data, self.runtime = folder / "data", folder / "run"
        for path in (self.data, self.runtime):
            path.mkdir(parents=True)
        text = "".join(line + "\n" for line in settings)
        (self.data / "settings").write_text(text, encoding="utf-8")
        self.gate = self._start("gate", place.options())
        deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {self.gate.log}")
        try:
            deadline.wait(self._listening, "start of the gate")
        except ToolError:
            self.stop()
            raise

    def _start(self, program: str, options: Sequence[str]) -> Child:
        words = [str(self._program), "-m", f"restante.programs.{program}"]
        words += ["--data", str(self.data), "--run", str(self.runtime), *options]
        return Child(
            program,
            self._place.command(words),
            self.folder / f"{program}.log",
            environment={"MICROPYPATH": f"{self._firmware}:.frozen"},
        )

    def _listening(self) -> bool:
        self.gate.check()
        return self._place.listening()

    @property
    def ask(self) -> Ask:
        """The console's commands, as the console program sends them."""
        return over_socket(self.runtime / "control.sock")

    def memory_kib(self) -> int:
        """What the gate has resident now."""
        text = Path(f"/proc/{self.gate.pid}/status").read_text(encoding="ascii")
        (line,) = (line for line in text.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1])

    def stop(self) -> None:
        self.gate.stop()

    def kill(self) -> None:
        """As if the power of this one program failed."""
        self.gate.signal(signal.SIGKILL)
        self.gate.stop()
