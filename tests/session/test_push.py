"""`restante signatures push`, `firmware push`, `keys push`: real tool, console, gate and screen.

The line between them is as fast as both ends' speeds say (paced_line.py).  FAULTS 61, 62, 65, 67,
69, 80, 81.
"""

import pytest
from field import Field
from installing import InstallingBox
from mailserver import MailServer
from paced_line import PacedLine
from test_installing import bundle, make
from test_set_swap import MAILS
from test_set_swap import sets as compiled  # noqa: F401 (a fixture)


class Bench(Field):
    """A box that installs, and the publisher's bundles."""

    def _joined(self, **line):
        return PacedLine(self.console.master, self.console.name, **line)

    def bundle(self, name, *words, **parts):
        path = self.folder / name
        path.write_bytes(bundle(*words, **parts))
        return str(path)

    def push(self, *words):
        return self.tool("signatures", "push", *words)


@pytest.fixture(scope="session")
def sets(compiled):  # noqa: F811
    return {name: path.read_bytes() for name, path in compiled.items()}


@pytest.fixture
def bench(signatures, tmp_path):
    server = MailServer(MAILS)
    settings = ["set log level info", "set signatures maximum-age 0"]
    box = InstallingBox(server.port, signatures, settings, make.SETS["keys-1"])
    box.tested()
    opened = []

    def start(**line):
        opened.append(Bench(box, tmp_path, **line))
        return opened[-1]

    yield start
    for each in opened:
        each.close()
    box.stop()
    server.stop()


def test_the_whole_set_then_the_delta_that_fits(bench, sets):
    stand = bench()
    whole = stand.bundle("one.rstb", sets["knows-0"], 1)
    done = stand.push(whole)
    assert done.returncode == 0, done.stderr
    assert "runs at 921600 Bd" in done.stderr and stand.box.in_use() == "knows-0"
    print(done.stderr, stand.line.speeds)
