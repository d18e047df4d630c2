"""Power cuts on the image: whatever the box had acknowledged is on its medium at each flush.

A box works through 200 messages (80 in a sample) while QEMU records every write.  The medium is
then put together as it was at a flush, its file system repaired and read out, and our own recovery
looks at it.
What must be there is acknowledged.py's.
"""

import random
import shutil

import pytest
from acknowledged import LISTED, NEVER, Acknowledged, Known, Span
from recovery import recovered
from restante_tools.lab import (
    boxconsole,
    clients,
    fetch,
    maildrop,
    network,
    powercut,
    preflight,
    writelog,
)
from restante_tools.lab.dovecot import Account
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places

SETTINGS = (
    f"set group office servers {network.ORIGIN}",
    "set group office rule all",
    "set group office interval 600",
    "set group office listing-age 0",
)
USER, PASSWORD = "recorded", "recorded-password"
ROUNDS, ROUNDS_IN_SAMPLE = 20, 8
ROUND_MESSAGES = 10
AHEAD = (1, 3)  # rounds in which the spider collects first; it has twelve logins an hour
RELEASED = "restante-"  # how the UIDL of a released message begins
COLLECT_SECONDS = 60
SAMPLE_FLUSHES = 12
BOOTED, BOOTED_IN_SAMPLE = 5, 1


def message(number, infected):
    """(Octets with CRLF, whether its original must be held.)"""
    chance = random.Random(f"power cut {number}")
    made = maildrop.headed(number, f"recorded {number}")
    made.set_content("\n".join(chance.randbytes(30).hex() for _ in range(chance.randrange(200))))
    if infected:
        made.add_attachment(maildrop.eicar(), "application", "octet-stream", filename="e.com")
    return maildrop.finished(made), infected


class Story:
    """A box at work; `said`: what it acknowledged when."""

    def __init__(self, site):
        self.site = site
        self.said = Acknowledged()
        self.order = []  # UIDLs that are there, as they are listed
        self._count = 0
        self._line = site.box.serial(self._deadline())
        self._ask = boxconsole.over_serial(self._line, self._deadline)

    def _deadline(self):
        return self.site.deadline(boxconsole.ANSWER_SECONDS)

    def now(self):
        return writelog.complete(self.site.writes)

    def _session(self, **more):
        plan = clients.plan(USER, PASSWORD, **more)
        (report,) = clients.fetch(self.site.office, [plan])
        assert "error" not in report
        return report

    def work(self, rounds):
        self._learn()
        for number in range(rounds):
            self._round(number)
            if number == rounds // 2:
                self._release_and_delete()

    def _learn(self):
        """With an empty maildrop, so that all mail comes through the store."""
        asked = self.now()
        self._session()
        limit = self.site.deadline(COLLECT_SECONDS)
        limit.wait(lambda: self._account("state") == "ready", "the first listing")
        self.learned = Span(asked, self.now())

    def _account(self, name):
        return self._ask(f"show account {USER} @ office").value(name)

    def _stored(self):
        return int(self._account("mail").split()[2])

    def _round(self, number):
        """Mail comes, is collected and screened, served, and some of what was there deleted."""
        ahead = number in AHEAD
        asked = self.now()
        new = [self._deliver(infected=not ahead and n == 0) for n in range(ROUND_MESSAGES)]
        if ahead:
            self._collect(sum(len(octets) for octets, _ in new))
        first = len(self.order) + 1
        numbers = list(range(first, first + len(new)))
        going = list(range(1, first, 3))
        report = self._session(numbers=numbers, delete=going)
        done = self.now()
        assert report["uidls"][: first - 1] == self.order
        for (octets, infected), row in zip(new, report["messages"], strict=True):
            wire = fetch.sha256(octets)
            assert (row["sha256"] == wire) == (not infected)
            held = wire if infected else ""
            self.said.known[row["uidl"]] = Known(row["sha256"], held, Span(asked, done))
        for place in going:
            self.said.known[self.order[place - 1]].deleted = Span(asked, done)
        mine = [uidl for uidl in report["uidls"] if not uidl.startswith(RELEASED)]
        self.order = [uidl for uidl in mine if self.said.known[uidl].deleted is NEVER]

    def _deliver(self, infected):
        self._count += 1
        octets, infected = message(self._count, infected)
        self.site.origin.deliver(USER, octets.replace(b"\r\n", b"\n"))
        return octets, infected

    def _collect(self, octets):
        """A session that retrieves nothing; then the spider does."""
        before = self._stored()
        self._session(numbers=[])
        limit = self.site.deadline(COLLECT_SECONDS)
        limit.wait(lambda: self._stored() >= before + octets, "the spider's visit")

    def _release_and_delete(self):
        """Of two held messages: the operator's part."""
        released, deleted, *_ = boxconsole.quarantine(self._ask, USER)
        self.said.known[released.uidl].released = self._operate("release", released)
        self.said.known[deleted.uidl].given_up = self._operate("delete", deleted)

    def _operate(self, command, entry):
        asked = self.now()
        boxconsole.must(self._ask, f"quarantine {command} {entry.ident}")
        return Span(asked, self.now())

    def end(self):
        self._line.close()
        self.site.box.stop()


