"""What commands answer, with the real log, settings and quarantine records.  Also on MicroPython.

What stands in for the world here is a few lines that count and remember; the real gate's answers
are checked in tests/session.
"""

from restante import log
from restante.accounts import seen, state
from restante.accounts.groups import Groups
from restante.accounts.state import Account
from restante.control import grammar, retained, support
from restante.control.answers import Control
from restante.control.configuring import Configuring
from restante.control.door import DENIED, Door
from restante.control.firmware import FirmwareCommands
from restante.control.health import Health
from restante.control.updates import Updates
from restante.errors import ScreenUnavailable, SetRefused, SettingsError, StoreError, StoreFull
from restante.log.alarms import Alarms
from restante.log.counters import Counters
from restante.log.ring import Ring
from restante.settings import text as settings_text
from restante.settings.profiles import Profiles
from restante.settings.running import Running
from restante.settings.values import Settings
from restante.store.entries import Entry, Release
from restante.update.age import Age
from restante.update.fault import BundleError
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


def test_ping_is_empty_and_leaves_no_record():
    box = Box()
    assert run(box.control.answer(b"ping")) == (True, "", [])
    assert box.ask(b"ping") == (True, "", [])
    assert box.records == []


def test_without_a_login_nothing_is_answered_but_what_our_own_programs_ask():
    box = Box()
    for key in (b"", b"0", box.key.encode()[:-1], box.key.encode() + b"0"):
        for command, arguments, _ in grammar.COMMANDS:
            words = grammar.usage(command, arguments).replace("[", "").replace("]", "").encode()
            for line in (b"@a:%s %s" % (key, words), words, b"@%s %s" % (key, words)):
                if words not in (b"ping", b"health"):
                    ok, text, _ = run(box.control.answer(line))
                    assert (ok, text) == (False, DENIED), line
    assert run(box.control.answer(b"complete sh"))[1] == DENIED
    assert run(box.control.answer(b"@a:0 ping"))[1] == DENIED
    assert (box.system.reboots, box.system.resets, box.quarantine.calls) == (0, 0, [])
    assert box.records == []


def test_a_password_is_asked_for_by_the_console_only():
    box = Box()
    assert box.ask(b"console user add bob") == (True, "[password] add bob", [])
    assert box.ask(b"console user password admin") == (True, "[password] password admin", [])
    assert box.ask(b"console user add admin")[0] is False
    assert box.ask(b"console user password bob")[0] is False
    for line in (b"console user add bob S3CRET-1234", b"console user password admin S3CRET-1234"):
        assert box.ask(line)[0] is False
    assert "S3CRET" not in str(box.records)
    assert box.ask(b"show console users") == (True, "1 users", ["admin"])


def test_the_session_that_has_the_candidate_is_told_so():
    box = Box()
    assert box.ask(b"@c-1 configure")[1].startswith("[edit] the candidate is yours")
    assert box.ask(b"@c-1 set log level debug") == (True, "[edit] ", [])
    assert box.ask(b"@c-1 show log")[1].startswith("[edit] ")
    ok, text, _ = box.ask(b"@c-2 set log level error")
    assert not ok and text.startswith("c-1 has the candidate")
    assert box.ask(b"set log level error")[1].startswith("c-1 has the candidate")
    assert box.ask(b"@c-1 compare")[2] == ["+ set log level debug"]
    assert box.ask(b"@c-1 commit confirm x")[0] is False
    assert box.ask(b"@c-1 rollback x")[0] is False
    assert box.ask(b"@c-1 commit") == (True, "[edit] in force and durable", [])
    assert box.ask(b"@c-1 exit") == (True, "", [])
    assert box.ask(b"show configuration")[2] == ["set log level debug"]
    assert box.ask(b"show configuration json")[0] and box.ask(b"save")[0]
    assert box.ask(b"show configuration thing")[0] is False


