"""Runs on the box's own interpreter: asks a screen process as the gate does.

screening_on_box.py COMMAND SOCKET DATA [ARGUMENTS]
"""

import asyncio
import sys

import _sys
from restante.errors import ScreenUnavailable
from restante.mail import splice
from restante.screening import policy
from restante.screening.channel import Channel
from restante.screening.client import ScreenClient
from restante.screening.selftest import SelfTest
from restante.screening.verdicts import ACTION_NAMES, NAMES
from restante.settings.tree import defaults
from restante.store.folder import Folder
from restante.store.spool import Spool

MIB = 1048576


class Settings:
    def __init__(self, deadline):
        self.values = defaults()
        self.values["screening deadline"] = deadline

    def get(self, path):
        return self.values[path]


def read(path):
    fd = _sys.open(path, _sys.O_RDONLY)
    data = bytearray(_sys.fsize(fd))
    at = 0
    while at < len(data):
        at += _sys.pread(fd, data, at, len(data), at)
    _sys.close(fd)
    return data


def spooled(spool, data):
    f = spool.create()
    f.write(data, 0, len(data))
    f.seal()
    return f


async def selftest(screen, spool):
    results, _ = await SelfTest(spool, screen).run()
    for name, ok, text in results:
        print("ok" if ok else "FAIL", name, "|", text)


async def status(screen, spool):
    s = await screen.status()
    print(s.bundle, s.hashes, s.patterns, s.built, s.workers, s.failed)


async def judge(screen, spool, *paths):
    """One line for each file, in order; all are asked for at once."""

    async def one(path):
        f = spooled(spool, read(path))
        try:
            report = await screen.screen(f)
            return NAMES[report.verdict]
        except ScreenUnavailable:
            return "unavailable"
        finally:
            f.close()

    for word in await asyncio.gather(*[one(path) for path in paths]):
        print(word)


async def session(screen, spool, *paths):
    """One after the other, each when a line comes from outside."""
    print("ready")
    for path in paths:
        sys.stdin.readline()
        await judge(screen, spool, path)
    print("deaths", screen.deaths, "|", screen.why)


async def sent(screen, spool, path, target):
    """Writes what a client would be sent for the message."""
    f = spooled(spool, read(path))
    report = await screen.screen(f)
    decision = policy.decide(report, screen.settings)
    out = _sys.open(target, _sys.O_WRONLY | _sys.O_CREAT | _sys.O_TRUNC)
    for part in splice.segments(decision, report, f.size, "17", f.read):
        data = part if isinstance(part, bytes) else f.read(part[0], part[1] - part[0])
        spool.folder.write(out, data, 0, len(data))
    _sys.close(out)
    f.close()
    print(NAMES[report.verdict], ACTION_NAMES[decision.action], decision.part, decision.signature)


commands = {
    "selftest": selftest,
    "status": status,
    "judge": judge,
    "session": session,
    "sent": sent,
}


def main(command, socket, data, deadline, *rest):
    screen = ScreenClient(lambda: Channel(socket), Settings(int(deadline)))
    spool = Spool(Folder(data), 64 * MIB)
    asyncio.run(commands[command](screen, spool, *rest))


main(*sys.argv[1:])
