"""What must be known of a board to write its medium from U-Boot's prompt: all is in one table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """`medium`: U-Boot's command that reads and writes it, and `number` among those."""

    name: str
    prompt: str
    medium: str
    number: int
    prepare: tuple[str, ...]  # commands before the medium is used
    ram: int  # where octets are put; below U-Boot itself, its stack and its device tree
    ram_octets: int
    baud: int
    boot: tuple[str, ...]  # starts slot A by hand; {ram} is put in


BOARDS = {
    "virt": Board(
        name="virt",
        prompt="=> ",
        medium="virtio",
        number=0,
        prepare=("virtio scan", "virtio device 0"),
        # `bdinfo` with 64 MiB: memory from 0x40000000, U-Boot's own from 0x41df3000.
        ram=0x40400000,
        ram_octets=16 << 20,
        baud=115200,
        boot=(
            "part start virtio 0 kernelA s; part size virtio 0 kernelA n",
            "virtio read {ram:x} $s $n",
            "setenv bootargs console=ttyAMA0,115200 root=PARTLABEL=rootA rootfstype=squashfs ro "
            "softdog.soft_margin=15",
            "bootz {ram:x} - $fdtcontroladdr",
        ),
    ),
}
