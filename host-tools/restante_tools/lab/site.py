"""Office, internet and the box between them: built up in order, taken down in reverse.

Rule: whatever happens while it is built or used, leaving it removes everything it made.
`ImageSite` boots the image in QEMU; `NativeSite` puts a plain Linux router in the box's place, in
which a gate can run natively.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError
from restante_tools.lab import (
    clients,
    delayer,
    image,
    leaks,
    network,
    orangepi,
    qemu,
    vlanswitch,
)
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.dovecot import Account, Certificate, Dovecot, Plan
from restante_tools.lab.namespaces import Namespace, join, open_tap
from restante_tools.lab.runs import Run, alive_names, sweep
from restante_tools.places import Places

BOOT_SECONDS = 90.0  # to the first banner; 4 s on an idle machine, a busy one gets time
LOGS_KEPT = 8  # folders of earlier runs; each is under 1 MB


@dataclass(frozen=True)
class Wanted:
    """What a site is to be like."""

    accounts: Sequence[Account]
    certificate: Certificate | None = None
    memory: int = qemu.MEMORY_MB
    settings: Sequence[str] = field(default=())
    server: Callable[..., Any] = Dovecot  # of the internet
    recorded: bool = False  # what the box writes, from its first power-on
    files: Mapping[str, Path] = field(default_factory=dict)  # on its data partition
    clock: str = "utc"  # what the box's shows at power-on
    disk: Path | None = None  # what the box finds on its medium, instead of a new image
    usb: bool = False  # a port for sticks
    u_boot: bool = False  # start as a board does, instead of QEMU loading slot A's kernel


def remove_scratch(places: Places) -> None:
    """Remove the disks of this checkout's dead runs."""
    folder = places.build / "lab"
    folder.mkdir(parents=True, exist_ok=True)
    living = alive_names()
    for path in folder.iterdir():
        if path.name not in living:
            shutil.rmtree(path, ignore_errors=True)


class Site:
    """The two places with a real mail server. A context manager."""

    def __init__(self, places: Places, wanted: Wanted) -> None:
        self.places = places
        self.wanted = wanted
        self._stack = ExitStack()
        if leaks.WATCH:
            for account in wanted.accounts:
                leaks.WATCH.add(f"the password of {account.user}", account.password)

    def __enter__(self) -> Any:
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _build(self) -> None:
        sweep()
        self.run = self._stack.enter_context(Run())
        self.logs = self._logs()
        self.scratch = self._scratch()
        self.office = self._namespace("office")
        self.internet = self._namespace("internet")
        resolver = network.resolver(self.run.folder)
        for place in (self.office, self.internet):
            place.use_resolver(resolver)

    def _logs(self) -> Path:
        folder = self.places.log / "lab"
        folder.mkdir(parents=True, exist_ok=True)
        living = alive_names()  # a box of this run may outlive many others
        ended = [path for path in folder.iterdir() if path.name not in living]
        earlier = sorted(ended, key=lambda path: path.stat().st_mtime)
        for path in earlier[:-LOGS_KEPT]:
            shutil.rmtree(path, ignore_errors=True)
        logs = folder / self.run.name
        logs.mkdir()
        return logs

    def _scratch(self) -> Path:
        """A folder on the disk for this run."""
        remove_scratch(self.places)
        scratch = self.places.build / "lab" / self.run.name
        scratch.mkdir()
        self._stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        return scratch

    def _namespace(self, role: str) -> Namespace:
        namespace = Namespace(self.run.name, role)
        self._stack.callback(namespace.remove)
        return namespace

    def start_origin(self) -> None:
        """Start the mail server of the internet; `origin.stop` takes it off the net."""
        plan = Plan(
            self.run.folder / "dovecot",
            network.ORIGIN,
            network.POP3_PORT,
            self.wanted.certificate,
        )
        self.origin = self.wanted.server(plan, self.wanted.accounts, self.internet)
        self._stack.callback(self.origin.stop)

    def restart_origin(self) -> None:
        """Bring a stopped mail server back, with its maildrops as they were."""
        self.origin.start()

    def folder(self, name: str) -> Path:
        """A new folder below the run's, for what a client writes."""
        path = self.run.folder / name
        path.mkdir()
        return path


class NativeSite(Site):
    """A router made of a third namespace; what is redirected waits for a gate on its port."""

    def _build(self) -> None:
        super()._build()
        self.box = self._namespace("box")
        network.wire_through(self.office, self.box, self.internet, self._wan)
        self.start_origin()

    def _wan(self, left: Namespace, left_name: str, right: Namespace, right_name: str) -> None:
        join(left, left_name, right, right_name)

    def redirect_to(self, port: int | None) -> None:
        """Let another gate have what is intercepted from now on; None: nobody."""
        network.intercept(self.box, port)


