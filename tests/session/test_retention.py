"""The quarantine's retention in the real gate: what is old leaves, with a record."""

import mails
import pytest
from boxes import compile_signatures
from restante.store import journal
from restante.version import MADE
from served import leave, session

DAY = 86400


@pytest.fixture(scope="session")
def other(tmp_path_factory):
    """Another set: when it has judged what is held, the retention was looked at before."""
    path = tmp_path_factory.mktemp("other") / "other.sig"
    compile_signatures(path, name="other")
    return path


def date_back(box, days):
    """The gate is down; its quarantine's first entry is of the firmware's first days."""
    path = box.data / "quarantine/journal"
    lines = []
    for line in path.read_bytes().splitlines():
        seq, record = journal.decode(line)
        if record["op"] == "keep" and record["id"] == "1":
            record["time"] = MADE + days * DAY
        lines.append(journal.encode(seq, record))
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    "days, retention, leaves", [(1, 30, True), (-1, 30, False), (1, 0, False)]
)
def test_held_mail_leaves_by_age(scripted, other, days, retention, leaves):
    settings = [f"set quarantine retention {retention}"]
    box, _ = scripted([mails.infected("old"), mails.infected("new")], settings, screens=True)
    with session(box) as talk:
        for n in (1, 2):
            assert b"quarantine entry" in talk.fetch(b"RETR %d" % n)[1]
        leave(talk)
    box.gate.stop()
    date_back(box, days)
    box.start_gate()
    box.use_signatures(other)
    box.until(lambda: shows(box, "2", "says other"), "a round of the background work")
    assert ("  old" in "\n".join(box.console("show quarantine")[1])) != leaves
    assert (box.data / "quarantine/1.eml").exists() != leaves
    if leaves:
        assert "who=retention" in box.log()
        box.gate.stop()
        box.start_gate()
        (row,) = box.console("quarantine history")[1][1:]
        assert "deleted" in row and "retention" in row and "fred @" in row


def shows(box, id, words):
    return words in "\n".join(box.console(f"quarantine show {id}")[1])
