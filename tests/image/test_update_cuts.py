"""Power cuts while signature sets are installed: old or new at each flush, and always known.

A box installs one set, gets the next over its serial line, goes back to the first; QEMU records
every write.  FAULTS 68.  Firmware's are test_firmware_update.py's.
"""

import hashlib
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from acknowledged import Span
from restante.box import places
from restante.update import state as states
from restante_tools.lab import boxconsole, powercut, preflight, writelog
from restante_tools.lab.dovecot import Account
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places

TOP = Path(__file__).resolve().parents[2]
FACTORY = "factory"  # no set but the image's
NOISE_HASHES = 8_000  # so that a set takes more than one write
SAMPLE_FLUSHES = 8
BOOTED, BOOTED_IN_SAMPLE = 5, 1
TOOL_SECONDS = 300


def restante(*words):
    """What the host tools print; they must do what they are told."""
    done = subprocess.run(
        [sys.executable, "-m", "restante_tools", *map(str, words)],
        cwd=TOP / "host-tools",
        env={**os.environ, "RESTANTE_CONSOLE_PASSWORD": boxconsole.PASSWORD},
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def signed(folder, name, serial):
    """(The set, its signed bundle): the factory's signatures, and hashes of nothing."""
    chance = random.Random(name)
    noise = folder / f"{name}.hsb"
    rows = [f"{chance.randbytes(32).hex()}:{n + 9}:N.{n}" for n in range(NOISE_HASHES)]
    noise.write_text("\n".join(rows) + "\n")
    compiled, bundle = folder / f"{name}.sig", folder / f"{name}.rstb"
    sources = sorted((TOP / "board/common/signatures").glob("*.[hn]*b"))
    words = ("signatures", "compile", *sources, noise, "-o", compiled, "--name", name)
    restante(*words, "--built", "1700000000")
    restante(
        *("bundle", "build", compiled, "--kind", "signatures", "--version", name),
        *("--epoch", "1", "--serial", str(serial), "--output", bundle),
    )
    restante("bundle", "sign", bundle, "--key", Places().keys / "signatures-1.key")
    return compiled, bundle


@dataclass(frozen=True)
class Step:
    """From `span` on this set is in use."""

    name: str
    span: Span


class Story:
    """A box and the sets that it had; `steps` in their order."""

    def __init__(self, site, bundles):
        self.site = site
        self.steps = [Step(FACTORY, Span(-1, 0))]
        self._do("one", lambda: self._ask("signatures install"))
        self.pushed = self._do("two", lambda: self._push(bundles["two"]))
        self._do("one", lambda: self._ask("signatures rollback"))
        site.box.stop()

    def _do(self, name, work):
        asked = writelog.complete(self.site.writes)
        found = work()
        self.steps.append(Step(name, Span(asked, writelog.complete(self.site.writes))))
        return found

    def _ask(self, command):
        line = self.site.box.serial(self._deadline())
        try:
            boxconsole.must(boxconsole.over_serial(line, self._deadline), command)
        finally:
            line.close()

    def _deadline(self):
        return self.site.deadline(boxconsole.ANSWER_SECONDS)

    def _push(self, bundle):
        return restante("signatures", "push", bundle, f"unix:{self.site.box.serial_path}")

    def may_be(self, number):
        """The sets that may be in use after this request."""
        certain = max(n for n, step in enumerate(self.steps) if step.span.must(number))
        return {step.name for step in self.steps[certain:] if step.span.may(number)}


@pytest.fixture(scope="module")
def sets(output, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    return {name: signed(folder, name, n) for n, name in enumerate(("one", "two"), 1)}


@pytest.fixture(scope="module")
def story(sets, figures):
    preflight.check(image=True)
    wanted = Wanted(
        [Account("clerk", boxconsole.PASSWORD, [])],
        files={"updates/incoming": sets["one"][1]},
        recorded=True,
    )
    with ImageSite(Places(), wanted) as site:
        site.boot()
        told = Story(site, {name: bundle for name, (_, bundle) in sets.items()})
        (rate,) = [line for line in told.pushed.splitlines() if " octets in " in line]
        figures.append("a set over QEMU's serial line: " + rate)
        yield told


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def identity(path):
    """As update/sets.py makes it."""
    data = path.read_bytes()
    head = data[: states.HEAD_OCTETS]
    at = states.name_place(head)
    name = data[at : at + states.NAME_OCTETS]
    return states.identity(len(data), head, name, data[-states.TAIL_OCTETS :])


def fault_of(data, known, may_be):
    """What is wrong with the sets on a data partition, or ""."""
    current, previous = data / places.CURRENT_SET, data / places.PREVIOUS_SET
    found = known.get(sha256(current), "half a set") if current.exists() else FACTORY
    if found not in may_be:
        return f"{found} is current, not one of {sorted(may_be)}"
    if previous.exists() and sha256(previous) not in known:
        return "half a set is kept as the previous one"
    if found == FACTORY:
        return ""
    record = states.parse((data / "updates/state").read_bytes())
    settled = record.settled(identity(current), None)
    if states.CURRENT not in settled.records:
        return f"{found} is current, and the box does not know who signed it"
    return ""


def chosen(numbers, count):
    """Some at random, the same for the same record, and the last one."""
    if len(numbers) <= count:
        return numbers
    return sorted({*random.Random(len(numbers)).sample(numbers[:-1], count - 1), numbers[-1]})


def test_old_or_new_at_each_flush(story, sets, soak, figures, tmp_path):
    """FAULTS 68."""
    flushes = writelog.flushes(story.site.writes)
    later = [number for number in flushes if number > story.steps[1].span.asked]
    numbers = later if soak else chosen(later, SAMPLE_FLUSHES)
    known = {sha256(compiled): name for name, (compiled, _) in sets.items()}
    medium = powercut.Medium(story.site.before, story.site.writes, tmp_path)
    wrong = {}
    for number in numbers:
        medium.forward(number)
        data = tmp_path / str(number)
        medium.read_out(data)
        fault = fault_of(data, known, story.may_be(number))
        if fault:
            wrong[number] = fault
        shutil.rmtree(data)
    figures.append(f"updates cut off: {len(numbers)} of {len(later)} flushes, {len(wrong)} wrong")
    assert wrong == {}


def test_a_box_that_is_started_again_screens_with_one_of_them(story, soak, tmp_path_factory):
    """In the middle of a step: the self-test passes, and what is in use is told."""
    middle = [
        number
        for number in writelog.flushes(story.site.writes)
        if number > story.steps[1].span.asked and len(story.may_be(number)) > 1
    ]
    medium = powercut.Medium(
        story.site.before, story.site.writes, tmp_path_factory.mktemp("medium")
    )
    for number in chosen(middle, BOOTED if soak else BOOTED_IN_SAMPLE):
        medium.forward(number)
        wanted = Wanted([Account("clerk", boxconsole.PASSWORD, [])], disk=medium.disk)
        with ImageSite(Places(), wanted) as site:
            site.boot()
            line = site.box.serial(site.deadline(boxconsole.ANSWER_SECONDS))
            try:
                ask = boxconsole.over_serial(
                    line, lambda: site.deadline(boxconsole.ANSWER_SECONDS)
                )
                assert ask("self-test").ok
                used = ask("show signatures").value("in use")
            finally:
                line.close()
        assert any(used.startswith(name) for name in story.may_be(number)), used
