"""The Orange Pi PC: from its SD card alone to a screened message, over two VLANs of one cable.

What describes the board is resolved at every run. Its kernel takes minutes to build, so that the
card itself is made and started in the soak only.
"""

import re

import pytest
from restante_tools.lab import boxconsole, clients, demo, network
from restante_tools.lab.site import OrangePiSite, Wanted
from restante_tools.places import Places

BOARD = "orangepi-pc"
LOADER_BEGINS, TABLE_BEGINS = 8 * 1024, 1008 * 1024  # octets: of U-Boot, of the GPT's entries
STRAY = "192.168.77.66"  # an address of the office's net, on a computer without a tag
# Waiting lines come later than the slowest message takes here: clean mail is compared by octets.
WAIT_LONG = ("configure", "set delivery keep-alive 60", "commit", "exit")
SILENCE_SECONDS = 3  # without an answer: none comes any more


@pytest.fixture(scope="module")
def parts(build):
    """What the board adds to the kernel, made without building it."""
    for target in ("device-tree", "loader"):
        done = build(target, "--board", BOARD)
        assert done.returncode == 0, done.stderr
    return Places().output(BOARD)


def test_kernel_knows_every_option_and_the_tree_every_device(parts):
    tree = (parts / "board.dtb").read_bytes()
    hook = Places().board / BOARD / "overlay/etc/init.d/interfaces"
    (address,) = re.findall(r"/soc/(\w+)\.ethernet/", hook.read_text())
    # The kernel names a device after the address and the name of its node.
    assert b"/soc/ethernet@%s\0" % address.encode() in tree
    assert b"/soc/serial@1c28000\0" in tree


def test_u_boot_ends_before_the_table_of_partitions(parts):
    size = (parts / "u-boot.bin").stat().st_size
    assert 0 < size <= TABLE_BEGINS - LOADER_BEGINS


@pytest.fixture(scope="module")
def card(soak, build):
    """The image, made in full."""
    if not soak:
        pytest.skip("its kernel takes minutes to build: in the soak only")
    done = build("image", "--board", BOARD)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def orangepi(card, mails, figures):
    """The board, switched on with a card that was just written."""
    with OrangePiSite(Places(), Wanted([demo.account(mails)])) as built:
        seconds = built.boot()
        figures.append(f"Orange Pi PC, from its loader to the first banner: {seconds:.1f} s")
        yield built


@pytest.fixture(scope="module")
def console(orangepi):
    line = orangepi.box.serial(orangepi.deadline(boxconsole.ANSWER_SECONDS))
    yield boxconsole.over_serial(line, lambda: orangepi.deadline(boxconsole.ANSWER_SECONDS))
    line.close()


def test_it_starts_from_the_chip_s_loader_and_complains_of_nothing(orangepi):
    log = orangepi.box.serial_log.read_text(encoding="utf-8", errors="replace")
    for word in ("U-Boot SPL", "restante: starting slot A", "Machine model: Xunlong Orange Pi PC"):
        assert word in log
    wrong = ("Oops", "BUG:", "Kernel panic", "Traceback", "start-up: a network", "damaged")
    assert [line for line in log.splitlines() if any(word in line for word in wrong)] == []


def test_a_client_in_the_lan_s_vlan_gets_screened_mail(orangepi, console, mails):
    for command in WAIT_LONG:
        boxconsole.must(console, command)
    direct = demo.read_maildrop(orangepi, orangepi.internet, "direct")
    through = demo.read_maildrop(orangepi, orangepi.office, "through")
    outcome = demo.compare(mails, direct, through, console)
    assert outcome.status.screened
    assert outcome.right(), outcome.rows


def test_its_parts_test_themselves(console):
    answer = boxconsole.must(console, "self-test")
    assert answer.lines and all(line.startswith("ok") for line in answer.lines)


def test_who_comes_without_a_tag_meets_nobody(orangepi):
    """Neither the box, nor the internet through it: the socket itself has no address."""
    stray = orangepi.stray
    stray.configure(network.OFFICE_SIDE, STRAY + "/24", network.LAN_BOX)
    for host in (network.LAN_BOX, network.ORIGIN):
        report = clients.talk(stray, [], host=host, seconds=SILENCE_SECONDS)
        assert report["said"] == [] and "error" in report
    neighbours = stray.ip("neighbour", "show", network.LAN_BOX)
    assert "lladdr" not in neighbours
