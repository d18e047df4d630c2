"""A real time server of the internet: chrony, with this machine's time; it sets nothing."""

from __future__ import annotations

from pathlib import Path

from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.namespaces import Namespace

START_SECONDS = 15.0


def start(internet: Namespace, folder: Path, log: Path) -> Child:
    """Start it; `stop` takes it off the net."""
    configuration = folder / "chrony.conf"
    configuration.write_text(
        "\n".join(
            (
                "local stratum 8",  # it asks nobody, and answers all the same
                "allow all",
                "cmdport 0",
                "bindcmdaddress /",
                f"pidfile {folder}/chrony.pid",
                "",
            )
        ),
        encoding="ascii",
    )
    words = ["chronyd", "-d", "-x", "-u", "root", "-f", str(configuration)]
    child = Child("chronyd", internet.command(words), log)
    deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {log}")

    def listening() -> bool:
        child.check()
        return ":123 " in internet.run(["ss", "-Hlun"])

    deadline.wait(listening, "start of chronyd")
    return child