def test_names_of_sessions():
    box = Box()
    key = box.key.encode()
    for bad in (b"A", b"a" * 33, b"a;b", b"a:b"):
        assert run(box.control.answer(b"@%s:%s help" % (bad, key)))[1] == DENIED
    for bad in (b"@a:%s" % key, b"@a:%s:x help" % key, b"@a:%s;help" % key, b" @a:%s help" % key):
        assert run(box.control.answer(bad))[0] is False
    for good in (b"@a-1:%s help", b"@:%s help", b"@" + b"a" * 32 + b":%s help"):
        assert run(box.control.answer(good % key))[0]


def test_half_typed_lines():
    box = Box()
    assert box.ask(b"@c-1 complete set log le")[2] == ["level  least urgent"]
    assert box.ask(b"complete conf")[2] == ["configure  change settings, in a candidate"]
    assert box.ask(b"complete set log level \xff")[2] == []


def test_wrong_command_has_a_next_step():
    ok, text, lines = Box().ask(b"quarantine release")
    assert (
        not ok
        and "quarantine release" in text
        and lines == ["type: quarantine release ID [force]"]
    )


def test_status_shows_what_must_be_seen():
    box = Box()
    box.log.counters.add("tunnels", 2)
    box.log.alarms.set("tunnel", "STLS by 192.0.2.9")
    ok, _, lines = box.ask(b"show status")
    page = "\n".join(lines)
    assert ok
    for part in (
        "0d 00:01:01",
        "enabled; without a verdict: deny",
        "factory, 3 hashes, 4 patterns",
        "nothing yet",
        "0 open of 100",
        "2 passed, not screened",
        "fail rule      block",
        "40960 KiB available of 61440 KiB; gate 2048 KiB",
        "CANNOT BE READ",
        "IPv6           not forwarded",
        "tunnel: STLS by 192.0.2.9 (1 times)",
    ):
        assert part in page, part
    box.ask(b"alarm acknowledge")
    assert "alarms         none" in "\n".join(box.ask(b"show status")[2])
    assert "2 passed, not screened" in "\n".join(box.ask(b"show status")[2])


def test_status_says_whose_mail_passes_by():
    assert "passes by" not in "\n".join(Box().ask(b"show status")[2])
    lines = (
        b"set interception skip-clients 192.168.77.9\n"
        b"set interception skip-servers 192.0.2.0/24,198.51.100.7\n"
    )
    page = "\n".join(Box(Settings(settings_text.read(lines))).ask(b"show status")[2])
    assert (
        "passes by      NOT SCREENED: from 192.168.77.9, to 192.0.2.0/24, to 198.51.100.7" in page
    )


def test_status_says_that_screen_does_not_answer():
    box = Box()
    box.screen.error = ScreenUnavailable("no answer in 2 s")
    assert "DOES NOT ANSWER (no answer in 2 s)" in "\n".join(box.ask(b"show status")[2])


def test_status_says_that_settings_were_refused():
    box = Box(Settings(error=SettingsError(4, "wrong")))
    assert "DEFAULTS in use; line 4: wrong" in "\n".join(box.ask(b"show status")[2])


def test_sessions():
    one = {
        "id": 1,
        "client": "192.0.2.9:1",
        "origin": "192.0.2.1:110",
        "account": "u @ o",
        "state": "transaction",
        "seconds": 61,
        "messages": 3,
    }
    lines = Box(sessions=[one]).ask(b"show sessions")[2]
    assert len(lines) == 2 and "0d 00:01:01" in lines[1] and "transaction" in lines[1]
    assert Box().ask(b"show sessions")[2] == ["no open sessions"]


def test_log_says_what_is_no_longer_kept():
    box = Box()
    box.log.ring = Ring(2)
    for n in range(3):
        box.log.ring.add("record %d" % n)
    assert box.ask(b"show log")[2] == [
        "(1 older records are no longer kept)",
        "record 1",
        "record 2",
    ]


def test_quarantine():
    box = Box()
    ok, text, lines = box.ask(b"quarantine list")
    assert ok and text == "2 held messages" and len(lines) == 3 and "infected" in lines[1]
    page = "\n".join(box.ask(b"quarantine show 7")[2])
    assert "a.zip/x.exe" in page and "a@example.org" in page
    assert box.ask(b"quarantine show 8") == (
        False,
        "no held message '8'",
        ["type: quarantine list"],
    )
    assert box.ask(b"quarantine release 7")[0] and box.ask(b"quarantine release 6 force")[0]
    assert box.ask(b"quarantine delete 6")[0]
    assert box.quarantine.calls == [
        ("release", "7", "admin", False),
        ("release", "6", "admin", True),
        ("delete", "6", "admin"),
    ]
    assert not box.ask(b"quarantine release 9")[0] and not box.ask(b"quarantine delete 9")[0]


