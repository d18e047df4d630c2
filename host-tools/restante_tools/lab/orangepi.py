"""The box as QEMU's machine `orangepi-pc`: started from its SD card alone, as the board is.

Rule: nothing is handed over but the card and the cable; U-Boot with what the chip loads first,
kernel and device tree come from the card. The machine has 1 GiB of memory, QEMU takes no other
size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restante_tools.lab.qemu import PROGRAM, monitor_and_serial

# What a managed switch is set to (board/orangepi-pc/overlay/etc/init.d/interfaces).
LAN_VLAN, WAN_VLAN = 10, 20
# Octets that may wait on the trunk, which the kernel doubles: fewer than 512 frames, each of which
# counts 768 at least. QEMU's network chip has 512 buffers, and is deaf for ever when all were
# full once.
QUEUE = 128 << 10


@dataclass(frozen=True)
class Board:
    """What is switched on: the card, and the far end of its one network cable."""

    card: Path
    trunk: int

    @property
    def cables(self) -> Sequence[int]:
        return (self.trunk,)

    def command(self, folder: Path, serial_log: Path) -> list[str]:
        """QEMU's command line."""
        return [
            *("unshare", "--net", PROGRAM),
            *("-nodefaults", "-no-user-config", "-display", "none", "-S"),
            *("-machine", "orangepi-pc"),
            *monitor_and_serial(folder, serial_log),
            *("-drive", f"if=sd,format=raw,file={self.card}"),
            *("-nic", f"socket,fd={self.trunk},model=allwinner-sun8i-emac"),
        ]
