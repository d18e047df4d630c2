"""Every evasion is found or held, and no twin of ordinary structure is."""

from collections import Counter

import pytest
from evasions import evasions
from mailmaking import EICAR, verdict, wire

SEED = 4
LEAST = 600  # messages, so that a kind that makes none is seen


@pytest.fixture(scope="module")
def made():
    return list(evasions(SEED))


@pytest.fixture(scope="module")
def verdicts(screen, made):
    reports = screen([evasion.octets for evasion in made], "--limit", "work=400000000", fast=True)
    return [verdict(report) for report in reports]


def test_they_are_the_same_for_the_same_seed(made):
    assert len(made) >= LEAST
    assert list(evasions(SEED)) == made
    assert list(evasions(SEED + 1)) != made


def test_every_evasion_is_found_or_held(made, verdicts, figures):
    table = {}
    for evasion, found in zip(made, verdicts, strict=True):
        row = table.setdefault(evasion.kind, Counter())
        row["missed" if found == "clean" else "infected" if found == "infected" else "held"] += 1
    figures.append(
        "%-28s %8s %8s %8s %8s" % ("evasions", "messages", "infected", "held", "missed")
    )
    for kind, row in table.items():
        counts = row.total(), row["infected"], row["held"], row["missed"]
        figures.append("%-28s %8d %8d %8d %8d" % (kind, *counts))
    pairs = zip(made, verdicts, strict=True)
    assert [f"{e.kind}: {e.name}" for e, found in pairs if found == "clean"] == []


def test_no_twin_is_held(screen, made):
    twins = list(dict.fromkeys(evasion.twin for evasion in made))
    reports = screen(twins, fast=True)
    held = [report["findings"] for report in reports if verdict(report) != "clean"]
    assert held == []


def test_the_twins_structure_hides_nothing(screen, made):
    """With EICAR in the harmless file's place each twin is infected: it is a real control."""
    controls = list(dict.fromkeys(evasion.control for evasion in made))
    assert {verdict(report) for report in screen(controls, fast=True)} == {"infected"}


def test_cut_anywhere_the_verdict_is_the_same(screen, made):
    small = [evasion.octets for evasion in made if len(evasion.octets) < 30000]
    whole = screen(small, fast=True)
    cut = screen(small, "--feed", "7", "--block", "13", fast=True)
    assert [dict(report, seconds=0) for report in cut] == [
        dict(report, seconds=0) for report in whole
    ]


def test_sanitizers_see_nothing(screen, made):
    small = [evasion.octets for evasion in made if len(evasion.octets) < 30000]
    assert len(screen(small)) == len(small)


@pytest.mark.parametrize("octets", [b"", b"x", b"\r\n", b"\0", b"Subject: x\r\n", b"\r", b"-"])
def test_hardly_a_message(screen_one, octets):
    assert verdict(screen_one(wire(octets))) in ("clean", "ambiguous")
    assert EICAR not in octets
