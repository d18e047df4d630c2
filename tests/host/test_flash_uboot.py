"""The change of speed around a file, as U-Boot's cmd/load.c has it, over a written-down exchange.

The U-Boot of Debian's u-boot-qemu reads nothing more after a change of speed in QEMU 7.2.
"""

import pytest
from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError
from restante_tools.flash import uboot
from restante_tools.flash.boards import BOARDS

BOARD = BOARDS["virt"]
ENTER = b"## Switch baudrate to 921600 bps and press ENTER ...\r\n"
READY = b"## Ready for binary (ymodem) download to 0x40400000 at 921600 bps...\r\nC"
ESC = b"## Switch baudrate to 115200 bps and press ESC ...\r\n"


class Port:
    """The box loses the first key after a change of speed, as one does that was not ready yet."""

    name = "/dev/ttyUSB7"

    def __init__(self, said, after_key):
        self._said = said
        self._after = after_key
        self.keys = []
        self.speeds = []

    def read(self):
        said, self._said = self._said, b""
        return said

    def write(self, data):
        self.keys.append(data)
        if len(self.keys) == 2:
            self._said += self._after

    has_speeds = True

    def set_speed(self, baud):
        assert not self.keys  # the key is at the new speed
        self.speeds.append(baud)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(uboot, "SETTLE_SECONDS", 0.01)
    monkeypatch.setattr(uboot, "SPEED_SECONDS", 0.05)


def test_to_the_new_speed():
    port = Port(ENTER, READY)
    box = uboot.UBoot(port, BOARD, 115200, 921600)
    rest = box._change_speed(921600, b"press ENTER ...", b"\r", b" bps...")
    assert (rest, port.speeds, port.keys) == (b"\r\nC", [921600], [b"\r", b"\r"])


def test_and_back():
    port = Port(b"", b"\r\n=> ")
    box = uboot.UBoot(port, BOARD, 115200, 921600)
    box._change_speed(115200, b"press ESC ...", b"\x1b", b"\n=> ", b"## Total Size\r\n" + ESC)
    assert (port.speeds, port.keys) == ([115200], [b"\x1b", b"\x1b"])


@pytest.mark.parametrize(
    ("said", "after", "what"), [(b"", b"", "a change to"), (ENTER, b"noise", "a key at 921600")]
)
def test_a_box_that_does_not_follow(said, after, what):
    box = uboot.UBoot(Port(said, after), BOARD, 115200, 921600)
    with pytest.raises(ToolError, match=what) as caught:
        box._change_speed(921600, b"press ENTER ...", b"\r", b" bps...")
    assert caught.value.code == DEVICE_OR_TIMEOUT and caught.value.hint


def test_the_same_speed_is_no_change():
    assert uboot.UBoot(Port(b"", b""), BOARD, 115200, 115200)._fast == 0
