"""Accelerated accounts on the booted image: stored, served, shown, and in the memory that it has.

One box with the laboratory's origin as a server group; at the end it is switched off and its disk
looked at from outside.  The modules of this folder that boot a box of their own do the same.
"""

import binascii
import re
import threading

import crypto_reference
import pytest
from restante.accounts.names import account_id
from restante.accounts.sealed import Sealer
from restante.box import keys
from restante.store import journal
from restante_tools.lab import (
    boxconsole,
    clients,
    demo,
    image,
    judge,
    network,
    planted,
    preflight,
    sealed,
)
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places

ACCELERATED = (
    f"set group office servers {network.ORIGIN}",
    "set group office rule all",
    "set group office interval 60",
)
LEARN_SECONDS = 180  # all maildrops of the module collected, on a busy machine
ACCOUNTS = 10  # with maildrops of 1.5 MB
SESSIONS, PER_SESSION_KIB = 100, 24  # of the gate's memory, as sbin/run counts them
SESSION_SECONDS = 900.0
SHOWING = ("show status", "show sessions", "show log", "show alarms", "show accounts")


class Box:
    """The site, its console, and what both have said."""

    def __init__(self, site):
        self.site = site
        self.said = []
        self._line = site.box.serial(self._deadline())
        self._ask = boxconsole.over_serial(self._line, self._deadline)

    def _deadline(self):
        return self.site.deadline(boxconsole.ANSWER_SECONDS)

    def ask(self, command):
        answer = self._ask(command)
        self.said.append("\n".join((answer.text, *answer.lines)))
        return answer

    def fetch(self, user, password, **more):
        (report,) = clients.fetch(self.site.office, [clients.plan(user, password, **more)])
        assert "error" not in report
        return report

    def learn(self, accounts):
        """Each logs in once; returns when all their mail is stored."""
        plans = [clients.plan(a.user, a.password, numbers=[]) for a in accounts]
        assert [r for r in clients.fetch(self.site.office, plans) if "error" in r] == []
        limit = self.site.deadline(LEARN_SECONDS)
        limit.wait(lambda: all(map(self.is_collected, accounts)), "the mail of all accounts")

    def is_collected(self, account):
        answer = self.ask(f"show account {account.user} @ office")
        found = re.match(r"(\d+) messages, (\d+) octets", answer.value("mail"))
        return bool(
            answer.value("state") == "ready"
            and answer.value("last poll") not in ("", "never")
            and found
            and int(found[1]) == len(account.messages)
        )

    def stop(self):
        self._line.close()
        self.site.box.stop()


@pytest.fixture(scope="module")
def box(mails, load_accounts, figures):
    preflight.check(image=True)
    accounts = [demo.account(mails), planted.account(), *load_accounts[:ACCOUNTS]]
    with ImageSite(Places(), Wanted(accounts, settings=ACCELERATED)) as site:
        site.boot()
        built = Box(site)
        before = boxconsole.status(built.ask)
        built.learn(accounts)
        after = boxconsole.status(built.ask)
        figures.append(
            f"accelerated: {len(accounts)} accounts collected; gate {before.gate_kib} KiB before, "
            f"{after.gate_kib} KiB after, in use {after.memory_used_kib} of {after.memory_kib} KiB"
        )
        yield built
        built.stop()


def hashes(report):
    assert "error" not in report
    return [row.get("sha256") for row in report["messages"]]


def test_the_console_shows_the_account_ready(box):
    rows = [row.split() for row in boxconsole.must(box.ask, "show accounts").lines]
    mine = [row for row in rows if demo.USER in row]
    assert [row[1:5] for row in mine] == [[demo.USER, "@", "office", "ready"]], mine


def test_it_is_served_from_the_store_also_without_the_origin(box, mails, tmp_path):
    folders = {name: tmp_path / name for name in ("direct", "online", "offline")}
    for folder in folders.values():
        folder.mkdir()
    plan = clients.plan(demo.USER, demo.PASSWORD, keep=str(folders["direct"]))
    (direct,) = clients.fetch(box.site.internet, [plan])
    online = box.fetch(demo.USER, demo.PASSWORD, keep=str(folders["online"]))
    box.site.origin.stop()
    try:
        offline = box.fetch(demo.USER, demo.PASSWORD, keep=str(folders["offline"]))
    finally:
        box.site.restart_origin()
    for report in (online, offline):
        assert report["uidls"] == direct["uidls"]
        assert all(row["listed"] == true_octets(row, folders) for row in report["messages"])
    for name in ("online", "offline"):
        assert faults(mails, folders["direct"], folders[name]) == []


def true_octets(row, folders):
    """RFC 1939 §11: what LIST says counts no stuffing."""
    wire = (folders["online"] / f"{row['number']:05d}.wire").read_bytes()
    return len(re.sub(rb"(?m)^\.\.", b".", wire))


def faults(mails, direct, through):
    """What is wrong with the messages that came through the box."""
    found = []
    for number, mail in enumerate(mails, 1):
        name = f"{number:05d}.wire"
        judgement = judge.judge(
            mail, (direct / name).read_bytes(), (through / name).read_bytes(), screened=True
        )
        if not judgement.right:
            found.append((mail.title, judgement.received))
    return found


