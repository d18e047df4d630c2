"""What is missing is said before anything is started, with the next step."""

import os

import pytest
from restante_tools.errors import USAGE, ToolError
from restante_tools.lab import image, preflight
from restante_tools.places import Places
from restante_tools.testing import commands as testing


@pytest.mark.parametrize("goal", ["run", "test"])
def test_a_user_gets_the_one_sudo_line(monkeypatch, goal):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ToolError) as raised:
        preflight.check(image=True, goal=goal)
    assert raised.value.code == USAGE
    assert raised.value.hint.startswith("sudo make -C /")
    assert raised.value.hint.endswith(f" {goal}")


def test_a_whole_test_run_says_so_before_it_builds(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(testing, "native_build", lambda *_: pytest.fail("it built first"))
    with pytest.raises(ToolError) as raised:
        testing.whole("test", ["-x"])
    assert raised.value.hint.endswith(" test")


def test_missing_programs_are_named_by_their_package(monkeypatch):
    monkeypatch.setenv("PATH", os.environ["PATH"])
    with pytest.raises(ToolError) as raised:
        preflight.check_programs({"no-such-program": "its-package", "sh": "dash"})
    assert raised.value.what == "not installed: its-package"


def test_a_missing_tun_device_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(preflight, "TUN", tmp_path / "tun")
    with pytest.raises(ToolError) as raised:
        preflight.check_tun()
    assert "modprobe tun" in raised.value.hint


def test_a_missing_image_names_the_file_and_the_way_to_it(tmp_path):
    places = Places(build=tmp_path / "build", repository=tmp_path)
    with pytest.raises(ToolError) as raised:
        image.Image.of(places)
    assert raised.value.what == "build/virt/zImage is missing"
    assert raised.value.hint == "make image"


def test_a_full_disk_is_said_before_it_is_filled(monkeypatch, tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(b"x")
    full = type("Usage", (), {"free": 1 << 20})()
    monkeypatch.setattr(image.shutil, "disk_usage", lambda path: full)
    with pytest.raises(ToolError) as raised:
        image.copy_disk(disk, tmp_path / "copy" / "disk")
    assert "1 MB free" in raised.value.what