def test_deleted_mail_is_listed_and_restored():
    box = Box()
    ok, text, lines = box.ask(b"account deleted anna @ acme")
    assert ok and text == "2 deleted messages" and lines[0].split() == list(retained.HEAD)
    assert lines[1].split()[:5] == ["12", "1970-01-01T00:00:02Z", "100", "uid-2", "a2@example.org"]
    assert lines[2].split()[0] == "11" and "\x1b" not in lines[1] and "offer" in lines[1]
    drop = box.maildrops.drop
    assert drop.files == -box.maildrops.open_files == 2 and box.maildrops.open_drops == 0
    ok, text, _ = box.ask(b"account restore anna @ acme 11")
    assert ok and text.endswith("as uid-3") and drop.restored == 1
    level, event, fields = box.records[-2]
    assert (event, fields["ok"], fields["who"]) == ("account.restore", True, "admin")
    assert "11 of anna @ acme" in fields["id"] and "uid-3" in fields["what"]
    for number in (b"1", b"011", b"13", b"x"):
        ok, text, hint = box.ask(b"account restore anna @ acme " + number)
        assert not ok and number.decode() in text and hint[0].startswith("type: account deleted")
    assert not box.ask(b"account restore carl 11")[0] and not box.ask(b"account deleted carl")[0]
    assert box.maildrops.open_drops == 0


def test_deleted_mail_that_cannot_be_looked_into():
    box = Box()
    box.screen.error = ScreenUnavailable("no answer in 2 s")
    lines = box.ask(b"account deleted anna @ acme")[2]
    assert len(lines) == 4 and lines[3].endswith("are not known: no answer in 2 s")
    box.screen.error = None
    box.maildrops.drop.error = StoreError("input/output error")
    assert "CANNOT BE READ: input" in box.ask(b"account deleted anna @ acme")[2][1]
    box.maildrops.drop.retained = lambda: []
    box.accounts.known[0].group = Thing(name="acme", retention=0)
    ok, text, lines = box.ask(b"account deleted anna @ acme")
    assert ok and text.startswith("nothing") and "'retention' is 0 days" in lines[0]


def test_each_column_of_the_quarantine():
    box = Box()
    lines = box.ask(b"show quarantine")[2]
    assert (True, "2 held messages", lines) == box.ask(b"quarantine list")
    for column in ("id", "kept", "state", "reason", "account", "signature", "bundle", "from"):
        assert column in lines[0].split(), lines[0]
    for cell in ("7", "1970-01-01T00:00:00Z", "held", "infected", "user @ 192.0.2.1:110"):
        assert cell in lines[1], cell
    for cell in ("Eicar", "factory", "a@example.org", "bad"):
        assert cell in lines[1], cell


def test_what_a_newer_set_says_of_what_is_held():
    box = Box()
    seven = box.quarantine.entries()[0]
    seven.now, seven.bundle = 0, "set 2"
    lines = box.ask(b"show quarantine")[2]
    assert "held, now clean" in lines[1] and "now clean" not in lines[2]
    page = "\n".join(box.ask(b"quarantine show 7")[2])
    assert "state      held, now clean" in page and "now        clean, says set 2" in page
    seven.now = 1  # the same as before, said by another set
    assert "now" not in box.ask(b"show quarantine")[2][1]
    assert "infected, says set 2" in "\n".join(box.ask(b"quarantine show 7")[2])


