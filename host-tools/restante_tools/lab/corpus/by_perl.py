"""Clean messages as Perl's MIME::Lite and MIME::Entity write them: one Perl process for all."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab.corpus.sample import Sample

SCRIPT = Path(__file__).with_name("by_perl.pl")
SECONDS = 300  # for some seventy messages of 80 MB together: 10 s on two cores


def make(numbered: Sequence[tuple[int, int]], seed: int) -> list[Sample]:
    """One message for each pair of number and octets of content."""
    with tempfile.TemporaryDirectory(prefix="restante-corpus-") as name:
        folder = Path(name)
        orders = "".join(f"{number} {size}\n" for number, size in numbered)
        done = subprocess.run(
            ["perl", str(SCRIPT), str(seed), str(folder)],
            input=orders,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise ToolError(
                "Perl made no messages",
                done.stderr.strip()[-800:],
                "the packages libmime-lite-perl and libmime-tools-perl: run host-tools/setup",
            )
        kinds = dict(line.split(" ", 1) for line in done.stdout.splitlines())
        return [
            Sample(number, f"perl {kinds[str(number)]}", wire(folder / str(number)))
            for number, _ in numbered
        ]


def wire(path: Path) -> bytes:
    """A message file with LF lines as CRLF lines."""
    return path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
