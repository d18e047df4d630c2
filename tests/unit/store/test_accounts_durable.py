"""Accounts and power: what was acknowledged is there after a cut at any step (promise 10).

As test_durable.py does for the quarantine: one scenario on a model of a disk; at each step every
state that a medium may hold after a cut is recovered from and judged.  With each sync left out the
same judge must find a loss.
"""

import asyncio
import json

import crypto_reference
import pytest
from left_out import WatchedFault, journal_syncs, root_sync
from model_disk import ModelDisk, ModelFolder
from restante.accounts import accounts as room
from restante.accounts import book, sealed, state
from restante.accounts.accounts import Accounts, NotLearned
from restante.accounts.groups import Groups
from restante.accounts.sealed import Sealer
from restante.errors import StoreError, StoreFull
from restante.settings import text
from restante.settings.values import Settings
from restante.store import journal
from restante.store.faults import EIO, ENOSPC, EROFS

GROUPS = Groups(Settings(text.read(b"set group acme servers 192.0.2.0/24,pop.example")))
ACME = GROUPS.all()[0]
KEY = bytes(range(32))
PLACE = ("192.0.2.1", 110)
HOUR = 3600
OUT_OF_MEMORY = 0  # in place of an errno: MemoryError


class Plain:
    """In place of the sealing, which is slow on CPython and has tests of its own."""

    usable = True

    def seal(self, id, password):
        return id.encode() + password

    def open(self, id, closed):
        return closed[16:] if closed[:16] == id.encode() else None

    def same(self, one, other):
        return one is not None and one == other


class Process:
    """The accounts as one run of the gate has them, on a disk that may have a past."""

    def __init__(self, disk, sealer=None, groups=GROUPS, **faults):
        self.now = 10 * HOUR
        self.up = 100
        self.folder = ModelFolder(disk, **faults)
        self.accounts = Accounts(
            groups, self.folder, None, lambda: self.now, lambda: self.up, sealer or Plain()
        )

    async def learned(self, user, password, place=PLACE, how=state.LOGIN_USER):
        return await self.accounts.learned(ACME, user, password, place, how)


def started(disk, **arguments):
    process = Process(disk, **arguments)
    asyncio.run(process.accounts.start())
    return process


class Story:
    """What was acknowledged: {user: [password, state, in grace]}, and what is under way."""

    def __init__(self, known=None, trying=None):
        self.known = known or {}
        self.trying = trying  # (user, what it is to become, None: erased)

    def copy(self):
        return Story({user: list(facts) for user, facts in self.known.items()}, self.trying)

    def key(self):
        return repr((self.known, self.trying))

    def _after(self, user, facts):
        self.trying = (user, facts)

    def _done(self):
        user, facts = self.trying
        if facts is None:
            del self.known[user]
        else:
            self.known[user] = facts
        self.trying = None

    async def learned(self, process, user, password):
        _, number, _ = self.known.get(user, (None, state.LEARNING, None))
        self._after(user, [password, number, True])
        account = await process.learned(user, password)
        self._done()
        return account

    async def became(self, process, user, number):
        password, _, grace = self.known[user]
        self._after(user, [password, number, grace])
        await process.accounts.became(process.accounts.find(ACME, user), number, "why")
        self._done()

    async def refused(self, process, user):
        password, number, _ = self.known[user]
        self._after(user, [password, number, False])
        await process.accounts.refused(process.accounts.find(ACME, user))
        self._done()

    async def erase(self, process, user):
        self._after(user, None)
        await process.accounts.erase(process.accounts.find(ACME, user), "console")
        self._done()

    def judge(self, disk):
        """A text for each promise that this disk breaks."""
        accounts = started(disk).accounts
        found = {
            a.user: [accounts.password(a), a.state, accounts.in_grace(a)]
            for a in accounts.everything()
        }
        # A line torn in its middle looks like damage: no grace counts then, nothing else is lost.
        damaged = bool(accounts.problems)
        bad = []
        if damaged and self.trying is None:
            bad.append("problem: %s" % accounts.problems)
        if any(accounts.fresh(a) for a in accounts.everything()):
            bad.append("fresh without the origin's word in this boot")
        user, facts = self.trying or (None, None)
        for name in set(found) | set(self.known):
            legal = [self.known.get(name)]
            if name == user:
                legal.append(facts)
            if damaged:
                legal = [f and [f[0], f[1], False] for f in legal]
            if found.get(name) not in legal:
                bad.append("%s is %s, not one of %s" % (name, found.get(name), legal))
        if set(disk.root.names["accounts"].names) != {"journal"}:
            bad.append("leftovers: %s" % sorted(disk.root.names["accounts"].names))
        return bad