def test_releases_are_audited():
    box = Box()
    assert box.ask(b"quarantine history") == (True, "nothing was released or deleted", [])
    release = Release("restante-7-1-ab", 90, "console")
    box.quarantine.entries()[0].releases.append(release)
    old = {"time": 30, "who": "console", "uidl": "restante-3-1-cd", "delivered": 31}
    box.quarantine.gone = [
        {"time": 60, "who": "retention", "id": "3", "account": "user @ isp", "releases": [old]}
    ]
    ok, text, lines = box.ask(b"quarantine history")
    assert ok and text == "3 records" and lines[0].split()[0] == "time"
    assert "00:01:30Z  released  console" in lines[1] and lines[1].endswith("restante-7-1-ab")
    assert "deleted" in lines[2] and "retention" in lines[2] and "user @ isp" in lines[2]
    assert lines[3].endswith("restante-3-1-cd")
    page = "\n".join(box.ask(b"quarantine show 7")[2])
    assert "released   1970-01-01T00:01:30Z by console as restante-7-1-ab" in page
    release.delivered = 95
    assert "00:01:35Z" in "\n".join(box.ask(b"quarantine show 7")[2])


def test_refused_release_says_why():
    box = Box()
    box.quarantine.error = StoreError("it was blocked: release it with `force`")
    ok, text, _ = box.ask(b"quarantine release 7")
    assert not ok and "force" in text


def test_self_test_failure_raises_an_alarm():
    box = Box()
    assert box.ask(b"self-test")[0] and box.log.alarms.active() == []
    box.selftest.results = [("eicar", False, "not caught"), ("store", True, "fine")]
    ok, text, lines = box.ask(b"self-test")
    assert not ok and text == "1 of 2 checks failed" and lines[0] == "FAIL eicar: not caught"


def test_status_says_how_the_self_test_went():
    box = Box()
    assert "self-test      not run yet" in box.ask(b"show status")[2]
    box.selftest.passed = True
    box.selftest.text = "16 checks passed"
    assert "self-test      16 checks passed at 2023-11-14T22:13:20Z" in box.ask(b"show status")[2]
    box.selftest.passed = False
    box.selftest.text = "1 of 16 checks failed: x"
    (line,) = [row for row in box.ask(b"show status")[2] if row.startswith("self-test")]
    assert "FAILED" in line and "not delivered" in line and line.endswith("failed: x")


def test_status_says_that_the_disk_was_full():
    box = Box()
    assert not [row for row in box.ask(b"show status")[2] if row.startswith("DISK")]
    box.log.counters.add("no_room", 3)
    (line,) = [row for row in box.ask(b"show status")[2] if row.startswith("DISK FULL")]
    assert "3 messages" in line


def test_profiles_are_shown_with_who_has_them():
    assert Box().ask(b"show profile")[1] == "0 profiles"
    lines = b"""set group office servers 192.0.2.1
set profile strict action encrypted quarantine
set profile strict limit depth 4
set profile unused mode audit
set group office profile strict
set account "anna @ office" profile strict
"""
    ok, text, shown = Box(Settings(settings_text.read(lines))).ask(b"show profile")
    assert ok and text == "2 profiles"
    assert shown == [
        "profile strict",
        "  action encrypted quarantine",
        "  limit depth 4",
        "  for group office",
        "  for account anna @ office",
        "profile unused",
        "  mode audit",
        "  for nobody",
    ]


def test_reboot_asks_the_warden():
    box = Box(sessions=[{}])
    ok, text, lines = box.ask(b"reboot")
    assert not ok and text.startswith("1 open sessions would end")
    assert lines == ["if it is really meant, type: reboot yes"]
    assert not box.ask(b"reboot no")[0] and not box.ask(b"yes")[0] and box.system.reboots == 0
    assert box.ask(b"reboot yes")[0] and box.system.reboots == 1


def test_the_box_does_not_restart_while_an_update_is_written():
    box = Box()
    for start in ((box.installer, "busy"), (box.arriving, "ending")):
        setattr(start[0], start[1], True)
        for command in (b"reboot", b"reboot yes", b"factory-reset yes", b"factory reset yes"):
            ok, text, _ = box.ask(command)
            assert not ok and (text.startswith("not now: ") or b"yes" not in command), command
        setattr(start[0], start[1], False)
    assert (box.system.reboots, box.system.resets) == (0, 0)
    assert box.ask(b"reboot yes")[0]


