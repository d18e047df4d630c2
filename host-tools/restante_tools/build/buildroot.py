"""Driving a Buildroot checkout with board/ as its external tree.

Rule: the checkout is only read; everything made lies in build/buildroot/. Sources are the verified
ones of the lock file, handed over as `*_OVERRIDE_SRCDIR`, not Buildroot's own downloads.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from restante_tools.build import roots
from restante_tools.build.boot_partition import boot_parts
from restante_tools.build.data_partition import write_template
from restante_tools.build.kernel import LINUX
from restante_tools.build.keyset import factory_keys
from restante_tools.build.signatures import factory_set
from restante_tools.errors import USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.places import Places
from restante_tools.processes import output_of, run
from restante_tools.progress import say, step
from restante_tools.sources.fetch import taken
from restante_tools.sources.unpack import tree_of

DEFCONFIG = "restante_virt_defconfig"
# Buildroot's name of a package, ours of its source.
OVERRIDES = {
    "LINUX": LINUX,
    "BUSYBOX": "busybox",
    "MICROPYTHON": "micropython",
    "ZLIB": "zlib",
    "LIBZLIB": "zlib",
    "BZIP2": "bzip2",
    "XZ": "xz-utils",
    "MBEDTLS": "mbedtls",
    "LIBSODIUM": "libsodium",
}
# Sources that Buildroot has no package of: the variable of restante.mk, our name.
TREES = {
    "RESTANTE_LHASA_SRCDIR": "lhasa",
    "RESTANTE_CABEXTRACT_SRCDIR": "cabextract",
    "RESTANTE_7ZIP_SRCDIR": "7zip",
}
CHECK_DEADLINE = 300  # seconds; the three checks take ten
BUILD_DEADLINE = 4 * 3600  # seconds; a whole toolchain is built


def drive(places: Places, checkout: Path, full: bool) -> None:
    """Configure, check our package, and with `full` build the image."""
    if not (checkout / "support" / "scripts" / "br2-external").exists():
        raise ToolError(
            f"{checkout} is not a Buildroot checkout",
            "another folder was named",
            "get a release of Buildroot, name its folder: make buildroot BUILDROOT=path",
            USAGE,
        )
    output = places.build / "buildroot"
    output.mkdir(parents=True, exist_ok=True)
    log = places.log / "buildroot.log"
    log.unlink(missing_ok=True)
    overrides = output / "local.mk"
    overrides.write_text(override_lines(places), encoding="utf-8")
    make: list[str | Path] = [
        *("make", "-C", checkout.resolve(), f"O={output}", f"BR2_EXTERNAL={places.board}"),
        f"BR2_PACKAGE_OVERRIDE_FILE={overrides}",
    ]
    with step(f"Buildroot: {DEFCONFIG}"):
        run([*make, DEFCONFIG], log, deadline=CHECK_DEADLINE)
        refuse_lost(places.board / "configs" / DEFCONFIG, output / ".config")
    with step("Buildroot: check-package"):
        check_style(places, checkout, log)
    with step("Buildroot: our package expands"):
        check_expansion(make)
    if full:
        parts = output / "parts"
        factory_set(places, parts / "factory.sig")
        factory_keys(places, parts / "keys")
        authorities = taken(places, [roots.PACKAGE])[roots.PACKAGE]
        roots.write(tree_of(places, authorities), parts / "roots")
        write_template(places, parts / "data.ext4.xz")
        boot_parts(places, "virt", parts)
        with step("Buildroot: image"):
            run(make, log, extra={"RESTANTE_PARTS": str(parts)}, deadline=BUILD_DEADLINE)
        say(str(output / "images"))


def check_expansion(make: list[str | Path]) -> None:
    """ToolError unless Buildroot knows our package and would build it from the sources we gave."""
    ask = [*make, "-s", "--no-print-directory"]
    known = output_of([*ask, "restante-show-info"], deadline=CHECK_DEADLINE)
    needed = {"bzip2", "libsodium", "libzlib", "mbedtls", "micropython", "xz"}
    commands = output_of([*ask, "printvars", "VARS=RESTANTE_BUILD_CMDS"], deadline=CHECK_DEADLINE)
    missing = needed - set(json.loads(known).get("restante", {}).get("dependencies", []))
    missing |= {name for name in needed if f"/{name}-custom" not in commands}
    if missing:
        raise ToolError(
            f"Buildroot does not build restante from our {', '.join(sorted(missing))}",
            "this release handles *_OVERRIDE_SRCDIR or patch dependencies in another way",
            "see board/package/restante/restante.mk, and board/README.md for the tried release",
            VERIFICATION_FAILED,
        )


def override_lines(places: Places) -> str:
    """Where Buildroot finds each source, as lines of make."""
    named = {f"{name}_OVERRIDE_SRCDIR": source for name, source in OVERRIDES.items()} | TREES
    packages = taken(places, sorted(set(named.values())))
    lines = [f"{name} = {tree_of(places, packages[source])}\n" for name, source in named.items()]
    return "".join(lines)


def refuse_lost(defconfig: Path, config: Path) -> None:
    """ToolError unless every line of the defconfig took effect."""
    has = set(config.read_text(encoding="utf-8").splitlines())
    wanted = defconfig.read_text(encoding="utf-8").splitlines()
    lost = [line for line in wanted if line.startswith("BR2_") and line not in has]
    if lost:
        raise ToolError(
            "Buildroot's configuration dropped: " + ", ".join(lost),
            "this release renamed or removed an option",
            f"correct {defconfig.name}, or use the release that board/README.md names",
            VERIFICATION_FAILED,
        )


def check_style(places: Places, checkout: Path, log: Path) -> None:
    """Buildroot's own style checker over all files of the external tree that it knows."""
    board = places.board
    files = [board / name for name in ("Config.in", "external.mk", "external.desc")]
    files += sorted((board / "package").rglob("*.*")) + sorted((board / "configs").iterdir())
    tool = checkout.resolve() / "utils" / "check-package"
    # By our Python: the checker needs libraries that the set-up installs there.
    run([sys.executable, tool, "-b", *files], log, folder=board, deadline=CHECK_DEADLINE)