@pytest.fixture(scope="module")
def story(soak):
    preflight.check(image=True)
    account = Account(USER, PASSWORD, [])
    with ImageSite(Places(), Wanted([account], settings=SETTINGS, recorded=True)) as site:
        site.boot()
        told = Story(site)
        try:
            told.work(ROUNDS if soak else ROUNDS_IN_SAMPLE)
        finally:
            told.end()
        yield told


def chosen(flushes, count):
    """The last one, and others at random, the same for the same record."""
    if len(flushes) <= count:
        return flushes
    return sorted({*random.Random(len(flushes)).sample(flushes[:-1], count - 1), flushes[-1]})


def test_each_flush_is_a_whole_state_with_all_that_was_acknowledged(
    story, soak, figures, tmp_path
):
    flushes = writelog.flushes(story.site.writes)
    later = [number for number in flushes if story.learned.must(number)]
    numbers = flushes if soak else chosen(later, SAMPLE_FLUSHES)
    medium = powercut.Medium(story.site.before, story.site.writes, tmp_path)
    wrong = {}
    for number in numbers:
        medium.forward(number)
        folder = tmp_path / str(number)
        folder.mkdir()
        found = recovered(medium, folder, PASSWORD)
        faults = story.said.faults(number, found.messages, found.held)
        if story.learned.must(number) and found.accounts != [["ready", "opened"]]:
            faults.append(f"accounts: {found.accounts}")
        if faults:
            wrong[number] = faults
        shutil.rmtree(folder)
    figures.append(
        f"power cuts: {len(numbers)} of {len(flushes)} flushes looked at, "
        f"{len(story.said.known)} messages, {len(wrong)} wrong"
    )
    assert wrong == {}


def test_a_box_that_is_started_again_serves_what_was_acknowledged(
    story, soak, figures, tmp_path_factory
):
    """Its own kernel replays the journal of the file system; the origin is away."""
    flushes = [n for n in writelog.flushes(story.site.writes) if story.learned.must(n)]
    numbers = chosen(flushes[: -len(flushes) // 4], BOOTED if soak else BOOTED_IN_SAMPLE)
    medium = powercut.Medium(
        story.site.before, story.site.writes, tmp_path_factory.mktemp("medium")
    )
    for number in numbers:
        medium.forward(number)
        wanted = Wanted([Account(USER, PASSWORD, [])], disk=medium.disk)
        with ImageSite(Places(), wanted) as site:
            site.boot()
            site.origin.stop()
            plan = clients.plan(USER, PASSWORD)
            (report,) = clients.fetch(site.office, [plan])
            assert "error" not in report, report["error"]
            rows = {row["uidl"]: row.get("sha256", LISTED) for row in report["messages"]}
            released = {rows.pop(uidl) for uidl in list(rows) if uidl.startswith(RELEASED)}
            assert story.said.faults(number, rows) == []
            certainly, perhaps = story.said.released(number)
            assert certainly <= released <= perhaps
    figures.append(f"power cuts: {len(numbers)} states started")
