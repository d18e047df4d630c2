"""The box as QEMU's machine `virt`: started, watched, ended.

Rule: the machine is started stopped, so that power-on is a moment that is known; QEMU gets its
network as open descriptors and runs in a namespace that has none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from restante_tools.errors import ToolError
from restante_tools.lab import network
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.qmp import Monitor
from restante_tools.lab.serial import SerialLine

PROGRAM = "qemu-system-arm"
MEMORY_MB = 64  # the target hardware's
U_BOOT = Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")
# What U-Boot's script (board/common/boot.cmd) says of slot A, word for word.
COMMAND_LINE = (
    "console=ttyAMA0,115200",
    "softdog.soft_margin=15",  # seconds; with the warden's 40 a stuck box restarts in a minute
    *("root=PARTLABEL=rootA", "rootfstype=squashfs", "ro", "restante.slot=A"),
)
START_SECONDS = 15.0  # until QEMU's monitor answers
SERIAL_SOCKET = "serial"
SERIAL_LOG = "serial.log"
USB_PORT = "usb"
STICK = "stick"
PULL_SECONDS = 15.0


@dataclass(frozen=True)
class Machine:
    """What is switched on: files, memory, the far ends of its network cables, if it has any.

    Without `kernel` the machine starts as a board does: U-Boot finds one on the disk.
    """

    kernel: Path | None
    disk: Path
    lan: int | None = None
    wan: int | None = None
    memory: int = MEMORY_MB
    writes: Path | None = None  # where every write and flush of the disk is recorded
    append: Sequence[str] = field(default=())
    clock: str = "utc"  # what its clock shows at power-on, as QEMU's -rtc base=
    usb: bool = False  # it has a USB port

    @property
    def cables(self) -> Sequence[int]:
        return [end for end in (self.lan, self.wan) if end is not None]

    def command(self, folder: Path, serial_log: Path) -> list[str]:
        return command(self, folder, serial_log)


class Switchable(Protocol):
    """A machine that QEMU knows."""

    @property
    def cables(self) -> Sequence[int]:
        """Open descriptors that QEMU gets."""

    def command(self, folder: Path, serial_log: Path) -> list[str]:
        """QEMU's command line; it starts stopped, with its monitor in `folder`."""


def command(machine: Machine, folder: Path, serial_log: Path) -> list[str]:
    """QEMU's command line."""
    return [
        *("unshare", "--net", PROGRAM),
        *("-nodefaults", "-no-user-config", "-display", "none", "-S"),
        *("-machine", _machine(machine), "-cpu", "cortex-a7", "-m", str(machine.memory)),
        *_firmware(machine),
        *monitor_and_serial(folder, serial_log),
        *_disk(machine),
        *("-device", "virtio-blk-device,drive=disk"),
        *_cable("lan", machine.lan, network.LAN_MAC),
        *_cable("wan", machine.wan, network.WAN_MAC),
        *("-device", "virtio-rng-device"),
        *(("-device", f"qemu-xhci,id={USB_PORT}") if machine.usb else ()),
        *("-rtc", f"base={machine.clock}"),
    ]


def monitor_and_serial(folder: Path, serial_log: Path) -> list[str]:
    """The monitor, and the serial line with its log."""
    return [
        *("-chardev", f"socket,id=qmp,path={folder}/qmp,server=on,wait=off"),
        *("-mon", "chardev=qmp,mode=control"),
        *(
            "-chardev",
            f"socket,id=serial,path={folder}/{SERIAL_SOCKET},server=on,wait=off,"
            f"logfile={serial_log},logappend=on",
        ),
        *("-serial", "chardev:serial"),
    ]


def _machine(machine: Machine) -> str:
    """The port is behind PCI, whose registers a 32-bit kernel reaches only below 4 GiB."""
    return "virt,highmem=off" if machine.usb else "virt"


def _firmware(machine: Machine) -> list[str]:
    if machine.kernel is None:
        return ["-bios", str(U_BOOT)]
    words = " ".join((*COMMAND_LINE, *machine.append))
    return ["-kernel", str(machine.kernel), "-append", words]


