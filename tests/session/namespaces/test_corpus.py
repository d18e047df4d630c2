"""Generated mail through the native gate: clean ones identical, infected ones caught."""

import pytest
from restante_tools.lab import clients, corpus, judge
from restante_tools.lab.dovecot import Account
from restante_tools.lab.nativegate import NativeGate, Place
from restante_tools.lab.site import NativeSite, Wanted
from restante_tools.places import Places

PASSWORD = "secret"
CLEAN_OCTETS = 40_000_000  # a sample; all of it, 240 MB, when the long tests run in full
SECONDS = 900.0


@pytest.fixture(scope="module")
def clean_samples(soak):
    return corpus.clean(None if soak else CLEAN_OCTETS)


@pytest.fixture(scope="module")
def infected_samples():
    return corpus.infected()


@pytest.fixture(scope="module")
def site(clean_samples, infected_samples):
    accounts = [
        Account("clean", PASSWORD, [sample.stored for sample in clean_samples]),
        Account("infected", PASSWORD, [sample.stored for sample in infected_samples]),
    ]
    with NativeSite(Places(), Wanted(accounts)) as built:
        # Waiting lines would make a slow machine's mail differ: they have a test of their own.
        settings = ["set delivery keep-alive 60"]
        gate = NativeGate(Place(built.box), built.places, built.folder("gate"), settings)
        yield built
        gate.stop()


def fetched(place, user, folder=None):
    plan = clients.plan(user, PASSWORD, keep=str(folder) if folder else None)
    (report,) = clients.fetch(place, [plan], SECONDS)
    assert "error" not in report
    return report["messages"]


def test_clean_messages_are_identical(site, clean_samples):
    direct, through = fetched(site.internet, "clean"), fetched(site.office, "clean")
    rows = zip(clean_samples, direct, through, strict=True)
    wrong = [
        (sample.name, there)
        for sample, here, there in rows
        if here["sha256"] != there.get("sha256")
    ]
    assert wrong == []


def test_infected_messages_are_caught(site, infected_samples, tmp_path):
    direct, through = tmp_path / "direct", tmp_path / "through"
    for folder in (direct, through):
        folder.mkdir()
    fetched(site.internet, "infected", direct)
    fetched(site.office, "infected", through)
    assert judge.faults_of_replacements(infected_samples, direct, through) == []