def test_a_factory_reset_wants_a_yes_and_asks_the_warden():
    box = Box()
    ok, text, lines = box.ask(b"factory-reset")
    assert not ok and "lost for good" in text and lines == ["type: factory-reset yes"]
    assert box.ask(b"factory reset") == (ok, text, lines)
    assert not box.ask(b"factory-reset no")[0] and box.system.resets == 0
    assert box.ask(b"factory-reset yes")[0] and box.system.resets == 1
    assert box.ask(b"factory reset yes")[0] and box.system.resets == 2
    assert box.records[-2][1] == "factory-reset.requested"


def test_a_failing_provider_is_an_answer_and_a_record():
    box = Box()

    def fails():
        raise OSError(5)

    box.quarantine.entries = fails
    ok, text, _ = box.ask(b"quarantine list")
    assert not ok and text.startswith("quarantine list failed")
    assert box.records[-1][1] == "control.failed"


def test_accounts_and_who_is_none():
    box = Box()
    box.accounts.known[0].enter(state.READY)
    box.accounts.known[0].polled = 1
    box.seen.note(b"carl\xff", ("192.0.2.9", 110), seen.APOP, 2)
    box.seen.note("", ("192.0.2.9", 110), seen.TUNNEL, 3)
    ok, text, lines = box.ask(b"show accounts")
    page = "\n".join(lines)
    assert ok and text == "2 accounts"
    for part in (
        "anna @ acme  ready     1970-01-01T00:00:01Z",
        "bert @ gone  no group  never",
        "group 'gone' is not set any more",
        "mail: 3 MiB of 1024 MiB",
        "carl%FF",
        "(not said)",
        "192.0.2.9:110",
        "cannot be replayed",
        "not screened",
    ):
        assert part in page, (part, page)
    assert page.index("(not said)") < page.index("carl%FF")


def test_accounts_say_that_nothing_is_learned():
    box = Box()
    box.accounts.known = []
    box.accounts.unusable = "the box has no device key"
    box.accounts.problems = ["journal, octet 7: an unreadable line"]
    lines = box.ask(b"show accounts")[2]
    assert lines[0] == "NOTHING IS LEARNED: the box has no device key"
    assert lines[1] == "PROBLEM: journal, octet 7: an unreadable line"


def test_one_account():
    box = Box()
    anna = box.accounts.known[0]
    anna.next_poll = 90
    anna.last_error = "no answer in 60 s"
    anna.alert = "ALERT: mailbox is nearly full"
    page = "\n".join(box.ask(b"show account anna @ acme")[2])
    for part in (
        anna.id,
        "learning",
        "its first listing is not complete yet",
        "192.0.2.1:110, USER",
        "REFUSED by the origin since",
        "last poll       never",
        "next poll       1970-01-01T00:01:30Z",
        "no answer in 60 s",
        "nearly full",
        "2 messages, 75 octets cached",
    ):
        assert part in page, (part, page)
    assert "planted" not in page and "sealed" not in page
    assert box.maildrops.open_drops == 0
    assert box.ask(b"show account " + anna.id.encode())[1] == "account anna @ acme"
    missing = (False, "no account 'anna'", ["type: show accounts"])
    assert box.ask(b"show account anna") == missing
    box.maildrops.error = StoreError("input/output error")
    assert "CANNOT BE READ: input/output error" in "\n".join(
        box.ask(b"show account bert @ gone")[2]
    )


def test_an_account_that_the_rule_does_not_want_says_so():
    box = Box()
    anna = box.accounts.known[0]
    anna.enter(state.READY)
    for rule, why in (
        ("learn", seen.LEARN_ONLY),
        ("none", seen.BY_RULE),
        ("listed", seen.BY_RULE),
    ):
        anna.group = group(rule)
        assert why in "\n".join(box.ask(b"show accounts")[2])
        assert why in "\n".join(box.ask(b"show account anna @ acme")[2])