async def scenario(process, story):
    await process.accounts.start()
    await story.learned(process, b"anna", b"one")
    await story.learned(process, b"bert", b"two")
    await story.became(process, b"anna", state.READY)
    await story.learned(process, b"anna", b"three")
    await story.refused(process, b"anna")
    await story.became(process, b"bert", state.PASSING)
    await story.erase(process, b"bert")
    await story.learned(process, b"anna", b"three")
    await story.learned(process, b"bert", b"four")


@pytest.fixture(autouse=True)
def frequent_rewriting(monkeypatch):
    """The journal is rewritten after a few records, so that the scenario meets it twice."""
    monkeypatch.setattr(room, "SLACK_RECORDS", -3)


def run_with_cuts(muted=None):
    """[(operation, disk, story)] before each step of the scenario and at its end."""
    disk = ModelDisk()
    story = Story()
    moments = []

    def before(step, operation, target):
        moments.append((operation + " " + target, disk.snapshot(), story.copy()))

    asyncio.run(scenario(Process(disk, before=before, muted=muted), story))
    before(0, "end", "")
    return moments


def losses(moments, count=None):
    """Yields what is broken; adds the number of different states judged to `count`."""
    seen = set()
    for name, disk, story in moments:
        for crashed in disk.crashes():
            key = (crashed.content(), story.key())
            if key not in seen:
                seen.add(key)
                if count:
                    count[0] += 1
                for bad in story.judge(crashed):
                    yield name, bad


def test_nothing_is_lost_at_any_cut():
    count = [0]
    moments = run_with_cuts()
    assert list(losses(moments, count)) == []
    assert count[0] > 100
    assert len([name for name, _, _ in moments if name == "rename accounts/journal"]) >= 3


@pytest.mark.parametrize("muted", [*journal_syncs("accounts"), root_sync])
def test_the_judge_finds_the_loss_when_a_sync_is_left_out(muted):
    assert next(losses(run_with_cuts(muted)), None)


async def stubborn(process, story, fault):
    """The scenario, with each call repeated once if it failed."""

    async def do(call, *arguments):
        try:
            return await call(process, *arguments)
        except (StoreError, MemoryError) as error:
            assert fault.failed
            assert isinstance(error, MemoryError) == (fault.number == OUT_OF_MEMORY)
            assert isinstance(error, StoreFull) == (fault.number == ENOSPC)
        return await call(process, *arguments)

    await do(story.learned, b"anna", b"one")
    await do(story.became, b"anna", state.READY)
    await do(story.refused, b"anna")
    await do(story.learned, b"bert", b"two")
    await do(story.erase, b"bert")


def run_with_fault(step, number):
    """The WatchedFault after the scenario; None when the scenario has no such step."""
    disk = ModelDisk()
    story = Story()
    fault = WatchedFault(disk, story, step, number)
    process = Process(disk, before=fault)
    try:
        asyncio.run(process.accounts.start())
    except (StoreError, MemoryError):
        fault.at = 0
        with pytest.raises(NotLearned):  # nothing is learned in this run; the next one does
            asyncio.run(process.learned(b"anna", b"one"))
        process = Process(disk, before=fault)
        asyncio.run(process.accounts.start())
    asyncio.run(stubborn(process, story, fault))
    fault.note("end")
    return fault if fault.failed else None


