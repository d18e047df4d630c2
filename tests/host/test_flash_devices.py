"""Which disks `flash` shows, and which it refuses: over what lsblk printed on real machines."""

import json
import stat
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from restante_tools.errors import USAGE, ToolError
from restante_tools.flash import commands, devices

GB = 10**9


def row(kname, kind="disk", size=8 * GB, children=(), **more):
    empty = dict.fromkeys(("tran", "vendor", "model", "serial", "fstype", "label", "partlabel"))
    base = {"kname": kname, "path": f"/dev/{kname}", "type": kind, "size": size, "rm": False}
    made = base | {"ro": False, "mountpoints": [None]} | empty | more
    return made | ({"children": list(children)} if children else {})


def disk(kname="sdb", cards=(), **more):
    return devices.read(json.dumps({"blockdevices": [row(kname, **more)]}), cards)[0]


STICK = {"rm": True, "tran": "usb", "vendor": "Generic ", "model": "STORAGE DEVICE"}
PART = row("sdb1", "part", GB, fstype="vfat", label="PHOTOS", partlabel="holiday")

# lsblk 2.38 of a machine whose only disk holds everything, with a compressed swap
CAPTURED = """{"blockdevices": [
  {"kname":"zram0", "path":"/dev/zram0", "type":"disk", "rm":false, "ro":false, "size":0,
   "tran":null, "vendor":null, "model":null, "serial":null, "mountpoints":[null], "fstype":null,
   "label":null, "partlabel":null},
  {"kname":"vda", "path":"/dev/vda", "type":"disk", "rm":false, "ro":false, "size":274877906944,
   "tran":null, "vendor":"0x1af4", "model":null, "serial":null,
   "mountpoints":["/run/netns", "/"], "fstype":null, "label":null, "partlabel":null}]}"""


def test_a_good_stick():
    stick = disk(**STICK, children=[PART])
    assert devices.why_not(stick, 8 * GB, False) == []
    assert str(stick) == "/dev/sdb  8.0 GB  usb  Generic STORAGE DEVICE"
    assert devices.lost(stick) == ["    sdb1  1.0 GB  holiday  vfat  PHOTOS"]


@pytest.mark.parametrize("mount", ["/", "/boot", "/boot/efi", "/usr"])
def test_the_machine_runs_from_it(mount):
    system = disk(
        **STICK, children=[row("sdb1", "part"), row("sdb2", "part", mountpoints=[mount])]
    )
    assert "this machine runs from it" in devices.why_not(system, 1, True)


def test_a_captured_machine():
    zram, vda = devices.read(CAPTURED)
    assert devices.why_not(vda, 1, True) == ["this machine runs from it"]
    assert "no medium is in it" in devices.why_not(zram, 1, True)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"mountpoints": ["/media/a b"]}, "it is mounted at /media/a b"),
        ({"children": [row("sdb1", "part", mountpoints=["/mnt"])]}, "it is mounted at /mnt"),
        ({"children": [row("sdb1", "part", mountpoints=["[SWAP]"])]}, "swaps to it"),
        ({"children": [row("dm-0", "crypt")]}, "it is in use by crypt"),
        (
            {"children": [row("sdb1", "part", children=[row("dm-1", "lvm")])]},
            "it is in use by lvm",
        ),
        ({"children": [row("md0", "raid1")]}, "it is in use by raid1"),
        ({"size": 0}, "no medium"),
        ({"size": 262164479}, "it has 262,164,479 octets, the image 262,164,480"),
        ({"ro": True}, "it is read-only"),
        ({"rm": False, "tran": "nvme"}, "not removable"),
        ({"rm": False, "tran": None}, "not removable"),
    ],
)
def test_what_is_refused(more, why):
    reasons = devices.why_not(disk(**{**STICK, **more}), 262164480, False)
    assert len(reasons) == 1 and why in reasons[0]


def test_a_root_deep_above_a_partition():
    above = row("sdb1", "part", children=[row("dm-0", "crypt", mountpoints=["/"])])
    reasons = devices.why_not(disk(**STICK, children=[above]), 1, True)
    assert reasons == ["this machine runs from it", "it is in use by crypt"]


def test_size_to_the_octet():
    for octets, good in ((999, False), (1000, True), (1001, True)):
        assert (devices.why_not(disk(**{**STICK, "size": octets}), 1000, False) == []) is good


def test_what_is_removable():
    assert disk(tran="usb").removable  # a USB disk says that it is none
    assert disk("mmcblk0", cards={"mmcblk0"}).removable
    assert not disk("mmcblk1", cards={"mmcblk0"}).removable  # soldered in
    assert disk(rm="1", ro="0").removable and not disk(rm="0").removable  # lsblk before 2.33
    assert not disk("loop0", kind="loop").removable
    assert devices.why_not(disk("loop0", kind="loop"), 1, True) == []


def test_what_is_no_disk_is_not_shown():
    text = json.dumps({"blockdevices": [row("sr0", "rom"), row("sdb", **STICK)]})
    assert [each.kname for each in devices.read(text)] == ["sdb"]


@pytest.fixture
def machine(monkeypatch):
    """Two sticks and a system disk."""
    found = devices.read(
        json.dumps(
            {
                "blockdevices": [
                    row("sda", children=[row("sda1", "part", mountpoints=["/"])]),
                    row("sdb", **STICK, children=[PART]),
                ]
            }
        )
    )
    monkeypatch.setattr(devices, "of_machine", lambda: found)
    return found


class Node:
    """A device's path, as if the device were there."""

    def __init__(self, path):
        self._path = path
        self.name = path.removeprefix("/dev/")

    def __str__(self):
        return self._path

    def resolve(self, strict):
        return self

    def stat(self):
        return SimpleNamespace(st_mode=stat.S_IFBLK | 0o660)


def test_choosing(machine):
    assert commands.chosen(Node("/dev/sdb"), 1, False).kname == "sdb"
    for path, why in (("/dev/sdb1", "no whole disk"), ("/dev/sda", "runs from it")):
        with pytest.raises(ToolError, match=why) as caught:
            commands.chosen(Node(path), 1, True)
        assert caught.value.code == USAGE
    with pytest.raises(ToolError) as caught:
        commands.chosen(Node("/dev/sdb1"), 1, True)
    assert caught.value.hint == "its disk is /dev/sdb"


def test_the_list(machine, monkeypatch):
    done = CliRunner().invoke(commands.flash, [])
    assert done.stdout == (
        "/dev/sdb  8.0 GB  usb  Generic STORAGE DEVICE\n    sdb1  1.0 GB  holiday  vfat  PHOTOS\n"
    )
    done = CliRunner().invoke(commands.flash, ["--list", "--force-fixed"])
    assert "not to be written: this machine runs from it" in done.stdout
    done = CliRunner().invoke(commands.flash, ["--json"])
    assert [each["kname"] for each in json.loads(done.stdout)] == ["sdb"]


def test_what_lsblk_of_this_machine_prints_is_read():
    assert all(each.path.startswith("/dev/") for each in devices.of_machine())