def test_erasing_an_account_asks_first_and_leaves_a_record():
    box = Box()
    anna = box.accounts.known[0]
    ok, text, lines = box.ask(b"erase account anna @ acme")
    assert not ok and "anna @ acme" in text
    assert lines == ["if it is really meant, type: erase account %s yes" % anna.id]
    assert box.accounts.erased == [] and box.maildrops.erased == [] and box.collector.turns == []
    assert box.ask(b"erase account anna @ acme yes")[0]
    assert box.accounts.erased == [("anna @ acme", "admin")]
    assert box.maildrops.erased == [anna.id]
    assert box.collector.turns == ["anna @ acme", "over"]
    records = [r for r in box.records if r[1] == "account.erase"]
    assert records == [
        (log.INFO, "account.erase", {"ok": True, "id": "anna @ acme", "who": "admin"})
    ]
    assert not box.ask(b"erase account anna @ acme yes")[0]


def test_the_set_in_use():
    box = Box()
    ok, text, lines = box.ask(b"show signatures")
    assert ok and text == "signatures"
    assert lines[0] == "in use     factory" and lines[1].startswith("made       1970-01-01")
    assert lines[2] == "age        19690 days, TOO OLD: the maximum is 14"
    assert lines[3].startswith("bundle     set-8, made 2023-11-14") and "serial 8" in lines[3]
    assert lines[5] == "signed by  0000000000000000"
    assert lines[7].startswith("previous   set-7,") and lines[8] == "keys       epoch 3"
    box.installer.state = State()
    box.installer.keys = None
    box.installer.busy = True
    box.screen.error = ScreenUnavailable("gone")
    assert box.ask(b"show signatures")[2] == [
        "in use     NOT KNOWN: gone",
        "bundle     none: it came with the firmware",
        "previous   none is kept",
        "keys       NONE: nobody is trusted",
        "box        hardware virt, channel stable, firmware 0.1.0, engine level 1",
        "UPDATE     under way",
    ]


def test_installing_and_going_back():
    box = Box()
    assert box.ask(b"signatures install") == (True, "set-9 is in use", [])
    box.installer.warnings = ["old"]
    assert box.ask(b"signatures install force")[2] == ["warning: old"]
    assert box.installer.asked == [False, True]
    assert box.ask(b"signatures rollback") == (True, "older is in use again", [])
    box.installer.error = BundleError("serial", "it is older", "why", "do")
    lines = ["code: serial", "cause: why", "next: do"]
    assert box.ask(b"signatures install") == (False, "not installed: it is older", lines)
    assert box.ask(b"signatures rollback") == (False, "not rolled back: it is older", lines)
    for error in (SetRefused("no set"), StoreFull("no room"), ScreenUnavailable("gone")):
        box.installer.error = error
        ok, text, _ = box.ask(b"signatures install")
        assert not ok and str(error) in text
    box.arriving.ending = True
    asked = len(box.installer.asked)
    assert not box.ask(b"signatures install")[0] and len(box.installer.asked) == asked
    assert not box.ask(b"signatures install now")[0]


def test_a_transfer():
    box = Box()
    sha = b"ab" * 32
    assert box.ask(b"update begin " + sha + b" 9000") == (True, "3000 is wanted", [])
    assert box.ask(b"update data 0 AAAA 0000000a") == (True, "3000 is wanted", [])
    assert box.ask(b"update end") == (True, "it has arrived", ["type: signatures install"])
    calls = [("begin", b"\xab" * 32, 9000), ("data", 0, "AAAA", 10), ("end",)]
    assert box.arriving.calls == calls
    for line in (
        b"begin " + sha + b" x",
        b"begin " + sha[:-1] + b" 1",
        b"begin " + sha[:-1] + b"g 1",
        b"begin " + sha,
        b"begin " + sha + b" 12345678901",
        b"begin " + sha + b" -1",
        b"data 0 AAAA 1",
        b"data x AAAA 00000000",
        b"data 0 00000000",
        b"end now",
    ):
        assert not box.ask(b"update " + line)[0], line
    assert box.arriving.calls == calls
    for error in (BundleError("offset", "wanted is 3", "", ""), StoreFull("full"), OSError(5)):
        box.arriving.error = error
        for line in (b"begin " + sha + b" 9", b"data 0 AAAA 00000000", b"end"):
            assert not box.ask(b"update " + line)[0]


