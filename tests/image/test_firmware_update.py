"""New firmware on the image, through U-Boot: one that serves is proven, one that does not is left.

A bundle is built of this tree's kernel and root file system, signed, installed by a word at the
console; the box then restarts as often as it takes.
"""

import shutil
import subprocess
import sys
from contextlib import ExitStack

import pytest
from restante_tools.lab import boxconsole, clients, image, planted, preflight, slots
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.lab.slots import bootrecord
from restante_tools.places import Places

A, B = 0, 1
SETTING = "set log level debug"  # not the factory's
VERSION = "9.9.1"
RESTART_SECONDS = 120  # to the next line of U-Boot's script; 10 on an idle machine
GIVEN_UP_SECONDS = (
    400  # a gate that never answers: 30 s of grace, 40 of silence, 15 of the watchdog
)
PROVEN_SECONDS = 180
# What the firmware has instead of the working one. Both are the whole system but for one file.
BROKEN = {
    # At the end of start-up, as a driver that hangs or a program that eats all memory would do.
    "restarts": ("etc/init.d/rcS", "\nreboot -f\n"),
    # FAULTS 85: everything but the gate works.
    "dead gate": ("sbin/run", None),
}
GATE_LINE = 'case "$1" in\n'
DEAD_GATE = 'case "$1" in\n    gate) exit 1 ;;\n'


def broken_root(output, folder, how):
    """The root file system of this tree, with one file changed; None: as it is."""
    if how is None:
        return output / "rootfs.sqfs"
    tree, target = folder / "tree", folder / "root.sqfs"
    image.tool(["unsquashfs", "-q", "-n", "-d", str(tree), str(output / "rootfs.sqfs")])
    name, added = BROKEN[how]
    text = (tree / name).read_text()
    changed = text + added if added else text.replace(GATE_LINE, DEAD_GATE, 1)
    assert changed != text
    (tree / name).write_text(changed)
    words = ["mksquashfs", str(tree), str(target), "-no-progress", "-comp", "xz", "-all-root"]
    image.tool(words)
    shutil.rmtree(tree)
    return target


def made(output, folder, how):
    """A signed bundle."""
    target = folder / "firmware.bundle"
    root = broken_root(output, folder, how)
    restante(
        *("bundle", "build", output / "zImage", "--root", root, "--kind", "firmware"),
        *("--hardware", "virt", "--version", VERSION, "--epoch", "1", "--serial", "7"),
        *("--output", target),
    )
    restante("bundle", "sign", target, "--key", Places().keys / "firmware-1.key")
    return target


def restante(*words):
    command = [sys.executable, "-m", "restante_tools", *map(str, words)]
    done = subprocess.run(
        command, cwd=Places().repository, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


class Story:
    """A box that held a mail, and is given a firmware."""

    def __init__(self, site):
        self.site = site

    def ask(self, command):
        line = self.site.box.serial(self.deadline())
        try:
            return boxconsole.over_serial(line, self.deadline)(command)
        finally:
            line.close()

    def deadline(self, seconds=boxconsole.ANSWER_SECONDS):
        return self.site.deadline(seconds)

    def fetch(self):
        (report,) = clients.fetch(self.site.office, [clients.plan(planted.USER, planted.PASSWORD)])
        assert "error" not in report
        return [row["sha256"] for row in report["messages"]]

    def log(self):
        return self.site.box.serial_log.read_text(encoding="utf-8", errors="replace")

    def wait(self, text, seconds, count=1):
        limit = self.deadline(seconds)
        limit.wait(lambda: self.log().count(text) >= count, f"{text!r} for the {count}. time")

    def install(self):
        """It is in the other slot; the box goes down to start it."""
        answer = boxconsole.must(self, "firmware install")
        assert VERSION in answer.text and "slot B" in answer.text
        assert slots.record(self.site.disk).says() == (B, bootrecord.TRIES, False, True, 0)
        assert self.ask("reboot yes").ok

    def __call__(self, command):
        return self.ask(command)

    def kept(self):
        """What no update may change: settings and mail."""
        shown = "\n".join(boxconsole.must(self, "show configuration").lines)
        return shown, [held.ident for held in boxconsole.quarantine(self)], self.fetch()


def site_with(bundle):
    wanted = Wanted(
        [planted.account()],
        settings=[SETTING],
        files={"updates/incoming": bundle},
        u_boot=True,
    )
    return ImageSite(Places(), wanted)


@pytest.fixture
def story(output, tmp_path):
    """Starts it with a bundle: story(how)."""
    preflight.check(image=True, u_boot=True)
    stack = ExitStack()

    def start(how):
        stack.close()  # the one before
        folder = tmp_path / str(how)
        folder.mkdir()
        site = stack.enter_context(site_with(made(output, folder, how)))
        site.boot()
        return Story(site)

    with stack:
        yield start


def test_new_firmware_is_proven_or_left(story, soak):
    """One that never serves; with --soak also one whose gate is dead, and one that serves."""
    for how in [*BROKEN, None] if soak else ["restarts"]:
        follow = is_left if how else is_proven
        follow(story(how))


def is_left(box):
    """FAULTS 85: the old one runs again, with its settings and mail, and says what happened."""
    box.fetch()
    before = box.kept()
    assert before[1]  # a mail is held
    box.install()
    for count, left in enumerate((2, 1, 0), 1):
        box.wait("starting slot B", GIVEN_UP_SECONDS, count)
        assert f"tries left: {left}" in box.log()
    box.wait("going back to slot A", GIVEN_UP_SECONDS)
    box.site.first_banner()
    assert box.log().count("starting slot B") == bootrecord.TRIES
    assert slots.record(box.site.disk).says() == (A, 0, True, False, 1)
    assert box.kept() == before
    alarm = f"firmware {VERSION} in slot B failed; the one before it runs again"
    assert alarm in "\n".join(boxconsole.must(box, "show alarms").lines)


def is_proven(box):
    box.fetch()
    before = box.kept()
    box.install()
    box.wait("starting slot B", RESTART_SECONDS)
    box.site.first_banner()
    assert slots.record(box.site.disk).says() == (B, bootrecord.TRIES - 1, False, True, 0)
    limit = box.deadline(PROVEN_SECONDS)
    limit.wait(lambda: slots.record(box.site.disk).proven, "the firmware is proven")
    assert slots.record(box.site.disk).says() == (B, 0, True, True, 0)
    assert box.kept() == before
