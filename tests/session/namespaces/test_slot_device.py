"""Block devices as slots: what is read back comes from the medium, and what is mounted is safe.

FAULTS 74.  A loop device's file is the medium here: changed behind the device's back.
"""

import os
import subprocess
from pathlib import Path

import pytest
from boxes import TOP, program

SCRIPT = Path(__file__).resolve().parent / "slot_device.py"
OCTETS = 1 << 20
EBUSY, ENOSPC = "16", "28"


@pytest.fixture
def devices(tmp_path):
    """[(device, its file)] of a kernel and a root file system."""
    made = []
    try:
        for name in ("kernel", "root"):
            path = tmp_path / name
            path.write_bytes(bytes(OCTETS))
            words = ["losetup", "--find", "--show", str(path)]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            made.append((done.stdout.strip(), path))
        yield made
    finally:
        for device, _ in made:
            subprocess.run(["losetup", "--detach", device], check=True)


def start(what, devices, *before):
    return subprocess.Popen(
        [*before, program(), str(SCRIPT), what, *(device for device, _ in devices)],
        env={**os.environ, "MICROPYPATH": f"{TOP / 'firmware'}:.frozen"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_is_read_back_is_the_mediums(devices):
    process = start("write", devices)
    assert [process.stdout.readline().strip() for _ in range(2)] == ["open", "w"]
    with devices[0][1].open("r+b") as file:
        assert file.read(2) == b"ww"
        file.seek(0)
        file.write(b"X")
    rest, _ = process.communicate("\n")
    assert rest.split() == ["w", "X", ENOSPC]


def test_what_is_mounted_is_not_opened(devices, tmp_path):
    """The kernel's own guard: the root file system that runs is mounted."""
    subprocess.run(["mkfs.ext4", "-q", devices[1][0]], check=True)
    (tmp_path / "mounted").mkdir()
    mount = f'mount {devices[1][0]} {tmp_path / "mounted"} && exec "$@"'
    process = start("open", devices, "unshare", "-m", "sh", "-ec", mount, "sh")
    assert process.communicate()[0].strip() == EBUSY
    assert start("open", devices).communicate()[0].strip() == "open"
