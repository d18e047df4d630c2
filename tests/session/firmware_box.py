"""A box with two slots: files stand for its partitions, and this file for U-Boot."""

import json
import socket
from pathlib import Path

from boxes import ANSWER_SECONDS, TOP, program
from installing import InstallingBox
from restante.box import bootrecord
from restante_tools.lab.children import Child

QUICK = Path(__file__).resolve().parent / "slots_quick.py"
MIB = 1 << 20
# Of each partition of a slot: small, so that bundles do not take long to send.
ROOM = 1 << 18
OLD = {
    "A": (b"kernel of A" * 99, b"root of A" * 999),
    "B": (b"kernel of B" * 99, b"root of B" * 99),
}


class FirmwareBox(InstallingBox):
    """`cuts`: partitions that are not there."""

    def __init__(self, origin_port, signatures, keys, cuts=()):
        self.slots = None
        self.cuts = cuts
        super().__init__(origin_port, signatures, ["set log level info"], keys)
        self.disk_folder = self.folder / "partitions"
        self.disk_folder.mkdir()
        self.new_disk()
        for name in cuts:
            (self.disk_folder / name).unlink()
        (self.run / "filter").write_text("redirect")
        self.start_slots("A")

    def new_disk(self):
        """As the image is written to it."""
        for slot, parts in OLD.items():
            self.write(slot, parts)
        record = bytearray(MIB)
        for place in bootrecord.PLACES:
            record[place : place + bootrecord.SECTOR_OCTETS] = bootrecord.pack(bootrecord.made())
        (self.disk_folder / "record").write_bytes(record)

    def write(self, slot, parts):
        for name, octets in zip(("kernel", "root"), parts, strict=True):
            (self.disk_folder / (name + slot)).write_bytes(octets.ljust(ROOM, b"\0"))

    def start_slots(self, slot, quick=False):
        """As if the box had been started in this slot."""
        (self.run / "slot-asked").unlink(missing_ok=True)
        cmdline = self.folder / "cmdline"
        cmdline.write_text(f"console=ttyAMA0 root=PARTLABEL=root{slot} ro restante.slot={slot}\n")
        words = [str(QUICK)] if quick else ["-m", "restante.programs.slots"]
        self.slots = Child(
            "slots",
            [
                *(program(), "-X", "heapsize=512k", *words),  # as in board/common/overlay/sbin/run
                *("--run", str(self.run), "--data", str(self.data)),
                *("--image", str(self.folder / "image"), "--partitions", str(self.disk_folder)),
                *("--cmdline", str(cmdline), "--gate", f"127.0.0.1:{self.port}"),
            ],
            self.folder / "slots.log",
            environment={"MICROPYPATH": f"{TOP / 'firmware'}:.frozen"},
        )
        self.until(lambda: self.asked("status") is not None, "slots")

    def asked(self, words):
        """The reply of `slots` to a word, as the gate would get it; None: it does not listen."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.settimeout(ANSWER_SECONDS)
            try:
                sock.connect(str(self.run / "slots.sock"))
            except OSError:
                return None
            sock.sendall(words.encode())
            data = sock.recv(65536)
            return json.loads(data) if data else {}

    def record(self):
        octets = (self.disk_folder / "record").read_bytes()
        places = bootrecord.PLACES
        copies = [octets[at : at + bootrecord.SECTOR_OCTETS] for at in places]
        return bootrecord.newest(copies)

    def u_boot(self):
        """The slot that is started, as its script chooses."""
        found, at = self.record()
        if found.proven:
            return "AB"[found.slot]
        if found.tries:
            after = found.next(found.slot, found.tries - 1, False, found.other_proven)
        else:
            after = found.next(1 - found.slot, 0, True, False)
            after.fallbacks += 1
        with (self.disk_folder / "record").open("r+b") as file:
            file.seek(bootrecord.PLACES[1 - at])
            file.write(bootrecord.pack(after))
        return "AB"[after.slot]

    def reboot(self, quick=False):
        """The slot that came up."""
        self.stop_slots()
        slot = self.u_boot()
        self.start_slots(slot, quick)
        self.gate.stop()
        self.start_gate(listen=self.port)
        return slot

    def holds(self, slot, parts):
        names = ("kernel" + slot, "root" + slot)
        found = [(self.disk_folder / name).read_bytes() for name in names]
        return all(f.startswith(p) for f, p in zip(found, parts, strict=True))

    def firmware(self):
        """The lines of `show firmware`, or what went wrong."""
        first, rows = self.console("show firmware")
        return "\n".join([first, *rows])

    def stop_slots(self):
        if self.slots is not None:
            self.slots.stop()
            self.slots = None

    def stop(self):
        self.stop_slots()
        super().stop()
