"""Where things are: the repository, the build folder, the cache.

Rule: every path of the host tools starts here. Nothing is written outside `build/` and the cache.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Places:
    """The folders of one checkout. `build` can be elsewhere for a second, independent build."""

    build: Path = REPOSITORY / "build"
    repository: Path = REPOSITORY
    shared_cache: Path | None = None

    @property
    def cache(self) -> Path:
        """Downloads and finished parts; may be shared by checkouts; never needed."""
        if self.shared_cache is not None:
            return self.shared_cache
        chosen = os.environ.get("RESTANTE_CACHE")
        return Path(chosen).resolve() if chosen else self.build / "cache"

    @property
    def downloads(self) -> Path:
        """Source packages as fetched, named as Debian names them."""
        return self.cache / "downloads"

    @property
    def log(self) -> Path:
        """One log per step, complete."""
        return self.build / "log"

    @property
    def sources(self) -> Path:
        """Unpacked sources, one folder per package."""
        return self.build / "src"

    @property
    def work(self) -> Path:
        """Object files; may be deleted at any time."""
        return self.build / "work"

    @property
    def keys(self) -> Path:
        """Throw-away keys for bundles; a publisher's are elsewhere."""
        return self.build / "keys"

    @property
    def toolchain(self) -> Path:
        """Compiler wrapper and sysroot for the box."""
        return self.build / "toolchain"

    @property
    def native(self) -> Path:
        """Programs for this machine."""
        return self.build / "native"

    @property
    def unpacked(self) -> Path:
        """Packages of the set-up's group `unpacked`, a folder each."""
        return self.build / "unpacked"

    @property
    def board(self) -> Path:
        """The box's description: fragments, overlays, partition map."""
        return self.repository / "board"

    @property
    def firmware(self) -> Path:
        """What runs on the box."""
        return self.repository / "firmware"

    @property
    def lock(self) -> Path:
        """Name, version and hash of everything taken."""
        return self.repository / "host-tools" / "sources.lock"

    def output(self, board: str) -> Path:
        """Finished parts and the image of one board."""
        return self.build / board