class Watch(threading.Thread):
    """Looks at the memory of the box, as long as many sessions are open."""

    def __init__(self, box):
        super().__init__()
        self.box = box
        self.over = threading.Event()
        self.seen = []  # (open sessions, KiB of the gate, KiB in use)

    def run(self):
        while not self.over.is_set():
            answer = boxconsole.must(self.box.ask, "show status")
            now = boxconsole.status(lambda _, answer=answer: answer)
            sessions = int(answer.value("sessions").split()[0])
            self.seen.append((sessions, now.gate_kib, now.memory_used_kib))


def test_a_hundred_sessions_at_once_half_of_them_retrieving(box, load_accounts, figures):
    plans = []
    load_accounts = load_accounts[:ACCOUNTS]
    for number in range(SESSIONS):
        account = load_accounts[number % len(load_accounts)]
        retrieves = number < SESSIONS // 2
        plans.append(
            clients.plan(account.user, account.password, **({} if retrieves else {"numbers": []}))
        )
    direct = clients.fetch(box.site.internet, plans[: len(load_accounts)])
    before = boxconsole.status(box.ask)
    watch = Watch(box)
    watch.start()
    try:
        through = clients.fetch(box.site.office, plans, SESSION_SECONDS, meeting=True)
    finally:
        watch.over.set()
        watch.join()
    wrong = [report["error"] for report in through if "error" in report]
    assert [error for error in wrong if not error.startswith("BrokenBarrier")] == [], len(wrong)
    for number, report in enumerate(through):
        wanted = hashes(direct[number % len(direct)]) if number < SESSIONS // 2 else []
        assert hashes(report) == wanted
        assert report["uidls"] == direct[number % len(direct)]["uidls"]
    full = [row for row in watch.seen if row[0] == SESSIONS]
    assert full, watch.seen
    gate = max(row[1] for row in full)
    octets = sum(row["octets"] for report in through for row in report["messages"])
    figures.append(
        f"accelerated: {SESSIONS} sessions, half retrieving {octets / 1e6:.0f} MB in "
        f"{max(report['seconds'] for report in through):.1f} s; gate {gate} KiB, "
        f"{(gate - before.gate_kib) / SESSIONS:.1f} KiB a session of {PER_SESSION_KIB}, in use "
        f"{max(row[2] for row in full)} of {before.memory_kib} KiB"
    )


@pytest.fixture(scope="module")
def ended(box):
    """The box has shown all that it can show, and is off."""
    for command in SHOWING:
        box.ask(command)
    box.ask(f"show account {planted.USER} @ office")
    for held in boxconsole.quarantine(box.ask, planted.USER):
        box.ask(f"quarantine show {held.ident}")
    box.log = box.site.box.serial_log.read_bytes()
    box.stop()
    return box


def test_what_is_shown_and_logged_tells_no_secret(ended):
    said = "\n".join(ended.said).encode() + ended.log
    assert planted.USER.encode() in said
    assert planted.shown(said, planted.PASSWORD, planted.SENTENCE) == []
    # The subject is what the operator recognizes a held message by: in the answer, nowhere else.
    without = b"\n".join(line for line in said.split(b"\n") if not line.startswith(b"subject"))
    assert planted.shown(without, planted.SUBJECT) == []


def test_a_copy_of_the_data_partition_shows_no_secret(ended):
    secrets = planted.PASSWORD, planted.SENTENCE, planted.SUBJECT, planted.USER
    assert planted.shown(ended.site.disk.read_bytes(), *secrets) == []


@pytest.fixture(scope="module")
def plain(ended, tmp_path_factory):
    """The file system below the encryption."""
    path = tmp_path_factory.mktemp("plain") / "data"
    sealed.open_to(ended.site.disk, path)
    return path


def test_below_the_encryption_the_mail_is_there_and_the_password_is_not(plain):
    content = plain.read_bytes()
    assert planted.shown(content, planted.SENTENCE) and planted.shown(content, planted.SUBJECT)
    assert planted.shown(content, planted.PASSWORD) == []


def test_the_password_is_sealed_as_the_documents_say(plain, ended, tmp_path):
    """What the box sealed is opened by plain Python, with what its key partition gives."""
    image.repair(plain)
    image.read_out(plain, tmp_path / "files")
    learned = {}
    reader = journal.Reader(lambda record: learned.update({record.get("user"): record}))
    reader.feed((tmp_path / "files" / "accounts" / "journal").read_bytes())
    key = keys.subkey(sealed.record(ended.site.disk).key, keys.DEVICE, keys.KEY_OCTETS)
    sealer = Sealer(crypto_reference, key)
    kept = binascii.a2b_base64(learned[planted.USER]["sealed"])
    ident = account_id("office", planted.USER.encode())
    assert sealer.open(ident, kept) == planted.PASSWORD.encode()
    assert sealer.open(ident[::-1], kept) is None