@pytest.mark.parametrize("number", [EIO, ENOSPC, EROFS, OUT_OF_MEMORY])
def test_a_fault_at_any_step_loses_nothing(number, soak):
    step = 1
    failed = set()
    while fault := run_with_fault(step, number):
        failed.add(fault.failed.split()[0])
        judged = fault.moments if soak else fault.moments[:2] + fault.moments[-1:]
        assert list(losses(judged)) == []
        step += 1
    assert failed >= {"mkdir", "create", "write", "fsync", "rename", "fsync_folder"}


def groups_of(*lines):
    return Groups(Settings(text.read("\n".join(lines).encode())))


SERVERS = "set group acme servers 192.0.2.0/24"


def test_an_account_has_the_group_as_it_was_changed():
    groups = groups_of(SERVERS)
    process = started(ModelDisk(), groups=groups)
    account = asyncio.run(
        process.accounts.learned(groups.all()[0], b"anna", b"one", PLACE, state.LOGIN_USER)
    )
    assert process.accounts.fresh(account)
    changed = Settings(text.read((SERVERS + "\nset group acme freshness 0").encode()))
    groups.take(groups.prepared(changed))
    process.accounts.regroup()
    assert account.group is groups.named("acme") and not process.accounts.fresh(account)


def test_an_account_whose_group_is_taken_away_is_not_wanted_and_comes_back():
    groups = groups_of(SERVERS)
    process = started(ModelDisk(), groups=groups)
    account = asyncio.run(
        process.accounts.learned(groups.all()[0], b"anna", b"one", PLACE, state.LOGIN_USER)
    )
    groups.take(groups.prepared(Settings({})))
    process.accounts.regroup()
    assert account.group.rule == "none" and groups.of(*PLACE) is None
    again = Settings(text.read((SERVERS + "\nset group acme rule all").encode()))
    groups.take(groups.prepared(again))
    process.accounts.regroup()
    assert account.group is groups.named("acme") and account.group.rule == "all"


# -- what each call writes, and what it means after a restart


def records(disk):
    lines = disk.root.names["accounts"].names["journal"].data.splitlines()
    return [journal.decode(line)[1] for line in lines]


def operations(disk):
    return [record["op"] for record in records(disk)]


@pytest.fixture
def disk(monkeypatch):
    monkeypatch.setattr(room, "SLACK_RECORDS", 1000)
    return ModelDisk()


def test_a_password_that_is_known_writes_nothing(disk):
    process = started(disk)
    first = asyncio.run(process.learned(b"anna", b"one"))
    before = operations(disk)
    assert asyncio.run(process.learned(b"anna", b"one")) is first
    assert operations(disk) == before == ["begin", "learned"]
    asyncio.run(process.learned(b"anna", b"one", place=("192.0.2.2", 110)))
    asyncio.run(process.learned(b"anna", b"one", ("192.0.2.2", 110), state.LOGIN_PLAIN))
    assert operations(disk) == ["begin", "learned", "learned", "learned"]
    assert first.place == ("192.0.2.2", 110) and first.how == state.LOGIN_PLAIN


def test_users_are_opaque(disk):
    process = started(disk)
    for user in (b"anna", b"Anna", b"anna ", b"an\xffna", b"box#anna", b"%41"):
        asyncio.run(process.learned(user, b"one"))
    again = started(disk).accounts
    assert len(again.all()) == 6
    assert again.find(ACME, b"an\xffna").name == "an%FFna @ acme"
    assert again.find(ACME, b"ANNA") is None
    assert again.named("an%FFna @ acme").user == b"an\xffna"
    assert again.named(again.all()[0].id) is again.all()[0] and again.named("anna") is None


def test_confirmations_are_written_rarely(disk):
    process = started(disk)
    anna = asyncio.run(process.learned(b"anna", b"one"))
    for _ in range(14):
        process.now += 60
        asyncio.run(process.accounts.confirmed(anna))
    assert operations(disk) == ["begin", "learned"] and anna.confirmed_at == process.now
    process.now += 60
    asyncio.run(process.accounts.confirmed(anna))
    assert operations(disk) == ["begin", "learned", "confirmed"]
    assert records(disk)[-1]["time"] == process.now == 10 * HOUR + room.CONFIRMED_SECONDS