def test_polls_and_what_is_shown_of_them():
    box = Box()
    assert box.ask(b"update poll") == (True, "nothing newer", [])
    box.poller.answer = (True, False, "the server answers 404")
    assert box.ask(b"update poll") == (False, "the server answers 404", ["type: show log"])
    box.poller.answer = (False, True, "s.rstb: 7 of 9 octets")
    assert box.ask(b"update poll")[2] == ["type: show updates"]
    assert "none" in box.ask(b"show updates")[2][0]
    box.poller.now = ("http://a/", "stable", None, "", "", 3600, 0)
    assert box.ask(b"show updates")[2] == [
        "server     http://a/",
        "channel    stable",
        "last poll  none since the start",
        "next poll  in 0d 01:00:00",
        "stick      none",
    ]
    box.poller.now = ("http://a/", "stable", 61, "it broke", "s.rstb: 7 of 9 octets", None, 3)
    assert box.ask(b"show updates")[2][2:] == [
        "last poll  0d 00:01:01 ago: it broke",
        "failures   3 in a row",
        "now        s.rstb: 7 of 9 octets",
        "stick      none",
    ]
    box.poller.now = ("http://a/", "stable", 61, "good", "", None, 0)
    assert "updates interval is 0" in box.ask(b"show updates")[2][-2]


def test_what_came_of_a_stick_is_shown():
    box = Box()
    assert box.ask(b"update stick")[:2] == (False, "no stick is in")
    box.stick.now = (True, True, "is in", 61, "nothing newer", "")
    assert box.ask(b"update stick") == (True, "it is looked at", ["type: show updates"])
    assert box.ask(b"update stick firmware")[0] and not box.ask(b"update stick other")[0]
    assert box.stick.looks == (False, True) and "update.stick" in [each[1] for each in box.records]
    assert box.ask(b"show updates")[2][1:] == [
        "stick      is in",
        "last stick 0d 00:01:01 ago: nothing newer",
    ]
    box.stick.now = (True, True, "is in", 61, "nothing newer", "s.rstb: 7 of 9 octets")
    assert box.ask(b"show updates")[2][-1] == "from stick s.rstb: 7 of 9 octets"
    box.stick.now = (False, False, "off", None, "", "")
    assert box.ask(b"update stick")[:2] == (False, "sticks are off")
    assert box.ask(b"show updates")[2][-1] == "stick      off"


def test_firmware_of_both_slots_is_shown():
    box = Box()
    ok, _, lines = box.ask(b"show firmware")
    assert ok and lines == [
        "slot A     running, proven",
        "           0.1.0, came with the image",
        "slot B     proven",
        "           came with the image",
        "fallbacks  0",
        "keys       epoch 1",
    ]
    box.firmware.found["slots"] = [
        a_slot("A", next=False, label=dict(LABEL, version="0.1.0", serial=6)),
        a_slot("B", next=True, proven=False, tries=3, label=LABEL),
    ]
    lines = box.ask(b"show firmware")[2]
    assert lines[2] == "slot B     started next, not proven, 3 tries left"
    assert "0.2.0, made 2023-11-14" in lines[3] and "serial 7, signed by KEY" in lines[3]


def test_what_is_wrong_with_firmware_is_shown():
    box = Box()
    box.firmware.found.update({"record": False, "missed": "B", "withdrawn": ["K1"], "keys": None})
    box.firmware.found["slots"][1].update({"proven": False, "label": dict(LABEL, failed=True)})
    text = "\n".join(box.ask(b"show firmware")[2])
    for word in ("no copy of the boot", "slot B was to be", "REVOKED    keys", "FAILED", "NONE"):
        assert word in text
    box.firmware.found["slots"][1]["label"] = None
    assert "nothing that was written to its end" in "\n".join(box.ask(b"show firmware")[2])
    box.firmware.found["trial"] = "self-test"
    assert "on trial   self-test" in box.ask(b"show firmware")[2]


