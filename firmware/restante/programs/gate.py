"""gate: the program that faces the network.  Wiring only; imported by nothing.

    gate [--listen ADDRESS:PORT] [--data FOLDER] [--run FOLDER] [--origin ADDRESS:PORT]

`--origin` is for tests and the laboratory: every client is taken to that one origin instead of the
place it wanted to go to (SO_ORIGINAL_DST), which needs no packet filter.
"""

import asyncio
import sys
import time

import _sys

from restante import log, loop
from restante.box import places
from restante.errors import StoreError
from restante.log.alarms import SETTINGS, STORE
from restante.relay import destination
from restante.relay.listener import Listener, bind
from restante.relay.passing import NOTE, Passing
from restante.relay.session import Session
from restante.relay.ticker import Ticker
from restante.settings import files
from restante.store.folder import Folder
from restante.store.quarantine import Quarantine
from restante.store.spool import Spool

DEFAULTS = {
    "--listen": "0.0.0.0:%d" % places.GATE_PORT,
    "--data": places.DATA,
    "--run": places.RUN,
    "--origin": "",
}
MIB = 1048576
ROOT = 0


def arguments(words):
    """{option: value}; SystemExit(2) for anything else."""
    options = dict(DEFAULTS)
    words = list(words)
    while words:
        name = words.pop(0)
        if name not in options or not words:
            print("gate: %s is not an option, or has no value" % name)
            print(__doc__)
            sys.exit(2)
        options[name] = words.pop(0)
    return options


def place(text):
    """("1.2.3.4", 110) of "1.2.3.4:110"."""
    address, port = text.rsplit(":", 1)
    return address, int(port)


class Services:
    """What a session needs of the program."""

    def __init__(self, options, settings, helper):
        folder = Folder(options["--data"])
        self.settings = settings
        self.clock = time.time
        self.ticker = Ticker()
        self.spool = Spool(folder, settings.get("spool maximum") * MIB)
        self.quarantine = Quarantine(
            folder, helper, self.clock, settings.get("quarantine maximum") * MIB
        )
        self.kept_octets = 0  # of messages that sessions keep between TOP and RETR
        self.screens = False
        self.note = "" if self.screens else NOTE
        self._origin = place(options["--origin"]) if options["--origin"] else None
        self._sessions = 0

    def next_id(self):
        self._sessions += 1
        return self._sessions

    def delivery(self, session):
        return Passing(session)

    def session(self, sock, address):
        local = _sys.sockname(sock.fileno())
        wanted = self._origin or destination.redirected(sock)
        return Session(self, sock, address, local, wanted)

    def is_own(self, wanted, local):
        if self._origin:
            return wanted == local
        return destination.is_own(wanted, local)


class Helper(loop.Helper):
    """The helper thread as the store calls it."""

    async def call(self, op, first, second=None):
        if second is None:
            ticket = self._worker.submit(op, first)
        else:
            ticket = self._worker.submit(op, first, second)
        return await self._do(ticket, loop.MEDIUM_MS)


def is_root():
    """True if we still have the rights of the system."""
    return _sys.stat("/proc/self")[1] == ROOT


def take_folder(path):
    """Makes a folder if it is not there, and gives it to the gate while we are root."""
    try:
        _sys.stat(path)
    except OSError:
        _sys.mkdir(path, 0o700)
    if is_root():
        _sys.chown(path, places.GATE_UID, places.GATE_UID)


async def serve(services, listening):
    listener = Listener(listening, services.settings.get("sessions maximum"), services.session)
    ticking = asyncio.create_task(services.ticker.run())
    try:
        await services.quarantine.start()
    except StoreError as error:
        # Mail that must be held is then refused; all other mail goes on.
        log.alarms.set(STORE, str(error))
        log.record(log.ERROR, "store.start", error=str(error))
    for text in services.spool.problems + services.quarantine.problems:
        log.alarms.set(STORE, text)
    print("gate: listening on port %d" % _sys.sockname(listening.fileno())[1])
    try:
        await listener.run()
    finally:
        ticking.cancel()


def main():
    options = arguments(sys.argv[1:])
    settings = files.load(options["--data"] + "/settings")
    log.start(settings.get("log level"), time.time, print)
    if settings.error:
        log.alarms.set(SETTINGS, str(settings.error))
    listening = bind(*place(options["--listen"]))
    take_folder(options["--data"])
    if is_root():
        _sys.drop(places.GATE_UID, places.GATE_UID)
    _sys.no_new_privs()
    helper = Helper()
    asyncio.run(serve(Services(options, settings, helper), listening))


if __name__ == "__main__":
    main()