def test_what_follows_a_refusal_is_written_at_once(disk):
    process = started(disk)
    anna = asyncio.run(process.learned(b"anna", b"one"))
    asyncio.run(process.accounts.refused(anna))
    assert not process.accounts.fresh(anna) and not process.accounts.in_grace(anna)
    assert process.accounts.same(anna, b"one")  # the old one is untouched
    again = started(disk)
    assert not again.accounts.in_grace(again.accounts.find(ACME, b"anna"))
    asyncio.run(process.accounts.confirmed(anna))
    assert [r["time"] for r in records(disk)[2:]] == [0, process.now]
    assert process.accounts.fresh(anna) and process.accounts.in_grace(anna)


def test_a_refusal_counts_before_it_is_durable_and_is_not_forgotten(disk):
    process = started(disk)
    anna = asyncio.run(process.learned(b"anna", b"one"))
    failing = [True]

    def before(step, operation, target):
        if failing[0] and operation == "fsync":
            raise OSError(EIO)

    process.folder.before = before
    with pytest.raises(StoreError):
        asyncio.run(process.accounts.refused(anna))
    assert not process.accounts.fresh(anna) and not process.accounts.in_grace(anna)
    failing[0] = False
    asyncio.run(process.learned(b"bert", b"two"))
    again = started(disk)
    assert not again.accounts.in_grace(again.accounts.find(ACME, b"anna"))


def test_a_confirmation_that_cannot_be_written_is_a_problem_not_a_failure(disk):
    process = started(disk)
    anna = asyncio.run(process.learned(b"anna", b"one"))

    def before(step, operation, target):
        if operation == "write":
            raise OSError(ENOSPC)

    process.folder.before = before
    process.now += HOUR
    asyncio.run(process.accounts.confirmed(anna))
    assert process.accounts.fresh(anna) and "no room" in process.accounts.problems[0]


def test_the_last_word_wins_when_two_sessions_overlap(disk):
    """A refusal and a confirmation that wait for the same disk."""
    process = started(disk)
    anna = asyncio.run(process.learned(b"anna", b"one"))

    async def both(first, second):
        await asyncio.gather(first(anna), second(anna))

    process.now += HOUR
    asyncio.run(both(process.accounts.confirmed, process.accounts.refused))
    assert anna.confirmed_at == 0 and records(disk)[-1]["time"] == 0
    process.now += HOUR
    asyncio.run(both(process.accounts.refused, process.accounts.confirmed))
    assert anna.confirmed_at == process.now == records(disk)[-1]["time"]


