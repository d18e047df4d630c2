"""A control room for tests: the real commands, log and settings; what stands in for the world is a
few lines that count and remember.
"""

from restante import log
from restante.accounts import seen
from restante.accounts.groups import Groups
from restante.accounts.state import Account
from restante.control.answers import Control
from restante.control.configuring import Configuring
from restante.control.door import Door
from restante.control.firmware import FirmwareCommands
from restante.control.health import Health
from restante.control.updates import Updates
from restante.log.alarms import Alarms
from restante.log.counters import Counters
from restante.log.ring import Ring
from restante.settings import text as settings_text
from restante.settings.profiles import Profiles
from restante.settings.running import Running
from restante.settings.values import Settings
from restante.store.entries import Entry
from restante.update.age import Age
from restante.update.state import Record, State


def run(coroutine):
    """These coroutines wait for nothing: one step ends them."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the command waited")


class Thing:
    def __init__(self, **fields):
        for name in fields:
            setattr(self, name, fields[name])


def zero():
    return 0


class Nothing:
    """Kept configurations."""

    current = None

    def entries(self):
        return []

    async def commit(self, values, before, time, who):
        pass


class Quarantine:
    def __init__(self, entries):
        self._entries = entries
        self.calls = []
        self.error = None
        self.gone = []

    def entries(self):
        return self._entries

    async def release(self, id, who, force):
        if self.error:
            raise self.error
        self.calls.append(("release", id, who, force))
        return Thing(waiting=Thing(uidl="restante-%s-1-ab" % id))

    def deleted(self):
        return self.gone

    async def delete(self, id, who):
        self.calls.append(("delete", id, who))


class Screen:
    error = None

    async def screen(self, body):
        if self.error:
            raise self.error
        assert (body.size, body.octets) == (104, 100)
        return Thing(sender="a%d@example.org" % body.fd, subject="\x1b[2J offer")

    async def status(self):
        if self.error:
            raise self.error
        return Thing(
            bundle="factory", hashes=3, patterns=4, built=0, workers=5, failed=1, peak=5000
        )


class SelfTest:
    """A screening.Watch."""

    results = [("eicar", True, "caught")]
    passed = None
    text = "not run yet"
    at = 1700000000

    async def run(self):
        return self.results


class Installer:
    """An update.Installer with two sets."""

    busy = False
    error = None
    warnings = ()
    keys = Thing(epoch=3)
    place = ("virt", "stable", "0.1.0", 1)

    def __init__(self):
        self.asked = []
        self.state = State()
        for place, serial in (("current", 8), ("previous", 7)):
            self.state.records[place] = Record(
                3, serial, bytes(32), (bytes(8),), bytes(16), "set-%d" % serial, 1700000000, 0
            )

    async def install(self, asked):
        self.asked.append(asked)
        if self.error:
            raise self.error
        return "set-9 is in use", self.warnings

    async def rollback(self):
        if self.error:
            raise self.error
        return "older"


class Arriving:
    ending = False
    error = None

    def __init__(self):
        self.calls = []

    async def _answer(self, *call):
        self.calls.append(call)
        if self.error:
            raise self.error
        return None if call == ("end",) else 3000

    def begin(self, sha256, octets):
        return self._answer("begin", sha256, octets)

    def data(self, offset, text, crc):
        return self._answer("data", offset, text, crc)

    def end(self):
        return self._answer("end")


class Poller:
    """An update.Poller that has nothing to do."""

    answer = (True, True, "nothing newer")
    now = (None, "stable", None, "", "", None, 0)

    async def poll(self):
        return self.answer

    def state(self):
        return self.now


class Stick:
    """An update.Stick, as it is without one."""

    now = (True, False, "none", None, "", "")
    looks = ()

    def again(self, firmware):
        self.looks += (firmware,)

    def state(self):
        return self.now


class System:
    reboots = 0
    resets = 0

    def memory(self):
        return 60 << 20, 40 << 20

    def resident(self):
        return 2 << 20

    def uptime(self):
        return 61

    def data_free(self):
        raise OSError(5)

    def request_reboot(self):
        self.reboots += 1

    def request_factory_reset(self):
        self.resets += 1

    def interfaces(self):
        return [("lan", "up", "192.0.2.1", "02:00:00:00:00:01", "10/1", "20/2", "0")]

    def gateway(self):
        return "wan", "203.0.113.1"

    def filter(self):
        return ["state redirect", "input: all else: drop"]

    def kernel(self):
        return "Linux version 6.12"

    def memory_rows(self):
        return ["MemTotal:   60000 kB"]


class Pinger:
    def __init__(self):
        self.asked = []
        self.results = [1.5, "no answer"]

    async def run(self, host, count):
        self.asked.append((host, count))
        return "192.0.2.9", self.results


def group(rule):
    lines = "set group acme servers 192.0.2.1\nset group acme rule " + rule
    return Groups(Settings(settings_text.read(lines.encode()))).named("acme")


class Accounts:
    """Two accounts, one of a group that is no longer set."""

    def __init__(self):
        self.unusable = ""
        self.problems = []
        self.erased = []
        anna = Account("acme", group("all"), b"anna")
        anna.place = ("192.0.2.1", 110)
        anna.sealed = b"planted-sealed"
        bert = Account("gone", None, b"bert")
        bert.place = ("192.0.2.2", 1110)
        self.known = [anna, bert]

    def everything(self):
        return self.known

    def named(self, text):
        for account in self.known:
            if text in (account.name, account.id):
                return account
        return None

    async def erase(self, account, who):
        self.erased.append((account.name, who))
        self.known.remove(account)


class Drop:
    """Keeps two messages that a client deleted; slot n has the serial number 10 + n."""

    count = 2
    stored_octets = 75
    error = None
    restored = -1

    def __init__(self):
        self.files = 0

    def retained(self):
        return [1, 2]

    def deleted_at(self, slot):
        return slot

    def serial(self, slot):
        return 10 + slot

    def octets(self, slot):
        return 100

    def size(self, slot):
        return 104

    def uidl(self, slot):
        return b"uid-%d" % slot

    async def open_body(self, slot):
        if self.error:
            raise self.error
        self.files += 1
        return slot

    async def restore(self, slot):
        self.restored = slot
        return 3


class Maildrops:
    octets = 3 << 20
    maximum = 1024 << 20
    error = None

    def __init__(self):
        self.open_drops = 0
        self.erased = []
        self.drop = Drop()
        self.open_files = 0

    def close(self, fd):
        self.open_files -= 1

    async def open(self, id):
        if self.error:
            raise self.error
        self.open_drops += 1
        return self.drop

    def release(self, drop):
        self.open_drops -= 1

    async def erase(self, id):
        self.erased.append(id)


class Collector:
    """Remembers for whom a turn was taken, and whether it is over."""

    def __init__(self):
        self.turns = []

    def turn(self, account):
        self.turns.append(account.name)
        return self

    async def __aenter__(self):
        return None

    async def __aexit__(self, kind, error, trace):
        self.turns.append("over")


def entry(id):
    record = Thing(
        account="user @ 192.0.2.1:110",
        uidl="u1",
        sender="a@example.org",
        subject="\x1b[2J bad \u202e",
        verdict=1,
        signature="Eicar",
        part="a.zip/x.exe",
        bundle="factory",
        action=2,
    )
    made = Entry(id, record, 0, "ab", 6, 1)
    return made


def a_slot(name, **changed):
    found = {"slot": name, "running": name == "A", "next": name == "A", "proven": True}
    found.update({"tries": None, "label": None})
    found.update(changed)
    return found


LABEL = {
    "version": "0.2.0",
    "epoch": 1,
    "serial": 7,
    "created": 1700000000,
    "signers": "KEY",
    "failed": False,
}


class Firmware:
    """update.Firmware; `error` is raised by each call."""

    def __init__(self):
        self.error = None
        self.asked = []
        self.found = {
            "slots": [a_slot("A"), a_slot("B")],
            "record": True,
            "fallbacks": 0,
            "keys": 1,
            "withdrawn": [],
            "missed": "",
            "trial": None,
            "version": "0.1.0",
        }

    def _or_error(self, found):
        if self.error:
            raise self.error
        return found

    async def status(self):
        return self._or_error(self.found)

    async def install(self, asked):
        self.asked.append(asked)
        return self._or_error({"version": "0.2.0", "slot": "B", "warnings": ["it is old"]})

    async def rollback(self):
        return self._or_error("B")


class Users:
    """Of the door: one user, whose password is not what this is about."""

    why = ""

    def names(self):
        return ["admin"]

    def entry(self, name):
        return (bytes(16), bytes(32)) if name == "admin" else None

    def full(self):
        return False


async def hashed(password, salt):
    return bytes(32)


def same(a, b):
    return a == b


class Box:
    """A Control and everything around it."""

    def __init__(self, settings=None, sessions=()):
        self.log = Thing(
            ring=Ring(),
            counters=Counters(),
            alarms=Alarms(),
            record=self.record,
            ERROR=log.ERROR,
            WARNING=log.WARNING,
            INFO=log.INFO,
            DEBUG=log.DEBUG,
        )
        self.records = []
        self.given = settings or Settings()
        self.unopened = []
        self.quarantine = Quarantine([entry("7"), entry("6")])
        self.screen = Screen()
        self.selftest = SelfTest()
        self.system = System()
        self.accounts = Accounts()
        self.maildrops = Maildrops()
        self.collector = Collector()
        self.seen = seen.Seen()
        self.installer = Installer()
        self.arriving = Arriving()
        self.age = Age(lambda: 1700000000 + 15 * 86400, 14)
        self.poller = Poller()
        self.stick = Stick()
        self.updates = Updates(
            self.installer,
            self.arriving,
            self.screen,
            lambda: 1700000000 + 15 * 86400,
            self.age,
            self.poller,
            self.stick,
        )
        self.firmware = Firmware()
        self.health = Health(self.selftest, lambda: True, lambda: self.given, self.unopened)
        self.pinger = Pinger()
        self.syslog = ""
        given = Thing(snapshot=lambda: list(sessions))
        self.control = Control(
            settings or Settings(),
            self.log,
            given,
            self.quarantine,
            self.screen,
            self.selftest,
            self.system,
            self.accounts,
            self.maildrops,
            self.collector,
            self.seen,
            self.maildrops,
            Profiles(settings or Settings()),
            Configuring(Running({}, Nothing(), self.prepare, zero, zero, self.told), zero),
            self.updates,
            Thing(seconds=lambda: 1700000000, trusted=lambda: True),
            FirmwareCommands(self.firmware, self.arriving),
            self.health,
            Door(Users(), hashed, lambda n: bytes(n), same, zero, self.log, None),
            self.pinger,
            Thing(state=lambda: self.syslog),
        )
        self.key = run(self.control.answer(b"*login admin secret"))[2][0]
        del self.records[:]

    def record(self, level, event, **fields):
        self.records.append((level, event, fields))

    def told(self, event, **fields):
        self.record(log.WARNING, event, **fields)

    def prepare(self, values):
        return lambda: []

    def ask(self, line):
        """As somebody who is logged in; `@NAME line` says whose candidate it is about."""
        name = b""
        if line.startswith(b"@"):
            name, _, line = line[1:].partition(b" ")
        return run(self.control.answer(b"@%s:%s %s" % (name, self.key.encode(), line)))
