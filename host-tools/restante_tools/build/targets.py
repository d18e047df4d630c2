"""What can be built, each target with all that it needs.

Rule: a target fetches and builds only what is missing, and leaves its result in build/<board>/ or
build/native/.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from restante_tools.build import bill, boot_partition, cache, devicetree, rootfs, roots
from restante_tools.build.boards import BOARDS
from restante_tools.build.busybox import busybox
from restante_tools.build.image import image
from restante_tools.build.kernel import LINUX, kernel
from restante_tools.build.keyset import factory_keys
from restante_tools.build.micropython import PACKAGES as MICROPYTHON_PACKAGES
from restante_tools.build.micropython import box_target, micropython, mpy_cross, native_target
from restante_tools.build.native_tests import TREES as NATIVE_TEST_TREES
from restante_tools.build.native_tests import native_tests
from restante_tools.build.signatures import factory_set
from restante_tools.build.toolchain import Toolchain, toolchain
from restante_tools.places import Places
from restante_tools.sources import lock
from restante_tools.sources.fetch import taken
from restante_tools.sources.lock import Package
from restante_tools.sources.unpack import tree_of

TOOLCHAIN_PACKAGES = ("musl", LINUX)
DEFAULT_BOARD = "virt"
PARTS = frozenset({"toolchain", "kernel", "device tree", "busybox", "mpy-cross", "micropython"})


@dataclass
class Build:
    """One build of one board. Parts named in `anew` are made even if the cache has them."""

    places: Places
    board: str = DEFAULT_BOARD
    anew: frozenset[str] = frozenset()
    _packages: dict[str, Package] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        """Where the board's finished parts are."""
        return self.places.output(self.board)

    def packages(self, *names: str) -> dict[str, Package]:
        """The sources of these names, fetched if need be."""
        missing = [name for name in names if name not in self._packages]
        if missing:
            self._packages.update(taken(self.places, missing))
        return self._packages

    def tools(self) -> Toolchain:
        """The compiler for the box."""
        packages = self.packages(*TOOLCHAIN_PACKAGES)
        return toolchain(self.places, packages, "toolchain" not in self.anew)

    def kernel(self) -> Path:
        """zImage, with the device tree that belongs to it, and the configuration."""
        packages = self.packages(LINUX)
        folder = kernel(self.places, packages, self.board, "kernel" not in self.anew)
        cache.install(folder / "config", self.output / "config")
        made = self.output / "zImage"
        tree = self.device_tree()
        if tree is None:
            return cache.install(folder / "zImage", made)
        return devicetree.join(folder / "zImage", tree, made)

    def device_tree(self) -> Path | None:
        """The board's device tree; None: the machine describes itself."""
        name = BOARDS[self.board].device_tree
        if name is None:
            return None
        keep = "device tree" not in self.anew
        packages = self.packages(LINUX)
        tree = devicetree.device_tree(self.places, packages, self.board, name, keep)
        return cache.install(tree, self.output / "board.dtb")

    def loader(self) -> list[Path]:
        """What the chip starts, if it starts from the disk."""
        loader = BOARDS[self.board].loader
        if loader is None:
            return []
        tree = tree_of(self.places, self.packages(loader.package)[loader.package])
        return [cache.install(tree / loader.file, self.output / "u-boot.bin")]

    def busybox(self) -> Path:
        """busybox and the list of its names."""
        tools = self.tools()
        folder = busybox(self.places, self.packages("busybox"), tools, "busybox" not in self.anew)
        cache.install(folder / "links", self.output / "busybox.links")
        return cache.install(folder / "busybox", self.output / "busybox")

    def compiler(self) -> Path:
        """mpy-cross, for this machine."""
        folder = mpy_cross(self.places, self.packages("micropython"), "mpy-cross" not in self.anew)
        return cache.install(folder / "mpy-cross", self.places.native / "mpy-cross")

    def micropython(self) -> Path:
        """Our interpreter for the box."""
        target = box_target(self.tools())
        packages = self.packages(*MICROPYTHON_PACKAGES)
        folder = micropython(
            self.places, packages, target, self.compiler(), "micropython" not in self.anew
        )
        return cache.install(folder / "restante", self.output / "restante")

    def native_micropython(self) -> Path:
        """Our interpreter for this machine."""
        packages = self.packages(*MICROPYTHON_PACKAGES)
        target = native_target()
        folder = micropython(
            self.places, packages, target, self.compiler(), "micropython" not in self.anew
        )
        return cache.install(folder / "restante", self.places.native / "restante")

    def native_tests(self) -> Path:
        """The C test programs."""
        return native_tests(self.places, self.packages(*NATIVE_TEST_TREES.values()))

    def roots(self) -> Path:
        """Certificates of public CAs."""
        tree = tree_of(self.places, self.packages(roots.PACKAGE)[roots.PACKAGE])
        return roots.write(tree, self.output / "roots")

    def rootfs(self) -> Path:
        """The root file system."""
        program = self.micropython()
        contents = rootfs.Contents(
            busybox=self.busybox(),
            links=self.output / "busybox.links",
            restante=program,
            signatures=factory_set(self.places, self.output / "factory.sig"),
            keys=factory_keys(self.places, self.output / "keys"),
            roots=self.roots(),
        )
        target = self.output / "rootfs.sqfs"
        rootfs.rootfs(self.places, self.board, contents, target)
        return target

    def boot(self) -> list[Path]:
        """U-Boot's script on its file system, and the first boot record."""
        return boot_partition.boot_parts(self.places, self.board, self.output)

    def image(self) -> Path:
        """The disk image, and the bill of materials beside it."""
        files = [self.rootfs(), self.kernel(), *self.loader(), *self.boot()]
        disk = image(self.places, self.board)
        suite = lock.read(self.places.lock).suite
        text = bill.bill(self.board, self._packages, suite, files)
        (self.output / f"restante-{self.board}.cdx.json").write_text(text, encoding="utf-8")
        return disk
