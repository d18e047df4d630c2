"""gate: the program that faces the network.  Wiring only; imported by nothing.

    gate [--listen ADDRESS:PORT] [--data FOLDER] [--run FOLDER] [--origin ADDRESS:PORT]

`--origin` is for tests and the laboratory: every client is taken to that one origin instead of the
place it wanted to go to (SO_ORIGINAL_DST), which needs no packet filter.
"""

import asyncio
import sys

import _sys

from restante import log, settings
from restante.relay import destination
from restante.relay.listener import Listener, bind
from restante.relay.passing import NOTE, Passing
from restante.relay.session import Session
from restante.relay.ticker import Ticker

DEFAULTS = {
    "--listen": "0.0.0.0:11000",
    "--data": "/data",
    "--run": "/run/restante",
    "--origin": "",
}


def arguments(words):
    """{option: value}; SystemExit(2) for anything else."""
    options = dict(DEFAULTS)
    words = list(words)
    while words:
        name = words.pop(0)
        if name not in options or not words:
            print("gate: %s: not an option, or without its value" % name)
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

    def __init__(self, options):
        self.settings = settings.load(options["--data"] + "/settings")
        self.ticker = Ticker()
        self.note = NOTE
        self._sessions = 0
        self.origin = place(options["--origin"]) if options["--origin"] else None

    def delivery(self, session):
        return Passing(session)

    def next_id(self):
        self._sessions += 1
        return self._sessions

    def session(self, sock, address):
        local = _sys.sockname(sock.fileno())
        wanted = self.origin or destination.redirected(sock)
        return Session(self, sock, address, local, wanted)

    def is_own(self, wanted, local):
        if self.origin:
            return wanted == local
        return destination.is_own(wanted, local)


async def serve(options, services):
    listening = bind(*place(options["--listen"]))
    listener = Listener(listening, services.settings.get("sessions maximum"), services.session)
    print("gate: listening on port %d" % _sys.sockname(listening.fileno())[1])
    ticking = asyncio.create_task(services.ticker.run())
    try:
        await listener.run()
    finally:
        ticking.cancel()


def main():
    options = arguments(sys.argv[1:])
    services = Services(options)
    log.start(services.settings.get("log level"))
    asyncio.run(serve(options, services))


if __name__ == "__main__":
    main()
