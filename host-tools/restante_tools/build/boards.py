"""The boards that an image can be built for, and what each needs beside its folder in board/."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Loader:
    """U-Boot as Debian built it, with what the chip starts first: a file of a locked package."""

    package: str
    file: str


@dataclass(frozen=True)
class Board:
    """One that is described to the kernel and started by its machine needs neither of these."""

    device_tree: str | None = None  # below the kernel's arch/arm/boot/dts, without `.dtb`
    loader: Loader | None = None


BOARDS = {
    # QEMU brings device tree and U-Boot.
    "virt": Board(),
    "orangepi-pc": Board(
        device_tree="allwinner/sun8i-h3-orangepi-pc",
        # Debian builds for the Plus, which is the same board with eMMC and radio added.
        loader=Loader("u-boot-sunxi", "usr/lib/u-boot/orangepi_pc_plus/u-boot-sunxi-with-spl.bin"),
    ),
}
