"""The file that keeps alarms over a restart, on a real folder."""

import os

from restante.log import alarm_file
from restante.log.alarms import Alarms


def never(error):
    raise AssertionError(error)


def test_alarms_come_back(tmp_path):
    path = str(tmp_path / "alarms")
    alarms = Alarms()
    alarms.keep(alarm_file.load(path, never), alarm_file.saver(path, never))
    alarms.set("tunnel", "STLS by 192.0.2.5")
    after = Alarms()
    after.keep(alarm_file.load(path, never), alarm_file.saver(path, never))
    assert after.active() == [("tunnel", "STLS by 192.0.2.5", 0)]
    after.acknowledge()
    assert alarm_file.load(path, never) == [""]
    assert os.listdir(tmp_path) == ["alarms"]


def test_disk_that_refuses_is_told(tmp_path):
    errors = []
    alarm_file.saver(str(tmp_path / "no" / "alarms"), errors.append)(["tunnel x"])
    assert alarm_file.load(str(tmp_path), errors.append) == []
    assert len(errors) == 2


def test_damaged_file_shows_printable_text_only(tmp_path):
    path = tmp_path / "alarms"
    path.write_bytes(b"tunnel \x1b[2J\xff\nstore x\n" + b"y" * 100000)
    alarms = Alarms()
    alarms.keep(alarm_file.load(str(path), never), never)
    assert [name for name, _, _ in alarms.active()] == ["tunnel", "store"]
    assert all(c.isprintable() for _, text, _ in alarms.active() for c in text)
