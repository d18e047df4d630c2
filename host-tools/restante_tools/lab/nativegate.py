"""The real gate, run natively in the box's place: the same program as on the image, no emulation.

Rule: it gets a data folder and a run folder of its own and is started as the image starts it,
options apart; nothing of it is replaced.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
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


class NativeGate:
    """A gate that listens where the packet filter sends what it intercepts."""

    def __init__(
        self, box: Namespace, places: Places, folder: Path, settings: Sequence[str] = ()
    ) -> None:
        self._box = box
        self._program = interpreter(places)
        self._firmware = places.firmware
        self.folder = folder
        self.data, self.runtime = folder / "data", folder / "run"
        for path in (self.data, self.runtime):
            path.mkdir(parents=True)
        text = "".join(line + "\n" for line in settings)
        (self.data / "settings").write_text(text, encoding="utf-8")
        self.gate = self._start("gate", self._gate_options())
        deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {self.gate.log}")
        deadline.wait(self._listening, "start of the gate")

    def _gate_options(self) -> list[str]:
        return ["--data", str(self.data), "--run", str(self.runtime)]

    def _start(self, program: str, options: Sequence[str]) -> Child:
        words = [str(self._program), "-m", f"restante.programs.{program}", *options]
        return Child(
            program,
            self._box.command(words),
            self.folder / f"{program}.log",
            environment={"MICROPYPATH": f"{self._firmware}:.frozen"},
        )

    def _listening(self) -> bool:
        self.gate.check()
        return f":{network.GATE_PORT} " in self._box.run(["ss", "-Hltn"])

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
