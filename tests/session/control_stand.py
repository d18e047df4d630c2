"""A stand for console tests, run by our MicroPython: the real control room, log and settings.

Arguments: the run folder and the data folder.  The sessions, the quarantine and the screen process
are not part of these tests; what stands in for them shows fixed, hostile text.
"""

import asyncio
import sys
import time

import _sys
from restante import log, settings
from restante.accounts.groups import Groups
from restante.accounts.seen import Seen
from restante.accounts.state import Account
from restante.box import places
from restante.box.system import System
from restante.control import server
from restante.control.answers import Control
from restante.control.configuring import Configuring
from restante.errors import ScreenUnavailable, StoreError
from restante.log import alarm_file
from restante.settings import text as settings_text
from restante.settings.profiles import Profiles
from restante.settings.running import Running
from restante.store.entries import Entry, Release

HOSTILE = "".join(chr(code) for code in range(256)) + "\u202e\u2028"


class Thing:
    def __init__(self, **fields):
        for name in fields:
            setattr(self, name, fields[name])


class Sessions:
    def snapshot(self):
        return [
            {
                "id": 1,
                "client": "192.0.2.9:4000",
                "origin": "192.0.2.1:110",
                "account": HOSTILE,
                "state": "transaction",
                "seconds": 61,
                "messages": 3,
            }
        ]


class Quarantine:
    def __init__(self):
        record = Thing(
            account=HOSTILE,
            uidl="u1",
            sender=HOSTILE,
            subject=HOSTILE,
            verdict=1,
            signature="Eicar",
            part=HOSTILE,
            bundle="factory",
            action=2,
        )
        self._entry = Entry("7", record, 0, "", 6, 1)

    def entries(self):
        return [self._entry]

    async def release(self, id, who, force):
        log.record(log.INFO, "stand.release", id=id, forced=force)
        self._entry.releases.append(Release("restante-7-1-ab", 0, who))
        return self._entry

    async def delete(self, id, who):
        log.record(log.INFO, "stand.delete", id=id)


class Accounts:
    """The real accounts are part of tests/session/test_accounts.py."""

    unusable = ""
    problems = []

    def __init__(self):
        lines = b"set group acme servers 192.0.2.1\nset group acme rule all"
        groups = Groups(settings.Settings(settings_text.read(lines)))
        account = Account("acme", groups.named("acme"), b"anna")
        account.place = ("192.0.2.1", 110)
        account.last_error = HOSTILE
        self._accounts = [account]

    def everything(self):
        return self._accounts

    def named(self, text):
        return self._accounts[0] if text == self._accounts[0].name else None

    async def erase(self, account, who):
        log.record(log.INFO, "stand.erase", account=account.name)


class Maildrops:
    octets = 0
    maximum = 1 << 30

    async def open(self, id):
        raise StoreError(HOSTILE)

    async def erase(self, id):
        log.record(log.INFO, "stand.erase.mail", id=id)


class Turn:
    async def __aenter__(self):
        return None

    async def __aexit__(self, kind, error, trace):
        return None


class Collector:
    def turn(self, account):
        return Turn()


class Screen:
    async def status(self):
        raise ScreenUnavailable("it is not part of this test")


class SelfTest:
    passed = None
    text = "not run yet"
    at = None

    async def run(self):
        print("self-test")
        # It never ends: it must be possible for a console to give up.
        await asyncio.Event().wait()


def failed(error):
    log.record(log.ERROR, "alarms.file", error=str(error))


async def main(run, data):
    tree = settings.load(data + "/" + places.SETTINGS)
    log.start(tree.get("log level"), time.time)
    path = data + "/" + places.ALARMS
    log.alarms.keep(alarm_file.load(path, failed), alarm_file.saver(path, failed))
    log.record(log.INFO, "stand.start", subject=HOSTILE, password="planted-S3CRET")
    if "--alarm" in sys.argv:
        log.alarms.set("tunnel", "STLS by 192.0.2.9, " + HOSTILE)
    root = _sys.stat("/proc/self")[1] == 0
    owner = (places.GATE_UID, places.CONSOLE_UID) if root else None
    fd = server.listen(run + "/" + places.CONTROL_SOCKET, owner)
    # No commit here: that is of the real gate, in test_configuration.py.
    running = Running(tree.explicit, None, None, time.time, time.time, log.record)
    control = Control(
        settings=tree,
        log=log,
        sessions=Sessions(),
        quarantine=Quarantine(),
        screen=Screen(),
        selftest=SelfTest(),
        system=System(data, run),
        accounts=Accounts(),
        maildrops=Maildrops(),
        collector=Collector(),
        seen=Seen(),
        folder=None,  # no maildrop can be opened here
        profiles=Profiles(tree),
        configuring=Configuring(running, time.time),
        updates=None,  # session/test_installing.py
        firmware=None,  # session/test_firmware.py
        health=None,
    )
    print("ready")
    await server.Server(fd, control, log).run()


asyncio.run(main(sys.argv[1], sys.argv[2]))
