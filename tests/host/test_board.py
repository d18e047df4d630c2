"""One truth: what board/ says agrees with the firmware, the lab and the budgets."""

import re
import subprocess
from pathlib import Path

import pytest
from restante.box import bootrecord
from restante.box import places as box_places
from restante_tools.build import boot_partition, image
from restante_tools.build.boards import BOARDS
from restante_tools.lab import network, orangepi, qemu
from restante_tools.places import Places

TOP = Path(__file__).resolve().parents[2]
BOARD = TOP / "board"
OVERLAY = BOARD / "common" / "overlay"
PARTITIONS = {"boot", "record", "kernelA", "rootA", "kernelB", "rootB", "keys", "data"}
FRAGMENTS = sorted(BOARD.glob("*/*.fragment"))


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.parent.name + path.stem)
def test_every_option_has_a_reason_and_stands_once(fragment):
    lines = fragment.read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if line.startswith("CONFIG_")]
    assert sorted(names) == sorted(set(names))
    for number, line in enumerate(lines):
        if line.startswith("CONFIG_"):
            above = lines[number - 1]
            assert above.startswith(("CONFIG_", "# ")) and "----" not in above, line


def accounts():
    fields = [line.split(":") for line in (OVERLAY / "etc/passwd").read_text().splitlines()]
    return {name: (int(uid), int(gid)) for name, _, uid, gid, *_ in fields}


def test_users_are_those_that_the_programs_become():
    assert accounts() == {
        "root": (0, 0),
        "gate": (box_places.GATE_UID, box_places.GATE_UID),
        "screen": (box_places.SCREEN_UID, box_places.SCREEN_UID),
        "console": (box_places.CONSOLE_UID, box_places.CONSOLE_UID),
        "stick": (box_places.STICK_UID, box_places.STICK_UID),
    }
    groups = [line.split(":") for line in (OVERLAY / "etc/group").read_text().splitlines()]
    assert {name: int(gid) for name, _, gid, _ in groups} == {
        name: gid for name, (_, gid) in accounts().items()
    }


def test_no_account_has_a_password_or_a_shell():
    for line in (OVERLAY / "etc/passwd").read_text().splitlines():
        assert line.split(":")[1] == "*" and line.endswith(":/bin/false")


def started():
    return re.findall(r"respawn:/sbin/run (\w+)", (OVERLAY / "etc/inittab").read_text())


def test_init_starts_each_program_once_and_the_warden_first():
    assert sorted(started()) == ["console", "gate", "screen", "slots", "stick", "warden"]
    assert started()[0] == "warden"


def test_every_program_that_is_started_has_a_heap():
    run = (OVERLAY / "sbin/run").read_text()
    assert sorted(re.findall(r"^ +(\w+)\) heap=\d+[km] ;;", run, re.MULTILINE)) == sorted(
        started()
    )


def test_an_unknown_program_is_not_started():
    done = subprocess.run(["sh", OVERLAY / "sbin/run", "nonsense"], capture_output=True)
    assert done.returncode == 2


def test_interfaces_have_the_lab_s_addresses():
    lines = (BOARD / "virt/overlay/etc/mactab").read_text().splitlines()
    table = dict(line.split() for line in lines if not line.startswith("#"))
    assert table == {box_places.LAN: network.LAN_MAC, box_places.WAN: network.WAN_MAC}


@pytest.mark.parametrize("board", BOARDS)
def test_partitions_of_a_slot_are_the_slot(board):
    text = (BOARD / board / "genimage.cfg").read_text()
    sizes = dict(re.findall(r"partition (\w+) \{[^}]*?size = (\d+)M", text))
    assert sizes.keys() == PARTITIONS
    assert text.index("partition boot ") < text.index("partition record ")  # U-Boot looks there
    for slot in "AB":
        octets = (int(sizes["kernel" + slot]) + int(sizes["root" + slot])) << 20
        assert octets == image.SLOT


def test_boot_partition_is_the_same_at_every_build_and_holds_head_and_script(tmp_path):
    made = []
    for name in ("one", "two"):
        places = Places(tmp_path / name, BOARD.parent)
        made.append(boot_partition.boot_parts(places, "virt", tmp_path / name / "virt"))
    for one, two in zip(*made, strict=True):
        assert one.read_bytes() == two.read_bytes()
    script = tmp_path / "boot.scr"
    system = made[0][0]
    subprocess.run(["/usr/sbin/debugfs", "-R", f"dump boot.scr {script}", system], check=True)
    text = b"".join(
        (BOARD / name).read_bytes() for name in ("virt/boot-head.cmd", "common/boot.cmd")
    )
    octets = script.read_bytes()
    assert octets.endswith(text)
    fixed = int(boot_partition.FIXED_TIME)
    assert int.from_bytes(octets[8:12], "big") == fixed  # mkimage's time
    written = system.read_bytes()[1024 + 48 : 1024 + 52]  # s_wtime of the file system
    assert int.from_bytes(written, "little") == fixed


def test_first_record_is_the_factory_s_in_both_copies(tmp_path):
    boot_partition.write_record(tmp_path / "record")
    octets = (tmp_path / "record").read_bytes()
    for place in bootrecord.PLACES:
        copy = octets[place : place + bootrecord.SECTOR_OCTETS]
        assert bootrecord.unpack(copy).says() == (0, 0, True, True, 0)


def test_u_boot_and_qemu_give_the_kernel_the_same_words():
    head = (BOARD / "virt/boot-head.cmd").read_text()
    board = re.search(r'setenv board_args "(.*)"', head)[1]
    script = (BOARD / "common/boot.cmd").read_text()
    words = re.search(r'setenv bootargs "(.*)"', script)[1]
    words = words.replace("${board_args}", board).replace("${letter}", "A")
    assert words.split() == list(qemu.COMMAND_LINE)


@pytest.mark.parametrize("board", BOARDS)
def test_no_two_partitions_have_one_identity(board):
    text = (BOARD / board / "genimage.cfg").read_text()
    identities = re.findall(r"uuid = \"(\S+)\"", text)
    kind = "0fc63daf-8483-4772-8e79-3d69d8477de4"
    own = [identity for identity in identities if identity != kind]
    assert identities.count(kind) == len(PARTITIONS)
    assert len(set(own)) == len(own) == len(PARTITIONS) + 1


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_knows_its_name_and_its_interfaces(board):
    overlay = BOARD / board / "overlay" / "etc"
    assert (overlay / "hardware").read_text() == board + "\n"
    assert (overlay / "init.d" / "interfaces").stat().st_mode & 0o100


def test_vlans_of_the_board_are_those_of_the_lab_s_switch():
    hook = (BOARD / "orangepi-pc/overlay/etc/init.d/interfaces").read_text()
    assert dict(re.findall(r"^(\w+)_VLAN=(\d+)$", hook, re.MULTILINE)) == {
        "LAN": str(orangepi.LAN_VLAN),
        "WAN": str(orangepi.WAN_VLAN),
    }
    names = re.findall(r" name (\w+) type vlan id \$(\w+)_VLAN", hook)
    assert names == [(box_places.LAN, "LAN"), (box_places.WAN, "WAN")]


def test_forwarding_is_off_until_the_warden_turns_it_on():
    assert "net.ipv4.ip_forward = 0" in (OVERLAY / "etc/sysctl.conf").read_text().splitlines()


def test_name_server_file_is_where_the_programs_expect_it():
    assert (OVERLAY / "etc/resolv.conf").readlink() == Path(box_places.RESOLV_CONF)
    script = (OVERLAY / "usr/share/udhcpc/default.script").read_text()
    assert f"servers={box_places.RESOLV_CONF}\n" in script
