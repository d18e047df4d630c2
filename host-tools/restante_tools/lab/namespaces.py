"""Network namespaces: made, wired, removed. Nothing of the machine's own network is touched.

Rule: each interface is born inside a namespace of the run; none ever exists beside the user's own.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from restante_tools.errors import ToolError
from restante_tools.lab.runs import NETNS, iproute, remove_namespace

Made = TypeVar("Made")

CLONE_NEWNET = 0x40000000  # sched.h
TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
TUN = Path("/dev/net/tun")
COMMAND_SECONDS = 60.0  # for short commands inside a namespace
# Ask for a neighbour again after 50 ms, not 1 s: a box that comes up is seen at once.
NEIGHBOUR_RETRY_MS = 50


class Namespace:
    """One network namespace with a name that carries its run's."""

    def __init__(self, run_name: str, role: str) -> None:
        self.role = role
        self._resolver: Path | None = None
        self.name = f"{run_name}-{role}"
        iproute("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def command(self, words: Sequence[str]) -> list[str]:
        """The same command, run inside."""
        inside = ["ip", "netns", "exec", self.name]
        if self._resolver is not None:
            # `ip netns exec` gives each command mounts of its own: nobody else sees this one.
            mount = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
            inside += ["sh", "-c", mount, str(self._resolver)]
        return [*inside, *words]

    def use_resolver(self, path: Path) -> None:
        """From now on, commands inside find their name server in this file.

        Else a client asks the machine's own, which cannot be reached from inside, and waits.
        """
        self._resolver = path

    def run(self, words: Sequence[str], seconds: float = COMMAND_SECONDS, text: str = "") -> str:
        """What a short command inside prints, given `text` as its input."""
        try:
            done = subprocess.run(
                self.command(words),
                input=text,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolError(
                f"{words[0]} in {self.role} did not end within {seconds:g} s",
                "its peer does not answer",
                f"the command was: {' '.join(words)}",
            ) from error
        if done.returncode != 0:
            raise ToolError(
                f"{words[0]} in {self.role} failed with code {done.returncode}",
                (done.stderr or done.stdout).strip()[-1500:],
                f"the command was: {' '.join(words)}",
            )
        return done.stdout

    def ip(self, *words: str) -> str:
        return iproute("-n", self.name, *words)

    def sysctl(self, key: str, value: int | str) -> None:
        path = "/proc/sys/" + key.replace(".", "/")
        self.run(["sh", "-c", f"echo {value} > {path}"])

    def configure(self, interface: str, address: str, gateway: str = "") -> None:
        """Give an interface its address, switch it on, route everything through `gateway`."""
        self.ip("address", "add", address, "dev", interface)
        self.ip("link", "set", interface, "up")
        self.sysctl(f"net.ipv4.neigh.{interface}.retrans_time_ms", NEIGHBOUR_RETRY_MS)
        if gateway:
            self.ip("route", "add", "default", "via", gateway)

    def remove(self) -> None:
        """End what still runs inside and remove it, with its interfaces."""
        if (NETNS / self.name).exists():
            remove_namespace(self.name)


def join(left: Namespace, left_name: str, right: Namespace, right_name: str) -> None:
    """Lay a cable between two namespaces."""
    left.ip(
        *("link", "add", left_name, "type", "veth", "peer", "name", right_name),
        *("netns", right.name),
    )


def within(namespace: Namespace, work: Callable[[], Made]) -> Made:
    """What `work` makes inside the namespace: a socket or a descriptor, which stays there.

    A thread of its own enters and ends: what it made belongs to the namespace, and can be used by
    anybody.
    """
    made: list[Made] = []
    failed: list[OSError] = []

    def enter_and_work() -> None:
        try:
            _enter(NETNS / namespace.name)
            made.append(work())
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=enter_and_work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def _enter(namespace: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    entered = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(entered, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"setns: {os.strerror(number)}")
    finally:
        os.close(entered)


def open_tap(namespace: Namespace, interface: str) -> int:
    """Make `interface` inside the namespace; the descriptor is the other end of its cable.

    QEMU gets the descriptor and needs no right to the network at all.
    """
    try:
        return within(namespace, lambda: _tap(interface))
    except OSError as error:
        raise ToolError(
            f"cannot make a network tap: {error}",
            f"{TUN} is missing or closed to this user (a container without it, or not root)",
            "run as root on a machine with the tun driver: modprobe tun",
        ) from error


def _tap(interface: str) -> int:
    tap = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)
    try:
        request = struct.pack("16sH14x", interface.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
        fcntl.ioctl(tap, TUNSETIFF, request)
    except OSError:
        os.close(tap)
        raise
    return tap


def is_listening(address: str, port: int, namespace: Namespace | None = None) -> bool:
    """Whether somebody takes connections there; None: on this machine."""
    if namespace is not None:
        return f"{address}:{port} " in namespace.run(["ss", "-Hltn"])
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0
