"""A box that stores and holds mail and is given a firmware; every write is recorded.

The bundle is built of this tree's kernel and root file system, signed, and installed by a word at
the console; the box then restarts as often as it takes.
"""

import random
import re
import shutil
import subprocess
import sys

from restante_tools.lab import boxconsole, clients, image, network, planted, slots, writelog
from restante_tools.lab.dovecot import Account
from restante_tools.lab.gpt import partition
from restante_tools.lab.site import Wanted
from restante_tools.lab.slotcuts import Firmware
from restante_tools.places import Places

A, B = 0, 1
VERSION = "9.9.1"
OLD, NEW = "the old one", "the new one"
OLDER = "what was in the other slot"
SETTINGS = (
    "set log level debug",  # not the factory's
    f"set group office servers {network.ORIGIN}",
    "set group office rule all",
    "set group office interval 600",
)
ACCOUNTS = (
    planted.account(),  # its message must be held
    Account("kept", planted.PASSWORD, [b"Subject: %d\n\nkept\n" % number for number in (1, 2)]),
)
COLLECT_SECONDS = 60
RESTART_SECONDS = 120  # to the next line of U-Boot's script; 10 on an idle machine
GIVEN_UP_SECONDS = (
    400  # a gate that never answers: 30 s of grace, 40 of silence, 15 of the watchdog
)
PROVEN_SECONDS = 180
TOOL_SECONDS = 120
SERVES, RESTARTS, DEAD_GATE = "serves", "restarts", "has a dead gate"
GATE_LINE = 'case "$1" in\n'
# What is changed in the working one: a file, a line of it, and what stands there instead; no line:
# at the end. All are the whole system but for that.
CHANGES = {
    SERVES: ("sbin/run", GATE_LINE, f"# {VERSION}\n{GATE_LINE}"),
    # At the end of start-up, as a driver that hangs or a program that eats all memory would do.
    RESTARTS: ("etc/init.d/rcS", "", "\nreboot -f\n"),
    # FAULTS 85: everything but the gate works.
    DEAD_GATE: ("sbin/run", GATE_LINE, GATE_LINE + "    gate) exit 1 ;;\n"),
}


def changed_root(output, folder, how):
    """The root file system of this tree, with one file changed."""
    tree, target = folder / "tree", folder / "root.sqfs"
    image.tool(["unsquashfs", "-q", "-n", "-d", str(tree), str(output / "rootfs.sqfs")])
    name, old, new = CHANGES[how]
    text = (tree / name).read_text()
    assert not old or text.count(old) == 1
    (tree / name).write_text(text.replace(old, new) if old else text + new)
    words = ["mksquashfs", str(tree), str(target), "-no-progress", "-comp", "xz", "-all-root"]
    image.tool(words)
    shutil.rmtree(tree)
    return target


def restante(*words):
    command = [sys.executable, "-m", "restante_tools", *map(str, words)]
    done = subprocess.run(
        command, cwd=Places().repository, capture_output=True, text=True, timeout=TOOL_SECONDS
    )
    assert done.returncode == 0, done.stderr


class Given:
    """A signed bundle, the medium of a box that is to get it, and what its slots may hold."""

    def __init__(self, output, folder, how):
        self.how = how
        self.bundle, self.disk = folder / "firmware.bundle", folder / "disk"
        kernel = output / "zImage"
        root = changed_root(output, folder, how)
        restante(
            *("bundle", "build", kernel, "--root", root, "--kind", "firmware"),
            *("--hardware", "virt", "--version", VERSION, "--epoch", "1", "--serial", "7"),
            *("--output", self.bundle),
        )
        restante("bundle", "sign", self.bundle, "--key", Places().keys / "firmware-1.key")
        image.copy_disk(image.Image.of(Places()).disk, self.disk)
        noise = [self._fill(name) for name in ("kernelB", "rootB")]
        old = kernel.read_bytes(), (output / "rootfs.sqfs").read_bytes()
        self.firmwares = [
            Firmware(OLDER, *noise),
            Firmware(OLD, *old),
            Firmware(NEW, kernel.read_bytes(), root.read_bytes(), VERSION),
        ]

    def _fill(self, name):
        """Noise, so that each octet tells whether it was written; nobody starts it."""
        octets = random.Random(name).randbytes(partition(self.disk, name)[1])
        slots.fill(self.disk, name, octets)
        return octets

    def wanted(self, **more):
        return Wanted(ACCOUNTS, u_boot=True, **more)

    def wanted_first(self):
        return self.wanted(
            settings=SETTINGS,
            files={"updates/incoming": self.bundle},
            disk=self.disk,
            recorded=True,
        )


