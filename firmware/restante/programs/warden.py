"""warden: the packet filter, the fail rule, the watchdog.  Root; wiring only.

    warden [--data FOLDER] [--run FOLDER] [--watchdog DEVICE]

Asks the gate and the screen process whether they work, a few times a minute.  It reads nothing
from the network and takes two requests from the gate: to restart the box, and a factory reset.
"""

import sys
import time

import _sys

from restante import log, settings
from restante.box import (
    blocks,
    interfaces,
    netfilter,
    options,
    places,
    probe,
    processes,
    ruleset,
)
from restante.box.keyring import Keyring
from restante.box.keys import KeysError
from restante.box.liveness import Wardenship
from restante.box.watchdog import Watchdog
from restante.log.outlet import Outlet

DEFAULTS = {"--data": places.DATA, "--run": places.RUN, "--watchdog": "/dev/watchdog"}
FORWARDING = "/proc/sys/net/ipv4/ip_forward"

# Between two rounds of questions: an answer is missed at most once before the fail rule holds.
ROUND_MS = 2000
# While the gate does not serve: a client that waits for it is waiting for us.
EAGER_ROUND_MS = 200
# Descriptors: standard ones, the watchdog, one question, one netlink socket, with room to spare.
DESCRIPTORS = 16
ENOENT = 2


class Warden:
    def __init__(self, tree, run, watchdog):
        self._fail = tree.get("interception fail")
        self._interception = interfaces.interception(tree)
        self._run = run
        self._watchdog = watchdog  # None: there is no device
        self._clock = Clock()
        self._wardenship = Wardenship(self._clock.seconds())
        self._state = None  # what the packet filter holds; None: nothing of ours yet
        self._fed = True

    def round(self):
        """One round of questions and what follows; gives the ms to the next."""
        self._ask(self._wardenship.gate, probe.gate, places.CONTROL_SOCKET)
        serves = self._filter()
        self._ask(self._wardenship.screen, probe.screen, places.SCREEN_SOCKET)
        self._kill_the_silent()
        self._feed()
        if self._asked(places.RESET_REQUEST) and destroy_key():
            restart()
        if self._asked(places.REBOOT_REQUEST):
            restart()
        return ROUND_MS if serves else EAGER_ROUND_MS

    def _ask(self, peer, question, socket):
        answers = question(self._run + "/" + socket)
        if answers != peer.answers:
            level = log.INFO if answers else log.WARNING
            log.record(level, "warden.peer", name=peer.name, answers=answers)
        if answers:
            peer.answered(self._clock.seconds())
        else:
            peer.missed()

    def _filter(self):
        serves = self._wardenship.gate_serves(self._clock.seconds())
        state = ruleset.REDIRECT if serves else self._fail
        if state == self._state:
            return serves
        try:
            netfilter.apply(ruleset.build(state, self._interception))
            if self._state is None:
                with open(FORWARDING, "w") as f:
                    f.write("1\n")
        except OSError as error:
            log.record(log.ERROR, "warden.filter", wanted=state, error=str(error))
            return serves
        urgent = state == ruleset.DIRECT or self._state == ruleset.REDIRECT
        log.record(log.WARNING if urgent else log.INFO, "warden.filter", state=state)
        self._state = state
        self._tell_state()
        self._tell(ruleset.words(state, self._interception))
        return serves

    def _tell_state(self):
        """For `slots`, which proves a new firmware."""
        try:
            with open(self._run + "/" + places.FILTER_STATE, "w") as f:
                f.write(self._state)
        except OSError as error:
            log.record(log.ERROR, "warden.filter", error=str(error))

    def _tell(self, lines):
        """For `show interfaces` and the support bundle; that it cannot be told stops nothing."""
        try:
            with open(self._run + "/" + places.FILTER, "w") as f:
                f.write("".join([line + "\n" for line in lines]))
        except OSError as error:
            log.record(log.WARNING, "warden.tell", error=str(error))

    def _kill_the_silent(self):
        for peer in self._wardenship.peers:
            if peer.must_be_killed(self._clock.seconds()):
                killed = processes.kill(peer.name)
                log.record(log.ERROR, "warden.killed", name=peer.name, processes=killed)

    def _feed(self):
        feed = self._wardenship.may_feed(self._clock.seconds())
        if feed != self._fed:
            self._fed = feed
            log.record(log.ERROR, "warden.watchdog", fed=feed)
        if feed and self._watchdog:
            self._watchdog.feed()

    def _asked(self, name):
        """Whether the gate left this request; it is taken away."""
        path = self._run + "/" + name
        try:
            owner = _sys.stat(path)[1]
            _sys.unlink(path)
        except OSError as error:
            if error.errno != ENOENT:
                log.record(log.ERROR, "warden.request", error=str(error))
            return False
        if owner not in (0, places.GATE_UID):
            log.record(log.ERROR, "warden.request", owner=owner)
            return False
        return True


def restart():
    log.record(log.WARNING, "warden.restart")
    processes.restart_box()


def destroy_key():
    """Factory reset: without its key the data partition says nothing.  False: it was not done."""
    try:
        partition = blocks.partition(places.KEY_PARTITION)
        if partition is None:
            raise KeysError("no partition is called " + places.KEY_PARTITION)
        Keyring(blocks.KeyDisk(partition)).destroy()
    except (OSError, KeysError) as error:
        log.record(log.ERROR, "warden.factory-reset", error=str(error))
        return False
    log.record(log.WARNING, "warden.factory-reset")
    return True


class Clock:
    """Seconds since it was made, of the clock that never jumps; the ticks below it wrap."""

    def __init__(self):
        self._last = time.ticks_ms()
        self._ms = 0

    def seconds(self):
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._last)
        self._last = now
        return self._ms // 1000


def opened(path):
    try:
        return Watchdog(path)
    except OSError as error:
        log.record(log.ERROR, "warden.watchdog", device=path, error=str(error))
        return None


def main():
    given = options.parse(sys.argv[1:], DEFAULTS)
    tree = settings.load(given["--data"] + "/" + places.SETTINGS)
    log.start(tree.get("log level"), time.time, Outlet("warden: "))
    if tree.error:
        log.record(log.ERROR, "settings.refused", error=tree.refusal)
    _sys.no_new_privs()
    _sys.rlimit("nofile", DESCRIPTORS)
    _sys.rlimit("core", 0)
    warden = Warden(tree, given["--run"], opened(given["--watchdog"]))
    while True:
        time.sleep_ms(warden.round())


if __name__ == "__main__":
    main()
