"""nginx, in the foreground, with a folder of its own: started, and waited for."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline

START_SECONDS = 60.0


def command(folder: Path, configuration: str) -> list[str]:
    """The words that run it with this nginx.conf; `folder`: for its files."""
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        raise ToolError(
            "nginx is not installed", "the package nginx-light is missing", "run host-tools/setup"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nginx.conf"
    path.write_text(configuration, encoding="ascii")
    return [program, "-c", str(path), "-p", str(folder), "-e", f"{folder}/error.log"]


def start(folder: Path, configuration: str, address: str, port: int) -> Child:
    """A running nginx that listens there."""
    child = Child("nginx", command(folder, configuration), folder / "start.log")
    deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {folder}/error.log")

    def listening() -> bool:
        child.check()
        with socket.socket() as probe:
            return probe.connect_ex((address, port)) == 0

    try:
        deadline.wait(listening, "start of nginx")
    except ToolError:
        child.stop()
        raise
    return child
