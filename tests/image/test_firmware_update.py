"""New firmware on the image, through U-Boot: one that serves is proven, one that does not is left.

QEMU records what the box writes from its first power-on.  Wherever the power is cut, U-Boot finds
a slot to start that is whole, the old or the new one, and settings and mail are there.
"""

import random
import shutil

import pytest
from firmware_story import (
    CHANGES,
    DEAD_GATE,
    GIVEN_UP_SECONDS,
    NEW,
    OLD,
    RESTARTS,
    SERVES,
    VERSION,
    A,
    B,
    Box,
    Given,
    Story,
)
from recovery import recovered
from restante.box import places
from restante.control import users
from restante_tools.lab import boxconsole, powercut, preflight, writelog
from restante_tools.lab.site import ImageSite
from restante_tools.lab.slotcuts import Cuts
from restante_tools.lab.slots import bootrecord
from restante_tools.places import Places

SAMPLE_FLUSHES = 4
TRIES = bootrecord.TRIES
UNTIL_STARTED = [
    ((A, 0, True, True, 0), A, OLD),
    ((A, 0, True, False, 0), A, OLD),  # before the other slot is written
    ((B, 3, False, True, 0), B, NEW),
    ((B, 2, False, True, 0), B, NEW),
]
LEFT = [
    *UNTIL_STARTED,
    ((B, 1, False, True, 0), B, NEW),
    ((B, 0, False, True, 0), A, OLD),
    ((A, 0, True, False, 1), A, OLD),
]
PROVEN_AND_GONE_BACK_FROM = [
    *UNTIL_STARTED,
    ((B, 0, True, True, 0), B, NEW),
    ((A, 0, True, True, 0), A, OLD),
]


def pytest_generate_tests(metafunc):
    """One that never serves; with --soak also one whose gate is dead, and one that serves."""
    if "story" in metafunc.fixturenames:
        soak = metafunc.config.getoption("--soak")
        hows = list(CHANGES) if soak else [RESTARTS]
        metafunc.parametrize("story", hows, indirect=True, scope="module")


@pytest.fixture(scope="module")
def story(request, output, tmp_path_factory):
    preflight.check(image=True, u_boot=True)
    given = Given(output, tmp_path_factory.mktemp("given"), request.param)
    with ImageSite(Places(), given.wanted_first()) as site:
        site.boot()
        yield Story(site, given)


@pytest.fixture(scope="module")
def cuts(story):
    site = story.site
    return Cuts(site.before, story.given.firmwares).take_all(writelog.requests(site.writes))


def test_it_is_proven_or_left(story):
    """FAULTS 85."""
    assert VERSION in story.answer and "slot B" in story.answer
    assert story.before[-1]  # a mail is held
    assert story.after == story.before
    if story.given.how == SERVES:
        assert story.at_last == story.before
        assert "slot A" in story.rolled_back
        return
    assert story.log().count("starting slot B") == TRIES
    assert story.says() == (A, 0, True, False, 1)
    alarm = f"firmware {VERSION} in slot B failed; the one before it runs again"
    assert alarm in story.alarms


def test_wherever_the_power_is_cut_a_whole_slot_is_started(story, cuts, figures):
    """FAULTS 68: at each flush, with anything of what was written since; records torn anywhere."""
    assert cuts.faults == []
    wanted = PROVEN_AND_GONE_BACK_FROM if story.given.how == SERVES else LEFT
    assert [(state.says, state.slot, state.firmware) for state in cuts.states] == wanted
    acknowledged = next(state.number for state in cuts.states if state.slot == B)
    assert acknowledged <= story.installed
    assert cuts.broken  # the record is of an update that was being written, too
    figures.append(
        f"a firmware that {story.given.how}: {len(cuts.flushes)} flushes, {len(cuts.broken)} of "
        f"them in the middle of a slot, {cuts.torn} torn records, {len(cuts.faults)} wrong"
    )


def chosen(numbers, count):
    """Some at random, the same for the same record, and the last one."""
    if len(numbers) <= count:
        return numbers
    return sorted({*random.Random(len(numbers)).sample(numbers[:-1], count - 1), numbers[-1]})


def stored(medium, folder, password):
    """What a cut left on the data partition that no update may change."""
    folder.mkdir()
    found = recovered(medium, folder, password)
    files = [(folder / "data" / name).read_bytes() for name in (places.SETTINGS, users.FILE)]
    shutil.rmtree(folder)
    return found, files


def test_wherever_it_is_cut_settings_and_mail_are_there(story, soak, figures, tmp_path):
    """FAULTS 68."""
    site = story.site
    later = [number for number in writelog.flushes(site.writes) if number > story.settled]
    numbers = later if soak else chosen(later, SAMPLE_FLUSHES)
    medium = powercut.Medium(site.before, site.writes, tmp_path)
    password = site.wanted.accounts[0].password
    medium.forward(story.settled)
    before = stored(medium, tmp_path / "before", password)
    assert before[0].accounts == [["ready", "opened"]] * 2 and before[0].held
    wrong = []
    for number in numbers:
        medium.forward(number)
        if stored(medium, tmp_path / str(number), password) != before:
            wrong.append(number)
    figures.append(
        f"settings and mail, a firmware that {story.given.how}: {len(numbers)} of {len(later)} "
        f"flushes, {len(wrong)} wrong"
    )
    assert wrong == []


def cut_at(story, cuts, soak):
    """Flushes: in the middle of the slot, and with --soak where another slot would be started."""
    middle = cuts.broken[len(cuts.broken) // 2]
    if not soak or story.given.how == DEAD_GATE:  # its three tries take five minutes
        return [middle]
    written = next(number for number in cuts.flushes if number > cuts.broken[-1])
    return sorted([middle, written, *(state.number for state in cuts.states[1:])])


def test_a_box_that_is_started_after_a_cut_serves(story, cuts, soak, tmp_path, figures):
    """U-Boot and the kernel find what is left; the origin is away."""
    medium = powercut.Medium(story.site.before, story.site.writes, tmp_path)
    numbers = cut_at(story, cuts, soak)
    for number in numbers:
        medium.forward(number)
        state = [state for state in cuts.states if state.number <= number][-1]
        with ImageSite(Places(), story.given.wanted(disk=medium.disk)) as site:
            site.switch_on()
            serves_as_before(Box(site), story, state)
            if number in cuts.broken:
                can_be_installed_again(Box(site))
    figures.append(f"a firmware that {story.given.how}: {len(numbers)} states started")


def serves_as_before(box, story, state):
    left = state.firmware == NEW and story.given.how != SERVES
    if left:
        box.wait("going back to slot A", GIVEN_UP_SECONDS)
    box.site.first_banner()
    box.site.origin.stop()
    assert box.kept() == story.before
    assert box.runs() == ("A" if left or state.slot == A else "B")
    slot, tries, proven, other_proven, fallbacks = state.says
    if slot == B and (left or not tries and not proven):
        assert box.says() == (A, 0, True, False, fallbacks + 1)
    elif slot == A:
        assert box.says() == state.says


def can_be_installed_again(box):
    assert "slot B" in boxconsole.must(box, "firmware install").text
    assert box.says() == (B, TRIES, False, True, 0)