class Box:
    """A site whose box is on."""

    def __init__(self, site):
        self.site = site

    def __call__(self, command):
        line = self.site.box.serial(self.deadline())
        try:
            return boxconsole.over_serial(line, self.deadline)(command)
        finally:
            line.close()

    def deadline(self, seconds=boxconsole.ANSWER_SECONDS):
        return self.site.deadline(seconds)

    def fetch(self, **more):
        plans = [clients.plan(account.user, account.password, **more) for account in ACCOUNTS]
        reports = clients.fetch(self.site.office, plans)
        assert [report["error"] for report in reports if "error" in report] == []
        return [[row.get("sha256") for row in report["messages"]] for report in reports]

    def log(self):
        return self.site.box.serial_log.read_text(encoding="utf-8", errors="replace")

    def wait(self, text, seconds, count=1):
        limit = self.deadline(seconds)
        limit.wait(lambda: self.log().count(text) >= count, f"{text!r} for the {count}. time")

    def says(self):
        return slots.record(self.site.disk).says()

    def runs(self):
        """The letter of the slot that U-Boot started last."""
        return self.log().rpartition("restante: starting slot ")[2][0]

    def kept(self):
        """What no update may change: settings, stored mail, held mail."""
        shown = "\n".join(boxconsole.must(self, "show configuration").lines)
        return shown, self.fetch(), [held.ident for held in boxconsole.quarantine(self)]


class Story(Box):
    """From the first start to the end; then the box is off."""

    def __init__(self, site, given):
        super().__init__(site)
        self.given = given
        self._learn()
        self.before = self.kept()
        self.settled = writelog.complete(site.writes)
        self._install()
        if given.how == SERVES:
            self._is_proven()
            self._goes_back()
        else:
            self._is_left()
        site.box.stop()

    def _learn(self):
        self.fetch(numbers=[])
        limit = self.deadline(COLLECT_SECONDS)
        limit.wait(lambda: all(map(self._is_collected, ACCOUNTS)), "the mail of both accounts")

    def _is_collected(self, account):
        shown = self(f"show account {account.user} @ office")
        cached = re.match(r"(\d+) messages, [1-9]", shown.value("mail"))
        complete = cached is not None and int(cached[1]) == len(account.messages)
        return complete and shown.value("state") == "ready"

    def _install(self):
        """It is in the other slot; the box goes down to start it."""
        self.answer = boxconsole.must(self, "firmware install").text
        self.installed = writelog.complete(self.site.writes)
        assert self("reboot yes").ok

    def _is_left(self):
        for count, left in enumerate((2, 1, 0), 1):
            self.wait("starting slot B", GIVEN_UP_SECONDS, count)
            self.wait(f"tries left: {left}", RESTART_SECONDS)
        self.wait("going back to slot A", GIVEN_UP_SECONDS)
        self.site.first_banner()
        self.after = self.kept()
        self.alarms = "\n".join(boxconsole.must(self, "show alarms").lines)

    def _is_proven(self):
        self.wait("starting slot B", RESTART_SECONDS)
        self.site.first_banner()
        self.after = self.kept()
        limit = self.deadline(PROVEN_SECONDS)
        limit.wait(lambda: slots.record(self.site.disk).proven, "the firmware is proven")

    def _goes_back(self):
        """By a word at the console, which is a write of the record too."""
        seen = self.log().count("starting slot A")
        self.rolled_back = boxconsole.must(self, "firmware rollback").text
        assert self("reboot yes").ok
        self.wait("starting slot A", RESTART_SECONDS, seen + 1)
        self.site.first_banner()
        self.at_last = self.kept()
