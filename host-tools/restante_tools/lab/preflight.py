"""What must be there before anything is started; each thing missing is a clear error.

Rule: only looks, changes nothing.
"""

from __future__ import annotations

import os
import shutil
import sys

from restante_tools.errors import USAGE, ToolError
from restante_tools.lab import qemu
from restante_tools.lab.namespaces import TUN
from restante_tools.places import REPOSITORY

SEARCH = "/usr/sbin:/sbin"  # where Debian keeps servers and network tools
NETWORK_TOOLS = {
    "ip": "iproute2",
    "ss": "iproute2",
    "setpriv": "util-linux",
    "dnsmasq": "dnsmasq-base",
}
MAIL_TOOLS = {"dovecot": "dovecot-pop3d", "mpop": "mpop", "fetchmail": "fetchmail"}
MACHINE_TOOLS = {
    "qemu-system-arm": "qemu-system-arm",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "unshare": "util-linux",
}


def check(*, image: bool, goal: str = "run", u_boot: bool = False) -> None:
    """Raise ToolError for the first thing that is missing. `image`: a box in QEMU is wanted.

    `goal`: what the user asked make for. `u_boot`: the box starts through it.
    """
    check_root(goal)
    check_programs({**NETWORK_TOOLS, **MAIL_TOOLS, **(MACHINE_TOOLS if image else {})})
    if image:
        check_tun()
    if u_boot:
        check_u_boot()


def check_root(goal: str = "run") -> None:
    if os.geteuid() != 0:
        raise ToolError(
            "this makes network namespaces and needs root",
            f"it was started by user number {os.geteuid()}",
            f"sudo make -C {REPOSITORY} {goal}",
            USAGE,
        )


def check_programs(wanted: dict[str, str]) -> None:
    path = os.environ.get("PATH", "") + ":" + SEARCH
    absent = [name for name in wanted if shutil.which(name, path=path) is None]
    missing = sorted({wanted[name] for name in absent})
    if missing:
        raise ToolError(
            f"not installed: {', '.join(missing)}",
            "the set-up did not run, or a package was removed since",
            "run host-tools/setup, which installs them",
        )
    # What we start later is found the same way, wherever the user's search path ends.
    os.environ["PATH"] = path


def check_tun() -> None:
    try:
        os.close(os.open(TUN, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise ToolError(
            f"{TUN} cannot be opened: {error.strerror}",
            "the tun driver is not loaded, or this is a container that was not given the device",
            "modprobe tun; for a container: --device /dev/net/tun --cap-add NET_ADMIN",
        ) from error


def check_u_boot() -> None:
    if not qemu.U_BOOT.exists():
        raise ToolError(
            f"{qemu.U_BOOT} is missing",
            "U-Boot for QEMU is not installed (Debian's package u-boot-qemu)",
            "run host-tools/setup, which installs it",
        )


def on_terminal() -> bool:
    """Whether a person is there to use the box after the demonstration."""
    return sys.stdin.isatty() and sys.stdout.isatty()
