"""slots: firmware in the two slots.  Root; wiring only.

    slots [--data FOLDER] [--run FOLDER] [--image FOLDER] [--hardware WORD] [--channel WORD]
          [--gate ADDRESS:PORT] [--cmdline FILE] [--partitions FOLDER]

A program of its own, not a part of the warden: one sync of a slow card may take longer than the
watchdog waits, however small the slices are.  It answers the gate, one request of one word or two
at a time, and takes no octet of a bundle from it: it reads, verifies and writes by itself.

Until what runs is proven it asks every two seconds whether the box is healthy.  `--partitions`,
`--cmdline` and `--gate` are for tests: files that stand for partitions, and another port.
"""

import gc
import json
import select
import sys
import time

import _crypto
import _sys

from restante import log
from restante.box import blocks, bootrecord, options, places, probe, slotdisk, trial
from restante.box.clock import ClockTrust
from restante.box.slotdisk import Unable
from restante.box.system import System
from restante.box.timekeeper import synchronised
from restante.errors import RestanteError
from restante.log.outlet import Outlet
from restante.settings import files
from restante.update import keys as key_sets
from restante.update.fault import BundleError
from restante.update.slots import Slots
from restante.version import ENGINE_LEVEL, VERSION

DEFAULTS = {
    "--data": places.DATA,
    "--run": places.RUN,
    "--image": places.IMAGE,
    "--hardware": places.HARDWARE,
    "--channel": places.CHANNEL,
    "--gate": "127.0.0.1:%d" % places.GATE_PORT,
    "--cmdline": "/proc/cmdline",
    "--partitions": "",
}
INCOMING = "updates/incoming"
BACKLOG = 4
REQUEST_OCTETS = 64
CMDLINE_OCTETS = 4096
# A gate that connected has sent its word already; else it is not the gate.
REQUEST_MS = 1000
# Descriptors: standard ones, the socket, a peer, a bundle, a slot's two, one question.
DESCRIPTORS = 16
# Garbage above it is collected: the slices of 64 KiB must find a place.
COLLECT_OCTETS = 131072
ENOENT = 2


def running_slot(words):
    """0 or 1, by what the kernel was told; Unable."""
    found = set()
    for word in words:
        for slot in (0, 1):
            name = bootrecord.SLOTS[slot]
            if word in ("restante.slot=" + name, "root=PARTLABEL=root" + name):
                found.add(slot)
    if len(found) != 1:
        raise Unable("which slot was started is not known (see /proc/cmdline)")
    return found.pop()


def standing(folder):
    """A function like blocks.partition, for files."""

    def partition(name):
        path = folder + "/" + name
        try:
            octets = _sys.stat(path)[3]
        except OSError:
            return None
        found = blocks.Partition(name, octets)
        found.device = path
        return found

    return partition


def image_keys(folder):
    try:
        with open(folder + "/keys", "rb") as f:
            return key_sets.parse(f.read(key_sets.KEY_SET_OCTETS + 1))
    except OSError as error:
        if error.errno != ENOENT:
            log.record(log.ERROR, "firmware.keys", error=str(error))
    except BundleError as error:
        log.record(log.ERROR, "firmware.keys", error=str(error))
    return None