def test_firmware_is_installed_and_gone_back_from():
    box = Box()
    assert box.ask(b"firmware install") == (
        True,
        "firmware 0.2.0 is in slot B and is started next",
        ["warning: it is old", "type: reboot yes"],
    )
    assert box.ask(b"firmware install downgrade")[0] and box.firmware.asked == [False, True]
    assert not box.ask(b"firmware install force")[0]
    assert box.ask(b"firmware rollback")[1] == "slot B is started next"
    box.firmware.error = BundleError("version", "older", "so it is", "go back")
    for command in (b"firmware install", b"firmware rollback", b"show firmware"):
        ok, text, lines = box.ask(command)
        assert not ok and text.endswith(": older") and lines[0] == "code: version"
    box.arriving.ending = True
    assert box.ask(b"firmware install")[:2] == (False, "not installed: a transfer is being ended")


def test_health_is_the_self_test_the_store_and_the_settings():
    box = Box()
    box.selftest.passed = True
    assert box.ask(b"health") == (True, "", [])
    for passed in (False, None):
        box.selftest.passed = passed
        assert box.ask(b"health")[:2] == (False, "self-test: " + box.selftest.text)
    box.selftest.passed = True
    box.unopened.append("the store is read-only")
    assert box.ask(b"health")[1] == "the store is read-only"
    box.given = Settings(error=SettingsError(1, "no setting"))
    assert not box.ask(b"health")[0] and "health" not in str(box.ask(b"help"))


def test_show_interfaces_and_version():
    box = Box()
    ok, _, lines = box.ask(b"show interfaces")
    assert ok and lines[1].startswith("lan   up     192.0.2.1")
    assert lines[2:] == ["gateway        203.0.113.1 on wan", "filter         state redirect"]
    assert any("6.12" in line for line in box.ask(b"show version")[2])


def test_ping_says_what_answered():
    box = Box()
    ok, text, lines = box.ask(b"ping host.example 2")
    assert ok and text == "192.0.2.9: 1 of 2 answered, 1.5 to 1.5 ms"
    assert lines == ["1: 1.5 ms", "2: no answer"]
    assert box.ask(b"ping host.example")[0] and box.pinger.asked[-1] == ("host.example", 4)
    box.pinger.results = ["no answer"]
    assert box.ask(b"ping host.example 1")[:2] == (False, "192.0.2.9: 0 of 1 answered")
    for bad in (b"h 0", b"h 21", b"h -1", b"h x", b"h 0001", b"h" * 254):
        asked = len(box.pinger.asked)
        assert not box.ask(b"ping " + bad)[0] and len(box.pinger.asked) == asked, bad


def test_records_that_came_after_a_number():
    box = Box()
    for n in range(5):
        box.log.ring.add("2026-11-27T00:00:00Z info e n=%d" % n)
    box.log.ring.add("2026-11-27T00:00:00Z error bad")
    assert box.ask(b"log after end") == (True, "6 0", [])
    ok, text, lines = box.ask(b"log after 4")
    assert ok and text == "6 0" and len(lines) == 2
    assert box.ask(b"log after 0 warning")[2] == ["2026-11-27T00:00:00Z error bad"]
    assert box.ask(b"log after 99") == (True, "6 0", [])
    for n in range(300):
        box.log.ring.add("info e n=%d" % n)
    ok, text, lines = box.ask(b"log after 6")
    assert (text, len(lines)) == ("156 100", 50)
    assert not box.ask(b"log after x")[0] and not box.ask(b"log after 1 loud")[0]
    assert box.records == []  # none of what programs ask all the time
    assert len(box.ask(b"show log 7")[2]) == 7


def test_the_support_bundle_holds_no_secret_and_is_bounded():
    box = Box()
    for n in range(200):
        box.log.ring.add("info e n=%d %s" % (n, "x" * 600))
    ok, _, lines = box.ask(b"support bundle")
    assert ok and len("\n".join(lines)) < 98304
    assert lines[-1].startswith("sha256 ") and len(lines[-1]) == 71
    assert [line for line in lines if line.startswith("info e n=199 ")]
    assert not [line for line in lines if line.startswith("info e n=1 ")]
    assert not any("planted-sealed" in line for line in lines)


def test_settings_that_sound_secret_are_withheld():
    lines = support.without_secrets(
        ["set console password x1", "set log level info", "set system console-key y", "# set z"]
    )
    assert lines == [
        "set console password [withheld]",
        "set log level info",
        "set system console-key [withheld]",
        "# set z",
    ]