def test_a_cancelled_caller_leaves_a_journal_that_the_next_change_repairs(disk):
    process = started(disk)

    async def cancelled():
        task = asyncio.create_task(process.learned(b"anna", b"one"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await process.learned(b"bert", b"two")

    asyncio.run(cancelled())
    known = {a.user for a in started(disk).accounts.all()}
    assert b"bert" in known
    assert {a.user for a in process.accounts.all()} == known


def test_an_account_of_a_group_that_is_not_set_any_more(disk):
    asyncio.run(started(disk).learned(b"anna", b"one"))
    other = Groups(Settings(text.read(b"set group other servers h")))
    process = started(disk, groups=other)
    assert process.accounts.all() == []
    (orphan,) = process.accounts.everything()
    assert orphan.group is None and orphan.name == "anna @ acme"
    asyncio.run(process.accounts.erase(orphan))
    assert started(disk).accounts.everything() == []


def test_limits_say_what_they_are(disk, monkeypatch):
    process = started(disk)
    monkeypatch.setattr(room, "ACCOUNTS", 2)
    asyncio.run(process.learned(b"anna", b"x" * sealed.PASSWORD_OCTETS))
    asyncio.run(process.learned(b"bert", b""))
    for user, password, part in (
        (b"carl", b"two", "2 accounts"),
        (b"", b"two", "empty"),
        (b"x" * 255, b"two", "254 octets"),
        (b"anna", b"x" * (sealed.PASSWORD_OCTETS + 1), "512 octets"),
    ):
        with pytest.raises(NotLearned, match=part):
            asyncio.run(process.learned(user, password))
    asyncio.run(process.learned(b"anna", b"new"))  # who is known may still change the password
    assert len(process.accounts.all()) == 2


# -- keys


def test_without_a_device_key_nothing_is_learned(disk):
    asyncio.run(started(disk, sealer=Sealer(crypto_reference, KEY)).learned(b"anna", b"one"))
    process = started(disk, sealer=Sealer(crypto_reference, None))
    assert "device key" in process.accounts.unusable
    with pytest.raises(NotLearned, match="device key"):
        asyncio.run(process.learned(b"bert", b"two"))
    (anna,) = process.accounts.all()
    assert anna.state == state.LEARNING and "device key" in anna.why
    assert process.accounts.password(anna) is None and not process.accounts.same(anna, b"one")
    assert not process.accounts.in_grace(anna)


def test_another_box_cannot_open_it_and_the_next_login_replaces_it(disk):
    process = started(disk, sealer=Sealer(crypto_reference, KEY))
    anna = asyncio.run(process.learned(b"anna", b"one"))
    asyncio.run(process.accounts.became(anna, state.READY))
    other = started(disk, sealer=Sealer(crypto_reference, bytes(32)))
    (anna,) = other.accounts.all()
    assert anna.state == state.LEARNING and anna.why == state.UNOPENED
    assert other.accounts.password(anna) is None and not other.accounts.same(anna, b"one")
    assert not other.accounts.in_grace(anna) and not other.accounts.fresh(anna)
    asyncio.run(other.learned(b"anna", b"one"))
    assert other.accounts.same(anna, b"one") and anna.why == state.FIRST_SYNC
    third = started(disk, sealer=Sealer(crypto_reference, bytes(32)))
    assert third.accounts.same(third.accounts.all()[0], b"one")


def test_what_another_box_did_not_touch_opens_here_again(disk):
    process = started(disk, sealer=Sealer(crypto_reference, KEY))
    for user in (b"anna", b"bert"):
        account = asyncio.run(process.learned(user, b"one"))
        asyncio.run(process.accounts.became(account, state.READY))
    other = started(disk, sealer=Sealer(crypto_reference, bytes(32)))
    asyncio.run(other.learned(b"anna", b"one"))
    back = started(disk, sealer=Sealer(crypto_reference, KEY)).accounts
    assert [back.password(a) for a in back.all()] == [None, b"one"]


# -- a journal that cannot be used


def test_a_journal_of_a_newer_firmware_is_not_touched(disk):
    asyncio.run(started(disk).learned(b"anna", b"one"))
    inode = disk.root.names["accounts"].names["journal"]
    inode.data = journal.encode(0, {"op": "begin", "version": book.VERSION + 1})
    process = Process(disk)
    with pytest.raises(StoreError, match="newer firmware"):
        asyncio.run(process.accounts.start())
    with pytest.raises(NotLearned, match="newer firmware"):
        asyncio.run(process.learned(b"anna", b"one"))
    assert process.accounts.all() == []
    assert inode.data == journal.encode(0, {"op": "begin", "version": book.VERSION + 1})


def test_a_damaged_journal_ends_every_grace(disk):
    process = started(disk)
    asyncio.run(process.learned(b"anna", b"one"))
    asyncio.run(process.learned(b"bert", b"two"))
    asyncio.run(process.accounts.refused(process.accounts.find(ACME, b"anna")))
    inode = disk.root.names["accounts"].names["journal"]
    line = json.dumps(book.confirmed_record(process.accounts.find(ACME, b"anna"), 0)).encode()
    assert line in inode.data
    inode.data = inode.data.replace(line, line[:-2] + b"}}")
    again = started(disk).accounts
    assert again.problems and not again.unusable
    for account in again.all():
        assert not again.in_grace(account)
    assert again.same(again.find(ACME, b"bert"), b"two")
    assert started(disk).accounts.problems == []  # it was rewritten