class FarSite(NativeSite):
    """The same, and between the box and the internet a line as slow as a real one."""

    def __init__(self, places: Places, wanted: Wanted, line: delayer.Line) -> None:
        super().__init__(places, wanted)
        self.line = line

    def _wan(self, left: Namespace, left_name: str, right: Namespace, right_name: str) -> None:
        taps = self._tap(left, left_name), self._tap(right, right_name)
        child = delayer.start(taps, self.logs / "delayer.log", self.line)
        self._stack.callback(child.stop)

    def _tap(self, place: Namespace, name: str) -> int:
        descriptor = open_tap(place, name)
        self._stack.callback(os.close, descriptor)
        return descriptor


class ImageSite(Site):
    """The box from the image. `boot` switches it on, as often as it was switched off."""

    board = "virt"

    def _build(self) -> None:
        super()._build()
        self.image = image.Image.of(self.places, self.board)
        self.disk = self.scratch / "disk.img"
        image.copy_disk(self.wanted.disk or self.image.disk, self.disk)
        self._stack.callback(self._look_for_secrets)
        if self.wanted.settings or self.wanted.files:
            image.put_data(self.disk, self.wanted.settings, self.scratch, self.wanted.files)
        self.writes = self._record() if self.wanted.recorded else None
        self._taps = [self._cable(self.office), self._cable(self.internet)]
        network.furnish_office(self.office)
        network.furnish_internet(self.internet)
        dhcp = network.start_dhcp(self.internet, self.run.folder, self.logs / "dnsmasq.log")
        self._stack.callback(dhcp.stop)
        self.start_origin()

    def _look_for_secrets(self) -> None:
        """The box is off, its disk still there."""
        if leaks.WATCH:
            leaks.WATCH.look_at_box(self.disk, self.logs / qemu.SERIAL_LOG, self.scratch)

    def _cable(self, place: Namespace) -> int:
        """The far end of a cable; ours too, so that the near end stays when the box is off."""
        descriptor = open_tap(place, network.OFFICE_SIDE)
        self._stack.callback(os.close, descriptor)
        return descriptor

    def _record(self) -> Path:
        """An empty record of writes, and beside it the disk as it was before them."""
        self.before = self.scratch / "before.img"
        image.copy_disk(self.disk, self.before)
        path = self.scratch / "writes"
        path.touch()
        return path

    def boot(self) -> float:
        """Switch on and wait for the first POP3 banner; the seconds between the two."""
        self.switch_on()
        return self.first_banner() - self.box.power_on

    def switch_on(self) -> None:
        self.box = qemu.Box(self._machine(), self.run.folder, self.logs)
        self._stack.callback(self.box.stop)
        self.run.note(serial=str(self.box.serial_path), office=self.office.name)

    def _machine(self) -> qemu.Switchable:
        lan, wan = self._taps
        kernel = None if self.wanted.u_boot else self.image.kernel
        return qemu.Machine(
            kernel,
            self.disk,
            lan,
            wan,
            self.wanted.memory,
            self.writes,
            clock=self.wanted.clock,
            usb=self.wanted.usb,
        )

    def first_banner(self, seconds: float = BOOT_SECONDS) -> float:
        """Wait until the office gets a greeting from the origin's address; the moment."""
        plan = {"host": network.ORIGIN, "port": network.POP3_PORT, "seconds": seconds}
        report = clients.ask(self.office, {"do": "banner", "plan": plan}, seconds + 10)
        self.box.check()
        if "error" in report:
            raise ToolError(
                f"no POP3 banner within {seconds:g} s (last: {report['error']})",
                "the box does not boot, or its gate does not start",
                f"read {self.box.serial_log}",
                DEVICE_OR_TIMEOUT,
            )
        return float(report["moment"])

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds, "the box is busy or hangs", f"read {self.box.serial_log}")


class OrangePiSite(ImageSite):
    """The same with an Orange Pi PC: one cable to a switch, on which the two places are VLANs.

    `stray`: a computer on the same cable whose frames carry no tag.
    """

    board = "orangepi-pc"

    def _build(self) -> None:
        super()._build()
        self.stray = self._namespace("stray")
        lan, wan = self._taps
        ports = {
            orangepi.LAN_VLAN: lan,
            orangepi.WAN_VLAN: wan,
            vlanswitch.UNTAGGED: self._cable(self.stray),
        }
        ours, self._trunk = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._stack.callback(self._trunk.close)
        self._stack.callback(ours.close)
        for end in (ours, self._trunk):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, orangepi.QUEUE)
        switch = vlanswitch.start(ours.fileno(), ports, self.logs / "switch.log")
        self._stack.callback(switch.stop)

    def _machine(self) -> qemu.Switchable:
        return orangepi.Board(self.disk, self._trunk.fileno())