class Program:
    def __init__(self, given):
        self._given = given
        self._run = given["--run"]
        self._slots = None
        self._disks = []
        self._why = ""  # there are no slots
        self._trial = trial.Trial()
        self._asked_at = time.ticks_ms()
        self._missed = ""  # the slot that was asked for and did not come up
        self._trusted = ClockTrust(time.time, _sys.uptime, synchronised(self._run)).trusted
        try:
            self._begin()
        except (OSError, RestanteError) as error:
            self._slots = None
            self._why = str(error)
            log.record(log.WARNING, "firmware.slots", why=self._why)

    def _begin(self):
        given = self._given
        with open(given["--cmdline"]) as f:
            running = running_slot(f.read(CMDLINE_OCTETS).split())
        folder = given["--partitions"]
        partitions = standing(folder) if folder else blocks.partition

        def named(name):
            return slotdisk.found(partitions, name)

        disk = slotdisk.BootDisk(named(slotdisk.RECORD))
        self._disks = [
            slotdisk.Slot(named(slotdisk.KERNELS[slot]), named(slotdisk.ROOTS[slot]))
            for slot in (0, 1)
        ]
        self._slots = Slots(
            disk,
            self._disks,
            running,
            image_keys(given["--image"]),
            _crypto,
            (
                given["--hardware"],
                given["--channel"],
                tuple([int(part) for part in VERSION.split(".")]),
                ENGINE_LEVEL,
            ),
            lambda: int(time.time()) if self._trusted() else None,
        )
        self._slots.load()
        self._see_what_was_asked()

    def _see_what_was_asked(self):
        """Of the boot record, at the first start of this program since the kernel's.

        Later it says what is started next.
        """
        path = self._run + "/" + places.SLOT_ASKED
        record = self._slots.record
        running = self._slots.running
        asked = bootrecord.SLOTS[record.slot if record else running]
        try:
            fd = _sys.open(path, _sys.O_WRONLY | _sys.O_CREAT | _sys.O_EXCL, 0o600)
            _sys.write(fd, asked.encode(), 0, len(asked))
            _sys.close(fd)
        except OSError:
            with open(path) as f:
                asked = f.read(1)
        if asked != bootrecord.SLOTS[running]:
            self._missed = asked
            log.record(
                log.ERROR, "firmware.missed", asked=asked, running=bootrecord.SLOTS[running]
            )

    # -- the trial

    def ask_ms(self):
        """To the next question; None: none is needed.  Peers in between do not put it off."""
        if self._slots is None or self._missed or not self._slots.on_trial:
            return None
        return max(0, trial.ASK_S * 1000 - time.ticks_diff(time.ticks_ms(), self._asked_at))

    def ask(self):
        """Whether the box is healthy, and what follows."""
        self._asked_at = time.ticks_ms()
        before = self._trial.why
        step = self._trial.answered(self._unhealthy(), _sys.uptime())
        if step == trial.PROVEN and not self._greets():  # at the end: each is a session in its log
            step = self._trial.answered("the gate does not greet clients", _sys.uptime())
        if self._trial.why != before:
            log.record(log.INFO, "firmware.trial", why=self._trial.why or "healthy")
        if step == trial.PROVEN:
            self._prove()
        elif step == trial.LEAVE and self._slots.may_be_left:
            log.record(log.ERROR, "firmware.leave", why=self._trial.why)
            System(run=self._run).request_reboot()  # of the warden

    def _prove(self):
        try:
            self._slots.prove()
        except OSError as error:
            log.record(log.ERROR, "firmware.prove", error=str(error))
            return
        log.record(log.INFO, "firmware.proven", slot=bootrecord.SLOTS[self._slots.running])

    def _unhealthy(self):
        """Why, or ""."""
        if files.load(self._given["--data"] + "/" + places.SETTINGS).error:
            return "the settings were refused"
        try:
            with open(self._run + "/" + places.FILTER_STATE) as f:
                state = f.read(16)
        except OSError:
            state = ""
        if state != "redirect":
            return "the packet filter does not lead to the gate"
        if not probe.healthy(self._run + "/" + places.CONTROL_SOCKET):
            return "the gate says that it is not healthy"
        return ""

    def _greets(self):
        address, port = self._given["--gate"].rsplit(":", 1)
        return probe.pop3(address, int(port))

    # -- what the gate asks for

    def answer(self, request):
        """A dict: what became of it."""
        words = request.split()
        if self._slots is None:
            return {"able": False, "why": self._why}
        try:
            return self._answered(words)
        except BundleError as error:
            log.record(log.WARNING, "firmware.refused", code=error.code, why=error.what)
            found = {"code": error.code, "what": error.what}
            found["cause"], found["next"] = error.cause, error.step
            return {"able": True, "error": found}
        except (OSError, MemoryError) as error:
            log.record(log.ERROR, "firmware.failed", what=words[0], error=str(error))
            return {"able": True, "failed": "%s failed: %s" % (words[0], error)}

    def _answered(self, words):
        found: dict = {"able": True}
        if words == ["status"]:
            self._slots.load()
            found.update(self._slots.status())
            found["missed"] = self._missed
            found["trial"] = self._trial.why if self._slots.on_trial else None
            found["version"] = VERSION
        elif words in (["install"], ["install", "downgrade"]):
            label, found["warnings"] = self._install(len(words) > 1)
            found["version"] = label.version
            found["slot"] = bootrecord.SLOTS[1 - self._slots.running]
        elif words == ["rollback"]:
            found["slot"] = self._slots.rollback()
            log.record(log.WARNING, "firmware.rolled-back", next=found["slot"])
        elif words == ["keys"]:
            with Arrived(self._given["--data"]) as source:
                found["epoch"] = self._slots.take_keys(source)
        else:
            found["failed"] = "not a request"
        return found

    def _install(self, asked):
        target = self._disks[1 - self._slots.running]
        try:
            target.open()
            with Arrived(self._given["--data"]) as source:
                label, warnings = self._slots.install(source, asked)
        finally:
            target.close()
        log.record(
            log.INFO,
            "firmware.installed",
            version=label.version,
            epoch=label.epoch,
            serial=label.serial,
            signers=" ".join(label.names),
        )
        return label, warnings


class Arrived:
    """The bundle that has arrived, as a source."""

    def __init__(self, data):
        self._path = data + "/" + INCOMING

    def __enter__(self):
        self._source = slotdisk.Source(self._path)
        return self._source

    def __exit__(self, *error):
        self._source.close()


def serve(fd, program):
    """One peer at a time: two updates at once cannot be."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        ms = program.ask_ms()
        if ms == 0:
            program.ask()
            continue
        poll.poll(-1 if ms is None else ms)
        peer = _sys.accept(fd)
        if peer is None:
            continue
        try:
            _serve(peer, program)
        except OSError as error:
            log.record(log.WARNING, "firmware.peer", error=str(error))
        finally:
            _sys.close(peer)
        gc.collect()


def _serve(peer, program):
    poll = select.poll()
    poll.register(peer, select.POLLIN)
    if not poll.poll(REQUEST_MS):
        return
    request = bytearray(REQUEST_OCTETS)
    n = _sys.read(peer, request, 0, REQUEST_OCTETS)
    if not n:
        return
    if any(not 32 <= octet < 127 for octet in request[:n]):
        return
    reply = json.dumps(program.answer(bytes(request[:n]).decode())).encode()
    _sys.write(peer, reply, 0, len(reply))


def main():
    given = options.parse(sys.argv[1:], DEFAULTS)
    gc.threshold(COLLECT_OCTETS)
    log.start(log.INFO, time.time, Outlet("slots: "))
    _sys.no_new_privs()
    _sys.rlimit("nofile", DESCRIPTORS)
    _sys.rlimit("core", 0)
    path = given["--run"] + "/" + places.SLOTS_SOCKET
    fd = _sys.unix_listen(path, 0o600, BACKLOG, seq=True)
    if _sys.stat("/proc/self")[1] == 0:
        _sys.chown(path, places.GATE_UID, places.GATE_UID)
    serve(fd, Program(given))


if __name__ == "__main__":
    main()
