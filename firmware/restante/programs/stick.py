"""stick: reads a USB stick for the gate.  Wiring only; imported by nothing.

    stick [--data FOLDER] [--run FOLDER] [--sticks FOLDER]

Root until a stick is there: it opens it, read-only, and gives everything else up before it reads
the first octet.  From then on it has one descriptor of the stick and one socket, and the calls of
the profile "stick": it can open nothing.  One process per stick: it ends when the stick is pulled
or cannot be read, and init starts it again.  `--sticks` is for tests: files that stand for sticks.
"""

import gc
import select
import sys
import time

import _sys

from restante import log
from restante.box import options, places
from restante.box.sticks import StandIns, Sticks
from restante.log.outlet import Outlet
from restante.settings import files
from restante.update import stickwire
from restante.update.stickreader import Reader

DEFAULTS = {"--data": places.DATA, "--run": places.RUN, "--sticks": ""}
BACKLOG = 4
# Between two looks for a stick: somebody who put one in looks at the console after some seconds.
LOOK_MS = 1000
# While nobody asks: whether the stick is still there.
IDLE_MS = 60000
# The gate asks for the next piece as soon as it has stored the last one, and for the next bundle
# as soon as the last one is installed, which takes minutes on a slow card.
PEER_MS = 600000
# A stick that cannot be read at all must not keep init busy with new readers.
PAUSE_MS = 2000
# Who connected has sent its request already, else it is not the gate.
REQUEST_MS = 1000
# Descriptors: standard ones, the log's, the socket, a peer, the stick, with room to spare.
DESCRIPTORS = 12
COLLECT_OCTETS = 131072


class Allowed:
    """Whether sticks are to be used, as the settings say; looked at when they change."""

    def __init__(self, path):
        self._path = path
        self._seen: tuple | None = ()  # of the file, when it was read
        self._on = False

    def now(self):
        try:
            seen = _sys.stat(self._path)
        except OSError:
            seen = None  # none yet: what the factory says
        if seen != self._seen:
            self._seen = seen
            self._on = files.load(self._path).get("updates stick") == "on"
        return self._on


def wait_for_stick(fd, sticks, allowed):
    """An open Medium."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    said = None
    on = True
    while True:
        try:
            on = allowed.now()
            sticks.allow(on)
            medium = sticks.opened() if on else None
            if medium is not None:
                return medium
            why = ""
        except (OSError, ValueError) as error:
            why = str(error)
        if why and why != said:
            log.record(log.WARNING, "stick.open", error=why)
        said = why
        if poll.poll(LOOK_MS):
            say_none(fd, on)


def say_none(fd, on):
    peer = _sys.accept(fd)
    if peer is None:
        return
    try:
        if received(peer, REQUEST_MS):  # else its end would be all that the gate sees
            reply = stickwire.said("" if on else stickwire.OFF)
            _sys.write(peer, reply, 0, len(reply))
    except OSError:
        pass  # it did not wait
    finally:
        _sys.close(peer)


def received(peer, ms):
    """The octets of a request; b"": none came in time, or the peer is gone."""
    poll = select.poll()
    poll.register(peer, select.POLLIN)
    if not poll.poll(ms):
        return b""
    request = bytearray(stickwire.REQUEST_OCTETS)
    try:
        return bytes(request[: _sys.read(peer, request, 0, len(request)) or 0])
    except OSError:
        return b""


def give_up_rights():
    if _sys.stat("/proc/self")[1] == 0:
        _sys.drop(places.STICK_UID, places.STICK_UID)
    _sys.no_new_privs()
    _sys.rlimit("nofile", DESCRIPTORS)
    _sys.rlimit("core", 0)
    _sys.rlimit("fsize", 0)
    _sys.seccomp("stick")


def serve(fd, reader):
    """Until the stick is gone; one peer at a time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        if not poll.poll(IDLE_MS):
            reader.answer(b"who")  # nobody asks: is it still there?
            continue
        peer = _sys.accept(fd)
        if peer is None:
            continue
        try:
            answer_all(peer, reader)
        finally:
            _sys.close(peer)
        gc.collect()


def answer_all(peer, reader):
    while True:
        request = received(peer, PEER_MS)
        if request == b"leave":
            sys.exit(0)
        if not request:
            return
        reply = reader.answer(request)
        try:
            _sys.write(peer, reply, 0, len(reply))
        except OSError:
            return  # the gate waits no more


def main():
    given = options.parse(sys.argv[1:], DEFAULTS)
    gc.threshold(COLLECT_OCTETS)
    log.start(log.INFO, time.time, Outlet("stick: "))
    path = given["--run"] + "/" + places.STICK_SOCKET
    fd = _sys.unix_listen(path, 0o600, BACKLOG, seq=True)
    if _sys.stat("/proc/self")[1] == 0:
        _sys.chown(path, places.GATE_UID, places.GATE_UID)
    folder = given["--sticks"]
    sticks = StandIns(folder) if folder else Sticks()
    medium = wait_for_stick(fd, sticks, Allowed(given["--data"] + "/" + places.SETTINGS))
    give_up_rights()
    began = time.ticks_ms()
    try:
        serve(fd, Reader(medium.read, medium.octets, medium.mark))
    except OSError:  # the gate says so
        left = PAUSE_MS - time.ticks_diff(time.ticks_ms(), began)
        if left > 0:
            select.poll().poll(left)


if __name__ == "__main__":
    main()