def _disk(machine: Machine) -> list[str]:
    if machine.writes is None:
        return ["-drive", f"if=none,id=disk,format=raw,file={machine.disk}"]
    return [
        *("-blockdev", f"driver=file,node-name=medium,filename={machine.disk}"),
        *("-blockdev", f"driver=file,node-name=writes,filename={machine.writes}"),
        *("-blockdev", "driver=blklogwrites,node-name=disk,file=medium,log=writes"),
    ]


def _cable(name: str, descriptor: int | None, mac: str) -> list[str]:
    if descriptor is None:
        return []
    return [
        *("-netdev", f"tap,id={name},fd={descriptor}"),
        *("-device", f"virtio-net-device,netdev={name},mac={mac}"),
    ]


class Box:
    """A box that is switched on. `power_on` is on the machine's monotonic clock."""

    def __init__(self, machine: Switchable, folder: Path, logs: Path) -> None:
        self.serial_log = logs / SERIAL_LOG
        self.serial_path = folder / SERIAL_SOCKET
        self._child = Child(
            "qemu-system-arm",
            machine.command(folder, self.serial_log),
            logs / "qemu.log",
            inherit=machine.cables,
        )
        deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {logs}/qemu.log")
        deadline.wait(lambda: self._check() and (folder / "qmp").exists(), "start of QEMU")
        self._monitor = Monitor(folder / "qmp", deadline)
        self.power_on = time.monotonic()
        self._monitor.command("cont")
        self._slow = False  # the stick that is in

    def _check(self) -> bool:
        self._child.check()
        return True

    def check(self) -> None:
        """ToolError if QEMU has ended by itself."""
        self._child.check()

    @property
    def pid(self) -> int:
        return self._child.pid

    def serial(self, deadline: Deadline) -> SerialLine:
        """Attach to the serial line. One at a time: close it before somebody else attaches."""
        return SerialLine(self.serial_path, deadline)

    def send_break(self) -> None:
        """A BREAK on the serial line."""
        self._monitor.command("chardev-send-break", id="serial")

    def put_in(self, stick: Path, octets_a_second: int = 0) -> None:
        """Put a USB stick into the port; as slow as that, if a number is given."""
        file = {"driver": "file", "filename": str(stick)}
        node: dict[str, object] = {"driver": "raw", "file": file}
        if octets_a_second:
            limits = {"bps-read": octets_a_second}
            self._monitor.command(
                "object-add", **{"qom-type": "throttle-group", "id": "slow", "limits": limits}
            )
            node = {"driver": "throttle", "throttle-group": "slow", "file": file}
        self._slow = bool(octets_a_second)
        self._monitor.command("blockdev-add", **{"node-name": STICK, **node})
        self._monitor.command(
            "device_add", driver="usb-storage", id=STICK, drive=STICK, bus=f"{USB_PORT}.0"
        )

    def pull(self) -> None:
        """Pull the stick, whatever is being read from it."""
        self._monitor.command("device_del", id=STICK)
        limit = Deadline(PULL_SECONDS, "the stick is still read from", f"read {self.serial_log}")
        limit.wait(self._forget_stick, "end of the stick")
        if self._slow:
            self._monitor.command("object-del", id="slow")

    def _forget_stick(self) -> bool:
        try:
            self._monitor.command("blockdev-del", **{"node-name": STICK})
        except ToolError:
            return False  # a reading that had begun
        return True

    def reset(self) -> None:
        """The reset button: what the box did not sync is gone."""
        self._monitor.command("system_reset")

    def stop(self) -> None:
        """Switch off: all that the box wrote reaches its disk file, and QEMU ends."""
        if self._child.alive():
            try:
                self._monitor.command("quit")
            except (OSError, ToolError):
                # It ends by itself just now, or hangs: the signal that follows is for that.
                self._child.stop()
        self._monitor.close()
        self._child.stop()
